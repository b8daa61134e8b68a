"""The lane machine, one promise at a time; what holds over all sequences is in lane_properties."""

import pytest

from gatewayd.core.lane import (
    EDGES,
    WAITING_FIRST_MAX,
    WAITING_SCANS_MAX,
    Windows,
    _may_follow,
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
    Show,
    StartTimer,
    Ticket,
    TurnAway,
    TurnedAway,
    WaitOver,
    WindowOver,
)
from gatewayd.core.reasons import Reason
from gatewayd.core.words import Direction, GrantId

WINDOWS = Windows()
IDLE = Lane(Idle(), is_linked=True)
ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
G1, G2 = GrantId("01" * 16), GrantId("02" * 16)
REFUSED = TurnedAway(Indication.REFUSED)


def scan(number: int, direction: Direction = ENTRY) -> Ticket:
    if direction is EXIT:
        return Ticket(number, direction, wait_ms=None, goes_first=True)
    return Ticket(number, direction, wait_ms=5000)


def officer(number: int) -> Ticket:
    return Ticket(number, ENTRY, wait_ms=30_000, goes_first=True)


def play(lane: Lane, *inputs: Input) -> tuple[Lane, list[Effect]]:
    """Step through the inputs; return all effects in their order."""
    effects: list[Effect] = []
    for what in inputs:
        lane, more = step(lane, what, WINDOWS)
        effects += more
    return lane, effects


def deciding(direction: Direction = ENTRY, lane: Lane = IDLE) -> Lane:
    """Return a lane whose verdict (admitted with G1) is being written for ticket 1."""
    return play(lane, Presented(scan(1, direction)), Decided(1, Admitted(G1)))[0]


def granted(direction: Direction = ENTRY) -> Lane:
    return play(deciding(direction), Recorded(1))[0]


def passing(direction: Direction = ENTRY) -> Lane:
    return play(granted(direction), PassageBegan(G1))[0]


def both(shown: Indication) -> list[Effect]:
    return [Show(shown, ENTRY), Show(shown, EXIT)]


def shows(effects: list[Effect]) -> list[Show]:
    return [effect for effect in effects if isinstance(effect, Show)]


def opened(effects: list[Effect]) -> list[GrantId]:
    return [effect.grant for effect in effects if isinstance(effect, OpenGate)]


def decided(effects: list[Effect]) -> list[int]:
    return [effect.ticket.id for effect in effects if isinstance(effect, Decide)]


# --- from the scan to the open gate ---


def test_a_scan_is_decided_at_once_and_the_record_has_its_time():
    lane, effects = play(IDLE, Presented(scan(1)))
    assert lane.state == Deciding(scan(1))
    assert effects == [
        Decide(scan(1), GateMode.NORMAL),
        StartTimer(RecordLate(1), WINDOWS.record_ms),
    ]


def test_nothing_opens_before_the_verdict_is_recorded():
    lane, effects = play(IDLE, Presented(scan(1)), Decided(1, Admitted(G1)))
    assert opened(effects) == []
    lane, effects = play(lane, Recorded(1))
    assert lane.state == Granted(G1, ENTRY)
    assert effects == [
        OpenGate(G1, ENTRY),
        Show(Indication.GO, ENTRY),
        StartTimer(WindowOver(G1), WINDOWS.settled_ms),
    ]


def test_the_lane_gives_the_turnstile_all_its_time_before_it_goes_on():
    assert WINDOWS.settled_ms > WINDOWS.ttl_ms + WINDOWS.unlock_ms


@pytest.mark.parametrize("shown", [Indication.REFUSED, Indication.ASK_OFFICER])
def test_a_refused_or_referred_person_leaves_the_lane_idle(shown):
    lane, effects = play(IDLE, Presented(scan(1)), Decided(1, TurnedAway(shown)), Recorded(1))
    assert lane == IDLE
    assert effects[-1] == Show(shown, ENTRY, Indication.READY)


