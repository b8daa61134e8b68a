"""The keys of a driver's settings table, and what their values must be."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from drivers.base import DriverError

# Enough to recognise a value, short enough for one line on a screen.
SHOWN_CHARACTERS_MAX: Final = 60


class UnfitError(DriverError):
    """A value that its key cannot take: what it was, and what to do."""

    def __init__(self, found: str, hint: str = "") -> None:
        super().__init__(f"{found}; {hint}" if hint else found)
        self.found = found
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Key:
    """parse: makes of a TOML value what the driver takes; raises UnfitError.

    default: what the driver takes where the table lacks the key; None if it must not lack it.
    """

    name: str
    meaning: str
    expected: str
    parse: Callable[[object], object]
    default: object = None


def whole(name: str, meaning: str, first: int, last: int, default: int) -> Key:
    """Take a whole number; both ends are allowed."""

    def parse(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and first <= value <= last:
            return value
        raise UnfitError(shown(value))

    return Key(name, meaning, f"{first} to {last}", parse, default)


def choice(name: str, meaning: str, words: type[StrEnum], default: StrEnum | None = None) -> Key:
    """Take one of the words of a type."""
    known = {str(word): word for word in words}

    def parse(value: object) -> StrEnum:
        if isinstance(value, str) and value in known:
            return known[value]
        raise UnfitError(shown(value))

    return Key(name, meaning, f"one of {', '.join(known)}", parse, default)


def flag(name: str, meaning: str, *, default: bool) -> Key:
    """Take true or false."""

    def parse(value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise UnfitError(shown(value))

    return Key(name, meaning, "true or false", parse, default)


def text(name: str, meaning: str, expected: str, pattern: str, default: str | None = None) -> Key:
    """Take a text that matches the pattern as a whole; without a default it must be given."""
    fits = re.compile(pattern)

    def parse(value: object) -> str:
        if isinstance(value, str) and fits.fullmatch(value):
            return value
        raise UnfitError(shown(value))

    return Key(name, meaning, expected, parse, default)


def shown(value: object) -> str:
    """Write a value as it stands in the file, cut short where it is long."""
    try:
        written = json.dumps(value, ensure_ascii=False)
    except TypeError:  # TOML has dates, JSON has none.
        written = str(value)
    too_long = len(written) > SHOWN_CHARACTERS_MAX
    return f"{written[:SHOWN_CHARACTERS_MAX]}..." if too_long else written
