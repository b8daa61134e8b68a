"""Reads the keys of one table with their types: every mistake is noted, and reading goes on.

After a mistake a reading returns an empty value of its type, so that all mistakes of a file are
found in one go. What was read is good only if nothing was noted.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from config.problems import Advice, KeyPath, Problem, Where, shown

NAME_CHARACTERS_MAX = 32  # each is a level of an MQTT topic, and has to fit on screens

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the machine tells about the words in a settings file."""

    folder: Path
    """The folder of the settings file, where relative paths start."""
    zones: Collection[str]
    """The time zones that exist."""
    profiles: Collection[str]
    """The policy profiles that exist."""
    look: Callable[[Path], str | None]
    """Says what is wrong with a file that must be readable; None if nothing is."""
    look_at_secret: Callable[[Path], str | None]
    """The same, for a file that others must not read."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What was noticed so far."""

    where: Where
    problems: list[Problem] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)

    def mistake(self, path: KeyPath, expected: str, found: str, hint: str = "") -> None:
        self.problems.append(self.where.problem(path, expected, found, hint))

    def advise(self, path: KeyPath, text: str) -> None:
        self.advice.append(self.where.advice(path, text))


class Table:
    """One table of the document. Each reading makes its key a known one; `close` names the rest."""

    def __init__(
        self, values: Mapping[str, object], path: KeyPath, notes: Notes, around: Surroundings
    ) -> None:
        self.values = values
        self.path = path
        self.notes = notes
        self.around = around
        self._known: list[str] = []
        self._refused: list[str] = []

    def has(self, key: str) -> bool:
        self._known.append(key)
        return key in self.values

    def text(
        self,
        key: str,
        expected: str = "a text in quotes",
        is_good: Callable[[str], bool] = lambda _: True,
        hint: Callable[[str], str] = lambda _: "",
    ) -> str:
        """Read a text for which `is_good` holds; any, also an empty one, if nothing is said."""
        value = self._value(key)
        if not isinstance(value, str):
            self.mistake(key, expected)
        elif not is_good(value):
            self.mistake(key, expected, hint(value))
        else:
            return value
        return ""

    def texts(self, key: str, expected: str, is_good: Callable[[str], bool]) -> tuple[str, ...]:
        """Read a list of texts for each of which `is_good` holds."""
        value = self._value(key)
        if isinstance(value, list) and all(isinstance(one, str) and is_good(one) for one in value):
            return tuple(value)
        self.mistake(key, f"a list of {expected}")
        return ()

    def name(self, key: str) -> str:
        """Read a word that can be a level of a topic."""
        expected = f'1 to {NAME_CHARACTERS_MAX} characters of a-z, 0-9 and "-"'
        return self.text(key, expected, is_name, nearest_name)

    def choice(self, key: str, choices: type[Choice]) -> Choice:
        value = self._value(key)
        words = [str(choice) for choice in choices]
        if value in words:
            return choices(value)
        self.mistake(key, one_of(words), nearest(value, words))
        return next(iter(choices))

    def number(self, key: str, first: int, last: int, unit: str = "") -> int:
        """Read a whole number; both ends are allowed."""
        value = self._value(key)
        if isinstance(value, int) and not isinstance(value, bool) and first <= value <= last:
            return value
        self.mistake(key, f"{first} to {last} {unit}".rstrip())
        return first

    def flag(self, key: str) -> bool:
        value = self._value(key)
        if not isinstance(value, bool):
            self.mistake(key, "true or false")
        return value is True

    def place(self, key: str) -> Path:
        """Read the name of a file or directory that need not be there yet."""
        return self.around.folder / self.text(key, "the name of a file or directory", bool)

    def file(self, key: str, *, is_secret: bool = False) -> Path:
        """Read the name of a file that must exist."""
        name = self.text(key, "the name of a file", bool)
        path = self.around.folder / name
        look = self.around.look_at_secret if is_secret else self.around.look
        if name and (fault := look(path)):
            expected = "a file that other users cannot read" if is_secret else "a file"
            self.notes.mistake((*self.path, key), expected, fault)
        return path

    def table(self, key: str) -> "Table":
        return self._table(self._value(key), (*self.path, key))

    def tables(self, key: str) -> list["Table"]:
        """Read an array of tables; none where the key is missing."""
        elements = self._value(key)
        if elements is None:
            return []
        if not isinstance(elements, list):
            header = f"[[{key}]]"
            self.mistake(key, f"sections {header}", f"write the section as {header}")
            return []
        return [
            self._table(element, (*self.path, key, index)) for index, element in enumerate(elements)
        ]

    def mistake(self, key: str, expected: str, hint: str = "") -> None:
        """Note that the value of `key` is not what was expected."""
        self.notes.mistake((*self.path, key), expected, shown(self.values.get(key)), hint)

    def refuse(self, key: str, expected: str, hint: str) -> None:
        """Say why there can be no such key, better than that it is an unknown one."""
        self._refused.append(key)
        if key in self.values:
            self.mistake(key, expected, hint)

    def close(self) -> None:
        """Name the keys that nobody asked for."""
        known = sorted(set(self._known))
        for key in self.values:
            if key not in known and key not in self._refused:
                expected = f"one of {', '.join(known)}"
                path = (*self.path, key)
                self.notes.mistake(path, expected, "an unknown key", nearest(key, known))

    def _value(self, key: str) -> object:
        self._known.append(key)
        return self.values.get(key)

    def _table(self, value: object, path: KeyPath) -> "Table":
        if isinstance(value, dict):
            return Table(value, path, self.notes, self.around)
        names = ".".join(part for part in path if isinstance(part, str))
        self.notes.mistake(path, f"a section [{names}]", shown(value))
        return Table({}, path, Notes(self.notes.where), self.around)  # one mistake is enough


def is_name(text: str) -> bool:
    return len(text) <= NAME_CHARACTERS_MAX and bool(re.fullmatch(r"[a-z0-9-]+", text))


def nearest_name(text: str) -> str:
    usable = re.sub(r"[^a-z0-9]+", "-", text.lower())[:NAME_CHARACTERS_MAX].strip("-")
    return f"for example {shown(usable)}" if usable else ""


def one_of(words: Collection[str]) -> str:
    return " or ".join(shown(word) for word in words)


def nearest(word: object, words: Collection[str]) -> str:
    """Ask whether the likeliest of `words` was meant; empty if none is near."""
    matches = get_close_matches(str(word), words, n=1)
    return f"did you mean {shown(matches[0])}?" if matches else ""
