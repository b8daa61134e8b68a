"""One turn on a shared line: what the host says in it, and what a device answers and keeps."""

from dataclasses import replace

from firmware_protocol import bodies
from firmware_protocol.device import Device, Identity
from firmware_protocol.device_link import UNSAID_SIZE_MAX
from firmware_protocol.frames import Deframer, Frame, encode
from firmware_protocol.host import Host
from firmware_protocol.host_link import MISSED_COUNT_MAX, SHARED_LOST_MS, SHARED_PING_MS
from firmware_protocol.inputs import PassageCompleted, Unlock
from firmware_protocol.memory import Memory
from firmware_protocol.messages import (
    AuthOk,
    ConfigGet,
    EventAck,
    Hello,
    HelloAck,
    Indicate,
    LogRead,
    LogState,
    NoSession,
    Open,
    Ping,
    Result,
    State,
)
from firmware_protocol.reports import Answered, Connected, Disconnected, LogEnd, Loss
from firmware_protocol.settings import Settings
from firmware_protocol.words import Command, LogEntry, Outcome, Signal
from tests.unit.gatelink_line import ANNA, ENTRY, EXIT, LOG, PSK, counting_token

ADDRESS = 5


class Pair:
    """A host and its device, and what went over the line in the last turn."""

    def __init__(self) -> None:
        self.now_ms = 1_000
        identity = Identity("tripod", "1.0", LOG)
        token = counting_token("device")
        self.device = Device(PSK, Memory(), device=identity, token=token, address=ADDRESS)
        self.host = Host(PSK, name="gateway", token=counting_token("host"), address=ADDRESS)
        self.reports: list[object] = []
        assert self.device.start(self.now_ms).data == b""
        assert self.host.open_line(self.now_ms).data == b""

    def turn(self, *, is_heard: bool = True, is_answered: bool = True) -> tuple[list, list]:
        """Let the host speak and the device answer until it gave the word back."""
        asked, answered = [], []
        data = self.host.turn(self.now_ms)
        while data:
            asked += said(data)
            answer = self.device.feed(data, self.now_ms).data if is_heard else b""
            answered += said(answer)
            output = self.host.feed(answer if is_answered else b"", self.now_ms)
            self.reports += output.reports
            data = output.data
        if not self.host.is_answered:
            self.host.miss(self.now_ms)
        return asked, answered

    def connect(self) -> "Pair":
        for _ in range(3):
            self.turn()
            self.now_ms += SHARED_PING_MS
        self.host.acknowledge(LOG, 2, self.now_ms)
        self.turn()
        self.now_ms += SHARED_PING_MS
        self.reports.clear()
        return self


def said(data: bytes) -> list:
    frames = [frame for frame in Deframer().feed(data) if isinstance(frame, Frame)]
    assert all(frame.address == ADDRESS for frame in frames)
    return [bodies.decode(frame.kind, frame.body) for frame in frames]


def hello(address: int = ADDRESS) -> Frame:
    kind, body = bodies.encode(Hello(b"n" * 16, 1, 1, "gateway"))
    return Frame(kind=kind, is_from_device=False, address=address, body=body)


def kinds(messages: list) -> list[type]:
    return [type(message) for message in messages]


def test_a_session_is_made_in_one_turn_and_the_log_is_asked_for_in_the_next() -> None:
    pair = Pair()
    _, answered = pair.turn()
    assert kinds(answered)[-1] is AuthOk
    assert pair.host.turn_at_ms() == pair.now_ms
    asked, answered = pair.turn()
    assert kinds(asked) == [LogRead, Ping]
    assert kinds(answered) == [LogState, LogEntry, LogEntry, State]
    assert [type(it) for it in pair.reports if isinstance(it, Connected | LogEnd)] == [
        Connected,
        LogEnd,
    ]


def test_what_the_host_has_to_say_goes_in_one_turn_with_a_ping_at_its_end() -> None:
    pair = Pair().connect()
    assert pair.host.turn_at_ms() == pair.now_ms
    pair.host.wish(Indicate(Signal.GO, ENTRY), pair.now_ms)
    pair.device.sense(PassageCompleted(EXIT), pair.now_ms)
    pair.host.open(Command(ANNA, ENTRY), 5_000, 1_500, pair.now_ms)
    assert pair.host.is_urgent(pair.now_ms)
    asked, answered = pair.turn()
    assert kinds(asked) == [Indicate, Open, Ping]
    assert kinds(answered) == [Result, LogEntry, State]
    assert Answered(ANNA, Outcome.OPENED) in pair.reports
    assert not pair.host.is_urgent(pair.now_ms)
    pair.host.acknowledge(LOG, 3, pair.now_ms)
    assert kinds(pair.turn()[0]) == [EventAck, Ping]


