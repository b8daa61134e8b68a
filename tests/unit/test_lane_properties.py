"""What holds for the lane machine over all sequences: hypothesis plays devices, people and disk."""

from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gatewayd.core.lane import (
    EDGES,
    WAITING_FIRST_MAX,
    WAITING_SCANS_MAX,
    Windows,
    held_grant,
    lamp,
    rest_state,
    step,
)
from gatewayd.core.lane_terms import (
    Admitted,
    ApplyOrder,
    CancelOpen,
    ChangeAlarm,
    Decide,
    Decided,
    Deciding,
    Effect,
    Expire,
    FaultChanged,
    FireChanged,
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
    Passing,
    Presented,
    Recorded,
    RecordFailed,
    RecordLate,
    Show,
    SiteFireChanged,
    StartTimer,
    State,
    Ticket,
    Timer,
    TurnAway,
    TurnedAway,
    WaitOver,
    WindowOver,
)
from gatewayd.core.reasons import Reason
from gatewayd.core.words import Direction, GrantId

WINDOWS = Windows()
ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
OF_A_GRANT = (NotOpened, PassageBegan, GrantEnded, WindowOver)
CHANGES = (
    Ordered(Order.NORMAL),
    Ordered(Order.EXIT_ONLY),
    FireChanged(is_on=True),
    SiteFireChanged(is_on=True),
    InterlockChanged(is_held=True),
    FaultChanged(is_on=True),
)


