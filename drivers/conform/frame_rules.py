"""The rules of what is a frame, what a message, and which are dropped (R27 to R30)."""

import asyncio
from dataclasses import replace
from typing import Final

from drivers.conform.bench import QUIET_S
from drivers.conform.serial_bench import SerialBench
from drivers.conform.spoilt import crc_of, flipped, on_wire
from drivers.conform.words import Rule, Unmet
from firmware_protocol import bodies
from firmware_protocol.frames import P_SIZE_MAX, VERSION, Frame, encode
from firmware_protocol.inputs import Result
from firmware_protocol.messages import (
    HelloAck,
    Open,
    Ping,
    State,
)
from firmware_protocol.words import GRANT_SIZE, Direction

PING: Final = bodies.LAYOUTS[Ping].type
OPEN: Final = bodies.LAYOUTS[Open].type


# --- R27, R28: frames -----------------------------------------------------------------------------


async def noise_is_dropped(bench: SerialBench) -> None:
    content = bench.unsigned(bench.hello()).content()
    crc = crc_of(content)
    spoilt = [flipped(content, 8 * at) + crc for at in range(14, 30, 3)]
    await _no_offer(bench, "whose CRC is wrong", *(on_wire(it) for it in spoilt))
    whole = on_wire(content + crc)
    await _no_offer(bench, "that was cut", whole[:-4] + b"\0", b"\0" + whole[5:])
    await _no_offer(bench, "with a code past its end", whole[:-1] + b"\xfe\x01\0")
    await bench.ask()


async def overlong_is_dropped(bench: SerialBench) -> None:
    hello = bench.unsigned(bench.hello())
    longer = replace(hello, body=b"\xa5" + hello.body[1:] + b"\x18\x63\x58\xdc" + bytes(220))
    content = longer.content()
    assert len(content) > P_SIZE_MAX
    await _no_offer(bench, "that is too long", on_wire(content + crc_of(content)))
    await bench.wire.say(b"\0" + bytes([0x55]) * (4 * P_SIZE_MAX))
    await bench.wire.say(b"\0")
    await bench.ask()


async def other_version_of_frames_is_dropped(bench: SerialBench) -> None:
    content = bench.unsigned(bench.hello()).content()
    for first in ((VERSION + 1) << 4, VERSION << 4 | 0b0100, VERSION << 4 | 0b1000):
        changed = bytes([first]) + content[1:]
        await _no_offer(bench, f"that begins with {first:02x}", on_wire(changed + crc_of(changed)))


async def other_addresses_are_left_alone(bench: SerialBench) -> None:
    hello = bench.unsigned(bench.hello())
    for address in (bench.address ^ 1, 0x7F):
        wire = encode(replace(hello, address=address))
        await _no_offer(bench, f"to address {address}", wire)
    await _no_offer(bench, "with bit 7, our own echo", encode(replace(hello, is_from_device=True)))


async def _no_offer(bench: SerialBench, which: str, *wires: bytes) -> None:
    """Say greetings that must not be heard."""
    count = len(bench.wire.frames)
    for wire in wires:
        await bench.wire.say(wire)
    await asyncio.sleep(QUIET_S)
    if any(isinstance(it.message, HelloAck) for it in bench.wire.frames[count:]):
        raise Unmet(f"HELLO_ACK to a HELLO {which}")


async def split_and_merged_are_found(bench: SerialBench) -> None:
    for grant, pause_s, parts in (
        (bench.token(GRANT_SIZE), 0.003, 60),
        (bench.token(GRANT_SIZE), 0.02, 3),
    ):
        bench.forget()
        data = encode(await bench.order_to_open(grant)) + b"".join(bench.word())
        size = len(data) // parts + 1
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        await bench.wire.say(*pieces, pause_s=pause_s)
        await bench.result(grant, "RESULT to an OPEN in pieces")
        await bench.in_force(grant)
        await bench.rest()
    grants = [bench.token(GRANT_SIZE) for _ in range(3)]
    bench.forget()
    at_ms = (await bench.ask()).uptime_ms + 5_000
    orders = [encode(bench.seal(Open(grant, Direction.ENTRY, at_ms, 2_000))) for grant in grants]
    await bench.wire.say(b"\x07half a frame" + b"".join(orders) + b"".join(bench.word()))
    for grant in grants:
        await bench.result(grant, "RESULT to each of three OPEN at once")


