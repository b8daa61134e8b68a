"""The lane machine: when the turnstile may open, and for whom.

Pure: `step(lane, input) -> (lane, effects)`. It knows tickets and grants by their ids only; who a
person is and whether they may pass is decided elsewhere (`core.decide`), what a passage counts for
as well (`core.projection`). The promises it keeps, each with a test: an entry opens only after its
verdict is recorded in time; at most one grant is in force; exits are never turned away for the
disk or an order, and never wait for an interlock; in fire nothing is sent that locks. All of its
transitions are in this one file, long as it is, so that each can be held against the others.
"""

from dataclasses import dataclass, replace

from gatewayd.core.lane_terms import (
    Admitted,
    ApplyOrder,
    CancelOpen,
    ChangeAlarm,
    Decide,
    Decided,
    Deciding,
    Effect,
    ExitOnly,
    Expire,
    FaultChanged,
    Faulted,
    FireChanged,
    Free,
    GateMode,
    Granted,
    GrantEnded,
    Idle,
    Indication,
    Input,
    InterlockChanged,
    Lane,
    LinkChanged,
    NotOpened,
    OpenGate,
    Order,
    Ordered,
    PassageBegan,
    PassageOverdue,
    Passing,
    Presented,
    Recorded,
    RecordFailed,
    RecordLate,
    Rest,
    Show,
    SiteFireChanged,
    StartTimer,
    State,
    Ticket,
    TurnAway,
    TurnedAway,
    WaitOver,
    WindowOver,
)
from gatewayd.core.reasons import Reason
from gatewayd.core.words import Direction, GrantId

WAITING_SCANS_MAX = 3  # More people than this in front of one arm cannot tell whose turn it is.
WAITING_FIRST_MAX = 8  # Exits, and officer's admissions: a bound for what should never pile up.

Step = tuple[Lane, list[Effect]]

_REST: tuple[type[State], ...] = (Idle, Faulted, Free, ExitOnly)
EDGES: frozenset[tuple[type[State], type[State]]] = frozenset(
    [(rest, other) for rest in _REST for other in (*_REST, Deciding) if rest is not other]
    + [(active, rest) for active in (Deciding, Granted, Passing) for rest in _REST]
    + [(Deciding, Deciding), (Deciding, Granted), (Granted, Passing)]
    + [(Granted, Deciding), (Passing, Deciding)]
)
"""The transitions that may happen: a second statement of the machine, asserted at each step."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The site's times in milliseconds.

    record: a commit later than this opens no entry. unlock: how long the turnstile waits for the
    person. ttl: an open command older than this must not open. passage: longer between the arms
    than this is an alarm (30 s is what PERCo turnstiles use).
    """

    record_ms: int = 1000
    unlock_ms: int = 5000
    ttl_ms: int = 1500
    passage_ms: int = 30_000

    @property
    def settled_ms(self) -> int:
        """By then the turnstile has locked by itself: the command's life, the wait, a margin."""
        return self.ttl_ms + self.unlock_ms + 1000


def step(lane: Lane, what: Input, windows: Windows) -> Step:
    """Return the next lane and the effects, to be run in their order."""
    match what:
        case Presented(ticket):
            after, effects = _presented(lane, ticket, windows)
        case WaitOver(ticket_id):
            after, effects = _wait_over(lane, ticket_id)
        case InterlockChanged(is_held):
            after, effects = _take_up(replace(lane, is_held=is_held), windows)
        case LinkChanged() | FaultChanged() | FireChanged() | SiteFireChanged() | Ordered():
            after, effects = _changed(lane, what, windows)
        case Decided() | Recorded() | RecordFailed() | RecordLate():
            after, effects = _deciding(lane, what, windows)
        case NotOpened() | PassageBegan() | GrantEnded() | WindowOver() | PassageOverdue():
            after, effects = _in_force(lane, what, windows)
    assert _may_follow(lane.state, after.state), (lane.state, what, after.state)
    return after, effects


def _may_follow(before: State, after: State) -> bool:
    edge = (type(before), type(after))
    return edge[0] is edge[1] or edge in EDGES


