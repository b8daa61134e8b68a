"""The golden frames of PROTOCOL.md, made and taken by the C controller byte for byte."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol import bodies
from firmware_protocol.channel import Channel
from firmware_protocol.device import Identity
from firmware_protocol.frames import Deframer, encode
from firmware_protocol.memory import Memory
from firmware_protocol.messages import (
    Auth,
    ConfigGet,
    EventAck,
    Indicate,
    LogRead,
    Malformed,
    Message,
    Open,
    Ping,
)
from firmware_protocol.words import Direction, Signal
from tests.unit import golden_gatelink as life
from tests.unit.c_controller import CDevice, take_bench
from tests.unit.c_host import Host

# The first of them builds the controller, on a machine that may have other work.
pytestmark = [pytest.mark.compiler, pytest.mark.timeout(120)]

GOLDEN = Path(__file__).parents[1] / "golden"
ALONE = json.loads((GOLDEN / "gatelink.json").read_text())
SHARED = json.loads((GOLDEN / "gatelink_shared.json").read_text())
NONCES = life.HOST_NONCE + life.DEVICE_NONCE
HANDSHAKE = 4
"""Frames before the counters of both sides stand at 1."""

FROM_HOST = [0x01, 0x03, 0x10, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x31, 0x32]


@pytest.fixture(scope="module")
def bench():
    found = take_bench()
    yield found
    found.stop()


def wire(name: str, frames: list[dict] = ALONE) -> bytes:
    return bytes.fromhex(next(golden["wire"] for golden in frames if golden["name"] == name))


def turnstile(memory: Memory, address: int = 0) -> CDevice:
    drawn = {16: life.DEVICE_NONCE, 4: life.SESSION.to_bytes(4, "little")}
    identity = Identity(life.OFFER.device, life.OFFER.firmware, life.OFFER.log)
    return CDevice(life.PSK, memory, device=identity, token=drawn.__getitem__, address=address)


BEFORE_THE_BOOT = Memory(boot_count=6, head=40, acknowledged=40)


def type_of(golden: dict) -> int:
    (frame,) = Deframer().feed(bytes.fromhex(golden["wire"]))
    return frame.kind


@pytest.mark.parametrize(("frames", "address"), [(ALONE, 0), (SHARED, life.ADDRESS)])
def test_every_signed_frame_is_made_and_taken(bench, frames: list[dict], address: int) -> None:
    keys = bench.ask(
        f"channel {life.PSK.hex()} {life.HOST_NONCE.hex()} {life.DEVICE_NONCE.hex()} "
        f"{life.SESSION} {address}"
    )
    device = Channel(life.PSK, NONCES, life.SESSION, is_device=True)
    assert keys == f"{device._key_in.hex()} {device._key_out.hex()}"
    for golden in frames[HANDSHAKE:]:
        kind = type_of(golden)
        if golden["sender"] == "host":
            assert bench.ask(f"accept {golden['wire']}") == f"{kind} {golden['body']}"
            assert bench.ask(f"accept {golden['wire']}") == "refused"
        else:
            assert bench.ask(f"seal {kind} {golden['body']}") == golden["wire"]


@pytest.mark.parametrize("at", range(8))
def test_each_byte_of_a_mac_counts(at: int) -> None:
    host = Host()
    frame = host.channel.seal(Ping())
    spoilt = bytes(octet ^ (place == at) for place, octet in enumerate(frame.mac))
    assert host.say(encode(replace(frame, mac=spoilt))) == []
    assert host.device.forged_count == 1


def test_the_golden_hello_is_answered_with_the_golden_frames() -> None:
    device = turnstile(BEFORE_THE_BOOT)
    assert device.start(0).data == wire("NOSESS")
    assert device.feed(wire("HELLO"), life.OFFER.uptime_ms).data == wire("HELLO_ACK")
    assert device.feed(wire("AUTH"), life.OFFER.uptime_ms).data.startswith(wire("AUTH_OK"))


def test_a_turn_on_a_shared_line_is_the_golden_one() -> None:
    device = turnstile(BEFORE_THE_BOOT, life.ADDRESS)
    assert device.start(0).data == b""
    assert device.feed(wire("HELLO", SHARED), 60_000).data == wire("HELLO_ACK", SHARED)
    assert device.feed(wire("AUTH", SHARED), 60_000).data == wire("AUTH_OK", SHARED)
    assert device.feed(wire("OPEN", SHARED), 61_000).data == b""
    told = [bytes.fromhex(it["wire"]) for it in SHARED[5:] if it["sender"] == "device"]
    assert device.feed(wire("PING", SHARED), 61_000).data == b"".join(told)


def test_a_session_is_never_zero_nor_the_one_in_force() -> None:
    host = Host()
    drawn = iter([bytes(4), host.channel.session.to_bytes(4, "little"), b"\5\0\0\0"])
    host.device._token = lambda size: next(drawn) if size == 4 else bytes(size)
    (offer,) = Deframer().feed(host.device.feed(wire("HELLO"), 1).data)
    assert (offer.kind, offer.session) == (0x02, 5)


class Told:
    """A device in a session, and all that it says: type and body."""

    def __init__(self, memory: Memory) -> None:
        self.device = turnstile(memory)
        self.said = [(0x01, "")]
        self._take(self.device.start(0).data)
        (hello,) = Deframer().feed(wire("HELLO"))
        answer = self.device.feed(wire("HELLO"), 60_000).data
        (offer,) = Deframer().feed(answer)
        self._take(answer)
        self.host = Channel(life.PSK, NONCES, life.SESSION, is_device=False)
        assert self.host.accept(offer, hello.content())
        auth = self.host.seal(Auth(), hello.content() + offer.content())
        self._take(self.device.feed(encode(auth), 60_000).data)

    def tell(self, message: Message, at_ms: int) -> None:
        self._take(self.device.feed(encode(self.host.seal(message)), at_ms).data)

    def _take(self, data: bytes) -> None:
        self.said += [(frame.kind, frame.body.hex()) for frame in Deframer().feed(data)]


def test_every_body_of_a_device_is_made_by_a_device() -> None:
    entries = (life.BOOTED, life.PASSED, life.TURNED_BACK, life.FREED, life.FREE_ENTRY)
    log = Told(Memory(boot_count=7, head=45, acknowledged=40, entries=entries))
    gate = Told(Memory(boot_count=6, head=39, acknowledged=39))
    gate.tell(EventAck(40), 60_001)
    gate.tell(Indicate(Signal.READY, Direction.EXIT), 60_010)
    gate.tell(LogRead(), 60_020)
    gate.tell(ConfigGet(), 60_030)
    gate.tell(EventAck(41), 60_040)
    gate.tell(Indicate(Signal.GO, Direction.ENTRY), 60_050)
    order = Open(life.GRANT, Direction.ENTRY, 62_490, 5_000)
    gate.tell(order, 61_000)
    gate.tell(LogRead(), 61_010)
    gate.tell(order, 61_020)
    gate.tell(life.SETTINGS, 61_030)
    live = {(type_of(it), it["body"]) for it in ALONE if it["sender"] == "device"}
    live -= {(0x02, ALONE[2]["body"])}  # The HELLO_ACK is made in a test above.
    assert live - {*log.said, *gate.said} == set()


# --- bodies that nobody should send -------------------------------------------------------------


@given(kind=st.sampled_from(FROM_HOST), body=st.binary(max_size=60))
@settings(max_examples=200)
def test_random_bodies_do_no_harm(bench, kind: int, body: bytes) -> None:
    assert bench.ask(f"is_message {kind} {body.hex() or '-'}") in {"0", "1"}


@given(golden=st.sampled_from([it for it in ALONE if it["sender"] == "host"]), data=st.data())
@settings(max_examples=200)
def test_spoilt_bodies_never_pass_where_python_refuses_a_field(bench, golden: dict, data) -> None:
    body = bytearray.fromhex(golden["body"])
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    answer = bench.ask(f"is_message {type_of(golden)} {body.hex()}")
    assert answer in {"0", "1"}
    if answer == "1":
        assert not isinstance(bodies.decode(type_of(golden), bytes(body)), Malformed)


GRANT = life.GRANT.hex()
OPEN = bodies.LAYOUTS[Open].type


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (f"a30050{GRANT}01000301", "all there, nothing more"),
        (f"a300581000{GRANT[2:]}01000301", "a length in a longer form"),
        (f"a30050{GRANT}0118000319ffff", "integers in any length"),
        (f"a40050{GRANT}010003011863820102", "an unknown key, whatever its value"),
        (f"a40050{GRANT}010003011863a161786179", "an unknown key with a map"),
        (f"a40050{GRANT}010003011863818181818100", "an unknown key with a deep nest"),
        (f"a40050{GRANT}010003011863fb7ff0000000000000", "an unknown key with a float"),
    ],
)
def test_a_body_by_the_rules_is_taken(bench, body: str, why: str) -> None:
    assert bench.ask(f"is_message {OPEN} {body}") == "1"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (f"a20050{GRANT}0100", "a field is missing"),
        (f"a30050{GRANT}0100030100", "a byte after the map"),
        (f"a40050{GRANT}010003010301", "a key twice"),
        (f"a50050{GRANT}01000301186301186301", "an unknown key twice"),
        (f"a30050{GRANT}01020301", "a code that means nothing"),
        (f"a3004f{GRANT[2:]}01000301", "a grant of 15 bytes"),
        (f"a30070{GRANT}01000301", "a text for bytes"),
        (f"a30050{GRANT}01000320", "a negative number"),
        (f"a40050{GRANT}010002f60301", "null for an optional field"),
        (f"a40050{GRANT}0100021b00000001000000000301", "more than 32 bits"),
        (f"bf0050{GRANT}01000301ff", "an indefinite length"),
        (f"c0a30050{GRANT}01000301", "a tag"),
        (f"a40050{GRANT}010003011863c100", "a tag in an unknown key"),
        (f"a40050{GRANT}0100030118639affffffff", "a count that is a lie"),
        (f"a40050{GRANT}0100030118631c", "a reserved head"),
        ("9f", "an array"),
        ("-", "nothing"),
    ],
)
def test_a_body_against_the_rules_is_refused(bench, body: str, why: str) -> None:
    assert bench.ask(f"is_message {OPEN} {body}") == "0"
