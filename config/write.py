"""Writes a document as TOML text, for people to read and edit."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, time

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TO_FILL_IN = '""'
"""A text that is empty in what we write is for somebody to fill in."""


def toml_text(document: Mapping[str, object]) -> str:
    """Return text that `tomllib` reads as the same document.

    Empty texts are marked CHANGE. Values are those that `tomllib` makes; others are our mistake.
    """
    return "\n".join(_table(document, ())).strip("\n") + "\n"


def _table(table: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    """Write plain keys first: below a heading they would belong to it."""
    for key, value in table.items():
        if not isinstance(value, Mapping) and not _is_tables(value):
            text = _value(value)
            mark = "   # CHANGE" if text == _TO_FILL_IN else ""
            yield f"{_key(key)} = {text}{mark}"
    for key, value in table.items():
        inner = (*path, key)
        heading = ".".join(map(_key, inner))
        if isinstance(value, Mapping):
            yield from ("", f"[{heading}]", *_table(value, inner))
        elif _is_tables(value):
            assert isinstance(value, list)
            for one in value:
                yield from ("", f"[[{heading}]]", *_table(one, inner))


def _is_tables(value: object) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)
    )


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            # JSON's texts are TOML's, but for one control character that JSON lets stand.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
        case date() | time():
            return value.isoformat()
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case Mapping():
            inner = (f"{_key(key)} = {_value(one)}" for key, one in value.items())
            return f"{{ {', '.join(inner)} }}"
        case _:
            raise AssertionError(f"TOML has no {type(value).__name__}")


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _value(key)
