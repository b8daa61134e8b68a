"""The rules of sessions on the serial line (R1 to R5)."""

import asyncio
from dataclasses import replace
from typing import Final

from drivers.conform.bench import QUIET_S
from drivers.conform.serial_bench import SerialBench
from drivers.conform.spoilt import flipped
from drivers.conform.words import Action, Rule, Unmet, Untested
from firmware_protocol import bodies
from firmware_protocol.channel import Channel
from firmware_protocol.frames import VERSION, encode
from firmware_protocol.messages import (
    NONCE_SIZE,
    Auth,
    AuthOk,
    Cancel,
    Hello,
    NoSession,
    Open,
    Ping,
)
from firmware_protocol.words import GRANT_SIZE, Direction, Outcome

GREETINGS: Final = 4
# What ten a second may be in the time that a flood of them takes, with some slack.
FLOOD: Final = 40
NOSESS_S: Final = 0.1
CANCEL: Final = bodies.LAYOUTS[Cancel].type


# --- R1, R2: HELLO and AUTH -----------------------------------------------------------------------


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
    if await _is_accepted(bench, first.channel, first.transcript):
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
    count = len(bench.wire.frames)
    await bench.wire.say(encode(old.seal(Ping())))
    found = await bench.wire.frame(NoSession, count)
    if found.frame.session != old.session:
        raise Unmet(f"NOSESS names {found.frame.session:08x}, expected {old.session:08x}")
    await bench.ask()


# --- R3: NOSESS -----------------------------------------------------------------------------------


async def unknown_session_is_told(bench: SerialBench) -> None:
    await asyncio.sleep(2 * NOSESS_S)  # So that it may say so at all, R3b.
    stranger = _stranger(bench)
    count = len(bench.wire.frames)
    await bench.wire.say(encode(stranger.seal(Ping())))
    found = await bench.wire.frame(NoSession, count)
    if found.frame.session != stranger.session or found.frame.mac:
        raise Unmet(f"NOSESS of {found.frame.session:08x}, expected {stranger.session:08x}")


async def unknown_sessions_are_no_flood(bench: SerialBench) -> None:
    await asyncio.sleep(1)
    stranger = _stranger(bench)
    count = len(bench.wire.frames)
    started_s = asyncio.get_running_loop().time()
    for _ in range(FLOOD):
        await bench.wire.say(encode(stranger.seal(Ping())))
        await asyncio.sleep(0.01)
    took_s = asyncio.get_running_loop().time() - started_s
    told = sum(isinstance(it.message, NoSession) for it in bench.wire.frames[count:])
    if told > 10 * took_s + 2:
        raise Unmet(f"{told} NOSESS in {took_s:.1f} s")


async def boot_is_told(bench: SerialBench) -> None:
    bench.fall_silent()
    count, outage_count = len(bench.wire.frames), bench.wire.outage_count
    await bench.have(Action.REBOOT)
    if bench.wire.outage_count != outage_count:
        raise Untested("the line went away with the power, as USB does: nobody could hear it")
    found = await bench.wire.frame(NoSession, count)
    if found.frame.session != 0:
        raise Unmet(f"NOSESS of {found.frame.session:08x} after a boot, expected 0")


def _stranger(bench: SerialBench) -> Channel:
    session = int.from_bytes(bench.token(4), "little") | 1
    nonces = bench.token(2 * NONCE_SIZE)
    return Channel(bench.psk, nonces, session, is_device=False, address=bench.address)


# --- R4, R5: MAC, key, version --------------------------------------------------------------------


async def unsigned_is_nothing(bench: SerialBench) -> None:
    assert bench.channel is not None
    grant = bench.token(GRANT_SIZE)
    state = await bench.ask()
    order = Open(grant, Direction.ENTRY, state.uptime_ms + 5_000, 1_000)
    for session in (0, bench.channel.session):
        await bench.wire.say(encode(replace(bench.unsigned(order), session=session)))
        await bench.wire.say(encode(replace(bench.unsigned(Ping()), session=session)))
    await bench.expect_nothing_of(grant)


async def wrong_mac_is_nothing(bench: SerialBench) -> None:
    grant = bench.token(GRANT_SIZE)
    order = await bench.order_to_open(grant)
    for bit in (0, 37, 63):
        await bench.wire.say(encode(replace(order, mac=flipped(order.mac, bit))))
    await bench.expect_nothing_of(grant)


async def changed_body_is_nothing(bench: SerialBench) -> None:
    grant, other = bench.token(GRANT_SIZE), bench.token(GRANT_SIZE)
    order = await bench.order_to_open(grant)
    await bench.wire.say(encode(replace(order, body=order.body.replace(grant, other))))
    await bench.wire.say(encode(replace(order, kind=CANCEL)))
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
    if await _is_accepted(bench, thief, offer.transcript):
        raise Unmet("AUTH made with another key was taken")


async def lower_version_is_refused(bench: SerialBench) -> None:
    offer = await bench.greet(replace(bench.hello(), version_max=VERSION + 6))
    if offer.message.version != VERSION:
        raise Unmet(f"version {offer.message.version} to a host that speaks {VERSION} and later")
    offer = await bench.greet(
        replace(bench.hello(), version_min=VERSION + 5, version_max=VERSION + 6)
    )
    if offer.message.version >= VERSION + 5:
        raise Unmet(f"version {offer.message.version}, which is not spoken yet")


async def altered_hello_is_refused(bench: SerialBench) -> None:
    """Somebody on the line offers fewer versions to the device than the host has sent."""
    offer = await bench.greet(replace(bench.hello(), version_max=VERSION + 6))
    sent = bodies.decode(offer.hello.kind, offer.hello.body)
    assert isinstance(sent, Hello)
    meant = bench.unsigned(replace(sent, version_max=VERSION + 9))
    transcript = meant.content() + offer.frame.content()
    if await _is_accepted(bench, offer.channel, transcript):
        raise Unmet("AUTH over a HELLO with other versions than the device got was taken")


async def _is_accepted(bench: SerialBench, channel: Channel, transcript: bytes) -> bool:
    """Try to prove a session that must not be; tell whether the device answers AUTH_OK."""
    count = len(bench.wire.frames)
    await bench.wire.say(encode(channel.seal(Auth(), transcript)))
    await asyncio.sleep(QUIET_S)
    return any(isinstance(it.message, AuthOk) for it in bench.wire.frames[count:])


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
)

OWN_LINE_RULES: Final[tuple[Rule[SerialBench], ...]] = (
    Rule(
        "R3c",
        "after a boot NOSESS comes with session 0",
        boot_is_told,
        frozenset({Action.REBOOT}),
    ),
)
