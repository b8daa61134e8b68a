"""The words that drivers and the gateway exchange: scans, gate commands and reports, contacts.

A driver is given a callback when it runs and reports through it, in the order things happened on
the line. `send` never blocks: what became of a command arrives as a report. A driver keeps itself
alive: a lost device is reported once and opened again with backoff until `run` is cancelled.
Times are seconds of the running event loop's clock (`loop.time()`); a simulation can own it. One
file, though it is long: whoever writes a driver needs all of these words and nothing else of ours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Never, Protocol


class DriverError(Exception):
    """A device cannot be set up as the settings say; the message tells what to change."""


class Direction(StrEnum):
    ENTRY = "entry"
    EXIT = "exit"


class Signal(StrEnum):
    """What the lane's lights and sounder say. Nothing here tells a bystander a person's status."""

    READY = "ready"
    WAIT = "wait"
    GO = "go"
    REFUSED = "refused"
    ASK_OFFICER = "ask_officer"
    CLOSED = "closed"
    EMERGENCY = "emergency"
    FAULT = "fault"


# --- links ---


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The device answers. `device` is what it calls itself, for logs; "" if it has no name.

    A turnstile has no fault until it tells one; a fire lasts until it tells otherwise.
    """

    device: str


@dataclass(frozen=True, slots=True)
class LinkLost:
    """Reported once per outage, with a sentence that says what happened and what to look at."""

    reason: str


# --- readers ---


@dataclass(frozen=True, slots=True)
class ScanRead:
    """One complete code: payload bytes without terminator, framing and AIM id.

    `at_s` is the loop time at which the last byte arrived.
    """

    data: bytes
    at_s: float


@dataclass(frozen=True, slots=True)
class ScanOverlong:
    """A code longer than the limit; its bytes were dropped up to the terminator."""

    size: int
    at_s: float


@dataclass(frozen=True, slots=True)
class NoiseDropped:
    """Empty lines, and repeats of a code that is still in view; counted, no scan."""

    count: int


ReaderReport = LinkUp | LinkLost | ScanRead | ScanOverlong | NoiseDropped


class Reader(Protocol):
    async def run(self, report: Callable[[ReaderReport], None]) -> Never:
        """Read until cancelled. Raises DriverError only for settings that can never work."""
        ...

    def show(self, signal: Signal) -> None:
        """Show the person at the reader what the lane says, as far as the reader can.

        Never blocks and never raises; without a link it is lost.
        """
        ...


# --- turnstiles: commands ---


class Mode(StrEnum):
    """What the turnstile does without a grant. None of them blocks the exit."""

    NORMAL = "normal"
    EXIT_ONLY = "exit_only"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class OpenOnce:
    """Let one person through.

    grant: 32 hex digits; a repeat of the same grant never opens twice.
    unlock_ms: how long the turnstile waits for the person (the device keeps this time).
    ttl_ms: if the command did not reach the device in this time it must not open any more.
    """

    grant: str
    direction: Direction
    unlock_ms: int
    ttl_ms: int


@dataclass(frozen=True, slots=True)
class CancelOpen:
    grant: str


@dataclass(frozen=True, slots=True)
class SetMode:
    mode: Mode


@dataclass(frozen=True, slots=True)
class Indicate:
    signal: Signal
    direction: Direction


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Everything in the device's log up to here is on our disk; it may forget it."""

    device: str
    upto: int


GateCommand = OpenOnce | CancelOpen | SetMode | Indicate | Acknowledge


# --- turnstiles: reports ---


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Where a report stands in the device's own log.

    (device, sequence) never stands for two things, but the same report may come again until it is
    acknowledged.
    """

    device: str
    sequence: int


@dataclass(frozen=True, slots=True)
class LogRead:
    """The device's log has been read to its end: after a (re)connect, and after an OpenUnknown.

    A grant of before, that the device neither has in force nor reported by now, never opened.
    `in_force` names the grants that are open at the device right now.
    """

    device: str
    in_force: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogLost:
    """The device overwrote `count` log entries before we had them."""

    device: str
    count: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The turnstile accepted the grant and is unlocked (a repeat answers the same)."""

    grant: str


@dataclass(frozen=True, slots=True)
class NotOpened:
    """The turnstile refused, or the command certainly never reached it; it will not open."""

    grant: str
    reason: str


