"""What is said about a mistake in the settings, with the place where it stands."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]
"""Where a value stands in a document: `("lanes", 0, "turnstile", "port")`; `()` is the root."""

_SHOWN_CHARACTERS = 60  # enough to recognise a value, short enough for one line on a screen


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `line` 0 stands for the file as a whole; `column` counts from 1."""

    file: str
    line: int
    key: str
    expected: str
    found: str
    hint: str = ""
    column: int | None = None

    def __str__(self) -> str:
        places = [self.file, *(str(number) for number in (self.line, self.column) if number)]
        subject = f"{self.key}: " if self.key else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{':'.join(places)}: {subject}expected {self.expected}, found {self.found}{hint}"


@dataclass(frozen=True, slots=True)
class Advice:
    """Something that works as it stands, and is likely to be regretted."""

    file: str
    line: int
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: warning: {self.text}"


class SettingsError(Exception):
    """The settings cannot be used; `problems` has every mistake, the text one line for each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        assert problems, "an error has a reason"
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Origin:
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Where:
    """Tells for each key of a document that was laid together from files where it was written."""

    file: str
    """The settings file itself: what is missing is missing there."""
    origins: Mapping[KeyPath, Origin] = field(default_factory=dict)

    def find(self, path: KeyPath) -> Origin:
        """Return the place of a key; for one that is missing, of the nearest table around it."""
        for size in range(len(path), 0, -1):
            if origin := self.origins.get(path[:size]):
                return origin
        return Origin(self.file, 1)

    def problem(self, path: KeyPath, expected: str, found: str, hint: str = "") -> Problem:
        origin = self.find(path)
        return Problem(origin.file, origin.line, key_text(path), expected, found, hint)

    def advice(self, path: KeyPath, text: str) -> Advice:
        origin = self.find(path)
        return Advice(origin.file, origin.line, key_text(path), text)


def key_text(path: KeyPath) -> str:
    """Name a key as people find it in their file: `[lanes.turnstile] unlock_ms`."""
    names = [part for part in path if isinstance(part, str)]
    if len(names) < 2:
        return "".join(names)
    return f"[{'.'.join(names[:-1])}] {names[-1]}"


def shown(value: object) -> str:
    """Write a value of a document as people wrote it, cut short where it is long."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            text = json.dumps(value, ensure_ascii=False)
            too_long = len(text) > _SHOWN_CHARACTERS
            return f'{text[:_SHOWN_CHARACTERS]}..."' if too_long else text
        case Mapping():
            return "a table"
        case list():
            return "a list"
        case None:
            return "nothing"
        case _:
            return str(value)
