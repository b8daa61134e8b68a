"""Commands over the line: opened once, answered once, and in effect in the end."""

from firmware_protocol.host_commands import OPENS_MAX
from firmware_protocol.inputs import (
    FaultInput,
    FireInput,
    PassageBegan,
    PassageCompleted,
    Relock,
    Result,
    Unlock,
)
from firmware_protocol.messages import Cancel, GateState, Indicate, Open, SetMode, State
from firmware_protocol.reports import (
    Answered,
    Disconnected,
    LogEnd,
    Logged,
    Loss,
    NeverSent,
    StateSeen,
    Unanswered,
)
from firmware_protocol.words import LogKind, Mode, Outcome, Signal
from tests.unit.gatelink_line import (
    ANNA,
    BUDI,
    ENTRY,
    EXIT,
    Line,
    lose,
    lose_all,
    lose_to,
    messages,
)

ANSWERS = (Answered, Unanswered, NeverSent)


# --- open -------------------------------------------------------------------------------------


def test_an_open_leaves_in_the_call_that_gives_it() -> None:
    line = Line().connect()
    line.open()
    assert [at_ms for at_ms, _, _ in messages(line, "device", Open)] == [line.now_ms]
    line.run(4)
    assert line.done(Unlock) == [Unlock(ENTRY, ANNA)]
    assert line.told(*ANSWERS) == [Answered(ANNA, Outcome.OPENED)]


def test_a_passage_is_told_from_its_begin_to_its_log_entry() -> None:
    line = Line().connect()
    line.open()
    line.run(100)
    line.sense(PassageBegan(ENTRY))
    line.run(10)
    line.sense(PassageCompleted(ENTRY))
    line.run(10)
    gates = [report.state.gate for report in line.told(StateSeen)]
    assert gates == [GateState.UNLOCKED, GateState.PASSING, GateState.IDLE]
    (logged,) = line.told(Logged)
    assert (logged.entry.kind, logged.entry.grant) == (LogKind.PASSAGE, ANNA)


def test_a_refusal_is_told_with_its_outcome() -> None:
    line = Line().connect()
    line.sense(FireInput(is_on=True))
    line.open()
    line.run(10)
    assert line.told(*ANSWERS) == [Answered(ANNA, Outcome.FIRE)]


def test_a_lost_open_is_sent_again_and_opens_once() -> None:
    line = Line().connect()
    line.spoil = lose(Open, 3)
    line.open()
    line.run(500)
    sent = messages(line, "device", Open)
    started_ms = sent[0][0]
    assert [at_ms - started_ms for at_ms, _, _ in sent] == [0, 60, 180, 420]
    assert [is_repeat for _, is_repeat, _ in sent] == [False, True, True, True]
    assert line.done(Unlock) == [Unlock(ENTRY, ANNA)]
    assert line.told(*ANSWERS) == [Answered(ANNA, Outcome.OPENED)]


def test_a_lost_answer_does_not_open_again() -> None:
    line = Line().connect()
    line.spoil = lose((Result, State), 3)
    line.open()
    line.run(500)
    assert line.done(Unlock) == [Unlock(ENTRY, ANNA)]
    assert line.done(Result)[1:] == [Result(ANNA, Outcome.OPENED, is_repeat=True)]
    assert line.told(*ANSWERS) == [Answered(ANNA, Outcome.OPENED)]


def test_the_state_answers_where_the_result_was_lost() -> None:
    line = Line().connect()
    line.spoil = lose(Result)
    line.open()
    line.run(10)
    assert line.told(*ANSWERS) == [Answered(ANNA, Outcome.OPENED)]


def test_the_log_answers_where_all_else_was_lost() -> None:
    line = Line().connect()
    line.spoil = lose((Result, State), 99)
    line.open()
    line.run(20)
    line.sense(PassageCompleted(ENTRY))
    line.run(20)
    assert line.told(*ANSWERS, Logged)[0] == Answered(ANNA, Outcome.OPENED)
    assert len(line.told(*ANSWERS)) == len(line.told(Logged)) == 1


def test_an_open_without_answer_is_unknown_after_its_time_and_settled_by_the_log() -> None:
    line = Line().connect()
    line.spoil = lose((Open,), 99)
    line.open(ttl_ms=600)
    line.run(599)
    assert line.told(*ANSWERS) == []
    line.run(20)
    assert line.told(*ANSWERS, LogEnd) == [
        Unanswered(ANNA),
        LogEnd(line.host._log.name, ()),
    ]


