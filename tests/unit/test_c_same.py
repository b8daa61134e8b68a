"""Whatever happens to them, the C controller and the Python one say and keep the same."""

from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_protocol import bodies
from firmware_protocol.channel import Channel
from firmware_protocol.device import Device, Identity
from firmware_protocol.frames import VERSION, Deframer, Frame, encode
from firmware_protocol.inputs import (
    ContactsSeen,
    FaultInput,
    FireInput,
    Noticed,
    PassageBegan,
    PassageCompleted,
    SecondBody,
    TurnedBack,
)
from firmware_protocol.memory import Memory
from firmware_protocol.messages import (
    Auth,
    Cancel,
    ConfigGet,
    EventAck,
    Hello,
    HelloAck,
    Indicate,
    LogRead,
    Message,
    Open,
    Ping,
    SetMode,
)
from firmware_protocol.settings import Settings, WithoutHost
from firmware_protocol.words import Direction, LogEntry, LogKind, Mode, Signal
from tests.unit.c_controller import CDevice
from tests.unit.gatelink_line import LOG, PSK, counting_token

# The first of them builds the controller, on a machine that may have other work.
pytestmark = [pytest.mark.compiler, pytest.mark.timeout(120)]

directions = st.sampled_from(Direction)
grants = st.sampled_from([bytes([number]) * 16 for number in range(5)])

messages = st.one_of(
    st.builds(
        Open,
        grants,
        directions,
        st.integers(0, 8_000),
        st.none() | st.integers(0, 40_000),
    ),
    st.builds(Open, grants, directions, st.just(2**64 - 1)),
    st.builds(Cancel, grants),
    st.builds(SetMode, st.sampled_from(Mode)),
    st.builds(Indicate, st.sampled_from(Signal), directions),
    st.builds(
        Settings,
        unlock_ms=st.integers(90, 2_000),
        unlock_ms_max=st.integers(1_000, 30_010),
        held_ms=st.integers(990, 5_000),
        host_lost_ms=st.integers(990, 5_000),
        without_host=st.sampled_from(WithoutHost),
    ),
    st.builds(ConfigGet),
    st.builds(EventAck, st.integers(0, 20)),
    st.builds(LogRead, st.none() | st.integers(0, 20)),
    st.builds(Ping),
)
sensed = st.one_of(
    st.builds(PassageBegan, directions),
    st.builds(PassageCompleted, directions),
    st.builds(TurnedBack),
    st.builds(SecondBody),
    st.builds(Noticed, st.sampled_from([LogKind.REVERSE, LogKind.TAMPER, LogKind.POWER])),
    st.builds(FireInput, st.booleans()),
    st.builds(FaultInput, st.booleans()),
    st.builds(ContactsSeen, st.sampled_from([0, 1, 3, 2**32 - 1])),
)


@dataclass(frozen=True)
class Greeted:
    """A new session. is_proven: the host has the key."""

    is_proven: bool


@dataclass(frozen=True)
class Spoilt:
    """A frame of the session with one bit changed."""

    message: Message
    bit: int


@dataclass(frozen=True)
class Rebooted:
    pass


things = st.one_of(
    st.lists(messages, min_size=1, max_size=3),
    sensed,
    st.integers(0, 3_000),
    st.builds(Greeted, st.booleans()),
    st.builds(Spoilt, messages, st.integers(0, 200)),
    st.builds(Rebooted),
    st.binary(max_size=40),
)