@dataclass(frozen=True, slots=True)
class OpenUnknown:
    """The command left, and no answer came in its time to live: it may have opened."""

    grant: str


@dataclass(frozen=True, slots=True)
class PassageBegan:
    grant: str


@dataclass(frozen=True, slots=True)
class Passed:
    """A person went through; `grant` None means nobody's grant.

    assumed: the turnstile cannot tell, and the settings say to take it for granted.
    free: it happened while the device let everybody through (fire or free mode).
    age_s: how long ago it happened, for one that comes from the device's log; so in other reports.
    """

    direction: Direction
    grant: str | None
    log: LogPosition | None = None
    assumed: bool = False
    free: bool = False
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class NotPassed:
    """The grant ended unused: time over, the person turned back, or it was cancelled."""

    grant: str
    log: LogPosition | None = None
    reason: str = "timeout"
    age_s: float = 0.0


class BreachKind(StrEnum):
    FORCED = "forced"
    TAILGATE = "tailgate"


@dataclass(frozen=True, slots=True)
class Breached:
    """Somebody went in who had no grant: forced the arm, or walked in behind another."""

    kind: BreachKind
    direction: Direction
    log: LogPosition | None = None
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class FireChanged:
    """Without `log` how it is now, with `log` how it was: history that changes nothing any more."""

    is_on: bool
    log: LogPosition | None = None
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class DeviceNoted:
    """Anything else of the device's log for the journal: boot, tamper, held, power."""

    kind: str
    log: LogPosition | None = None
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class InputsSeen:
    """Which inputs for contacts of the site (doors, fire) are closed, counted from 1.

    Told after each LinkUp and at each change, by devices that have such inputs.
    """

    closed: frozenset[int]


@dataclass(frozen=True, slots=True)
class LineCounted:
    """What was wrong on the line since the start of the driver, told when it changes.

    noise_count: frames that arrived broken. forged_count: whole ones with a wrong or repeated MAC.
    """

    noise_count: int
    forged_count: int


@dataclass(frozen=True, slots=True)
class Fault:
    """The turnstile says it cannot open now."""

    reason: str


@dataclass(frozen=True, slots=True)
class FaultCleared:
    pass


GateReport = (
    LinkUp
    | LinkLost
    | LogRead
    | LogLost
    | Opened
    | NotOpened
    | OpenUnknown
    | PassageBegan
    | Passed
    | NotPassed
    | Breached
    | FireChanged
    | DeviceNoted
    | InputsSeen
    | LineCounted
    | Fault
    | FaultCleared
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a turnstile can do; `check` and the documents show it.

    own_timing: the device itself ends the opening, so the host may die at any moment.
    feedback: it reports passages. log: it keeps reports until they are acknowledged.
    """

    own_timing: bool
    feedback: bool
    direction: bool
    log: bool
    fire_input: bool


class Turnstile(Protocol):
    @property
    def capabilities(self) -> Capabilities: ...

    async def run(self, report: Callable[[GateReport], None]) -> Never:
        """Serve the device until cancelled."""
        ...

    def send(self, command: GateCommand) -> None:
        """Hand over a command; never blocks, never raises for the device's state.

        An `OpenOnce` is always answered: Opened, NotOpened or OpenUnknown, exactly one of them.
        Without a link it is NotOpened at once and never sent later.
        """
        ...


# --- contacts of doors, and of the fire panel ---


@dataclass(frozen=True, slots=True)
class ContactSeen:
    """Told after each LinkUp and at each change; rid of bouncing."""

    is_closed: bool


SensorReport = LinkUp | LinkLost | ContactSeen


class Sensor(Protocol):
    """One contact; a change of it is told within half a second."""

    async def run(self, report: Callable[[SensorReport], None]) -> Never:
        """Watch until cancelled."""
        ...


# --- drivers that speak MQTT ---


@dataclass(frozen=True, slots=True)
class Inbound:
    topic: str
    payload: bytes
    is_retained: bool


class Messages(Protocol):
    """A connection to the device broker, shared by the drivers of one gateway; injected by app."""

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send with QoS 1, not retained, at once; False if there is no connection (not queued)."""
        ...

    def subscribe(
        self,
        topic_filter: str,
        receive: Callable[[Inbound], None],
        link: Callable[[bool], None],
    ) -> None:
        """Have `receive` called for each message, and `link` at each change of the connection."""
        ...