def test_a_late_record_opens_no_entry():
    lane, effects = play(deciding(), RecordLate(1))
    assert lane == IDLE
    assert effects == [
        Expire(G1, Reason.RECORD_LATE),
        Show(Indication.WAIT, ENTRY, Indication.READY),
    ]
    assert play(lane, Recorded(1)) == (IDLE, [])
    assert play(lane, RecordFailed(1, Indication.REFUSED)) == (IDLE, [])


def test_a_late_refusal_is_shown_all_the_same():
    lane, effects = play(IDLE, Presented(scan(1)), Decided(1, REFUSED), RecordLate(1))
    assert lane == IDLE
    assert effects[-1] == Show(Indication.REFUSED, ENTRY, Indication.READY)


@pytest.mark.parametrize("shown", [Indication.REFUSED, Indication.ASK_OFFICER])
def test_a_disk_that_refuses_closes_the_entry_as_the_site_wants_it(shown):
    lane, effects = play(deciding(), RecordFailed(1, shown))
    assert lane == IDLE
    assert effects == [Show(shown, ENTRY, Indication.READY)]


@pytest.mark.parametrize("what", [RecordFailed(1, Indication.REFUSED), RecordLate(1)])
def test_an_exit_opens_without_its_record(what):
    lane, effects = play(deciding(EXIT), what)
    assert lane.state == Granted(G1, EXIT)
    assert opened(effects) == [G1]
    # The record that comes after all opens nothing a second time.
    assert play(lane, Recorded(1), RecordFailed(1, Indication.REFUSED)) == (lane, [])


def test_an_exit_does_not_wait_for_the_record_of_an_entry_that_hangs():
    lane, _ = play(deciding(), Presented(scan(2, EXIT)))
    lane, effects = play(lane, RecordLate(1))
    assert decided(effects) == [2]
    lane, effects = play(lane, Decided(2, Admitted(G2)), RecordLate(2))
    assert opened(effects) == [G2]


def test_a_ticket_is_decided_once():
    with pytest.raises(AssertionError, match="decided once"):
        play(deciding(), Decided(1, Admitted(G2)))


@pytest.mark.parametrize("what", [Recorded(1), RecordLate(1)])
def test_no_record_comes_before_its_decision(what):
    with pytest.raises(AssertionError, match="before it was decided"):
        play(IDLE, Presented(scan(1)), what)


# --- who waits ---


def test_three_scans_wait_and_the_fourth_is_turned_away():
    lane = deciding()
    for number in (2, 3, 4):
        lane, effects = play(lane, Presented(scan(number)))
        assert effects == [
            Show(Indication.WAIT, ENTRY),
            StartTimer(WaitOver(number), 5000),
        ]
    assert len(lane.waiting) == WAITING_SCANS_MAX
    refused = Show(Indication.REFUSED, ENTRY, Indication.READY)
    assert play(lane, Presented(scan(5))) == (lane, [TurnAway(scan(5)), refused])


@pytest.mark.parametrize(("number", "left"), [(2, 3), (3, 2)])
def test_a_scan_that_waited_its_time_is_turned_away(number, left):
    lane, _ = play(deciding(), Presented(scan(2)), Presented(scan(3)))
    lane, effects = play(lane, WaitOver(number))
    refused = Show(Indication.REFUSED, ENTRY, Indication.READY)
    assert effects == [TurnAway(scan(number)), refused]
    assert lane.waiting == (scan(left),)


def test_the_waiting_time_of_somebody_who_was_taken_is_over_for_nothing():
    lane, _ = play(deciding(), Presented(scan(2)), Recorded(1), GrantEnded(G1))
    assert lane.state == Deciding(scan(2))
    assert play(lane, WaitOver(2)) == (lane, [])


