"""PROTOCOL.md and its golden frames: what is written there is what both sides do."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from drivers import bus
from firmware_protocol import (
    bodies,
    device,
    device_link,
    frames,
    host_commands,
    host_link,
)
from firmware_protocol.bodies import LAYOUTS
from firmware_protocol.channel import Channel
from firmware_protocol.device import Device, Identity
from firmware_protocol.fields import Code, Flag, Form, Octets, Text, Unsigned
from firmware_protocol.frames import Deframer, Frame
from firmware_protocol.host import Host
from firmware_protocol.memory import ANSWERS_KEPT, LOG_ROWS_MAX, Memory
from firmware_protocol.settings import (
    FACTORY,
    HELD_MS_MAX,
    HELD_MS_MIN,
    HOST_LOST_MS_MAX,
    HOST_LOST_MS_MIN,
    UNLOCK_MS_MAX,
)
from tests.unit.golden_gatelink import (
    ADDRESS,
    BOOTED,
    DEVICE_NONCE,
    HOST_NONCE,
    LIFE,
    NAMES,
    OFFER,
    PSK,
    SESSION,
    SHARED_LIFE,
    golden_frames,
    shared_frames,
)

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "firmware_protocol/PROTOCOL.md").read_text()
GOLDEN = json.loads((ROOT / "tests/golden/gatelink.json").read_text())
SHARED = json.loads((ROOT / "tests/golden/gatelink_shared.json").read_text())


def wire(name: str, frames: list[dict] = GOLDEN) -> bytes:
    return bytes.fromhex(next(golden["wire"] for golden in frames if golden["name"] == name))


def test_the_golden_frames_are_what_we_send() -> None:
    assert [asdict(golden) for golden in golden_frames()] == GOLDEN
    assert [asdict(golden) for golden in shared_frames()] == SHARED


def test_there_is_a_golden_frame_for_every_message() -> None:
    assert {golden["name"] for golden in GOLDEN} == set(NAMES.values())
    assert set(NAMES) == set(LAYOUTS)


@pytest.mark.parametrize(
    ("frames", "messages", "address"), [(GOLDEN, LIFE, 0), (SHARED, SHARED_LIFE, ADDRESS)]
)
def test_the_golden_frames_are_what_we_take(frames, messages, address) -> None:
    nonces = HOST_NONCE + DEVICE_NONCE
    host = Channel(PSK, nonces, SESSION, is_device=False, address=address)
    device_side = Channel(PSK, nonces, SESSION, is_device=True, address=address)
    found = [Deframer().feed(bytes.fromhex(golden["wire"])) for golden in frames]
    _, hello, offer, auth, *life = [frame for (frame,) in found]
    assert host.accept(offer, hello.content())
    assert device_side.accept(auth, hello.content() + offer.content())
    for (sender, message), frame in zip(messages, life, strict=True):
        receiver = device_side if sender == "host" else host
        assert frame.address == address
        assert receiver.accept(frame)
        assert bodies.decode(frame.kind, frame.body) == message


def test_the_page_quotes_every_golden_frame_and_the_keys() -> None:
    for life in (GOLDEN, SHARED):
        rows = [
            f"| {golden['name']} | {golden['sequence']} | {golden['ack']} | `{golden['wire']}` |"
            for golden in life
        ]
        assert "\n".join(rows) in PAGE
    channel = Channel(PSK, HOST_NONCE + DEVICE_NONCE, SESSION, is_device=True)
    for secret in (PSK, HOST_NONCE, DEVICE_NONCE, channel._key_in, channel._key_out):
        assert secret.hex() in PAGE


def test_the_page_works_one_frame_out() -> None:
    (ping,) = Deframer().feed(wire("PING"))
    assert ping.signed().hex() == "1110000100030004030201a0"
    assert f"the MAC `{ping.mac.hex()}`" in PAGE


def turnstile(address: int = 0) -> Device:
    memory = Memory(boot_count=7, head=41, acknowledged=40, entries=(BOOTED,))
    drawn = {16: DEVICE_NONCE, 4: SESSION.to_bytes(4, "little")}
    identity = Identity(OFFER.device, OFFER.firmware, OFFER.log)
    return Device(PSK, memory, device=identity, token=drawn.__getitem__, address=address)


def test_a_device_answers_the_golden_hello_with_the_golden_frames() -> None:
    alone = turnstile()
    assert alone.feed(wire("HELLO"), OFFER.uptime_ms).data == wire("HELLO_ACK")
    assert alone.feed(wire("AUTH"), OFFER.uptime_ms).data.startswith(wire("AUTH_OK"))


def test_a_device_on_a_shared_line_answers_with_the_golden_frames_and_nothing_else() -> None:
    one_of_many = turnstile(ADDRESS)
    assert one_of_many.feed(wire("HELLO", SHARED), 60_000).data == wire("HELLO_ACK", SHARED)
    assert one_of_many.feed(wire("AUTH", SHARED), 60_000).data == wire("AUTH_OK", SHARED)
    assert one_of_many.feed(wire("OPEN", SHARED), 61_000).data == b""
    answer = one_of_many.feed(wire("PING", SHARED), 61_000).data
    names = ["RESULT", "EVENT", "EVENT", "STATE"]
    told = [bytes.fromhex(it["wire"]) for it in SHARED[5:] if it["sender"] == "device"]
    assert [it["name"] for it in SHARED[5:] if it["sender"] == "device"] == names
    assert answer == b"".join(told)


def test_a_host_begins_with_the_golden_hello() -> None:
    host = Host(PSK, name="gmsc", token=lambda _: HOST_NONCE)
    assert host.open_line(0).data == wire("HELLO")
    assert host.feed(wire("HELLO_ACK"), 5).data == wire("AUTH")


def test_a_host_begins_its_turn_on_a_shared_line_with_the_golden_hello() -> None:
    host = Host(PSK, name="gmsc", token=lambda _: HOST_NONCE, address=ADDRESS)
    assert host.open_line(0).data == b""
    assert host.turn(0) == wire("HELLO", SHARED)
    assert host.feed(wire("HELLO_ACK", SHARED), 5).data == wire("AUTH", SHARED)
    assert host.feed(wire("AUTH_OK", SHARED), 9).data == b""


# --- tables -----------------------------------------------------------------------------------


def written(form: Form) -> str:
    match form:
        case Unsigned(bits):
            return f"uint {bits} bits"
        case Octets(size):
            return f"{size} bytes"
        case Text(size_max):
            return f"text, 1..{size_max} printable ASCII"
        case Flag():
            return "flag"
        case Code(words):
            return f"code of *{LISTS[tuple(words)[-1], tuple(words.values())[-1]]}*"


CODES = {
    "direction": bodies.DIRECTION,
    "mode": bodies.MODE,
    "gate": bodies.GATE,
    "without_host": bodies.WITHOUT_HOST,
    "signal": bodies.SIGNAL,
    "outcome": bodies.OUTCOME,
    "reason": bodies.END_REASON,
    "kind": bodies.LOG_KIND,
}
LISTS = {(tuple(it.words)[-1], tuple(it.words.values())[-1]): name for name, it in CODES.items()}


@pytest.mark.parametrize("kind", list(LAYOUTS))
def test_the_page_has_every_field_of_every_message(kind) -> None:
    layout = LAYOUTS[kind]
    head = f"**{NAMES[kind]}** `{layout.type:02x}`, "
    assert PAGE.count(head) == 1
    section = PAGE.split(head)[1].split("\n\n**")[0]
    rows = re.findall(r"^\| (\d+)(\??) \| (\w+) \| ([^|]+) \|", section, re.MULTILINE)
    assert rows == [
        (str(field.key), "?" * field.is_optional, field.name, written(field.form))
        for field in layout.fields
    ]


@pytest.mark.parametrize("name", list(CODES))
def test_the_page_has_every_code(name: str) -> None:
    codes = ", ".join(f"{code} {word}" for code, word in CODES[name].words.items())
    assert f"| {name} | {codes} |" in PAGE


def test_the_page_has_the_times_and_limits_that_are_kept() -> None:
    repeats = ", ".join(str(ms) for ms in host_commands.OPEN_REPEATS_MS)
    for row in (
        f"| PING | {host_link.PING_MS} ms |",
        f"| suspect, link lost | {host_link.SUSPECT_MS} ms, {host_link.LOST_MS // 1000} s |",
        f"| PING on a shared line | {host_link.SHARED_PING_MS} ms |",
        f"| link lost on a shared line | {host_link.SHARED_LOST_MS // 1000} s |",
        f"| answer on a shared line | {1000 * bus.REPLY_S:.0f} ms |",
        f"or after {1000 * bus.REPLY_S:.0f} ms without a byte, or {1000 * bus.EXCHANGE_S:.0f} ms in all",
        f"| host lost | {FACTORY.host_lost_ms // 1000} s usual |",
        f"of those above `{FACTORY.checksum:08x}`",
        f"100..unlock_ms_max |\n| 1 | unlock_ms_max | uint 32 bits | what any OPEN may wait: ..{UNLOCK_MS_MAX} |",
        f"logged as held: {HELD_MS_MIN}..{HELD_MS_MAX} |",
        f"the host is lost: {HOST_LOST_MS_MIN}..{HOST_LOST_MS_MAX} |",
        f"| HELLO repeated | {host_link.HELLO_MS} ms, doubling to {host_link.HELLO_MS_MAX / 1000} s |",
        f"| HELLO after NOSESS | at once, at most every {host_link.HELLO_MS_MIN} ms |",
        f"| NOSESS | at most every {device_link.NOSESS_MS} ms |",
        f"| OPEN repeated | after {repeats}, 480 ... ms |",
        f"| entries ahead | {device.EVENTS_AHEAD} |",
        f"| held | {FACTORY.held_ms // 1000} s usual |",
        f"| unlock_ms | {FACTORY.unlock_ms // 1000} s usual, {UNLOCK_MS_MAX // 1000} s at most |",
        f"The log holds {LOG_ROWS_MAX} un-acknowledged entries",
        f"the last {ANSWERS_KEPT} grants with their answers",
        f"P is at most {frames.P_SIZE_MAX} bytes, so a body at most {frames.BODY_SIZE_MAX} with",
    ):
        assert row in PAGE, row


def test_the_sizes_on_the_line_are_the_ones_written() -> None:
    sizes = {golden["name"]: len(golden["wire"]) // 2 for golden in reversed(GOLDEN)}
    for name in ("OPEN", "RESULT", "PING"):
        assert f"{name} {sizes[name]}" in PAGE
    states = [len(it["wire"]) // 2 for it in GOLDEN if it["name"] == "STATE"]
    assert f"STATE {min(states)} to {max(states)}" in PAGE


def test_nothing_but_frames_is_golden() -> None:
    for golden in GOLDEN + SHARED:
        (frame,) = Deframer().feed(bytes.fromhex(golden["wire"]))
        assert isinstance(frame, Frame)
        assert frame.body.hex() == golden["body"]
        assert frame.is_from_device == (golden["sender"] == "device")
