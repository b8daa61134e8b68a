"""What host and controller say to each other on the serial line, as typed values."""

from dataclasses import dataclass, replace
from enum import StrEnum

from firmware_protocol.inputs import Result
from firmware_protocol.settings import Settings
from firmware_protocol.words import Direction, LogEntry, Mode, Signal

NONCE_SIZE = 16

LOG_NAME_SIZE = 8


class GateState(StrEnum):
    """How far the command in force is; see `controller.Gate`."""

    IDLE = "idle"
    UNLOCKED = "unlocked"
    PASSING = "passing"


# --- session -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    """The host asks for a session."""

    nonce: bytes
    version_min: int
    version_max: int
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelloAck:
    """The device offers one; its id stands in the frame. Signed over the Hello, too.

    log: drawn anew when the log's storage is formatted; (log, sequence) names an entry for ever.
    """

    nonce: bytes
    version: int
    device: str
    firmware: str
    boot: int
    uptime_ms: int
    log: bytes
    head: int
    first: int
    acknowledged: int
    lost_count: int


@dataclass(frozen=True, slots=True)
class Auth:
    """The host proves that it has the key and saw the same Hello and HelloAck."""


@dataclass(frozen=True, slots=True)
class AuthOk:
    """The new session is in force, the old one is gone."""


@dataclass(frozen=True, slots=True)
class NoSession:
    """The device does not know the session in the frame's head; 0: it has just started."""


# --- host to device ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ping:
    pass


@dataclass(frozen=True, slots=True)
class Open:
    """`expires_at_ms` is a time of the device's own uptime: from then on it must not open.

    unlock_ms: None leaves it to the device's settings.
    """

    grant: bytes
    direction: Direction
    expires_at_ms: int
    unlock_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    grant: bytes


@dataclass(frozen=True, slots=True)
class SetMode:
    mode: Mode


@dataclass(frozen=True, slots=True)
class Indicate:
    signal: Signal
    direction: Direction


@dataclass(frozen=True, slots=True)
class ConfigGet:
    """Answer with the settings in force."""


@dataclass(frozen=True, slots=True)
class EventAck:
    """Everything up to here is on the host's disk."""

    upto: int


@dataclass(frozen=True, slots=True)
class LogRead:
    """Answer with LogState, then send the log again from `start` on, at once; None: nothing."""

    start: int | None = None


# --- device to host ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Answer to Ping, and sent unasked at each change of what it says after `first`.

    A host that wants another mode or signal than it reads here says so again. settings: checksum
    of those in force (serial binding only). contacts: bit n - 1 is on while input n is closed; None
    of a controller without such inputs.
    """

    uptime_ms: int
    head: int
    first: int
    mode: Mode
    gate: GateState
    grant: bytes | None = None
    is_fire: bool = False
    is_faulty: bool = False
    entry_signal: Signal
    exit_signal: Signal
    settings: int = 0
    contacts: int | None = None

    def without_counters(self) -> "State":
        """Return what a change of is told at once, for comparison."""
        return replace(self, uptime_ms=0, head=0, first=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """Where the log stands; a grant neither in force nor ended in the log never opened."""

    head: int
    first: int
    acknowledged: int
    lost_count: int
    in_force: bytes | None = None


Message = (
    Hello
    | HelloAck
    | Auth
    | AuthOk
    | NoSession
    | Ping
    | Open
    | Cancel
    | SetMode
    | Indicate
    | Settings
    | ConfigGet
    | EventAck
    | LogRead
    | State
    | Result
    | LogEntry
    | LogState
)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A body that is no message of its type; `detail` says what is wrong with it."""

    detail: str