def test_those_who_wait_are_taken_in_their_order_one_by_one():
    lane, _ = play(deciding(), Presented(scan(2)), Presented(scan(3)))
    lane, effects = play(lane, Recorded(1), GrantEnded(G1))
    assert decided(effects) == [2]
    lane, effects = play(lane, Decided(2, REFUSED), Recorded(2))
    assert effects == [
        Show(Indication.REFUSED, ENTRY, Indication.READY),
        Decide(scan(3), GateMode.NORMAL),
        StartTimer(RecordLate(3), WINDOWS.record_ms),
    ]


def test_exits_come_before_the_officer_and_the_officer_before_the_scans():
    coming = [scan(2), officer(3), scan(4, EXIT), scan(5), officer(6), scan(7, EXIT)]
    lane, _ = play(deciding(), *map(Presented, coming))
    assert [ticket.id for ticket in lane.waiting] == [4, 7, 3, 6, 2, 5]


def test_an_exit_waits_as_long_as_it_takes():
    _, effects = play(deciding(), Presented(scan(2, EXIT)))
    assert effects == [Show(Indication.WAIT, EXIT)]


def test_who_wants_to_leave_has_room_however_many_wait_to_come_in():
    tickets = [scan(number) for number in (2, 3, 4)]
    tickets += [officer(number) for number in range(5, 5 + WAITING_FIRST_MAX)]
    lane, effects = play(deciding(), *map(Presented, tickets))
    assert not [effect for effect in effects if isinstance(effect, TurnAway)]
    _, effects = play(lane, Presented(officer(50)))
    assert effects == [
        TurnAway(officer(50)),
        Show(Indication.REFUSED, ENTRY, Indication.READY),
    ]
    lane, effects = play(lane, *(Presented(scan(60 + n, EXIT)) for n in range(WAITING_FIRST_MAX)))
    assert not [effect for effect in effects if isinstance(effect, TurnAway)]
    _, effects = play(lane, Presented(scan(70, EXIT)))
    assert effects == [
        TurnAway(scan(70, EXIT)),
        Show(Indication.WAIT, EXIT, Indication.READY),  # An exit is never shown as refused.
    ]


# --- a grant in force ---


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("end", [GrantEnded(G1), WindowOver(G1)])
def test_the_lane_is_idle_and_shows_it_when_the_grant_ended(end, direction):
    assert play(granted(direction), end) == (IDLE, [Show(Indication.READY, direction)])


def test_a_turnstile_that_does_not_open_shows_a_fault_for_a_moment():
    fault = Show(Indication.FAULT, ENTRY, Indication.READY)
    assert play(granted(), NotOpened(G1)) == (IDLE, [fault])


def test_somebody_between_the_arms_is_watched_and_not_cut_off():
    lane, effects = play(granted(), PassageBegan(G1))
    assert lane.state == Passing(G1, ENTRY)
    assert effects == [StartTimer(PassageOverdue(G1), WINDOWS.passage_ms)]
    assert play(lane, WindowOver(G1), PassageBegan(G1)) == (lane, [])


def test_a_stuck_passage_raises_the_alarm_once_and_its_end_clears_it():
    lane, effects = play(passing(), PassageOverdue(G1))
    assert effects == [ChangeAlarm(is_on=True)]
    assert lane.state == Passing(G1, ENTRY, is_stuck=True)
    ready = Show(Indication.READY, ENTRY)
    assert play(lane, GrantEnded(G1)) == (IDLE, [ready, ChangeAlarm(is_on=False)])


def test_a_passage_in_time_raises_and_clears_nothing():
    ready = Show(Indication.READY, ENTRY)
    assert play(passing(), GrantEnded(G1), PassageOverdue(G1)) == (IDLE, [ready])


@pytest.mark.parametrize("lane", [granted(), passing()], ids=["granted", "passing"])
@pytest.mark.parametrize(
    "late", [NotOpened(G2), PassageBegan(G2), GrantEnded(G2), WindowOver(G2), PassageOverdue(G2)]
)
def test_what_comes_late_of_an_earlier_grant_changes_nothing(lane, late):
    assert play(lane, late) == (lane, [])


