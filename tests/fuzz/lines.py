"""Files of lines, TOML and CSV: lines moved and cells replaced, so that the rest stays readable."""

import re
from collections.abc import Sequence
from random import Random

from tests.fuzz.nasty import TEXTS
from tests.fuzz.target import Mutate

_TOML_VALUES = (
    '""', '"a"', "0", "-1", "1_000", "0x1f", "0b1", "1.5", "1e999", "inf", "nan", "-nan", "true", "[]",
    "{}", "[[]]", "2021-11-29", "2021-11-29T00:00:00Z", "0001-01-01T00:00:00+14:00", "07:32:00",
    "9" * 30, "9" * 4301, '"""a\n"b""c"""', "'''a'b\n'''", "'a\\b'", '"\\u0000"', '"\\ud800"',
    '"\\U0010ffff"', "[1, [2, [3, [4, [5]]]]]", "[" * 900 + "]" * 900, "[" * 985 + "]" * 985,
    "{a = {b = {c = {d = 1}}}}", '["a", "b"] # c', "[\n 1, # x\n 2,\n]", '"#"', "{a.b = 1}",
    "'''''a'''''", '""""a"""""', '"\\\\"', '"\\""', "''", "1979-05-27 07:32:00", "+1", "'\t'", '"é"',
)  # fmt: skip
_CELLS = (
    *TEXTS,
    "yes",
    "no",
    "ya",
    "tidak",
    "x" * 200,
    "9" * 4301,
    "1.2E+15",
    '"a""b"',
    '"a',
    'a"',
    "é" * 3,
)
_ENDS = ("\n", "\n", "\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\n\n", "")


def mutate_toml(data: bytes, random: Random) -> bytes:
    """Change a line of settings: its value, its key, its place."""
    return _mutate(data, random, _toml_line)


def mutate_csv(data: bytes, random: Random) -> bytes:
    """Change a row: a cell, its end, its place."""
    return _mutate(data, random, _csv_line)


def mutate_words(words: Sequence[bytes]) -> Mutate:
    """Return a change that puts words in: for what is told apart by its beginning."""

    def mutate(data: bytes, random: Random) -> bytes:
        at = random.randrange(len(data) + 1)
        word = random.choice(words)
        return data[:at] + word + data[at + random.choice((0, 0, len(word), 1)) :]

    return mutate


def _mutate(data: bytes, random: Random, change: object) -> bytes:
    assert callable(change)
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    for _ in range(random.choice((1, 1, 2, 3))):
        at = random.randrange(len(lines))
        match random.randrange(8):
            case 0:
                lines.insert(random.randrange(len(lines) + 1), lines[at])
            case 1 if len(lines) > 1:
                del lines[at]
            case 2:
                other = random.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case _:
                lines[at] = change(lines[at], random)
    text = lines[0] + "".join(
        (random.choice(_ENDS) if random.random() < 0.02 else "\n") + line for line in lines[1:]
    )
    mark = b"\xef\xbb\xbf" if random.random() < 0.02 else b""
    return mark + text.encode(
        "utf-8", "surrogateescape" if not _has_half(text) else "surrogatepass"
    )


def _has_half(text: str) -> bool:
    return re.search("[\ud800-\udc7f\udd00-\udfff]", text) is not None


def _toml_line(line: str, random: Random) -> str:
    key, equals, value = line.partition("=")
    match random.randrange(7):
        case 0:
            return f"{key or 'a'}= {value or '1'} # {random.choice(TEXTS[:6])}"
        case 1:
            name = random.choice(
                ("a", '"b.c"', "''", "site", "lanes", "policy", "a.b", "é", "-", '"²"')
            )
            return f"{name}{'.' + key if key.strip() else ''}={value or ' 1'}"
        case 2:
            return (
                f"[{random.choice(('site', 'lanes', '[lanes]', 'policy', 'a.b', 'desk', '[a]'))}]"
            )
        case 3 if '"' in value:
            return f'{key}= "{random.choice(TEXTS)}"'
        case _:
            return f"{key if equals else 'x '}= {random.choice(_TOML_VALUES)}"


def _csv_line(line: str, random: Random) -> str:
    delimiter = ";" if ";" in line else ","
    cells = line.split(delimiter)
    at = random.randrange(len(cells))
    match random.randrange(6):
        case 0:
            del cells[at]
        case 1:
            cells.insert(at, random.choice(_CELLS))
        case 2:
            cells[at] = f'"{cells[at]}"'
        case 3:
            return line.replace(delimiter, random.choice((",", ";", "\t")))
        case _:
            cells[at] = random.choice(_CELLS)
    return delimiter.join(cells)
