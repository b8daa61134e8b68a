"""The rules of sessions and frames on the serial line (R1 to R5, R27 to R30)."""

import asyncio
import zlib
from dataclasses import replace
from typing import Final

from drivers.conform.bench import QUIET_S
from drivers.conform.serial_bench import HOST, SerialBench
from drivers.conform.words import Action, Rule, Unmet
from firmware_protocol import bodies
from firmware_protocol.channel import Channel
from firmware_protocol.frames import P_SIZE_MAX, VERSION, Frame, encode
from firmware_protocol.inputs import Result
from firmware_protocol.messages import (
    NONCE_SIZE,
    Auth,
    AuthOk,
    Cancel,
    Hello,
    HelloAck,
    NoSession,
    Open,
    Ping,
    State,
)
from firmware_protocol.words import GRANT_SIZE, Direction, Outcome

GREETINGS: Final = 4
# What ten a second may be in the time that a flood of them takes, with some slack.
FLOOD: Final = 40
NOSESS_S: Final = 0.1
PING: Final = bodies.LAYOUTS[Ping].type
OPEN: Final = bodies.LAYOUTS[Open].type
CANCEL: Final = bodies.LAYOUTS[Cancel].type


# --- R1, R2 -------------------------------------------------------------------------------------


async def draws_anew(bench: SerialBench) -> None:
    offers = [await bench.greet() for _ in range(GREETINGS)]
    nonces = {offer.message.nonce for offer in offers}
    sessions = {offer.frame.session for offer in offers}
    if len(nonces) < GREETINGS:
        raise Unmet("the same nonce in two HELLO_ACK")
    assert bench.channel is not None
    if len(sessions) < GREETINGS or sessions & {0, bench.channel.session}:
        raise Unmet(f"sessions {sorted(sessions)}, with {bench.channel.session} in force")


async def last_hello_counts(bench: SerialBench) -> None:
    first, last = await bench.greet(), await bench.greet()
    if await is_accepted(bench, first.channel, first.transcript):
        raise Unmet("AUTH to an offer that a later HELLO has replaced was taken")
    await bench.accept(last)


async def hello_changes_nothing(bench: SerialBench) -> None:
    await bench.greet()
    await bench.ask()
    await bench.open(bench.token(GRANT_SIZE), Outcome.OPENED, unlock_ms=500)


async def old_session_ends(bench: SerialBench) -> None:
    old = bench.channel
    assert old is not None
    await bench.accept(await bench.greet())
    count = len(bench.frames)
    await bench.say(encode(old.seal(Ping())))
    found = await bench.frame(NoSession, count)
    if found.frame.session != old.session:
        raise Unmet(f"NOSESS names {found.frame.session:08x}, expected {old.session:08x}")
    await bench.ask()


# --- R3 -----------------------------------------------------------------------------------------


async def unknown_session_is_told(bench: SerialBench) -> None:
    await asyncio.sleep(2 * NOSESS_S)  # So that it may say so at all, R3b.
    stranger = _stranger(bench)
    count = len(bench.frames)
    await bench.say(encode(stranger.seal(Ping())))
    found = await bench.frame(NoSession, count)
    if found.frame.session != stranger.session or found.frame.mac:
        raise Unmet(f"NOSESS of {found.frame.session:08x}, expected {stranger.session:08x}")


async def unknown_sessions_are_no_flood(bench: SerialBench) -> None:
    await asyncio.sleep(1)
    stranger = _stranger(bench)
    count = len(bench.frames)
    started_s = asyncio.get_running_loop().time()
    for _ in range(FLOOD):
        await bench.say(encode(stranger.seal(Ping())))
        await asyncio.sleep(0.01)
    took_s = asyncio.get_running_loop().time() - started_s
    told = sum(isinstance(it.message, NoSession) for it in bench.frames[count:])
    if told > 10 * took_s + 2:
        raise Unmet(f"{told} NOSESS in {took_s:.1f} s")


async def boot_is_told(bench: SerialBench) -> None:
    bench.fall_silent()
    count = len(bench.frames)
    await bench.have(Action.REBOOT)
    found = await bench.frame(NoSession, count)
    if found.frame.session != 0:
        raise Unmet(f"NOSESS of {found.frame.session:08x} after a boot, expected 0")


def _stranger(bench: SerialBench) -> Channel:
    session = int.from_bytes(bench.token(4), "little") | 1
    nonces = bench.token(2 * NONCE_SIZE)
    return Channel(bench.psk, nonces, session, is_device=False, address=bench.address)


# --- R4, R5 -------------------------------------------------------------------------------------


async def unsigned_is_nothing(bench: SerialBench) -> None:
    assert bench.channel is not None
    grant = bench.token(GRANT_SIZE)
    state = await bench.ask()
    order = Open(grant, Direction.ENTRY, state.uptime_ms + 5_000, 1_000)
    for session in (0, bench.channel.session):
        await bench.say(encode(replace(bench.unsigned(order), session=session)))
        await bench.say(encode(replace(bench.unsigned(Ping()), session=session)))
    await bench.expect_nothing_of(grant)