def test_a_late_window_does_not_close_a_new_grant():
    lane, _ = play(granted(), GrantEnded(G1), Presented(scan(2)), Decided(2, Admitted(G2)))
    lane, _ = play(lane, Recorded(2))
    assert play(lane, WindowOver(G1)) == (lane, [])
    assert held_grant(lane) == G2


def test_a_late_record_timer_does_not_touch_the_next_ticket():
    lane, _ = play(deciding(), Presented(scan(2)), Recorded(1), GrantEnded(G1))
    lane, _ = play(lane, Decided(2, Admitted(G2)))
    assert play(lane, RecordLate(1)) == (lane, [])


def test_a_passage_that_began_without_a_grant_in_force_changes_nothing():
    assert play(IDLE, PassageBegan(G1), PassageOverdue(G1)) == (IDLE, [])


def test_an_overdue_timer_of_a_passage_that_has_not_begun_changes_nothing():
    lane = granted()
    assert play(lane, PassageOverdue(G1)) == (lane, [])


@pytest.mark.parametrize(
    ("lane", "grant"),
    [(IDLE, None), (deciding(), None), (granted(), G1), (passing(), G1), (Lane(), None)],
)
def test_a_grant_is_held_from_the_open_command_to_its_end(lane, grant):
    assert held_grant(lane) == grant


# --- link and faults ---


def test_a_new_lane_is_faulted_until_the_turnstile_answers():
    lane, effects = play(Lane(), LinkChanged(is_up=True))
    assert lane == IDLE
    assert effects == [ApplyOrder(Order.NORMAL), *both(Indication.READY)]


@pytest.mark.parametrize("lane", [IDLE, granted(), passing()], ids=["idle", "granted", "passing"])
def test_without_its_link_the_lane_is_faulted(lane):
    after, effects = play(lane, LinkChanged(is_up=False))
    assert after.state == Faulted()
    assert effects == both(Indication.FAULT)


def test_a_turnstile_that_cannot_open_makes_the_lane_faulted():
    after, effects = play(IDLE, FaultChanged(is_on=True))
    assert after.state == Faulted()
    assert effects == both(Indication.FAULT)


@pytest.mark.parametrize("lane", [granted(), passing()], ids=["granted", "passing"])
def test_a_fault_leaves_the_grant_in_force_until_the_turnstile_says_how_it_ends(lane):
    jammed, effects = play(lane, FaultChanged(is_on=True))
    assert jammed.state == lane.state
    assert effects == [Show(Indication.GO, ENTRY), Show(Indication.FAULT, EXIT)]
    works, effects = play(jammed, FaultChanged(is_on=False), Presented(scan(2)))
    assert works.state == lane.state
    assert decided(effects) == []
    assert play(jammed, GrantEnded(G1))[0].state == Faulted()


def test_a_link_lost_after_a_fault_ends_the_grant_and_the_green_light():
    jammed, _ = play(granted(), FaultChanged(is_on=True))
    after, effects = play(jammed, LinkChanged(is_up=False))
    assert after.state == Faulted()
    assert effects == both(Indication.FAULT)


def test_a_fault_ends_with_the_link_that_told_it():
    lane, _ = play(IDLE, FaultChanged(is_on=True), LinkChanged(is_up=False))
    assert play(lane, LinkChanged(is_up=True))[0] == IDLE


def test_a_fault_that_is_cleared_makes_the_lane_idle():
    lane, effects = play(IDLE, FaultChanged(is_on=True), FaultChanged(is_on=False))
    assert lane == IDLE
    assert effects == [*both(Indication.FAULT), *both(Indication.READY)]


def test_a_link_lost_while_deciding_is_looked_at_when_the_verdict_is_recorded():
    lane, _ = play(deciding(), LinkChanged(is_up=False))
    assert isinstance(lane.state, Deciding)
    lane, effects = play(lane, Recorded(1))
    assert lane.state == Faulted()
    assert effects == [Expire(G1, Reason.TURNSTILE_NOT_READY), Show(Indication.FAULT, ENTRY)]