class Both:
    """One host and two controllers that hear and see the same."""

    def __init__(self, address: int) -> None:
        self.address = address
        self.now_ms = 0
        self.boots = 0
        self.is_checking = True
        self.channel: Channel | None = None
        self.nonce = counting_token("host")
        self.boot(Memory(), Memory())

    def boot(self, ours: Memory, theirs: Memory) -> None:
        self.boots += 1
        self.now_ms = 0
        self.devices = [
            make(
                PSK,
                memory,
                device=Identity("tripod", "1.0", LOG),
                token=counting_token(f"device {self.boots}"),
                address=self.address,
            )
            for make, memory in ((Device, ours), (CDevice, theirs))
        ]
        self.run(lambda device: device.start(self.now_ms))

    def live(self, what: object) -> None:
        match what:
            case list():
                self.feed(b"".join(map(self.sealed, what)))
            case int():
                self.now_ms += what
                self.run(lambda device: device.tick(self.now_ms))
            case bytes():
                self.feed(what)
            case Greeted(is_proven):
                self.greet(is_proven=is_proven)
            case Spoilt(message, bit):
                data = bytearray(self.sealed(message) or b"\0")
                data[bit // 8 % len(data)] ^= 1 << bit % 8
                self.feed(bytes(data))
            case Rebooted():
                ours, theirs = (device.controller.memory for device in self.devices)
                self.boot(ours, theirs)
            case _:
                self.run(lambda device: device.sense(what, self.now_ms))

    def sealed(self, message: Message) -> bytes:
        return b"" if self.channel is None else encode(self.channel.seal(message))

    def feed(self, data: bytes) -> bytes:
        return self.run(lambda device: device.feed(data, self.now_ms))

    def greet(self, *, is_proven: bool) -> None:
        kind, body = bodies.encode(Hello(self.nonce(16), VERSION, VERSION, "host"))
        hello = Frame(kind=kind, is_from_device=False, body=body, address=self.address)
        self.feed(b"\0")  # Whatever is half there is over.
        (offer,) = Deframer().feed(self.feed(encode(hello)))
        ack = bodies.decode(offer.kind, offer.body)
        assert isinstance(ack, HelloAck)
        psk = PSK if is_proven else bytes(32)
        nonces = bodies.decode(kind, body).nonce + ack.nonce
        channel = Channel(psk, nonces, offer.session, is_device=False, address=self.address)
        if is_proven:
            assert channel.accept(offer, hello.content())
            self.channel = channel
        self.feed(encode(channel.seal(Auth(), hello.content() + offer.content())))

    def run(self, call) -> bytes:
        """Have both do it; return what both said."""
        ours, theirs = (call(device) for device in self.devices)
        assert ours.data == theirs.data
        # The C controller tells of its log by the log alone, and of answers by what it sends.
        done = [
            [it for it in output.effects if type(it).__name__ in {"Unlock", "Relock", "Indicate"}]
            for output in (ours, theirs)
        ]
        assert done[0] == done[1]
        if self.is_checking:
            self.check()
        return ours.data

    def check(self) -> None:
        ours, theirs = self.devices
        assert ours.controller == theirs.controller
        assert ours.deadline_ms() == theirs.deadline_ms()
        assert (ours.noise_count, ours.forged_count) == (theirs.noise_count, theirs.forged_count)


@example(address=5, life=[[ConfigGet()], Greeted(is_proven=True)])
@example(address=5, life=[[Ping(), ConfigGet()]])
@given(address=st.sampled_from([0, 5]), life=st.lists(things, max_size=20))
@settings(max_examples=80)
def test_both_controllers_say_and_keep_the_same(address: int, life: list) -> None:
    both = Both(address)
    both.greet(is_proven=True)
    for what in life:
        both.live(what)
    both.live([Ping()])


def test_they_forget_the_same_of_a_long_life() -> None:
    """The log goes round its ring, the answers round theirs, and both survive a boot."""
    both = Both(0)
    both.greet(is_proven=True)
    both.is_checking = False
    for number in range(80):
        both.live([Open(number.to_bytes(16), Direction.ENTRY, 2**63), Cancel(number.to_bytes(16))])
    for _ in range(1_000):
        both.live(PassageCompleted(Direction.EXIT))
    both.is_checking = True
    both.live(Rebooted())
    both.greet(is_proven=True)
    both.live([Open((79).to_bytes(16), Direction.ENTRY, 2**63)])
    both.live([Open((10).to_bytes(16), Direction.ENTRY, 2**63)])
    memory = both.devices[0].controller.memory
    assert memory.lost_count > 0
    assert isinstance(memory.entries[0], LogEntry)


def test_they_say_the_same_after_months_without_a_boot() -> None:
    """Their uptime takes 4, 5 and 6 bytes."""
    both = Both(0)
    for months_ms in (70_000, 2**32, 2**41):
        both.live(months_ms - both.now_ms)
        both.greet(is_proven=True)
        both.live([Open(months_ms.to_bytes(16), Direction.EXIT, 2**63), Ping()])
        both.live(PassageCompleted(Direction.EXIT))


def test_they_log_the_same_of_what_the_sensors_see() -> None:
    both = Both(0)
    both.greet(is_proven=True)
    kinds = (LogKind.REVERSE, LogKind.TAMPER, LogKind.POWER)
    for what in (*map(Noticed, kinds), SecondBody(), TurnedBack(), *map(FaultInput, (True, False))):
        both.live(what)
    both.live(ContactsSeen(0))
    both.live(ContactsSeen(2**32 - 1))
    controller = both.devices[1].controller
    assert (controller.memory.head, controller.contacts) == (2 + len(kinds) + 3, 2**32 - 1)