class LanePlay(RuleBasedStateMachine):
    """A lane with its shell (which decides at once), its timers, its disk and its turnstile."""

    reached: ClassVar[set[tuple[type[State], type[State]]]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.lane = Lane()
        self.admits = True
        self.tickets: dict[int, Ticket] = {}
        self.answered: list[int] = []
        """Tickets that were decided or turned away."""
        self.writing: list[int] = []
        """Tickets whose verdict is not on disk yet, in the order of the commits."""
        self.late: set[int] = set()
        self.grants: dict[GrantId, int] = {}
        """Every grant that was made, and its ticket."""
        self.opened: list[GrantId] = []
        self.expired: list[GrantId] = []
        self.in_force: GrantId | None = None
        self.timers: list[Timer] = []
        self.is_alarmed = False
        self.lit = dict.fromkeys(Direction, Indication.FAULT)
        """What is lit when the notices are over."""
        self.taken_back: list[GrantId] = []

    # --- the world ---

    @rule(who=st.sampled_from(["scan", "exit", "officer"]))
    def present(self, who: str) -> None:
        number = len(self.tickets) + 1
        direction = EXIT if who == "exit" else ENTRY
        wait_ms = {"scan": 5000, "exit": None, "officer": 30_000}[who]
        self.tickets[number] = Ticket(number, direction, wait_ms, goes_first=who != "scan")
        self.feed(Presented(self.tickets[number]))

    @rule(admits=st.booleans())
    def change_mood(self, *, admits: bool) -> None:
        self.admits = admits

    @precondition(lambda self: self.writing)
    @rule(is_taken=st.booleans())
    def answer_of_the_disk(self, *, is_taken: bool) -> None:
        number = self.writing.pop(0)
        self.feed(Recorded(number) if is_taken else RecordFailed(number, Indication.REFUSED))

    @precondition(lambda self: self.timers)
    @rule(data=st.data())
    def timer_is_due(self, data: st.DataObject) -> None:
        what = self.timers.pop(data.draw(st.integers(0, len(self.timers) - 1)))
        if isinstance(what, RecordLate):
            self.late.add(what.ticket_id)
        self.feed(what)

    @precondition(lambda self: self.opened)
    @rule(data=st.data(), kind=st.sampled_from(OF_A_GRANT))
    def turnstile_tells_of_any_grant(self, data: st.DataObject, kind: type) -> None:
        self.feed(kind(data.draw(st.sampled_from(self.opened))))

    @precondition(lambda self: held_grant(self.lane) is not None)
    @rule(kind=st.sampled_from(OF_A_GRANT))
    def turnstile_tells_of_the_grant_in_force(self, kind: type) -> None:
        self.feed(kind(held_grant(self.lane)))

    @rule(is_up=st.booleans())
    def link(self, *, is_up: bool) -> None:
        self.feed(LinkChanged(is_up))

    @precondition(lambda self: held_grant(self.lane) is None)
    @rule(
        who=st.sampled_from(["scan", "exit"]),
        change=st.sampled_from(CHANGES),
        while_in=st.sampled_from([Deciding, Granted, Passing]),
        ends=st.booleans(),
    )
    def somebody_comes(self, who: str, change: Input, while_in: type[State], *, ends: bool) -> None:
        """Take the way that is usual at a door and rare in a random walk."""
        self.nothing_is_wrong(Order.NORMAL)
        self.admits = True
        self.present(who)
        if while_in is Deciding:
            self.feed(change)
        while self.writing:
            self.feed(Recorded(self.writing.pop(0)))
        grant = held_grant(self.lane)
        if grant is not None and while_in is Passing:
            self.feed(PassageBegan(grant))
        if grant is not None and while_in is not Deciding:
            self.feed(change)
        if grant is not None and ends:
            self.feed(GrantEnded(grant))

    @rule(is_on=st.booleans())
    def fault(self, *, is_on: bool) -> None:
        self.feed(FaultChanged(is_on))

    @rule(is_on=st.booleans())
    def fire(self, *, is_on: bool) -> None:
        self.feed(FireChanged(is_on))

    @rule(is_on=st.booleans())
    def fire_elsewhere(self, *, is_on: bool) -> None:
        self.feed(SiteFireChanged(is_on))

    @rule(is_held=st.booleans())
    def interlock(self, *, is_held: bool) -> None:
        self.feed(InterlockChanged(is_held))

    @rule(order=st.sampled_from(Order))
    def order(self, order: Order) -> None:
        self.feed(Ordered(order))

    @rule(order=st.sampled_from([Order.NORMAL, Order.EXIT_ONLY]))
    def nothing_is_wrong(self, order: Order) -> None:
        for what in (
            FireChanged(is_on=False),
            SiteFireChanged(is_on=False),
            InterlockChanged(is_held=False),
            LinkChanged(is_up=True),
            Ordered(order),
        ):
            self.feed(what)

    # --- the promises ---

    @invariant()
    def at_rest_nobody_waits_but_for_an_interlock_and_the_rest_is_the_right_one(self) -> None:
        if not isinstance(self.lane.state, Deciding | Granted | Passing):
            is_held = self.lane.is_held and isinstance(self.lane.state, Idle)
            assert self.lane.waiting == () or is_held
            assert all(ticket.direction is ENTRY for ticket in self.lane.waiting)
            assert self.lane.state == rest_state(self.lane)

    @invariant()
    def few_wait(self) -> None:
        scans = [ticket for ticket in self.lane.waiting if not ticket.goes_first]
        exits = [ticket for ticket in self.lane.waiting if ticket.direction is EXIT]
        assert len(scans) <= WAITING_SCANS_MAX
        assert len(exits) <= WAITING_FIRST_MAX
        assert len(self.lane.waiting) <= WAITING_SCANS_MAX + 2 * WAITING_FIRST_MAX

    @invariant()
    def each_ticket_is_answered_once_or_waits(self) -> None:
        waiting = [ticket.id for ticket in self.lane.waiting]
        assert sorted(self.answered + waiting) == sorted(self.tickets)

    @invariant()
    def the_grant_in_force_is_the_one_that_the_lane_holds(self) -> None:
        assert held_grant(self.lane) == self.in_force

    @invariant()
    def the_alarm_is_on_while_somebody_is_stuck(self) -> None:
        state = self.lane.state
        assert self.is_alarmed == (isinstance(state, Passing) and state.is_stuck)

    @invariant()
    def when_the_notices_are_over_the_lamps_show_the_lane(self) -> None:
        state = self.lane.state
        for direction, lit in self.lit.items():
            served = [state.ticket] if isinstance(state, Deciding) else []
            shown = {lamp(self.lane, direction)}
            if any(one.direction is direction for one in (*self.lane.waiting, *served)):
                shown.add(Indication.WAIT)
            if direction is ENTRY and held_grant(self.lane) in self.taken_back:
                shown.add(Indication.CLOSED)  # They went in before the turnstile heard of it.
            assert lit in shown, (direction, lit, shown)

    def feed(self, what: Input) -> None:
        before = self.lane
        self.lane, effects = step(before, what, WINDOWS)
        self.mark(before.state, self.lane.state)
        if isinstance(what, OF_A_GRANT) and what.grant != held_grant(before):
            assert (self.lane, effects) == (before, []), "late news of a grant change nothing"
        if isinstance(what, Recorded | RecordFailed | RecordLate) and not (
            isinstance(before.state, Deciding) and before.state.ticket.id == what.ticket_id
        ):
            assert (self.lane, effects) == (before, []), "late news of a ticket change nothing"
        if isinstance(what, FireChanged) and not what.is_on and self.lane.is_linked:
            assert ApplyOrder(self.order_in_force()) in effects
        if self.lane.in_fire:
            sent = [one for one in effects if isinstance(one, ApplyOrder | CancelOpen)]
            may_send = [] if self.lane.is_fire else [ApplyOrder(Order.FREE)]
            assert sent in ([], may_send), "in a fire nothing is sent that could lock"
        if held_grant(self.lane) is None or held_grant(self.lane) != held_grant(before):
            self.in_force = None
        for effect in effects:
            self.run(effect, what, before)

    def run(self, effect: Effect, cause: Input, before: Lane) -> None:  # noqa: C901, one case each
        match effect:
            case Decide(ticket, mode):
                self.decide(ticket, mode)
            case TurnAway(ticket):
                self.answered.append(ticket.id)
                exits = [one for one in before.waiting if one.direction is EXIT]
                assert ticket.direction is ENTRY or len(exits) == WAITING_FIRST_MAX
            case OpenGate(grant, direction):
                self.open(grant, direction, cause)
            case Expire(grant, reason):
                self.expired.append(grant)
                direction = self.tickets[self.grants[grant]].direction
                if direction is EXIT:
                    assert reason in {Reason.EMERGENCY, Reason.TURNSTILE_NOT_READY}
            case CancelOpen(grant):
                assert self.lane.order is Order.EXIT_ONLY
                assert before.state == Granted(grant, ENTRY)
                self.taken_back.append(grant)
            case Show(indication, direction, then):
                assert direction is ENTRY or indication is not Indication.REFUSED
                assert indication is Indication.EMERGENCY or not self.lane.in_fire
                if isinstance(cause, Presented | WaitOver):
                    assert self.lit[direction] is not Indication.GO, "that is for another"
                self.lit[direction] = then or indication
            case StartTimer(timer):
                self.timers.append(timer)
            case ChangeAlarm(is_on):
                assert is_on is not self.is_alarmed, "raised once, cleared once"
                self.is_alarmed = is_on
            case ApplyOrder(order):
                assert order is self.order_in_force()
                assert self.lane.is_linked
        ended = self.opened + self.expired
        assert len(set(ended)) == len(ended), "a grant is opened once, or expires once"

    def order_in_force(self) -> Order:
        return Order.FREE if self.lane.is_site_fire else self.lane.order

    def decide(self, ticket: Ticket, mode: GateMode) -> None:
        """Answer as the shell does: at once, and a closed lane refuses the entry."""
        self.answered.append(ticket.id)
        self.writing.append(ticket.id)
        if ticket.direction is EXIT or (self.admits and mode is GateMode.NORMAL):
            grant = GrantId(f"{len(self.grants):032x}")
            self.grants[grant] = ticket.id
            self.feed(Decided(ticket.id, Admitted(grant)))
        else:
            self.feed(Decided(ticket.id, TurnedAway(Indication.REFUSED)))

    def open(self, grant: GrantId, direction: Direction, cause: Input) -> None:
        assert self.in_force is None, "one grant at a time"
        assert isinstance(cause, Recorded | RecordFailed | RecordLate)
        assert cause.ticket_id == self.grants[grant]
        if direction is ENTRY:
            assert isinstance(cause, Recorded), "no record, no entry"
            assert cause.ticket_id not in self.late, "a late record opens nothing"
        self.in_force = grant
        self.opened.append(grant)

    def mark(self, before: State, after: State) -> None:
        is_next = (
            isinstance(before, Deciding)
            and isinstance(after, Deciding)
            and before.ticket != after.ticket
        )
        if type(before) is not type(after) or is_next:
            self.reached.add((type(before), type(after)))


def test_the_lane_keeps_its_promises_and_every_edge_is_reached():
    LanePlay.reached.clear()
    run_state_machine_as_test(
        LanePlay,
        settings=settings(max_examples=80, stateful_step_count=50, derandomize=True, database=None),
    )
    assert LanePlay.reached == EDGES
