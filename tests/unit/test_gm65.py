"""The host's side of a GM65 against a simulated one, at times that the test says."""

import pytest

from drivers.framers import Fragment, Frame
from drivers.gm65_codec import CodeOutput, crc, heartbeat, read_zone, save_zones, write_zone
from drivers.gm65_zones import MODE_ZONE, OUTPUT_ZONE, ScanMode
from drivers.readers.gm65 import Gm65Session
from drivers.readers.session import Found, Lost, Output
from drivers.simulated.readers_gm65 import SimulatedGm65

PORT = "/dev/reader"
TRIGGER = bytes.fromhex("7E 00 08 01 00 02 01 02 DA")
CODE = bytes.fromhex("03 00 0A 30 33 32 31 35 36 33 38 34 30")


class Line:
    """A session at one end, a module at the other, and a clock."""

    def __init__(self, speed: int = 9600, **settings) -> None:
        self.now_s = 100.0
        self.events: list[object] = []
        self.sent: list[bytes] = []
        self.line_speed = 0
        self._answers: list[bytes] = []
        self.module = SimulatedGm65(speed, self._answers.append, lambda: self.line_speed)
        chosen = {
            "mode": ScanMode.CONTINUOUS,
            "output": CodeOutput.ENCLOSED,
            "saves": False,
            "baudrate": 9600,
        }
        self.session = Gm65Session(PORT, **{**chosen, **settings})

    def open(self) -> None:
        self._act(self.session.open(self.now_s))

    def close(self) -> None:
        self._act(self.session.close("the cable is out"))

    def arrive(self, data: bytes) -> None:
        self._act(self.session.feed(data, self.now_s))

    def wait(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while (due_s := self.session.deadline_s) is not None and due_s <= end_s:
            self.now_s = max(due_s, self.now_s)
            self._act(self.session.tick(self.now_s))
        self.now_s = end_s

    def take(self, kind: type) -> list[object]:
        """Return the events of a kind, and forget all."""
        events, self.events = self.events, []
        return [event for event in events if isinstance(event, kind)]

    def _act(self, output: Output) -> None:
        self.events += output.events
        if output.baudrate is not None:
            self.line_speed = output.baudrate
        if output.data:
            self.sent.append(output.data)
            self.module.received(output.data, self.now_s)
        while self._answers:
            self._act(self.session.feed(self._answers.pop(0), self.now_s))


@pytest.fixture
def line():
    made = Line()
    made.open()
    return made


# --- finding and setting up ---


def test_a_reader_is_found_and_set_up_and_its_flash_is_spared(line):
    assert line.events == [Found("", 9600)]
    assert line.module.zone(MODE_ZONE) == 0xD6
    assert line.module.zone(OUTPUT_ZONE) == 0x81
    assert line.module.saved_count == 0
    assert line.sent == [
        read_zone(0x2A, 2),
        read_zone(0x00, 1),
        write_zone(0x00, b"\xd6"),
        read_zone(0x00, 1),
        read_zone(0x60, 1),
        write_zone(0x60, b"\x81"),
        read_zone(0x60, 1),
    ]


def test_a_reader_that_is_as_it_shall_be_is_only_asked(line):
    line.close()
    line.sent.clear()
    line.open()
    assert line.sent == [read_zone(0x2A, 2), read_zone(0x00, 1), read_zone(0x60, 1)]


@pytest.mark.parametrize(
    ("mode", "value"),
    [(ScanMode.CONTINUOUS, 0xD6), (ScanMode.SENSE, 0xD7), (ScanMode.COMMAND, 0xD5)],
)
def test_the_mode_is_that_of_the_settings(mode, value):
    line = Line(mode=mode)
    line.open()
    assert line.module.zone(MODE_ZONE) == value


def test_what_a_reader_puts_around_plain_codes_is_left_alone():
    line = Line(output=CodeOutput.PLAIN)
    line.open()
    assert line.take(Found) == [Found("", 9600)]
    assert line.module.zone(OUTPUT_ZONE) == 0x60


def test_changes_are_saved_once_where_it_is_asked_for():
    line = Line(saves=True)
    line.open()
    assert line.sent[-1] == save_zones()
    line.module.restart()
    line.close()
    line.open()
    assert line.take(Found) == [Found("", 9600)] * 2
    assert line.module.saved_count == 1


@pytest.mark.parametrize("speed", [9600, 57600, 115200])
@pytest.mark.parametrize("first", [9600, 115200, 38400])
def test_a_reader_is_found_at_whatever_speed_it_has(speed, first):
    line = Line(speed, baudrate=first)
    line.open()
    line.wait(4.0)
    assert line.events == [Found("", speed)]
    assert line.line_speed == speed


def test_a_reader_that_answers_nowhere_is_told_once_and_found_when_it_comes():
    line = Line(115200)
    line.module.is_alive = False
    line.open()
    line.wait(60.0)
    (lost,) = line.take(Lost)
    assert lost.reason.startswith("/dev/reader: no GM65 answers at 9600, 57600, 115200 baud")
    line.module.is_alive = True
    line.wait(4.0)
    assert line.events == [Found("", 115200)]


def test_the_second_of_two_probes_is_answered_too_and_does_no_harm():
    line = Line()
    line.module.is_alive = False
    line.open()
    line.wait(0.5)
    answer = b"\x02\0" + (body := b"\0\x02\x39\x01") + crc(body)
    line.arrive(answer + answer)
    line.module.is_alive = True
    line.wait(1.0)
    assert line.events == [Found("", 9600)]


def test_a_reader_that_falls_silent_while_it_is_set_up_is_looked_for_again():
    line = Line()
    line.module.is_alive = False
    line.open()
    line.arrive(b"\x02\0" + (body := b"\0\x02\x39\x01") + crc(body))
    assert line.sent[-1] == read_zone(0x00, 1)
    line.wait(0.5)
    assert line.sent[-1] == read_zone(0x2A, 2)
    line.module.is_alive = True
    line.wait(0.5)
    assert line.events == [Found("", 9600)]


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        (OUTPUT_ZONE, 'does not keep 81 at 0060; write output = "plain"'),
        (MODE_ZONE, "does not keep D6 at 0000; is it of the GM65 family?"),
    ],
)
def test_a_reader_that_does_not_keep_a_setting_is_told_with_what_to_do(zone, words):
    line = Line()
    line.module._zones = Stubborn(line.module._zones, zone)
    line.open()
    line.wait(9.0)
    (lost,) = line.take(Lost | Found)
    assert words in lost.reason
    assert line.sent.count(read_zone(0x2A, 2)) == 1
    line.module._zones.zone = None
    line.wait(2.0)
    assert line.events == [Found("", 9600)]