async def wrong_mac_is_nothing(bench: SerialBench) -> None:
    grant = bench.token(GRANT_SIZE)
    order = await _order(bench, grant)
    for bit in (0, 37, 63):
        await bench.say(encode(replace(order, mac=_flipped(order.mac, bit))))
    await bench.expect_nothing_of(grant)


async def changed_body_is_nothing(bench: SerialBench) -> None:
    grant, other = bench.token(GRANT_SIZE), bench.token(GRANT_SIZE)
    order = await _order(bench, grant)
    await bench.say(encode(replace(order, body=order.body.replace(grant, other))))
    await bench.say(encode(replace(order, kind=CANCEL)))
    await bench.expect_nothing_of(grant, other)


async def wrong_key_is_nothing(bench: SerialBench) -> None:
    offer = await bench.greet()
    key = bytes(byte ^ 0xFF for byte in bench.psk)
    nonces = bodies.decode(offer.hello.kind, offer.hello.body)
    assert isinstance(nonces, Hello)
    thief = Channel(
        key,
        nonces.nonce + offer.message.nonce,
        offer.frame.session,
        is_device=False,
        address=bench.address,
    )
    if await is_accepted(bench, thief, offer.transcript):
        raise Unmet("AUTH made with another key was taken")


async def lower_version_is_refused(bench: SerialBench) -> None:
    offer = await bench.greet(replace(_hello(bench), version_max=VERSION + 6))
    if offer.message.version != VERSION:
        raise Unmet(f"version {offer.message.version} to a host that speaks {VERSION} and later")
    offer = await bench.greet(
        replace(_hello(bench), version_min=VERSION + 5, version_max=VERSION + 6)
    )
    if offer.message.version >= VERSION + 5:
        raise Unmet(f"version {offer.message.version}, which is not spoken yet")


async def altered_hello_is_refused(bench: SerialBench) -> None:
    """Somebody on the line offers fewer versions to the device than the host has sent."""
    offer = await bench.greet(replace(_hello(bench), version_max=VERSION + 6))
    sent = bodies.decode(offer.hello.kind, offer.hello.body)
    assert isinstance(sent, Hello)
    meant = bench.unsigned(replace(sent, version_max=VERSION + 9))
    transcript = meant.content() + offer.frame.content()
    if await is_accepted(bench, offer.channel, transcript):
        raise Unmet("AUTH over a HELLO with other versions than the device got was taken")


# --- R27, R28: frames ---------------------------------------------------------------------------


async def noise_is_dropped(bench: SerialBench) -> None:
    content = bench.unsigned(_hello(bench)).content()
    crc = _crc(content)
    spoilt = [_flipped(content, 8 * at) + crc for at in range(14, 30, 3)]
    await _no_offer(bench, "whose CRC is wrong", *(_wire(it) for it in spoilt))
    whole = _wire(content + crc)
    await _no_offer(bench, "that was cut", whole[:-4] + b"\0", b"\0" + whole[5:])
    await _no_offer(bench, "with a code past its end", whole[:-1] + b"\xfe\x01\0")
    await bench.ask()


async def overlong_is_dropped(bench: SerialBench) -> None:
    hello = bench.unsigned(_hello(bench))
    longer = replace(hello, body=b"\xa5" + hello.body[1:] + b"\x18\x63\x58\xdc" + bytes(220))
    content = longer.content()
    assert len(content) > P_SIZE_MAX
    await _no_offer(bench, "that is too long", _wire(content + _crc(content)))
    await bench.say(b"\0" + bytes([0x55]) * (4 * P_SIZE_MAX))
    await bench.say(b"\0")
    await bench.ask()


async def other_version_of_frames_is_dropped(bench: SerialBench) -> None:
    content = bench.unsigned(_hello(bench)).content()
    for first in ((VERSION + 1) << 4, VERSION << 4 | 0b0100, VERSION << 4 | 0b1000):
        changed = bytes([first]) + content[1:]
        await _no_offer(bench, f"that begins with {first:02x}", _wire(changed + _crc(changed)))


async def other_addresses_are_left_alone(bench: SerialBench) -> None:
    hello = bench.unsigned(_hello(bench))
    for address in (bench.address ^ 1, 0x7F):
        wire = encode(replace(hello, address=address))
        await _no_offer(bench, f"to address {address}", wire)
    await _no_offer(bench, "with bit 7, our own echo", encode(replace(hello, is_from_device=True)))


async def _no_offer(bench: SerialBench, which: str, *wires: bytes) -> None:
    """Say greetings that must not be heard."""
    count = len(bench.frames)
    for wire in wires:
        await bench.say(wire)
    await asyncio.sleep(QUIET_S)
    if any(isinstance(it.message, HelloAck) for it in bench.frames[count:]):
        raise Unmet(f"HELLO_ACK to a HELLO {which}")


