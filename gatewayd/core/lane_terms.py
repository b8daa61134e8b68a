"""The states, inputs and effects of the lane machine in `core.lane`."""

from dataclasses import dataclass, field
from enum import StrEnum

from gatewayd.core.reasons import Reason
from gatewayd.core.words import Direction, GrantId


class Indication(StrEnum):
    """What the lane shows to the person; never a person's status."""

    READY = "ready"
    WAIT = "wait"
    GO = "go"
    REFUSED = "refused"
    ASK_OFFICER = "ask_officer"
    CLOSED = "closed"
    EMERGENCY = "emergency"
    FAULT = "fault"


class Order(StrEnum):
    """What the officer last ordered for the lane. None of them blocks the exit."""

    NORMAL = "normal"
    EXIT_ONLY = "exit_only"
    FREE = "free"


class GateMode(StrEnum):
    """What the lane can do for the person who asks now; the first check of a decision."""

    NORMAL = "normal"
    EXIT_ONLY = "exit_only"
    EMERGENCY = "emergency"
    NOT_READY = "not_ready"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request to pass: a scan, or an admission by the officer.

    wait_ms: how long it may wait for the lane before it is turned away; None waits as long as it
    takes (exits). goes_first: it is taken before the scans that wait to come in; who wants to leave
    is taken before everybody else.
    """

    id: int
    direction: Direction
    wait_ms: int | None
    goes_first: bool = False


# --- states ---


@dataclass(frozen=True, slots=True)
class Idle:
    """Closed, and the next scan is decided at once."""


@dataclass(frozen=True, slots=True)
class Faulted:
    """The turnstile cannot open: no link, or it says so."""


@dataclass(frozen=True, slots=True)
class Free:
    """Emergency: the turnstile lets everybody through; nobody is granted an entry."""


@dataclass(frozen=True, slots=True)
class ExitOnly:
    """Lock-down: nobody is granted an entry, exits go on."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """A verdict is being made and written. `outcome` is None until it is made."""

    ticket: Ticket
    outcome: "Outcome | None" = None


@dataclass(frozen=True, slots=True)
class Granted:
    """The open command left; the turnstile waits for the person."""

    grant: GrantId
    direction: Direction


@dataclass(frozen=True, slots=True)
class Passing:
    """The person is between the arms."""

    grant: GrantId
    direction: Direction
    is_stuck: bool = False


State = Idle | Faulted | Free | ExitOnly | Deciding | Granted | Passing
Rest = Idle | Faulted | Free | ExitOnly


@dataclass(frozen=True, slots=True)
class Lane:
    """The state, and what holds across states: who waits, what was ordered, what is wrong."""

    state: State = field(default_factory=Faulted)
    waiting: tuple[Ticket, ...] = ()
    order: Order = Order.NORMAL
    is_fire: bool = False
    """Its own fire input is on: the turnstile has freed itself."""
    is_site_fire: bool = False
    """Another input of the site is on: it is told to be free."""
    is_linked: bool = False
    has_fault: bool = False
    is_held: bool = False
    """The other lane of an interlock is in use, or its turn has come: entries wait."""

    @property
    def in_fire(self) -> bool:
        return self.is_fire or self.is_site_fire


# --- outcomes of a decision ---


@dataclass(frozen=True, slots=True)
class Admitted:
    grant: GrantId


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Refused, or referred to the officer: either way the lane stays closed."""

    indication: Indication


Outcome = Admitted | TurnedAway


# --- inputs ---


@dataclass(frozen=True, slots=True)
class Presented:
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Decided:
    ticket_id: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Recorded:
    """The verdict is on disk."""

    ticket_id: int


@dataclass(frozen=True, slots=True)
class RecordFailed:
    """The disk refused; the verdict is nowhere."""

    ticket_id: int
    indication: Indication


@dataclass(frozen=True, slots=True)
class RecordLate:
    """Timer: the commit took longer than the site allows."""

    ticket_id: int


@dataclass(frozen=True, slots=True)
class WaitOver:
    """Timer: the ticket waited as long as it may."""

    ticket_id: int


@dataclass(frozen=True, slots=True)
class NotOpened:
    """The turnstile refused the grant, or the command certainly never arrived."""

    grant: GrantId


@dataclass(frozen=True, slots=True)
class PassageBegan:
    grant: GrantId


@dataclass(frozen=True, slots=True)
class GrantEnded:
    """The person passed, or did not; the turnstile has locked again."""

    grant: GrantId


@dataclass(frozen=True, slots=True)
class WindowOver:
    """Timer: by now the turnstile has locked by itself, whatever it told us."""

    grant: GrantId


@dataclass(frozen=True, slots=True)
class PassageOverdue:
    """Timer: somebody has stood between the arms for too long."""

    grant: GrantId


@dataclass(frozen=True, slots=True)
class LinkChanged:
    is_up: bool


@dataclass(frozen=True, slots=True)
class FaultChanged:
    is_on: bool


@dataclass(frozen=True, slots=True)
class FireChanged:
    is_on: bool


@dataclass(frozen=True, slots=True)
class SiteFireChanged:
    """Another fire input of the site than the lane's own."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class InterlockChanged:
    is_held: bool


@dataclass(frozen=True, slots=True)
class Ordered:
    order: Order


Input = (
    Presented
    | Decided
    | Recorded
    | RecordFailed
    | RecordLate
    | WaitOver
    | NotOpened
    | PassageBegan
    | GrantEnded
    | WindowOver
    | PassageOverdue
    | LinkChanged
    | FaultChanged
    | FireChanged
    | SiteFireChanged
    | InterlockChanged
    | Ordered
)
Timer = RecordLate | WaitOver | WindowOver | PassageOverdue


# --- effects, run by the shell in the order given ---


@dataclass(frozen=True, slots=True)
class Decide:
    """Decide and write the verdict; answer with Decided, then with Recorded or RecordFailed."""

    ticket: Ticket
    mode: GateMode


@dataclass(frozen=True, slots=True)
class TurnAway:
    """Write the verdict `lane_busy` for a ticket that cannot wait (any longer)."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class OpenGate:
    grant: GrantId
    direction: Direction


@dataclass(frozen=True, slots=True)
class CancelOpen:
    grant: GrantId


@dataclass(frozen=True, slots=True)
class Expire:
    """The grant ends unused, for a reason that is ours."""

    grant: GrantId
    reason: Reason


@dataclass(frozen=True, slots=True)
class Show:
    """Light the lamps of one direction until the next Show; a notice is replaced by `then`."""

    indication: Indication
    direction: Direction
    then: Indication | None = None


@dataclass(frozen=True, slots=True)
class ApplyOrder:
    """Tell the turnstile the mode that was ordered."""

    order: Order


@dataclass(frozen=True, slots=True)
class StartTimer:
    what: Timer
    after_ms: int


@dataclass(frozen=True, slots=True)
class ChangeAlarm:
    """Raise or clear the alarm `passage_stuck` of this lane."""

    is_on: bool


Effect = (
    Decide
    | TurnAway
    | OpenGate
    | CancelOpen
    | Expire
    | Show
    | ApplyOrder
    | StartTimer
    | ChangeAlarm
)