def test_an_open_that_was_delayed_beyond_its_time_does_not_open() -> None:
    line = Line().connect()
    held: list[bytes] = []
    line.spoil = lambda to, data: held.append(data) or [] if to == "device" else [data]
    line.open(ttl_ms=400)
    line.run(600)
    line.spoil = lambda _, data: [data]
    for data in held:
        line.inject("device", data)
    assert line.done(Unlock) == []
    assert [result.outcome for result in line.done(Result)][:1] == [Outcome.EXPIRED]


def test_without_a_link_an_open_is_never_sent() -> None:
    line = Line()
    line.open()
    line.plug()
    line.run(100)
    assert line.told(*ANSWERS) == [NeverSent(ANNA)]
    assert line.done(Unlock) == []


def test_an_open_that_was_sent_is_unknown_when_the_line_goes() -> None:
    line = Line().connect()
    line.spoil = lose_to("host")
    line.open()
    line.run(10)
    line.unplug()
    assert line.reports == [Unanswered(ANNA), Disconnected(Loss.LINE)]


def test_an_open_to_a_device_that_forgot_the_session_is_sent_again_in_the_new_one() -> None:
    line = Line().connect()
    line.reboot()
    line.open()
    line.run(30)
    assert line.told(*ANSWERS) == [Answered(ANNA, Outcome.OPENED)]
    assert len(messages(line, "device", Open)) == 2


def test_an_open_that_is_under_way_is_not_begun_twice() -> None:
    line = Line().connect()
    line.open()
    line.open()
    line.run(30)
    assert len(messages(line, "device", Open)) == 1
    assert line.told(*ANSWERS) == [Answered(ANNA, Outcome.OPENED)]
    line.open()
    line.run(30)
    assert line.told(*ANSWERS) == [Answered(ANNA, Outcome.OPENED)] * 2
    assert line.done(Unlock) == [Unlock(ENTRY, ANNA)]


def test_a_reboot_between_two_copies_does_not_open_again() -> None:
    line = Line().connect()
    line.spoil = lose_to("host")
    line.open()
    line.run(10)
    line.effects.clear()
    line.reboot()
    line.spoil = lambda _, data: [data]
    line.run(1000)
    assert line.done(Unlock) == []
    assert line.told(*ANSWERS) == [Answered(ANNA, Outcome.OPENED)]
    ended = [it.entry for it in line.told(Logged) if it.entry.grant == ANNA]
    assert [entry.kind for entry in ended] == [LogKind.NOT_PASSED]


def test_a_command_in_force_is_named_at_the_log_end_after_a_cut() -> None:
    line = Line().connect()
    line.open()
    line.run(10)
    line.unplug()
    line.run(500)
    line.reports.clear()
    line.plug()
    line.run(50)
    assert line.told(LogEnd)[-1].in_force == (ANNA,)


def test_a_log_end_never_misses_a_command_that_was_under_way() -> None:
    line = Line()
    line.plug()
    line.run(9)  # LogRead was answered, its answer is on the line.
    line.open()
    line.run(100)
    (end,) = line.told(LogEnd)
    assert end.in_force == (ANNA,)
    assert line.reports.index(end) > line.reports.index(Answered(ANNA, Outcome.OPENED))


def test_more_opens_than_a_lane_can_have_are_refused() -> None:
    line = Line().connect()
    line.spoil = lose_all
    for number in range(OPENS_MAX + 1):
        line.open(bytes([number]) * 16)
    assert line.reports == [Answered(bytes([OPENS_MAX]) * 16, Outcome.BUSY)]


def test_an_exit_is_opened_like_an_entry() -> None:
    line = Line().connect()
    line.open(BUDI, EXIT)
    line.run(10)
    line.sense(PassageCompleted(EXIT))
    line.run(10)
    (logged,) = line.told(Logged)
    assert (logged.entry.grant, logged.entry.direction) == (BUDI, EXIT)


# --- cancel, mode, signals ----------------------------------------------------------------------