async def split_and_merged_are_found(bench: SerialBench) -> None:
    for grant, pause_s, parts in (
        (bench.token(GRANT_SIZE), 0.003, 60),
        (bench.token(GRANT_SIZE), 0.02, 3),
    ):
        bench.forget()
        data = encode(await _order(bench, grant)) + b"".join(bench.word())
        size = len(data) // parts + 1
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        await bench.say(*pieces, pause_s=pause_s)
        await bench.result(grant, "RESULT to an OPEN in pieces")
        await bench.in_force(grant)
        await bench.rest()
    grants = [bench.token(GRANT_SIZE) for _ in range(3)]
    bench.forget()
    at_ms = (await bench.ask()).uptime_ms + 5_000
    orders = [encode(bench.seal(Open(grant, Direction.ENTRY, at_ms, 2_000))) for grant in grants]
    await bench.say(b"\x07half a frame" + b"".join(orders) + b"".join(bench.word()))
    for grant in grants:
        await bench.result(grant, "RESULT to each of three OPEN at once")


# --- R29, R30: messages and counters ------------------------------------------------------------


async def later_versions_are_borne(bench: SerialBench) -> None:
    frame = _raw(bench, PING, b"\xa2\x18\x63\x82\x01\x02\x18\x64\x63abc")
    count = len(bench.frames)
    await bench.say(encode(frame))
    await bench.frame(State, count, lambda it: it.frame.ack == frame.sequence)
    for unknown in (0x26, 0x44, 0xFE):
        await bench.say(encode(_raw(bench, unknown, b"\xa1\x00\x01")), *bench.word())
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
        await bench.say(encode(_raw(bench, OPEN, body)), *bench.word())
    await bench.expect_nothing_of(grant)


async def replay_is_nothing(bench: SerialBench) -> None:
    grant = bench.token(GRANT_SIZE)
    bench.forget()
    order = await _order(bench, grant)
    await bench.say(encode(order), *bench.word())
    await bench.result(grant)
    bench.forget()
    for _ in range(3):
        await bench.say(encode(order))
    await bench.expect_none(Result)
    await bench.ask()


async def lost_frames_do_no_harm(bench: SerialBench) -> None:
    for _ in range(300):
        bench.seal(Ping())
    await bench.ask()
    late = bench.seal(Ping())
    await bench.ask()
    count = len(bench.frames)
    await bench.say(encode(late))
    await asyncio.sleep(QUIET_S)
    if any(it.frame.ack == late.sequence for it in bench.frames[count:]):
        raise Unmet("a frame was taken after one with a higher counter")


# --- what they have in common -------------------------------------------------------------------


async def is_accepted(bench: SerialBench, channel: Channel, transcript: bytes) -> bool:
    """Try to prove a session that must not be; tell whether the device answers AUTH_OK."""
    count = len(bench.frames)
    await bench.say(encode(channel.seal(Auth(), transcript)))
    await asyncio.sleep(QUIET_S)
    return any(isinstance(it.message, AuthOk) for it in bench.frames[count:])


async def _order(bench: SerialBench, grant: bytes) -> Frame:
    """Make an OPEN that would be taken as it is."""
    state = await bench.ask()
    return bench.seal(Open(grant, Direction.ENTRY, state.uptime_ms + 5_000, 2_000))


def _raw(bench: SerialBench, kind: int, body: bytes) -> Frame:
    """Make a frame with any body, signed as it has to be."""
    assert bench.channel is not None
    return bench.channel.seal_body(kind, body)


def _hello(bench: SerialBench) -> Hello:
    return Hello(bench.token(NONCE_SIZE), VERSION, VERSION, HOST)


def _wire(payload: bytes) -> bytes:
    """Return a frame with any payload of which no 254 bytes are without a zero."""
    groups = payload.split(b"\0")
    return b"\0" + b"".join(bytes([len(group) + 1]) + group for group in groups) + b"\0"


def _crc(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(4, "little")


def _flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


SESSION_RULES: Final[tuple[Rule[SerialBench], ...]] = (
    Rule("R1a", "each HELLO gets another nonce and another session", draws_anew),
    Rule("R1b", "of several HELLO the last one counts", last_hello_counts),
    Rule("R2a", "HELLO alone changes nothing in the session in force", hello_changes_nothing),
    Rule("R2b", "an AUTH ends the session before it", old_session_ends),
    Rule("R3a", "a frame of an unknown session is answered NOSESS", unknown_session_is_told),
    Rule("R3b", "NOSESS comes at most ten times a second", unknown_sessions_are_no_flood),
    Rule("R4a", "without a MAC nothing but HELLO is taken", unsigned_is_nothing),
    Rule("R4b", "a frame with a wrong MAC is dropped", wrong_mac_is_nothing),
    Rule("R4c", "the MAC covers type and body", changed_body_is_nothing),
    Rule("R4d", "AUTH made with another key is refused", wrong_key_is_nothing),
    Rule("R5a", "HELLO_ACK names the version that is spoken", lower_version_is_refused),
    Rule("R5b", "a HELLO whose versions were altered gives no session", altered_hello_is_refused),
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

OWN_LINE_RULES: Final[tuple[Rule[SerialBench], ...]] = (
    Rule(
        "R3c",
        "after a boot NOSESS comes with session 0",
        boot_is_told,
        frozenset({Action.REBOOT}),
    ),
)
