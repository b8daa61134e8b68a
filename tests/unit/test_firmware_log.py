"""The controller's log on its way to the host: each entry once and in order, or its loss told."""

from itertools import pairwise

from firmware_protocol.device import EVENT_REPEAT_MS, EVENTS_AHEAD
from firmware_protocol.host import Host
from firmware_protocol.host_log import Asked, HostLog
from firmware_protocol.inputs import PassageCompleted
from firmware_protocol.memory import LOG_ROWS_MAX
from firmware_protocol.messages import EventAck, LogRead, LogState
from firmware_protocol.reports import (
    Connected,
    Disconnected,
    EntriesLost,
    LogEnd,
    Logged,
    Loss,
)
from firmware_protocol.words import LogEntry
from tests.unit.gatelink_line import (
    EXIT,
    LOG,
    PSK,
    Line,
    counting_token,
    lose,
    lose_all,
    lose_to,
    messages,
)


def walk_out(line: Line, count: int) -> None:
    for _ in range(count):
        line.sense(PassageCompleted(EXIT))


def sequences(line: Line) -> list[int]:
    return [report.entry.sequence for report in line.told(Logged)]


def restart_host(line: Line) -> None:
    """A new process: it knows nothing of before."""
    line.unplug()
    line.host = Host(PSK, name="gateway", token=counting_token("restarted"))
    line.reports.clear()
    line.plug()
    line.run(300)


def test_entries_are_told_as_they_happen() -> None:
    line = Line().connect()
    walk_out(line, 3)
    line.run(5)
    assert sequences(line) == [3, 4, 5]
    assert all(report.log == line.host._log.name for report in line.told(Logged))


def test_a_new_session_gets_each_entry_once() -> None:
    line = Line()
    walk_out(line, 5)
    line.plug()
    line.run(90)
    assert len(messages(line, "host", LogEntry)) == len(sequences(line)) == 7


def test_what_is_not_acknowledged_is_repeated_but_told_once() -> None:
    line = Line().connect()
    walk_out(line, 1)
    line.run(2000)
    sent = [at_ms for at_ms, _, _ in messages(line, "host", LogEntry)]
    gaps = [b - a for a, b in pairwise(sent)]
    assert gaps[:4] == [EVENT_REPEAT_MS, 200, 400, 500]
    assert sequences(line) == [3]
    line.acknowledge()
    line.run(10)
    line.sent.clear()
    line.run(2000)
    assert messages(line, "host", LogEntry) == []


def test_the_device_sends_only_so_many_ahead_of_the_acknowledgement() -> None:
    line = Line().connect()
    walk_out(line, 30)
    line.run(3000)
    assert len(sequences(line)) == EVENTS_AHEAD
    for _ in range(4):
        line.acknowledge(line.host._log.expected - 1)
        line.run(10)
    assert sequences(line) == list(range(3, 33))


def test_a_hole_is_asked_for_at_once() -> None:
    line = Line().connect()
    line.spoil = lose(LogEntry)
    walk_out(line, 3)
    line.run(30)
    assert sequences(line) == [3, 4, 5]
    assert len(messages(line, "device", LogRead)) == 1


def test_a_lost_acknowledgement_is_said_again() -> None:
    line = Line().connect()
    walk_out(line, 1)
    line.run(10)
    line.spoil = lose(EventAck)
    line.acknowledge()
    line.run(500)
    assert line.device.controller.memory.acknowledged == 3
    assert len(messages(line, "device", EventAck)) == 2


def test_an_acknowledgement_without_a_link_is_said_with_the_next() -> None:
    line = Line().connect()
    walk_out(line, 1)
    line.run(10)
    line.unplug()
    line.acknowledge()
    line.plug()
    line.run(50)
    assert line.device.controller.memory.acknowledged == 3


def test_what_was_never_told_cannot_be_acknowledged() -> None:
    line = Line().connect()
    for upto, log in ((99, LOG), (1, LOG), (3, b"another.")):
        line.acknowledge(upto, log)
    assert messages(line, "device", EventAck) == []


def test_what_happened_while_the_line_was_cut_is_told_after_it() -> None:
    line = Line().connect()
    line.unplug()
    walk_out(line, 5)
    line.run(60_000)
    line.plug()
    line.run(50)
    assert sequences(line)[:5] == [3, 4, 5, 6, 7]


def test_a_restarted_host_is_told_what_nobody_acknowledged() -> None:
    line = Line().connect()
    walk_out(line, 2)
    line.run(50)
    restart_host(line)
    assert sequences(line) == [3, 4]