def held_grant(lane: Lane) -> GrantId | None:
    """Return the grant that this lane watches; others of it are settled from the device's log."""
    return lane.state.grant if isinstance(lane.state, Granted | Passing) else None


def lamp(lane: Lane, direction: Direction) -> Indication:
    """Return what the lane shows on one side when there is nothing else to tell anybody."""
    state, rest = lane.state, rest_state(lane)
    is_in_use = isinstance(state, Granted | Passing) and state.direction is direction
    if is_in_use and not _is_taken_back(lane):
        return Indication.GO
    if direction is Direction.EXIT and isinstance(rest, ExitOnly):
        return Indication.READY  # A lock-down closes the entry.
    return _RESTING[type(rest)]


def rest_state(lane: Lane) -> Rest:
    """Return where the lane rests when nobody is being served. Fire wins over everything."""
    if lane.in_fire or lane.order is Order.FREE:
        return Free()
    if not lane.is_linked or lane.has_fault:
        return Faulted()
    if lane.order is Order.EXIT_ONLY:
        return ExitOnly()
    return Idle()


# --- who is served next ---


def _presented(lane: Lane, ticket: Ticket, windows: Windows) -> Step:
    match lane.state:
        case Idle() if _must_wait(lane, ticket):
            return _wait(lane, ticket)
        case Idle() | Faulted() | Free() | ExitOnly():
            return _decide(lane, ticket, windows)
        case Deciding() | Granted() | Passing():
            return _wait(lane, ticket)


def _wait(lane: Lane, ticket: Ticket) -> Step:
    alike = sum(_turn(other) == _turn(ticket) for other in lane.waiting)
    if alike >= (WAITING_FIRST_MAX if ticket.goes_first else WAITING_SCANS_MAX):
        return lane, _turn_away(lane, ticket)
    waiting = tuple(sorted((*lane.waiting, ticket), key=_turn))
    effects: list[Effect] = []
    if lamp(lane, ticket.direction) not in _LASTING:
        effects.append(Show(Indication.WAIT, ticket.direction))
    if ticket.wait_ms is not None:
        effects.append(StartTimer(WaitOver(ticket.id), ticket.wait_ms))
    return replace(lane, waiting=waiting), effects


def _turn(ticket: Ticket) -> tuple[bool, bool]:
    """Return who goes first: whoever leaves, then whom the officer lets in, then scans."""
    return ticket.direction is Direction.ENTRY, not ticket.goes_first


def _turn_away(lane: Lane, ticket: Ticket) -> list[Effect]:
    is_exit = ticket.direction is Direction.EXIT
    shown = Indication.WAIT if is_exit else Indication.REFUSED  # An exit is never refused.
    return [TurnAway(ticket), *_notice(lane, shown, ticket.direction)]


def _wait_over(lane: Lane, ticket_id: int) -> Step:
    for ticket in lane.waiting:
        if ticket.id == ticket_id:
            left = tuple(other for other in lane.waiting if other.id != ticket_id)
            return replace(lane, waiting=left), _turn_away(lane, ticket)
    return lane, []  # It was taken meanwhile.


def _decide(lane: Lane, ticket: Ticket, windows: Windows) -> Step:
    late = StartTimer(RecordLate(ticket.id), windows.record_ms)
    mode = _MODES[type(rest_state(lane))]
    return replace(lane, state=Deciding(ticket)), [Decide(ticket, mode), late]


def _serve_next(lane: Lane, windows: Windows) -> Step:
    """Go to rest, or decide the next who waits."""
    return _take_up(replace(lane, state=rest_state(lane)), windows)


def _take_up(lane: Lane, windows: Windows) -> Step:
    """Decide the next who waits, if the lane rests and an interlock does not hold them."""
    if not isinstance(lane.state, Rest) or not lane.waiting:
        return lane, []
    ticket, *left = lane.waiting  # Whoever leaves is first.
    if _must_wait(lane, ticket):
        return lane, []
    return _decide(replace(lane, waiting=tuple(left)), ticket, windows)


def _must_wait(lane: Lane, ticket: Ticket) -> bool:
    """Tell whether an interlock delays this ticket: an entry, while the lane could open for it."""
    is_entry = ticket.direction is Direction.ENTRY
    return is_entry and lane.is_held and isinstance(rest_state(lane), Idle)