def test_those_who_wait_are_told_when_the_turnstile_is_lost():
    lane, _ = play(granted(), Presented(scan(2)))
    lane, effects = play(lane, LinkChanged(is_up=False))
    assert decided(effects) == [2]
    assert Decide(scan(2), GateMode.NOT_READY) in effects
    lane, _ = play(lane, Decided(2, REFUSED), Recorded(2))
    assert lane.state == Faulted()


def test_a_stuck_alarm_ends_with_the_link():
    lane, _ = play(passing(), PassageOverdue(G1))
    assert ChangeAlarm(is_on=False) in play(lane, LinkChanged(is_up=False))[1]


def test_a_link_that_comes_back_while_granted_leaves_the_person_their_time():
    lane = granted()
    shown = [Show(Indication.GO, ENTRY), Show(Indication.READY, EXIT)]
    assert play(lane, LinkChanged(is_up=True)) == (lane, [ApplyOrder(Order.NORMAL), *shown])


@pytest.mark.parametrize(
    ("cause", "shown"),
    [
        (LinkChanged(is_up=False), Indication.FAULT),
        (FaultChanged(is_on=True), Indication.FAULT),
        (FireChanged(is_on=True), Indication.EMERGENCY),
    ],
)
def test_an_exit_that_the_turnstile_cannot_open_is_never_shown_as_refused(cause, shown):
    lane, _ = play(deciding(EXIT), cause)
    for what in (Recorded(1), RecordLate(1), RecordFailed(1, Indication.REFUSED)):
        _, effects = play(lane, what)
        assert effects[1:] == [Show(shown, EXIT)]
        assert isinstance(effects[0], Expire)


# --- orders ---


def test_a_locked_lane_lets_nobody_in_and_everybody_out():
    lane, effects = play(IDLE, Ordered(Order.EXIT_ONLY))
    assert lane.state == ExitOnly()
    assert effects == [
        ApplyOrder(Order.EXIT_ONLY),
        Show(Indication.CLOSED, ENTRY),
        Show(Indication.READY, EXIT),
    ]
    _, effects = play(lane, Presented(scan(1)))
    assert Decide(scan(1), GateMode.EXIT_ONLY) in effects
    _, effects = play(lane, Presented(scan(1, EXIT)), Decided(1, Admitted(G1)), Recorded(1))
    assert opened(effects) == [G1]


def test_locking_while_granted_takes_the_entry_back_and_not_the_exit():
    lane, effects = play(granted(ENTRY), Ordered(Order.EXIT_ONLY))
    assert effects[0] == CancelOpen(G1)
    assert shows(effects) == [Show(Indication.CLOSED, ENTRY), Show(Indication.READY, EXIT)]
    assert lane.state == Granted(G1, ENTRY)  # Until the turnstile says how it ended.
    assert play(lane, GrantEnded(G1))[0].state == ExitOnly()
    lane, effects = play(granted(EXIT), Ordered(Order.EXIT_ONLY))
    assert CancelOpen(G1) not in effects
    assert shows(effects) == [Show(Indication.CLOSED, ENTRY), Show(Indication.GO, EXIT)]
    assert lane.state == Granted(G1, EXIT)


def test_locking_lets_somebody_between_the_arms_go_on():
    lane, effects = play(passing(), Ordered(Order.EXIT_ONLY))
    assert lane.state == Passing(G1, ENTRY)
    assert CancelOpen(G1) not in effects
    assert shows(effects) == [Show(Indication.GO, ENTRY), Show(Indication.READY, EXIT)]
    assert shows(play(lane, GrantEnded(G1))[1]) == [Show(Indication.CLOSED, ENTRY)]


def test_locking_while_deciding_expires_the_entry_and_opens_the_exit():
    lane, _ = play(deciding(ENTRY), Ordered(Order.EXIT_ONLY))
    lane, effects = play(lane, Recorded(1))
    assert lane.state == ExitOnly()
    assert effects == [Expire(G1, Reason.LOCKED_DOWN), Show(Indication.CLOSED, ENTRY)]
    _, effects = play(deciding(EXIT), Ordered(Order.EXIT_ONLY), Recorded(1))
    assert opened(effects) == [G1]


