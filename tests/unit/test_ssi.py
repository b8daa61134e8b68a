"""The session of an SSI reader against a simulated one, at times that the test says."""

import pytest

from drivers.base import Signal
from drivers.framers import Fragment, Frame
from drivers.readers.session import Found, Lost, Output
from drivers.readers.ssi import SHOWN, WAKE_UP, SsiSession
from drivers.simulated.readers_ssi import REVISION, SimulatedSsi
from drivers.ssi_codec import Opcode, packet

ASK = packet(Opcode.REQUEST_REVISION)
SET_UP = packet(Opcode.PARAM_SEND, bytes([0xFF, 0xEE, 1, 0x9F, 1]))
ENABLE = packet(Opcode.SCAN_ENABLE)
ACK = packet(Opcode.CMD_ACK)
NAK_RESEND = bytes.fromhex("05 D1 04 00 01 FF 25")
DONE = packet(Opcode.CMD_ACK, source=0)
RESEND = packet(Opcode.CMD_NAK, b"\x01", source=0)
DENIED = packet(Opcode.CMD_NAK, b"\x06", source=0)
QR = bytes.fromhex("0B F3 00 00 1C 41 42 43 31 32 33 FD 8A")
FOUND = Found(REVISION.decode(), 9600)


class Line:
    """A session at one end, a reader at the other, and a clock."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.events: list[object] = []
        self.sent: list[bytes] = []
        self._answers: list[bytes] = []
        self.reader = SimulatedSsi(9600, self._answers.append)
        self.session = SsiSession("/dev/reader", 9600)

    def open(self) -> None:
        self._act(self.session.open(self.now_s))

    def close(self) -> None:
        self._act(self.session.close("the cable is out"))

    def arrive(self, data: bytes) -> None:
        self._act(self.session.feed(data, self.now_s))

    def show(self, signal: Signal) -> None:
        self._act(self.session.show(signal, self.now_s))

    def wait(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while (due_s := self.session.deadline_s) is not None and due_s <= end_s:
            self.now_s = max(due_s, self.now_s)
            self._act(self.session.tick(self.now_s))
        self.now_s = end_s

    def take(self) -> list[object]:
        events, self.events = self.events, []
        return events

    def take_sent(self) -> list[bytes]:
        sent, self.sent = self.sent, []
        return sent

    def _act(self, output: Output) -> None:
        self.events += output.events
        if output.data:
            self.sent.append(output.data)
            self.reader.received(output.data, self.now_s)
        while self._answers:
            self._act(self.session.feed(self._answers.pop(0), self.now_s))


@pytest.fixture
def line():
    made = Line()
    made.open()
    return made


@pytest.fixture
def deaf(line):
    """A line whose reader answers nothing from now on."""
    line.reader.is_alive = False
    line.take()
    line.take_sent()
    return line


# --- setting up ---


def test_a_reader_is_woken_asked_set_up_for_now_and_enabled(line):
    assert line.take_sent() == [WAKE_UP + ASK, SET_UP, ENABLE]
    assert line.take() == [FOUND]


def test_a_reader_that_refuses_a_setting_is_used_as_it_is():
    line = Line()
    line.reader.is_alive = False
    line.open()
    line.arrive(DENIED)
    line.arrive(DENIED)
    line.arrive(DENIED)
    assert line.take() == [Found("", 9600)]
    assert line.take_sent() == [WAKE_UP + ASK, SET_UP, ENABLE]


def test_a_reader_that_is_not_there_is_told_once_and_found_when_it_comes():
    line = Line()
    line.reader.is_alive = False
    line.open()
    line.wait(30.0)
    (lost,) = line.take()
    assert lost.reason.startswith("/dev/reader: no SSI reader answers")
    assert "9600 baud" in lost.reason
    line.reader.is_alive = True
    line.wait(5.0)
    assert line.take() == [FOUND]


def test_a_command_is_sent_three_times_the_later_ones_marked():
    line = Line()
    line.reader.is_alive = False
    line.open()
    line.wait(2.0)
    again = packet(Opcode.REQUEST_REVISION, status=1)
    assert line.take_sent() == [WAKE_UP + ASK, again, again]


def test_a_reader_that_asks_for_a_command_again_gets_it_again(deaf):
    deaf.show(Signal.WAIT)
    assert deaf.take_sent() == [packet(Opcode.BEEP, b"\x05")]
    for _ in range(5):
        deaf.arrive(RESEND)
    assert deaf.take_sent() == [packet(Opcode.BEEP, b"\x05", status=1)] * 2


def test_a_resend_of_nothing_is_ignored(deaf):
    deaf.arrive(RESEND)
    assert deaf.take_sent() == []


# --- codes ---


def test_a_code_is_acknowledged_in_the_same_moment(deaf):
    deaf.arrive(QR[:5])
    assert deaf.take_sent() == []
    deaf.arrive(QR[5:])
    assert deaf.take_sent() == [ACK]
    assert deaf.take() == [Frame(b"ABC123", 100.0)]


def test_a_code_and_an_answer_in_one_read_are_told_apart(deaf):
    deaf.show(Signal.WAIT)
    deaf.show(Signal.WAIT)
    deaf.take_sent()
    deaf.arrive(DONE + QR + DONE)
    assert deaf.take_sent() == [packet(Opcode.BEEP, b"\x05") + ACK]
    assert deaf.take() == [Frame(b"ABC123", 100.0)]


def test_a_garbled_code_is_asked_for_again_when_the_line_is_silent(deaf):
    deaf.arrive(QR[:-1] + b"\0")
    assert deaf.take_sent() == []
    deaf.wait(0.1)
    assert deaf.take_sent() == [NAK_RESEND]
    deaf.arrive(packet(Opcode.DECODE_DATA, b"\x1cABC123", source=0, status=1))
    assert deaf.take_sent() == [ACK]
    assert deaf.take() == [Fragment(len(QR)), Frame(b"ABC123", 100.1)]


def test_a_code_that_comes_before_the_reader_is_set_up_is_only_acknowledged():
    line = Line()
    line.reader.is_alive = False
    line.open()
    line.take_sent()
    line.arrive(QR)
    assert line.take_sent() == [ACK]
    assert line.take() == []


def test_events_are_acknowledged_and_what_is_unknown_is_left_alone(deaf):
    deaf.arrive(packet(Opcode.EVENT, b"\x01", source=0))
    assert deaf.take_sent() == [ACK]
    deaf.arrive(packet(0x80, b"\x01", source=0) + packet(Opcode.DECODE_DATA, b"\x1cecho"))
    assert (deaf.take_sent(), deaf.take()) == ([], [])


# --- lights and sounds ---


@pytest.mark.parametrize("signal", SHOWN)
def test_it_sounds_and_lights_as_the_lane_says(line, signal):
    line.reader.commands.clear()
    line.show(signal)
    assert line.reader.commands == [(one.opcode, one.data) for one in SHOWN[signal]]


def test_signals_without_a_sound_are_left_to_the_lane(line):
    line.take_sent()
    line.show(Signal.EMERGENCY)
    assert line.take_sent() == []


def test_commands_wait_for_each_other_and_the_oldest_are_left_out(deaf):
    deaf.show(Signal.WAIT)
    for _ in range(5):
        deaf.show(Signal.GO)
    assert deaf.take_sent() == [packet(Opcode.BEEP, b"\x05")]
    for _ in range(10):
        deaf.arrive(DONE)
    go = [packet(Opcode.BEEP, b"\x00"), packet(Opcode.LED_ON, b"\x01")]
    assert deaf.take_sent() == go * 2


def test_signals_while_the_reader_is_lost_are_lost_too(deaf):
    deaf.wait(20.0)
    deaf.take_sent()
    deaf.show(Signal.GO)
    assert deaf.take_sent() == []


# --- life ---


def test_a_reader_at_another_speed_is_told_with_the_speed_and_its_noise_is_no_code():
    line = Line()
    line.reader.is_alive = False
    line.open()
    for _ in range(30):
        line.arrive(bytes.fromhex("80 F8 78 00 FE 06"))
        line.wait(1.0)
    lost = [event for event in line.take() if not isinstance(event, Fragment)]
    assert [type(event) for event in lost] == [Lost]
    assert "9600" in lost[0].reason


def test_a_reader_is_asked_every_ten_seconds(line):
    line.take_sent()
    line.wait(60.0)
    assert line.take_sent() == [ASK] * 6
    assert line.take() == [FOUND]


def test_a_reader_that_stops_answering_is_lost_and_found_again(deaf):
    deaf.wait(12.9)
    assert deaf.take() == []
    deaf.wait(60.0)
    (lost,) = deaf.take()
    assert isinstance(lost, Lost)
    deaf.reader.is_alive = True
    deaf.wait(5.0)
    assert deaf.take() == [FOUND]


def test_an_outage_of_the_line_is_told_once_with_its_reason(deaf):
    deaf.close()
    deaf.close()
    assert deaf.take() == [Lost("the cable is out")]
    assert deaf.session.deadline_s is None
    deaf._act(deaf.session.tick(1e6))
    assert deaf.take_sent() == []
    deaf.reader.is_alive = True
    deaf.open()
    deaf.close()
    assert deaf.take() == [FOUND, Lost("the cable is out")]


def test_half_a_packet_of_before_an_outage_is_forgotten(line):
    line.take()
    line.arrive(QR[:6])
    line.close()
    line.open()
    line.arrive(QR)
    assert line.take() == [Lost("the cable is out"), FOUND, Frame(b"ABC123", 100.0)]