# --- orders, link, faults and fire ---


def _changed(
    lane: Lane,
    what: LinkChanged | FaultChanged | FireChanged | SiteFireChanged | Ordered,
    windows: Windows,
) -> Step:
    match what:
        case LinkChanged(is_up):
            after = replace(lane, is_linked=is_up, has_fault=False)
        case FaultChanged(is_on):
            after = replace(lane, has_fault=is_on)
        case FireChanged(is_on):
            after = replace(lane, is_fire=is_on)
        case SiteFireChanged(is_on):
            after = replace(lane, is_site_fire=is_on)
        case Ordered(order):
            after = replace(lane, order=order)
    before, rest = rest_state(lane), rest_state(after)
    effects: list[Effect] = []
    if isinstance(after.state, Granted) and _is_taken_back(after):
        effects.append(CancelOpen(after.state.grant))
    if not isinstance(what, FaultChanged) and after.is_linked and not after.is_fire:
        effects.append(ApplyOrder(Order.FREE if after.is_site_fire else after.order))
    after, more = _leave_for(after, rest, windows)
    is_ended = held_grant(after) != held_grant(lane)
    if rest != before or is_ended or what == LinkChanged(is_up=True):  # It may be a new device.
        effects += [Show(lamp(after, direction), direction) for direction in Direction]
    return after, effects + more


def _is_taken_back(lane: Lane) -> bool:
    """Tell whether a lock-down came after the entry was granted, and before anybody went in."""
    is_entry = isinstance(lane.state, Granted) and lane.state.direction is Direction.ENTRY
    return is_entry and isinstance(rest_state(lane), ExitOnly)


def _leave_for(lane: Lane, rest: Rest, windows: Windows) -> Step:
    match lane.state:
        case Deciding():
            return lane, []  # Looked at again when the verdict is recorded.
        case Idle() | Faulted() | Free() | ExitOnly():
            return _take_up(replace(lane, state=rest), windows)
        case Granted() | Passing():
            if lane.is_linked and not isinstance(rest, Free):
                return lane, []  # The turnstile still serves the person, and will say how it ends.
            return _leave_in_force(lane, windows)


# --- from the scan to the open gate ---


def _deciding(
    lane: Lane, what: Decided | Recorded | RecordFailed | RecordLate, windows: Windows
) -> Step:
    if not isinstance(lane.state, Deciding) or lane.state.ticket.id != what.ticket_id:
        return lane, []  # The timer, or the late record, of a ticket that is done with.
    match what:
        case Decided(_, outcome):
            assert lane.state.outcome is None, "a ticket is decided once"
            return replace(lane, state=replace(lane.state, outcome=outcome)), []
        case RecordLate():
            return _record_late(lane, lane.state, windows)
        case RecordFailed(_, indication):
            return _record_failed(lane, lane.state, indication, windows)
        case Recorded():
            return _recorded(lane, lane.state, windows)


def _recorded(lane: Lane, state: Deciding, windows: Windows) -> Step:
    direction = state.ticket.direction
    match state.outcome:
        case None:
            raise AssertionError("recorded before it was decided")
        case TurnedAway(indication):
            after, effects = _serve_next(lane, windows)
            return after, [*_notice(lane, indication, direction), *effects]
        case Admitted(grant):
            return _open(lane, state, grant, windows)


def _hindrance(lane: Lane, state: Deciding) -> Reason | None:
    """Return why an admitted person cannot be let through now, although the verdict is recorded."""
    is_entry = state.ticket.direction is Direction.ENTRY
    match rest_state(lane):
        case Free():
            return Reason.EMERGENCY
        case Faulted():
            return Reason.TURNSTILE_NOT_READY
        case ExitOnly() if is_entry:
            return Reason.LOCKED_DOWN
        case Idle() | ExitOnly():
            return None