@pytest.mark.parametrize("lane", [IDLE, granted(), passing()], ids=["idle", "granted", "passing"])
def test_a_lane_set_free_is_free_at_once(lane):
    after, effects = play(lane, Ordered(Order.FREE))
    assert after.state == Free()
    assert effects == [ApplyOrder(Order.FREE), *both(Indication.EMERGENCY)]


def test_an_order_is_told_to_the_turnstile_when_its_link_is_back():
    lane, effects = play(IDLE, LinkChanged(is_up=False), Ordered(Order.EXIT_ONLY))
    assert not [effect for effect in effects if isinstance(effect, ApplyOrder)]
    assert lane.state == Faulted()
    lane, effects = play(lane, LinkChanged(is_up=True))
    assert lane.state == ExitOnly()
    assert ApplyOrder(Order.EXIT_ONLY) in effects


def test_a_lane_set_free_stays_free_without_its_link():
    lane, _ = play(IDLE, Ordered(Order.FREE), LinkChanged(is_up=False))
    assert lane.state == Free()


def test_an_order_of_before_the_start_is_told_when_the_link_is_up():
    lane, effects = play(Lane(order=Order.FREE), LinkChanged(is_up=True))
    assert lane.state == Free()
    assert effects == [ApplyOrder(Order.FREE), *both(Indication.EMERGENCY)]


# --- lamps ---


def test_nobody_elses_notice_overwrites_go():
    lane, effects = play(granted(), *(Presented(scan(number)) for number in (2, 3, 4, 5)))
    assert TurnAway(scan(5)) in effects
    assert shows(effects) == []
    lane, effects = play(lane, WaitOver(2))
    assert effects == [TurnAway(scan(2))]
    _, effects = play(lane, Presented(scan(6, EXIT)))
    assert effects == [Show(Indication.WAIT, EXIT)]  # On the other side nobody goes through.


def test_whoever_waits_behind_an_entry_that_was_taken_back_is_shown_to():
    lane, _ = play(granted(), Ordered(Order.EXIT_ONLY))
    _, effects = play(lane, Presented(scan(2)))
    assert shows(effects) == [Show(Indication.WAIT, ENTRY)]


@pytest.mark.parametrize("direction", list(Direction))
def test_nobodys_notice_overwrites_an_emergency(direction):
    lane, _ = play(deciding(), FireChanged(is_on=True))
    count = max(WAITING_FIRST_MAX, WAITING_SCANS_MAX) + 1
    tickets = [Presented(scan(number, direction)) for number in range(2, 2 + count)]
    lane, effects = play(lane, *tickets)
    assert any(isinstance(effect, TurnAway) for effect in effects)
    assert shows(effects) == []
    free, _ = play(IDLE, FireChanged(is_on=True))
    assert shows(play(free, Presented(scan(1)), Decided(1, REFUSED), Recorded(1))[1]) == []


@pytest.mark.parametrize(
    ("change", "entry", "leaving"),
    [
        (Ordered(Order.EXIT_ONLY), Indication.CLOSED, Indication.READY),
        (Ordered(Order.FREE), Indication.EMERGENCY, Indication.EMERGENCY),
        (FireChanged(is_on=True), Indication.EMERGENCY, Indication.EMERGENCY),
        (FaultChanged(is_on=True), Indication.FAULT, Indication.FAULT),
        (LinkChanged(is_up=False), Indication.FAULT, Indication.FAULT),
    ],
)
def test_both_directions_show_each_change_of_the_rest(change, entry, leaving):
    lane, effects = play(IDLE, change)
    assert shows(effects) == [Show(entry, ENTRY), Show(leaving, EXIT)]
    assert (lamp(lane, ENTRY), lamp(lane, EXIT)) == (entry, leaving)