# --- R29, R30: messages and counters --------------------------------------------------------------


async def later_versions_are_borne(bench: SerialBench) -> None:
    frame = _raw(bench, PING, b"\xa2\x18\x63\x82\x01\x02\x18\x64\x63abc")
    count = len(bench.wire.frames)
    await bench.wire.say(encode(frame))
    await bench.wire.frame(State, count, lambda it: it.frame.ack == frame.sequence)
    for unknown in (0x26, 0x44, 0xFE):
        await bench.wire.say(encode(_raw(bench, unknown, b"\xa1\x00\x01")), *bench.word())
    await bench.ask()


async def malformed_is_nothing(bench: SerialBench) -> None:
    grant = bench.token(GRANT_SIZE)
    state = await bench.ask()
    _, good = bodies.encode(Open(grant, Direction.ENTRY, state.uptime_ms + 5_000, 1_000))
    for body in (
        b"",
        good[:-1],
        good + b"\x00",
        b"\xa1\x00\x50" + grant,
        good.replace(b"\x01\x00", b"\x01\x05", 1),
        b"\x80",
    ):
        await bench.wire.say(encode(_raw(bench, OPEN, body)), *bench.word())
    await bench.expect_nothing_of(grant)


async def replay_is_nothing(bench: SerialBench) -> None:
    grant = bench.token(GRANT_SIZE)
    bench.forget()
    order = await bench.order_to_open(grant)
    await bench.wire.say(encode(order), *bench.word())
    await bench.result(grant)
    bench.forget()
    for _ in range(3):
        await bench.wire.say(encode(order))
    await bench.expect_none(Result)
    await bench.ask()


async def lost_frames_do_no_harm(bench: SerialBench) -> None:
    for _ in range(300):
        bench.seal(Ping())
    await bench.ask()
    late = bench.seal(Ping())
    await bench.ask()
    count = len(bench.wire.frames)
    await bench.wire.say(encode(late))
    await asyncio.sleep(QUIET_S)
    if any(it.frame.ack == late.sequence for it in bench.wire.frames[count:]):
        raise Unmet("a frame was taken after one with a higher counter")


# --- what no host sends ---------------------------------------------------------------------------


def _raw(bench: SerialBench, kind: int, body: bytes) -> Frame:
    """Make a frame with any body, signed as it has to be."""
    assert bench.channel is not None
    return bench.channel.seal_body(kind, body)


FRAME_RULES: Final[tuple[Rule[SerialBench], ...]] = (
    Rule("R27a", "a frame with a wrong CRC or COBS, or half of one, is dropped", noise_is_dropped),
    Rule("R27b", "a frame that is too long is dropped, and the next found", overlong_is_dropped),
    Rule(
        "R27c",
        "a frame of another version, or with reserved flags, is dropped",
        other_version_of_frames_is_dropped,
    ),
    Rule(
        "R27d", "frames of other addresses and echoes are ignored", other_addresses_are_left_alone
    ),
    Rule("R28", "frames are found in pieces, and several at once", split_and_merged_are_found),
    Rule("R29a", "unknown keys and types are ignored", later_versions_are_borne),
    Rule("R29b", "a body that is no message of its type is ignored", malformed_is_nothing),
    Rule("R30a", "a frame that comes again is dropped", replay_is_nothing),
    Rule("R30b", "lost frames do no harm, and late ones are dropped", lost_frames_do_no_harm),
)