def test_a_cancellation_ends_the_command() -> None:
    line = Line().connect()
    line.open()
    line.run(100)
    line.wish(Cancel(ANNA))
    line.run(100)
    assert line.done(Relock) == [Relock(ENTRY)]
    assert len(messages(line, "device", Cancel)) == 1


def test_a_lost_cancellation_is_sent_again() -> None:
    line = Line().connect()
    line.open()
    line.run(100)
    line.spoil = lose(Cancel, 2)
    line.wish(Cancel(ANNA))
    line.run(1000)
    assert line.done(Relock) == [Relock(ENTRY)]
    assert len(messages(line, "device", Cancel)) == 3


def test_a_cancellation_that_overtakes_its_open_keeps_the_gate_shut() -> None:
    line = Line().connect()
    line.spoil = lose(Open)
    line.open()
    line.wish(Cancel(ANNA))
    line.run(100)
    assert line.done(Unlock) == []
    assert line.told(*ANSWERS) == [Answered(ANNA, Outcome.DENIED)]


def test_a_lost_mode_is_sent_again_until_the_device_shows_it() -> None:
    line = Line().connect()
    line.spoil = lose(SetMode, 3)
    line.wish(SetMode(Mode.EXIT_ONLY))
    line.run(2000)
    assert line.device.controller.mode is Mode.EXIT_ONLY
    assert len(messages(line, "device", SetMode)) == 4


def test_a_mode_that_was_wanted_without_a_link_comes_with_it() -> None:
    line = Line()
    line.wish(SetMode(Mode.EXIT_ONLY))
    line.wish(Indicate(Signal.CLOSED, EXIT))
    line.wish(Indicate(Signal.READY, ENTRY))
    line.plug()
    line.run(100)
    assert line.device.controller.mode is Mode.EXIT_ONLY
    assert line.done(Indicate) == [Indicate(Signal.READY, ENTRY)]  # The other one it had.


def test_a_device_that_restarted_gets_mode_and_signals_again() -> None:
    line = Line().connect()
    line.wish(SetMode(Mode.EXIT_ONLY))
    line.wish(Indicate(Signal.GO, ENTRY))
    line.run(100)
    line.reboot()
    line.run(100)
    assert line.device.controller.mode is Mode.EXIT_ONLY
    assert line.done(Indicate) == [Indicate(Signal.GO, ENTRY)] * 2


def test_quick_changes_of_mind_end_with_the_last_one() -> None:
    line = Line().connect()
    for mode in (Mode.FREE, Mode.NORMAL, Mode.EXIT_ONLY, Mode.FREE):
        line.wish(SetMode(mode))
    line.run(1000)
    assert line.device.controller.mode is Mode.FREE


def test_nothing_that_could_lock_is_sent_in_a_fire() -> None:
    line = Line().connect()
    line.sense(FireInput(is_on=True))
    line.run(10)
    line.wish(SetMode(Mode.EXIT_ONLY))
    line.wish(Cancel(BUDI))
    line.wish(Indicate(Signal.EMERGENCY, ENTRY))
    line.run(2000)
    assert messages(line, "device", (SetMode, Cancel)) == []
    assert line.done(Indicate) == [Indicate(Signal.EMERGENCY, ENTRY)]
    line.sense(FireInput(is_on=False))
    line.run(100)
    assert line.device.controller.mode is Mode.EXIT_ONLY


def test_before_the_first_state_nothing_that_could_lock_is_sent() -> None:
    line = Line()
    line.sense(FireInput(is_on=True))
    line.spoil = lose(State, 3)
    line.plug()
    line.run(30)
    assert line.host.is_connected
    line.wish(SetMode(Mode.EXIT_ONLY))
    line.run(2000)
    assert line.device.controller.is_fire
    assert messages(line, "device", SetMode) == []


def test_fire_and_faults_are_seen_at_once_and_after_a_cut() -> None:
    line = Line().connect()
    line.sense(FireInput(is_on=True), FaultInput(is_on=True))
    line.run(5)
    assert line.told(StateSeen)[-1].state.is_fire
    assert line.told(StateSeen)[-1].state.is_faulty
    line.unplug()
    line.reports.clear()
    line.plug()
    line.run(20)
    assert line.told(StateSeen)[0].state.is_fire


def test_the_state_is_not_told_again_for_its_counters() -> None:
    line = Line().connect()
    line.run(10_000)
    assert line.reports == []