def test_a_restarted_host_is_not_told_what_was_acknowledged() -> None:
    line = Line().connect()
    restart_host(line)
    assert sequences(line) == []
    assert len(line.told(LogEnd)) == 1


def test_overwritten_entries_are_told_as_lost() -> None:
    line = Line().connect()
    line.unplug()
    walk_out(line, LOG_ROWS_MAX + 10)
    line.plug()
    line.run(100)
    lost = line.told(EntriesLost)
    assert lost[0].count == 10
    while not line.told(LogEnd):
        line.acknowledge(line.host._log.expected - 1)
        line.run(10)
    told = sum(report.count for report in line.told(EntriesLost)) + len(sequences(line))
    assert told == line.device.controller.memory.head - 2
    assert sequences(line) == sorted(set(sequences(line)))


def test_the_end_is_told_only_when_everything_before_it_was() -> None:
    line = Line().connect()
    line.unplug()
    walk_out(line, 20)
    line.reports.clear()
    line.plug()
    line.run(500)
    assert line.told(LogEnd) == []
    for _ in range(3):
        line.acknowledge(line.host._log.expected - 1)
        line.run(10)
    (end,) = line.told(LogEnd)
    assert line.reports.index(end) > line.reports.index(line.told(Logged)[19])


def test_a_question_for_the_end_is_repeated() -> None:
    line = Line()
    line.spoil = lose(LogState, 3)
    line.plug()
    line.run(1000)
    assert len(messages(line, "device", LogRead)) == 4
    assert len(line.told(LogEnd)) == 1


def test_a_question_that_is_due_when_the_line_goes_waits_for_the_next_session() -> None:
    line = Line()
    line.spoil = lose(LogState, 100)
    line.plug()
    line.run(90)
    assert isinstance(line.host._log.progress, Asked)
    line.now_ms += 1000  # The process was held up: its timers did not fire.
    count = len(line.sent)
    line.unplug()
    assert len(line.sent) == count
    line.spoil = lose(LogState, 0)
    line.plug()
    line.run(300)
    assert len(line.told(LogEnd)) == 1


def test_a_formatted_log_begins_anew() -> None:
    line = Line().connect()
    line.unplug()
    line.boot(type(line.device.controller.memory)(), log=b"new log.")
    line.plug()
    line.run(50)
    assert sequences(line) == [1, 2]
    assert {report.log for report in line.told(Logged)} == {line.host._log.name}


def test_a_log_that_went_backwards_is_refused_by_name() -> None:
    line = Line().connect()
    line.unplug()
    line.reports.clear()
    line.boot(type(line.device.controller.memory)())
    line.plug()
    line.run(3000)
    assert line.told(Connected) == []
    assert line.host._link._obstacle is Loss.LOG
    assert line.device.controller.is_host_lost


def test_a_log_that_went_backwards_is_told_as_the_reason() -> None:
    line = Line().connect()
    line.boot(type(line.device.controller.memory)())
    line.run(3000)
    assert line.told(Disconnected) == [Disconnected(Loss.LOG)]


def test_another_device_is_told_by_its_name() -> None:
    line = Line().connect()
    line.boot(type(line.device.controller.memory)(), log=b"its own.", name="tripod-2")
    line.run(50)
    assert line.told(Connected) == [Connected("tripod-2", "1.0")]


def test_the_device_sends_no_log_to_a_host_that_is_gone() -> None:
    line = Line().connect()
    line.spoil = lose_to("device")
    line.run(3000)
    line.sent.clear()
    walk_out(line, 3)
    line.run(3000)
    assert messages(line, "host", LogEntry) == []


def test_the_log_goes_on_after_a_silence_without_a_new_session() -> None:
    line = Line().connect()
    walk_out(line, 1)
    line.run(50)
    line.spoil = lose_all
    walk_out(line, 1)
    line.run(450)
    line.spoil = lambda _, data: [data]
    line.run(600)
    assert sequences(line) == [3, 4]


def test_an_answer_to_an_earlier_question_does_not_tell_the_end() -> None:
    """It was given before a command that went unanswered meanwhile."""
    log = HostLog()
    log.progress = Asked(sequence=7, repeat_at_ms=100)
    earlier = LogState(head=0, first=1, acknowledged=0, lost_count=0)
    assert log.note(earlier, ack=6) == ()
    assert log.note(earlier, ack=7) == (LogEnd(b"", ()),)
