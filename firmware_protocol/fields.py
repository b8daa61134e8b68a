"""How one field of a serial message is written as a CBOR value and read back."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar


class FieldError(ValueError):
    """A foreign value is not what the field holds; never leaves `messages.decode`."""


class Form(Protocol):
    def write(self, value: object) -> object: ...

    def read(self, plain: object) -> object:
        """Raise FieldError for anything that `write` does not make."""
        ...


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message: its CBOR key, the attribute it fills, and how it is written.

    An optional field is left out where it is None or False.
    """

    key: int
    name: str
    form: Form
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Unsigned:
    """uint 0..2^bits-1."""

    bits: int

    def write(self, value: object) -> object:
        assert isinstance(value, int)
        assert 0 <= value < 1 << self.bits
        return value

    def read(self, plain: object) -> object:
        if type(plain) is not int or not 0 <= plain < 1 << self.bits:
            raise FieldError(f"expected an unsigned number of {self.bits} bits")
        return plain


@dataclass(frozen=True, slots=True)
class Octets:
    """bstr of exactly `size` bytes."""

    size: int

    def write(self, value: object) -> object:
        assert isinstance(value, bytes)
        assert len(value) == self.size
        return value

    def read(self, plain: object) -> object:
        if type(plain) is not bytes or len(plain) != self.size:
            raise FieldError(f"expected {self.size} bytes")
        return plain


@dataclass(frozen=True, slots=True)
class Text:
    """tstr of 1..size_max bytes, printable ASCII: it ends up in logs."""

    size_max: int

    def write(self, value: object) -> object:
        assert isinstance(value, str)
        assert self._is_good(value), f"not 1..{self.size_max} printable ASCII characters: {value!r}"
        return value

    def read(self, plain: object) -> object:
        if type(plain) is not str or not self._is_good(plain):
            raise FieldError(f"expected 1..{self.size_max} printable ASCII characters")
        return plain

    def _is_good(self, text: str) -> bool:
        return 1 <= len(text) <= self.size_max and text.isascii() and text.isprintable()


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    def write(self, value: object) -> object:
        assert isinstance(value, bool)
        return value

    def read(self, plain: object) -> object:
        if type(plain) is not bool:
            raise FieldError("expected true or false")
        return plain


Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Code(Generic[Word]):
    """uint that stands for a word; an open list reads a code of a later version as `unknown`."""

    words: Mapping[int, Word]
    is_open: bool = False
    unknown: Word | None = None

    def write(self, value: object) -> object:
        for code, word in self.words.items():
            if word is value:
                return code
        raise AssertionError(f"{value!r} has no code")

    def read(self, plain: object) -> object:
        if type(plain) is not int or plain < 0:
            raise FieldError("expected a code")
        if plain not in self.words and not self.is_open:
            raise FieldError(f"code {plain} means nothing here")
        return self.words.get(plain, self.unknown)
