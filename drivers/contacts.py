"""What a contact at an input of a board says, rid of its bouncing (pure)."""

from dataclasses import dataclass
from enum import StrEnum


class Normally(StrEnum):
    """How the contact is while nothing happens."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Contact:
    """number: which input, counted from 1."""

    number: int
    normally: Normally

    def is_active(self, inputs: tuple[bool, ...]) -> bool:
        """Tell whether it differs from how it normally is; an input is on while it is closed."""
        return inputs[self.number - 1] is (self.normally is Normally.OPEN)


class Debounced:
    """A state that changes only when all that was seen for some time says so."""

    def __init__(self, hold_s: float, *, is_on: bool) -> None:
        self.is_on = is_on
        self._hold_s = hold_s
        self._differs_since_s: float | None = None

    def feed(self, is_on: bool, now_s: float) -> bool:  # noqa: FBT001 - what was seen
        """Take what was seen just now; return whether the state changed by it."""
        if is_on is self.is_on:
            self._differs_since_s = None
            return False
        if self._differs_since_s is None:
            self._differs_since_s = now_s
        if now_s - self._differs_since_s < self._hold_s:
            return False
        self.is_on = is_on
        self._differs_since_s = None
        return True