def _open(lane: Lane, state: Deciding, grant: GrantId, windows: Windows) -> Step:
    direction, hindrance = state.ticket.direction, _hindrance(lane, state)
    if hindrance is None:
        return replace(lane, state=Granted(grant, direction)), [
            OpenGate(grant, direction),
            Show(Indication.GO, direction),
            StartTimer(WindowOver(grant), windows.settled_ms),
        ]
    after, effects = _serve_next(lane, windows)
    return after, [Expire(grant, hindrance), Show(lamp(after, direction), direction), *effects]


def _record_late(lane: Lane, state: Deciding, windows: Windows) -> Step:
    """Give the lane free: this entry opens no more, and whoever wants to leave waits no longer."""
    if state.ticket.direction is Direction.EXIT:
        return _open_unrecorded(lane, state, windows)
    after, effects = _serve_next(lane, windows)
    match state.outcome:
        case None:
            raise AssertionError("late before it was decided")
        case TurnedAway(indication):
            return after, [*_notice(lane, indication, Direction.ENTRY), *effects]
        case Admitted(grant):
            wait = _notice(lane, Indication.WAIT, Direction.ENTRY)
            return after, [Expire(grant, Reason.RECORD_LATE), *wait, *effects]


def _record_failed(lane: Lane, state: Deciding, shown: Indication, windows: Windows) -> Step:
    if state.ticket.direction is Direction.EXIT:
        return _open_unrecorded(lane, state, windows)
    after, effects = _serve_next(lane, windows)
    return after, [*_notice(lane, shown, Direction.ENTRY), *effects]


def _open_unrecorded(lane: Lane, state: Deciding, windows: Windows) -> Step:
    """Open an exit without its record: exits do not wait for the disk."""
    assert isinstance(state.outcome, Admitted), "an exit is always admitted"
    return _open(lane, state, state.outcome.grant, windows)


# --- a grant in force ---


def _in_force(
    lane: Lane,
    what: NotOpened | PassageBegan | GrantEnded | WindowOver | PassageOverdue,
    windows: Windows,
) -> Step:
    state = lane.state
    if not isinstance(state, Granted | Passing) or state.grant != what.grant:
        return lane, []  # Of an earlier grant: a late window does not close a new one.
    match what:
        case PassageBegan() if isinstance(state, Granted):
            overdue = StartTimer(PassageOverdue(state.grant), windows.passage_ms)
            return replace(lane, state=Passing(state.grant, state.direction)), [overdue]
        case PassageOverdue() if isinstance(state, Passing):
            return replace(lane, state=replace(state, is_stuck=True)), [ChangeAlarm(is_on=True)]
        case WindowOver() if isinstance(state, Passing):
            return lane, []  # They began in time; PassageOverdue watches them now.
        case PassageBegan() | PassageOverdue():
            return lane, []  # Told twice, or a timer of before.
        case NotOpened():
            after, effects = _leave_in_force(lane, windows)
            return after, [*_notice(after, Indication.FAULT, state.direction), *effects]
        case GrantEnded() | WindowOver():
            after, effects = _leave_in_force(lane, windows)
            return after, [Show(lamp(after, state.direction), state.direction), *effects]


def _leave_in_force(lane: Lane, windows: Windows) -> Step:
    was_stuck = isinstance(lane.state, Passing) and lane.state.is_stuck
    alarm: list[Effect] = [ChangeAlarm(is_on=False)] if was_stuck else []
    after, effects = _serve_next(lane, windows)
    return after, alarm + effects


_MODES: dict[type[Rest], GateMode] = {
    Idle: GateMode.NORMAL,
    Faulted: GateMode.NOT_READY,
    Free: GateMode.EMERGENCY,
    ExitOnly: GateMode.EXIT_ONLY,
}


# --- lamps ---


def _notice(lane: Lane, shown: Indication, direction: Direction) -> list[Effect]:
    """Tell one person something for a moment, unless what is lit is to stay lit."""
    lasting = lamp(lane, direction)
    return [] if lasting in _LASTING else [Show(shown, direction, lasting)]


_LASTING = {
    Indication.GO,  # For the one who goes through now.
    Indication.EMERGENCY,  # For everybody: fire wins.
}
_RESTING: dict[type[Rest], Indication] = {
    Idle: Indication.READY,
    Faulted: Indication.FAULT,
    Free: Indication.EMERGENCY,
    ExitOnly: Indication.CLOSED,
}
