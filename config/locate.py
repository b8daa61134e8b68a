"""Finds the line on which each key of a TOML document was written.

`tomllib` gives values without their places. This scanner knows just enough of TOML 1.0 to walk over
a text that `tomllib` has accepted; it leaves the meaning of values, and of quoted keys, to it.
"""

import re
import tomllib
from bisect import bisect_left
from typing import Any

from config.problems import KeyPath

_BLANK = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
# Long strings first, since "" also begins one; they may end in up to two quotes of their own.
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:'{0,2})|"(?:[^"\\]|\\.)*"|'[^']*\'''',
    re.DOTALL,
)
_OTHER_VALUE = re.compile(r"[^,\]}\n#]+")


def locate(text: str) -> dict[KeyPath, int]:
    """Map the path of each table, element and key to its line, counted from 1.

    A table is where its header is, or else where it is first mentioned. `text` is valid TOML:
    anything else trips an assertion.
    """
    return _Scanner(text.replace("\r\n", "\n")).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._newlines = [found.start() for found in re.finditer("\n", text)]
        self._lines: dict[KeyPath, int] = {}
        self._sizes: dict[KeyPath, int] = {}  # of the arrays of tables: how many elements so far

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self._skip(_BETWEEN)
        while self._at < len(self._text):
            if self._take("[["):
                table = self._element_header()
            elif self._take("["):
                table = self._header()
            else:
                self._assignment(table)
            self._skip(_BETWEEN)
        return self._lines

    def _header(self) -> KeyPath:
        line = self._line()
        path = self._resolve(self._key())
        self._take("]")
        self._note(path, line)
        return path

    def _element_header(self) -> KeyPath:
        line = self._line()
        array = self._resolve(self._key())
        self._take("]]")
        if array not in self._lines:
            self._note(array, line)
        index = self._sizes.get(array, 0)
        self._sizes[array] = index + 1
        self._note((*array, index), line)
        return (*array, index)

    def _resolve(self, parts: KeyPath) -> KeyPath:
        """Put the index of the present element behind each array of tables on the way."""
        path: KeyPath = ()
        for part in parts:
            if path in self._sizes:
                path = (*path, self._sizes[path] - 1)
            path = (*path, part)
        return path

    def _assignment(self, table: KeyPath) -> None:
        line = self._line()
        path = (*table, *self._key())
        self._note(path, line)
        self._take("=")
        self._skip(_BLANK)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        elif string := _STRING.match(self._text, self._at):
            self._at = string.end()
        else:
            self._skip(_OTHER_VALUE)

    def _array(self, path: KeyPath) -> None:
        index = 0
        self._skip(_BETWEEN)
        while not self._take("]"):
            self._note((*path, index), self._line())
            self._value((*path, index))
            self._separator()
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._skip(_BETWEEN)
        while not self._take("}"):
            self._assignment(path)
            self._separator()

    def _separator(self) -> None:
        self._skip(_BETWEEN)
        self._take(",")
        self._skip(_BETWEEN)

    def _key(self) -> KeyPath:
        self._skip(_BLANK)
        key = self._skip(_KEY)
        self._skip(_BLANK)
        level: Any = tomllib.loads(f"{key} = 0")
        parts: list[str] = []
        while isinstance(level, dict):
            [(part, level)] = level.items()
            parts.append(part)
        return tuple(parts)

    def _note(self, path: KeyPath, line: int) -> None:
        self._lines[path] = line
        for size in range(len(path) - 1, 0, -1):
            if path[:size] in self._lines:
                return  # And so is all around it.
            self._lines[path[:size]] = line

    def _line(self) -> int:
        return bisect_left(self._newlines, self._at) + 1

    def _take(self, sign: str) -> bool:
        is_there = self._text.startswith(sign, self._at)
        self._at += len(sign) if is_there else 0
        return is_there

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        assert found, f"not TOML at line {self._line()}"
        self._at = found.end()
        return found.group()
