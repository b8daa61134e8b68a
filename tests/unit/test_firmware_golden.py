"""PROTOCOL.md and its golden frames: what is written there is what both sides do."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from firmware_protocol import (
    bodies,
    controller,
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
from tests.unit.golden_gatelink import (
    BOOTED,
    DEVICE_NONCE,
    HOST_NONCE,
    LIFE,
    NAMES,
    OFFER,
    PSK,
    SESSION,
    golden_frames,
)

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "firmware_protocol/PROTOCOL.md").read_text()
GOLDEN = json.loads((ROOT / "tests/golden/gatelink.json").read_text())


def wire(name: str) -> bytes:
    return bytes.fromhex(next(golden["wire"] for golden in GOLDEN if golden["name"] == name))


def test_the_golden_frames_are_what_we_send() -> None:
    assert [asdict(golden) for golden in golden_frames()] == GOLDEN


def test_there_is_a_golden_frame_for_every_message() -> None:
    assert {golden["name"] for golden in GOLDEN} == set(NAMES.values())
    assert set(NAMES) == set(LAYOUTS)


def test_the_golden_frames_are_what_we_take() -> None:
    host = Channel(PSK, HOST_NONCE + DEVICE_NONCE, SESSION, is_device=False)
    device_side = Channel(PSK, HOST_NONCE + DEVICE_NONCE, SESSION, is_device=True)
    found = [Deframer().feed(bytes.fromhex(golden["wire"])) for golden in GOLDEN]
    _, hello, offer, auth, *life = [frame for (frame,) in found]
    assert host.accept(offer, hello.content())
    assert device_side.accept(auth, hello.content() + offer.content())
    for (sender, message), frame in zip(LIFE, life, strict=True):
        receiver = device_side if sender == "host" else host
        assert receiver.accept(frame)
        assert bodies.decode(frame.kind, frame.body) == message


def test_the_page_quotes_every_golden_frame_and_the_keys() -> None:
    rows = [
        f"| {golden['name']} | {golden['sequence']} | {golden['ack']} | `{golden['wire']}` |"
        for golden in GOLDEN
    ]
    assert "\n".join(rows) in PAGE
    channel = Channel(PSK, HOST_NONCE + DEVICE_NONCE, SESSION, is_device=True)
    for secret in (PSK, HOST_NONCE, DEVICE_NONCE, channel._key_in, channel._key_out):
        assert secret.hex() in PAGE


def test_the_page_works_one_frame_out() -> None:
    (ping,) = Deframer().feed(wire("PING"))
    assert ping.signed().hex() == "1110000100030004030201a0"
    assert f"the MAC `{ping.mac.hex()}`" in PAGE


def test_a_device_answers_the_golden_hello_with_the_golden_frames() -> None:
    memory = Memory(boot_count=7, head=41, acknowledged=40, entries=(BOOTED,))
    drawn = {16: DEVICE_NONCE, 4: SESSION.to_bytes(4, "little")}
    identity = Identity(OFFER.device, OFFER.firmware, OFFER.log)
    turnstile = Device(PSK, memory, device=identity, token=drawn.__getitem__)
    assert turnstile.feed(wire("HELLO"), OFFER.uptime_ms).data == wire("HELLO_ACK")
    assert turnstile.feed(wire("AUTH"), OFFER.uptime_ms).data.startswith(wire("AUTH_OK"))


def test_a_host_begins_with_the_golden_hello() -> None:
    host = Host(PSK, name="gmsc", token=lambda _: HOST_NONCE)
    assert host.open_line(0).data == wire("HELLO")
    assert host.feed(wire("HELLO_ACK"), 5).data == wire("AUTH")


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
        f"| host lost | {device.HOST_LOST_MS // 1000} s |",
        f"| HELLO repeated | {host_link.HELLO_MS} ms, doubling to {host_link.HELLO_MS_MAX / 1000} s |",
        f"| HELLO after NOSESS | at once, at most every {host_link.HELLO_MS_MIN} ms |",
        f"| NOSESS | at most every {device_link.NOSESS_MS} ms |",
        f"| OPEN repeated | after {repeats}, 480 ... ms |",
        f"| entries ahead | {device.EVENTS_AHEAD} |",
        f"| held | {controller.HELD_MS // 1000} s |",
        f"{controller.UNLOCK_MS_MAX // 1000} s at most",
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
    for golden in GOLDEN:
        (frame,) = Deframer().feed(bytes.fromhex(golden["wire"]))
        assert isinstance(frame, Frame)
        assert frame.body.hex() == golden["body"]
        assert frame.is_from_device == (golden["sender"] == "device")
