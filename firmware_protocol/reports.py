"""What the host's side of the serial link tells about its controller."""

from dataclasses import dataclass
from enum import StrEnum

from firmware_protocol.messages import State
from firmware_protocol.settings import Settings
from firmware_protocol.words import LogEntry, Outcome


class Loss(StrEnum):
    """Why there is no link."""

    LINE = "line"
    """The line itself is not open."""
    SILENT = "silent"
    """Nothing that is ours comes on it."""
    KEY = "key"
    """Something answers, with another key."""
    VERSION = "version"
    """It speaks no version that we speak."""
    LOG = "log"
    """Its log ends before entries that it told already: the storage is failing."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A device proved that it has the key."""

    device: str
    firmware: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """Once per outage; every command that was under way was answered before it."""

    loss: Loss


@dataclass(frozen=True, slots=True)
class Answered:
    grant: bytes
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Unanswered:
    """It was sent, and its time is over: it may have opened, but it will not begin any more."""

    grant: bytes


@dataclass(frozen=True, slots=True)
class NeverSent:
    """There is no link: it was not sent, and will not be."""

    grant: bytes


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry of the device's log; they rise without gaps, and each is told once.

    log: names the log that holds it, 8 bytes; (log, sequence) never stands for two things.
    age_ms: how long ago it happened, by the device's clock; at least so long for an earlier boot.
    """

    log: bytes
    entry: LogEntry
    age_ms: int = 0


@dataclass(frozen=True, slots=True)
class EntriesLost:
    """The device overwrote entries before we had them."""

    log: bytes
    count: int


@dataclass(frozen=True, slots=True)
class LogEnd:
    """Every entry was told; a grant of before that is not `in_force` and not in the log never was.

    Told after each start of a session, and after an `Unanswered`, when no command is under way.
    """

    log: bytes
    in_force: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StateSeen:
    """The first state of a session, and each one that differs in more than its counters."""

    state: State


@dataclass(frozen=True, slots=True)
class SettingsDiffer:
    """The device has other settings than it should; it is told them, until `SettingsTaken`."""

    found: Settings


@dataclass(frozen=True, slots=True)
class SettingsTaken:
    """The device has the right settings again."""


Report = (
    Connected
    | Disconnected
    | Answered
    | Unanswered
    | NeverSent
    | Logged
    | EntriesLost
    | LogEnd
    | StateSeen
    | SettingsDiffer
    | SettingsTaken
)