def test_an_entry_is_repeated_with_later_answers_until_it_is_acknowledged() -> None:
    pair = Pair().connect()
    pair.device.sense(PassageCompleted(EXIT), pair.now_ms)
    told = []
    for _ in range(8):
        told.append(kinds(pair.turn()[1]).count(LogEntry))
        pair.now_ms += SHARED_PING_MS
    assert told == [1, 1, 0, 1, 0, 0, 0, 1]


def test_two_turns_without_an_answer_are_followed_by_a_greeting_in_the_old_session() -> None:
    pair = Pair().connect()
    for _ in range(MISSED_COUNT_MAX):
        assert kinds(pair.turn(is_answered=False)[0]) == [Ping]
        assert pair.host.turn_at_ms() == pair.now_ms
    asked, _ = pair.turn()
    assert kinds(asked)[0] is Hello
    assert pair.host.is_connected
    assert pair.reports == []
    assert kinds(pair.turn()[0])[-1] is Ping


def test_a_session_that_the_device_lost_is_made_anew_in_the_same_turn() -> None:
    pair = Pair().connect()
    memory = pair.device.controller.memory
    identity = Identity("tripod", "1.0", LOG)
    token = counting_token("rebooted")
    pair.device = Device(PSK, memory, device=identity, token=token, address=ADDRESS)
    pair.device.start(pair.now_ms)
    asked, answered = pair.turn()
    assert kinds(asked)[:2] == [Ping, Hello]
    assert kinds(answered)[0] is NoSession
    assert kinds(answered)[-1] is AuthOk


def test_a_silent_device_is_lost_by_time_alone() -> None:
    pair = Pair().connect()
    heard_ms = pair.now_ms - SHARED_PING_MS
    assert pair.host.deadline_ms() == heard_ms + SHARED_LOST_MS
    assert pair.host.tick(heard_ms + SHARED_LOST_MS - 1).reports == ()
    assert pair.host.tick(heard_ms + SHARED_LOST_MS).reports == (Disconnected(Loss.SILENT),)
    assert pair.host.deadline_ms() is None
    pair.now_ms += SHARED_LOST_MS
    assert kinds(pair.turn(is_heard=False)[0]) == [Hello]


def test_a_closed_line_has_no_turns() -> None:
    pair = Pair().connect()
    pair.host.wish(Indicate(Signal.GO, ENTRY), pair.now_ms)
    pair.host.close_line(pair.now_ms)
    assert pair.host.turn_at_ms() is None
    pair.host.open_line(pair.now_ms)
    assert kinds(pair.turn(is_heard=False)[0]) == [Hello]


def test_a_device_that_is_never_given_the_word_keeps_little() -> None:
    pair = Pair().connect()
    channel = pair.host._link._channel
    for _ in range(1_000):
        assert pair.device.feed(encode(channel.seal(LogRead())), pair.now_ms).data == b""
    answer = pair.device.feed(encode(channel.seal(Ping())), pair.now_ms).data
    assert len(answer) < UNSAID_SIZE_MAX + 200
    assert kinds(said(answer))[-1] is State


def test_what_waits_for_the_word_goes_out_with_no_other_answer() -> None:
    pair = Pair().connect()
    channel = pair.host._link._channel
    assert pair.device.feed(encode(channel.seal(ConfigGet())), pair.now_ms).data == b""
    ping = channel.seal(Ping())
    for frame, answer in ((hello(), HelloAck), (replace(ping, session=7), NoSession)):
        assert kinds(said(pair.device.feed(encode(frame), pair.now_ms).data)) == [answer]
    answered = said(pair.device.feed(encode(ping), pair.now_ms).data)
    assert kinds(answered) == [Settings, State]


def test_a_command_behind_a_ping_is_answered_with_the_next_one() -> None:
    pair = Pair().connect()
    channel = pair.host._link._channel
    asked = [channel.seal(it) for it in (Ping(), Open(ANNA, ENTRY, 2**63))]
    output = pair.device.feed(b"".join(map(encode, asked)), pair.now_ms)
    assert kinds(said(output.data)) == [State]
    assert Unlock(ENTRY, ANNA) in output.effects
    answered = said(pair.device.feed(encode(channel.seal(Ping())), pair.now_ms).data)
    assert kinds(answered) == [Result, State]


def test_frames_for_another_device_are_not_answered() -> None:
    pair = Pair().connect()
    for address in (0, ADDRESS + 1, 0x7F):
        assert pair.device.feed(encode(hello(address)), pair.now_ms).data == b""
