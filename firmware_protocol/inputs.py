"""What can happen to a turnstile controller, and what it does about it."""

from dataclasses import dataclass
from typing import Literal

from firmware_protocol.settings import Settings
from firmware_protocol.words import Command, Direction, LogEntry, LogKind, Mode, Outcome

# --- inputs ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenCommand:
    """Let one person through. At `expires_at_ms` it is too late to begin with it.

    unlock_ms: how long to wait for the person; None leaves it to the settings.
    """

    command: Command
    unlock_ms: int | None
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class CancelCommand:
    """End the command if nobody is passing on it yet; if it never came, it must not open later."""

    grant: bytes


@dataclass(frozen=True, slots=True)
class ModeCommand:
    mode: Mode


@dataclass(frozen=True, slots=True)
class Configure:
    """Take these settings as a whole, or nothing of them if they are not possible."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class AcknowledgeLog:
    upto: int


@dataclass(frozen=True, slots=True)
class PassageBegan:
    """The arm turns, or the first beam is broken."""

    direction: Direction


@dataclass(frozen=True, slots=True)
class PassageCompleted:
    """A body is through. Without a command, an entry is a forced one."""

    direction: Direction


@dataclass(frozen=True, slots=True)
class TurnedBack:
    """The person that the gate waits for, or that was passing, went back."""


@dataclass(frozen=True, slots=True)
class SecondBody:
    """Another body went in together with the one that was let in."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something else that the sensors saw; it is logged and changes nothing."""

    kind: Literal[LogKind.REVERSE, LogKind.TAMPER, LogKind.POWER]


@dataclass(frozen=True, slots=True)
class FireInput:
    """The fire contact; open or undefined means on."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class FaultInput:
    """The mechanics cannot open now, or can again."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class ContactsSeen:
    """The inputs for contacts of the site, rid of bouncing.

    closed: bit n - 1 is on while input n is closed.
    """

    closed: int


@dataclass(frozen=True, slots=True)
class HostLost:
    """Nothing was heard of it for the time of the settings, since the boot or the last frame."""


@dataclass(frozen=True, slots=True)
class HostBack:
    pass


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went on; due at `deadline_ms`, welcome at any time."""


Order = OpenCommand | CancelCommand | ModeCommand | Configure | AcknowledgeLog
Sensed = PassageBegan | PassageCompleted | TurnedBack | SecondBody | Noticed
Circumstance = FireInput | FaultInput | ContactsSeen | HostLost | HostBack | Tick
Input = Order | Sensed | Circumstance


# --- effects -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unlock:
    """Release this direction: for one person (`grant`), or for everybody (None)."""

    direction: Direction
    grant: bytes | None


@dataclass(frozen=True, slots=True)
class Relock:
    direction: Direction


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to an open command. A repeat gets the first answer again and moves nothing."""

    grant: bytes
    outcome: Outcome
    is_repeat: bool = False


Effect = Unlock | Relock | Result | LogEntry
