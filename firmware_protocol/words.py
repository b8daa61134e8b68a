"""The words of the controller protocol, whatever form a binding gives them on its wire."""

from dataclasses import dataclass
from enum import StrEnum

GRANT_SIZE = 16


class Direction(StrEnum):
    """Which way through the turnstile; `ENTRY` is into the building."""

    ENTRY = "entry"
    EXIT = "exit"


class Mode(StrEnum):
    """What the turnstile does without a command. None of them blocks the exit."""

    NORMAL = "normal"
    EXIT_ONLY = "exit_only"
    FREE = "free"


class Signal(StrEnum):
    """What the lights and the sounder at the turnstile say."""

    READY = "ready"
    WAIT = "wait"
    GO = "go"
    REFUSED = "refused"
    ASK_OFFICER = "ask_officer"
    CLOSED = "closed"
    EMERGENCY = "emergency"
    FAULT = "fault"


class Outcome(StrEnum):
    """What the controller made of an open command. Only `OPENED` ever moves the gate."""

    OPENED = "opened"
    BUSY = "busy"
    """Another command is in force."""
    FIRE = "fire"
    """The fire input is on: everybody may pass, nobody is attributed."""
    DENIED = "denied"
    """Not in this mode, with this fault, or cancelled before it came."""
    EXPIRED = "expired"
    """It came after its time to live."""


class EndReason(StrEnum):
    """Why a command that had opened ended without a passage."""

    TIMEOUT = "timeout"
    TURNED_BACK = "turned_back"
    CANCELLED = "cancelled"
    MODE = "mode"
    FIRE = "fire"
    REBOOT = "reboot"


class LogKind(StrEnum):
    PASSAGE = "passage"
    NOT_PASSED = "not_passed"
    FORCED = "forced"
    """Somebody went in without a command."""
    TAILGATE = "tailgate"
    """A second body went in on one command."""
    REVERSE = "reverse"
    """Somebody entered the lane against the direction that was open; nobody got through."""
    HELD = "held"
    """A passage began and did not end in its time; the command stays in force."""
    FIRE_ON = "fire_on"
    FIRE_OFF = "fire_off"
    FAULT_ON = "fault_on"
    FAULT_OFF = "fault_off"
    TAMPER = "tamper"
    POWER = "power"
    """The supply failed or came back."""
    BOOT = "boot"
    MODE_CHANGED = "mode_changed"
    HOST_LOST = "host_lost"
    HOST_BACK = "host_back"
    OTHER = "other"
    """A kind that this version does not know (only ever read, never written)."""


@dataclass(frozen=True, slots=True)
class Command:
    """An open command in force. `grant` is 16 bytes, its id; the same id never opens twice."""

    grant: bytes
    direction: Direction

    def __post_init__(self) -> None:
        assert len(self.grant) == GRANT_SIZE, "a grant is 16 bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of the controller's own log.

    sequence: from 1, without gaps, never used again by the same device, over reboots too.
    at_ms: the device's uptime; an entry of the present boot is `uptime now - at_ms` old.
    is_free: it happened while everybody could enter (fire, or mode free).
    """

    sequence: int
    kind: LogKind
    boot: int
    at_ms: int
    direction: Direction | None = None
    grant: bytes | None = None
    reason: EndReason | None = None
    mode: Mode | None = None
    is_free: bool = False