def test_a_change_that_leaves_the_rest_as_it_is_shows_nothing():
    lane, _ = play(IDLE, FireChanged(is_on=True))
    _, effects = play(lane, FaultChanged(is_on=True), Ordered(Order.FREE))
    assert shows(effects) == []


def test_a_lane_in_use_shows_go_on_the_side_of_the_person_only():
    assert (lamp(granted(ENTRY), ENTRY), lamp(granted(ENTRY), EXIT)) == (
        Indication.GO,
        Indication.READY,
    )
    assert (lamp(passing(EXIT), ENTRY), lamp(passing(EXIT), EXIT)) == (
        Indication.READY,
        Indication.GO,
    )


# --- the table of edges ---


def test_a_transition_that_the_table_does_not_name_is_refused():
    assert (Idle, Granted) not in EDGES
    assert not _may_follow(Idle(), Granted(G1, ENTRY))
    assert _may_follow(Idle(), Idle())
    assert all(first is not second or first is Deciding for first, second in EDGES)


# --- fire ---


@pytest.mark.parametrize("lane", [IDLE, granted(), passing()], ids=["idle", "granted", "passing"])
def test_in_a_fire_the_lane_is_free_and_the_turnstile_is_told_nothing(lane):
    after, effects = play(lane, FireChanged(is_on=True))
    assert after.state == Free()
    assert effects == both(Indication.EMERGENCY)


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("other", [LinkChanged(is_up=True), LinkChanged(is_up=False)])
def test_in_a_fire_no_mode_leaves_whatever_happens(order, other):
    lane, _ = play(IDLE, FireChanged(is_on=True))
    lane, effects = play(lane, Ordered(order), other, FaultChanged(is_on=True))
    assert lane.state == Free()
    assert effects == (both(Indication.EMERGENCY) if other.is_up else [])


@pytest.mark.parametrize(
    ("order", "rest"),
    [(Order.NORMAL, Idle()), (Order.EXIT_ONLY, ExitOnly()), (Order.FREE, Free())],
)
def test_after_a_fire_the_ordered_mode_is_told_again(order, rest):
    lane, _ = play(IDLE, FireChanged(is_on=True), Ordered(order))
    lane, effects = play(lane, FireChanged(is_on=False))
    assert lane.state == rest
    assert effects[0] == ApplyOrder(order)


def test_a_fire_outlives_its_link():
    lane, _ = play(IDLE, FireChanged(is_on=True), LinkChanged(is_up=False))
    lane, effects = play(lane, LinkChanged(is_up=True))
    assert lane.state == Free()
    assert effects == both(Indication.EMERGENCY)


@pytest.mark.parametrize("direction", list(Direction))
def test_a_fire_while_deciding_opens_nothing(direction):
    lane, effects = play(deciding(direction), FireChanged(is_on=True), Recorded(1))
    assert lane.state == Free()
    assert opened(effects) == []
    assert Expire(G1, Reason.EMERGENCY) in effects


def test_a_locked_lane_takes_no_grant_back_in_a_fire():
    lane, effects = play(granted(), FireChanged(is_on=True), Ordered(Order.EXIT_ONLY))
    assert not [effect for effect in effects if isinstance(effect, CancelOpen | ApplyOrder)]
    assert lane.state == Free()


@pytest.mark.parametrize(
    ("lane", "rest"),
    [
        (Lane(), Faulted()),
        (Lane(is_linked=True), Idle()),
        (Lane(is_linked=True, has_fault=True), Faulted()),
        (Lane(is_linked=True, order=Order.EXIT_ONLY), ExitOnly()),
        (Lane(is_linked=False, order=Order.EXIT_ONLY), Faulted()),
        (Lane(order=Order.FREE), Free()),
        (Lane(is_fire=True, is_linked=True, has_fault=True, order=Order.EXIT_ONLY), Free()),
    ],
)
def test_fire_comes_before_faults_and_faults_before_orders(lane, rest):
    assert rest_state(lane) == rest
