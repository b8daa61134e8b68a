"""How far the host has read its controller's log: each entry once, in order, and losses counted."""

from dataclasses import dataclass

from firmware_protocol.messages import HelloAck, LogState
from firmware_protocol.reports import EntriesLost, LogEnd, Logged
from firmware_protocol.words import LogEntry


@dataclass(frozen=True, slots=True)
class Unread:
    """The log's end is to be asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """LogRead is under way in the frame `sequence`; asked again at `repeat_at_ms`."""

    sequence: int
    repeat_at_ms: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The log ended at `head` when the device had `in_force` in force."""

    head: int
    in_force: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AtEnd:
    """Told; what comes now is told as it comes."""


Progress = Unread | Asked | Reading | AtEnd


class HostLog:
    """Survives sessions and outages; only another log starts it anew."""

    def __init__(self) -> None:
        self.name = b""
        self.expected = 1
        """The sequence that is to come next."""
        self.acknowledged = 0
        """The host has everything up to here on its disk."""
        self.progress: Progress = AtEnd()
        self._broken_name: bytes | None = None

    def is_continued_by(self, offer: HelloAck) -> bool:
        """Say whether this device still has, or had, all that was told of this log.

        One that forgot some of it once gives numbers a second time: it is refused for good.
        """
        if offer.log == self.name and offer.head < self.expected - 1:
            self._broken_name = offer.log
        return offer.log != self._broken_name

    def begin(self, offer: HelloAck) -> None:
        """Start a session: with what the device still has and was not told before."""
        if offer.log != self.name:
            self.name, self.expected, self.acknowledged = offer.log, 1, 0
        self.acknowledged = max(self.acknowledged, offer.acknowledged)
        self.expected = max(self.expected, offer.acknowledged + 1)
        self.progress = Unread()

    def acknowledge(self, log: bytes, upto: int) -> bool:
        """Note that the host has everything up to `upto`; False if that is nothing new."""
        if log != self.name or not self.acknowledged < upto < self.expected:
            return False
        self.acknowledged = upto
        return True

    def take(self, entry: LogEntry, age_ms: int) -> tuple[Logged | LogEnd, ...]:
        """Take the next entry; other ones are not told: they come again, in order."""
        assert entry.sequence == self.expected
        self.expected += 1
        return (Logged(self.name, entry, age_ms), *self._end())

    def note(self, state: LogState, ack: int) -> tuple[EntriesLost | LogEnd, ...]:
        """Compare with where the device's log stands. `ack` tells which LogRead it answers."""
        lost_count = max(0, state.first - self.expected)
        self.expected += lost_count
        lost = (EntriesLost(self.name, lost_count),) if lost_count else ()
        match self.progress:
            case Asked(sequence) if sequence == ack:
                in_force = () if state.in_force is None else (state.in_force,)
                self.progress = Reading(state.head, in_force)
                return (*lost, *self._end())
            case Unread() | Asked() | Reading() | AtEnd():
                return lost

    def _end(self) -> tuple[LogEnd, ...]:
        match self.progress:
            case Reading(head, in_force) if self.expected > head:
                self.progress = AtEnd()
                return (LogEnd(self.name, in_force),)
            case Unread() | Asked() | Reading() | AtEnd():
                return ()