class Stubborn(dict):
    """Settings of which one cannot be changed."""

    def __init__(self, zones, zone) -> None:
        super().__init__(zones)
        self.zone = zone

    def __setitem__(self, zone, value) -> None:
        if zone != self.zone:
            super().__setitem__(zone, value)


# --- serving ---


def test_codes_come_out_and_are_dropped_until_the_reader_is_set_up():
    line = Line()
    line.module.is_alive = False
    line.open()
    line.arrive(CODE)
    assert line.events == []
    line.module.is_alive = True
    line.wait(1.0)
    line.arrive(CODE[:7])
    line.arrive(CODE[7:] + b"\xff")
    line.wait(0.1)
    assert line.events == [Found("", 9600), Frame(b"0321563840", line.now_s - 0.1), Fragment(1)]


def test_a_reader_in_command_mode_is_triggered_once_a_second():
    line = Line(mode=ScanMode.COMMAND)
    line.open()
    line.sent.clear()
    line.wait(2.5)
    assert line.sent == [TRIGGER] * 3
    assert line.take(Found | Lost) == [Found("", 9600)]


def test_a_reader_in_another_mode_is_not_triggered(line):
    line.wait(9.9)
    assert TRIGGER not in line.sent


def test_a_heartbeat_is_sent_every_ten_seconds(line):
    line.sent.clear()
    line.wait(60.0)
    assert line.sent == [heartbeat()] * 6
    assert line.take(Lost) == []


def test_a_reader_that_misses_three_heartbeats_is_lost_and_found_again(line):
    line.module.is_alive = False
    line.wait(39.9)
    assert line.take(Lost) == []
    line.wait(0.1)
    (lost,) = line.take(Lost)
    assert "stopped answering" in lost.reason
    line.wait(60.0)
    assert line.events == []
    line.module.restart()
    line.module.is_alive = True
    line.wait(4.0)
    assert line.events == [Found("", 9600)]
    assert line.module.zone(OUTPUT_ZONE) == 0x81


def test_a_reader_that_knows_no_heartbeat_is_asked_for_its_speed(line):
    line.module._answer = without_heartbeat(line.module._answer)
    line.sent.clear()
    line.wait(60.0)
    assert line.take(Lost) == []
    assert line.sent[:4] == [heartbeat(), read_zone(0x2A, 2), heartbeat(), read_zone(0x2A, 2)]


def without_heartbeat(answer):
    return lambda kind, address, data: b"" if kind == 0x0A else answer(kind, address, data)


def test_a_code_is_a_sign_of_life_and_noise_is_none(line):
    line.module.is_alive = False
    for _ in range(10):
        line.arrive(CODE)
        line.wait(9.0)
    assert line.take(Lost) == []
    for _ in range(10):
        line.arrive(b"\xff")
        line.wait(5.0)
    assert len(line.take(Lost)) == 1


def test_an_outage_of_the_line_is_told_once_with_its_reason(line):
    line.take(Found)
    line.module.is_alive = False
    line.wait(45.0)
    assert len(line.take(Lost)) == 1
    line.close()
    assert line.events == []
    assert line.session.deadline_s is None
    line.module.is_alive = True
    line.open()
    line.close()
    assert line.events == [Found("", 9600), Lost("the cable is out")]


def test_bytes_and_ticks_without_a_line_do_nothing():
    line = Line()
    line.arrive(CODE + b"\x02\0" + (body := b"\0\x02\x39\x01") + crc(body))
    line._act(line.session.tick(line.now_s))
    assert (line.events, line.sent) == ([], [])
