"""The members of a message of the MQTT binding, read one by one, each within its limits."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from firmware_protocol.messages import LOG_NAME_SIZE
from firmware_protocol.words import GRANT_SIZE

INTEGER_MAX: Final = (1 << 53) - 1
"""What every JSON library keeps exactly; a log that grows by 1,000 a second takes 285,000 years."""

_Word = TypeVar("_Word", bound=StrEnum)


class MemberError(Exception):
    """A member is missing or has a value that this version does not allow."""


class Members:
    """The members of a sealed message, taken one by one; unknown ones are left alone."""

    def __init__(self, members: Mapping[str, object]) -> None:
        self._members = members

    def has(self, name: str) -> bool:
        return name in self._members

    def integer(self, name: str, low: int, high: int = INTEGER_MAX) -> int:
        value = self._members.get(name)
        if type(value) is not int or not low <= value <= high:
            raise self._wrong(name, f"an integer {low}..{high}")
        return value

    def flag(self, name: str) -> bool:
        value = self._members.get(name)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def hexadecimal(self, name: str, size: int) -> str:
        value = self._members.get(name)
        if (
            not isinstance(value, str)
            or len(value) != 2 * size
            or not set(value) <= set("0123456789abcdef")
        ):
            raise self._wrong(name, f"{2 * size} lower-case hex digits")
        return value

    def text(self, name: str, size_max: int) -> str:
        value = self._members.get(name)
        if not (
            isinstance(value, str)
            and 0 < len(value) <= size_max
            and value.isascii()
            and value.isprintable()
        ):
            raise self._wrong(name, f"1..{size_max} printable ASCII characters")
        return value

    def log_name(self) -> bytes:
        return bytes.fromhex(self.hexadecimal("log", LOG_NAME_SIZE))

    def grant(self) -> bytes:
        return bytes.fromhex(self.hexadecimal("grant", GRANT_SIZE))

    def word(self, name: str, words: type[_Word]) -> _Word:
        value = self._members.get(name)
        if not isinstance(value, str) or value not in list(words):
            raise self._wrong(name, "one of " + ", ".join(words))
        return words(value)

    def word_if_known(self, name: str, words: type[_Word]) -> _Word | None:
        """Return None for a word of a later version; entries must never get stuck in the log."""
        value = self._members.get(name)
        return words(value) if isinstance(value, str) and value in list(words) else None

    def _wrong(self, name: str, expected: str) -> MemberError:
        return MemberError(f"{name} must be {expected}, not {self._members.get(name)!r:.80}")
