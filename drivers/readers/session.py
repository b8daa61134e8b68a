"""What the pure half of a reader driver is to its shell: bytes and times in, things to do out."""

from dataclasses import dataclass, field
from typing import Protocol

from drivers.base import Signal
from drivers.framers import Framed


@dataclass(frozen=True, slots=True)
class Found:
    """The reader answers and is set up; `device` is what it calls itself, "" if nothing."""

    device: str
    baudrate: int


@dataclass(frozen=True, slots=True)
class Lost:
    """Told once per outage, with a sentence that says what to look at."""

    reason: str


@dataclass(slots=True)
class Output:
    """What to do: set the speed of the line if there is one, send the data, tell the events."""

    events: list[Found | Lost | Framed] = field(default_factory=list)
    data: bytes = b""
    baudrate: int | None = None


class Session(Protocol):
    """Each call returns what to do; times are seconds of one clock that only goes forward."""

    @property
    def deadline_s(self) -> float | None:
        """When to call `tick`, if nothing happens before."""
        ...

    def open(self, now_s: float) -> Output:
        """Begin on a line that was just opened."""
        ...

    def close(self, reason: str) -> Output:
        """End, for the line was lost for this reason."""
        ...

    def feed(self, data: bytes, now_s: float) -> Output: ...

    def tick(self, now_s: float) -> Output: ...

    def show(self, signal: Signal, now_s: float) -> Output: ...
