"""The rules of the MQTT binding alone, by the sections of PROTOCOL-MQTT.md: M3 payload ... M6."""

import asyncio
import hmac
import json
from typing import Final

from drivers.conform.bench import BOOT_S, UNLOCK_MS
from drivers.conform.mqtt_bench import MqttBench
from drivers.conform.words import Action, Rule, Unmet
from firmware_protocol.inputs import Result
from firmware_protocol.messages import SetMode, State
from firmware_protocol.mqtt_device import HEARTBEAT_MS
from firmware_protocol.mqtt_freshness import CHALLENGE_SIZE, FRESH_MS, Stamp
from firmware_protocol.mqtt_messages import TTL_MS_MAX, Gone, HostKind, Open, Publication, topic_of
from firmware_protocol.mqtt_seal import PAYLOAD_SIZE_MAX
from firmware_protocol.settings import UNLOCK_MS_MAX
from firmware_protocol.words import GRANT_SIZE, Command, Direction, Mode

Members = dict[str, object]

TTL_MS: Final = 5_000
# A change that is shown later than this was shown by the next regular heartbeat.
AT_ONCE_S: Final = 0.5
BEATS: Final = 5
# The broker misses a client after one and a half of its keep-alives, of 15 s at most.
WILL_S: Final = 25.0


# --- M3: payload and MAC ------------------------------------------------------------------------


async def wrong_mac_is_nothing(bench: MqttBench) -> None:
    grant = bench.token(GRANT_SIZE)
    topic = topic_of(bench.device, HostKind.OPEN)
    text = _text(_members(bench, grant))
    right = _mac(bench.host_key, topic, text)
    for mac in (
        "0" * 64,
        right[:-1] + ("1" if right.endswith("0") else "0"),
        right.upper(),
        _mac(bench.device_key, topic, text),
        _mac(bytes(32), topic, text),
    ):
        bench.say(_closed(topic, text, mac))
    bench.say(Publication(topic, text + b"}"))
    await bench.expect_nothing_of(grant)


async def changed_text_is_nothing(bench: MqttBench) -> None:
    grant, other = bench.token(GRANT_SIZE), bench.token(GRANT_SIZE)
    order = _order(bench, grant)
    changed = order.payload.replace(grant.hex().encode(), other.hex().encode())
    bench.say(Publication(order.topic, changed))
    await bench.expect_nothing_of(grant, other)


async def other_topic_is_nothing(bench: MqttBench) -> None:
    grant = bench.token(GRANT_SIZE)
    topic = topic_of(bench.device, HostKind.OPEN)
    for meant in (topic_of(bench.device, HostKind.CANCEL), topic_of("another", HostKind.OPEN)):
        text = _text(_members(bench, grant))
        bench.say(_closed(topic, text, _mac(bench.host_key, meant, text)))
    await bench.expect_nothing_of(grant)


async def overlong_is_nothing(bench: MqttBench) -> None:
    grant = bench.token(GRANT_SIZE)
    longer = _text({**_members(bench, grant), "note": "x" * PAYLOAD_SIZE_MAX})
    bench.say(_signed(bench, longer))
    await bench.expect_nothing_of(grant)


async def malformed_is_nothing(bench: MqttBench) -> None:
    grant = bench.token(GRANT_SIZE)
    for changed in (
        {"direction": "sideways"},
        {"direction": None},
        {"unlock_ms": 0},
        {"unlock_ms": UNLOCK_MS_MAX + 1},
        {"ttl_ms": 0},
        {"ttl_ms": TTL_MS_MAX + 1},
        {"ttl_ms": 1500.5},
        {"ttl_ms": "1500"},
        {"ttl_ms": True},
        {"grant": grant.hex().upper()},
    ):
        bench.say(_signed(bench, _text({**_members(bench, grant), **changed})))
    for name in ("direction", "unlock_ms", "ttl_ms"):
        members = _members(bench, grant)
        del members[name]
        bench.say(_signed(bench, _text(members)))
    twice = _text(_members(bench, grant)) + b',"direction":"entry"'
    bench.say(_signed(bench, twice))
    await bench.expect_nothing_of(grant)


async def later_versions_are_borne(bench: MqttBench) -> None:
    grant = bench.token(GRANT_SIZE)
    members = {"later": "x", **dict(reversed(_members(bench, grant).items())), "more": True}
    bench.forget()
    bench.say(_signed(bench, json.dumps(members, indent=1)[:-2].encode()))
    await bench.result(grant, "RESULT to an open with other members, spaces and order")


# --- M4: fresh or stale -------------------------------------------------------------------------


async def no_echo_is_nothing(bench: MqttBench) -> None:
    grant = bench.token(GRANT_SIZE)
    members = _members(bench, grant)
    del members["echo"]
    bench.say(_signed(bench, _text(members)))
    bench.say(_order(bench, grant, bench.stamp(echo=bench.token(CHALLENGE_SIZE).hex())))
    await bench.expect_nothing_of(grant)


async def repeat_is_nothing(bench: MqttBench) -> None:
    grant, late = bench.token(GRANT_SIZE), bench.token(GRANT_SIZE)
    order, later = _order(bench, grant), _order(bench, late)
    bench.forget()
    bench.say(order)
    await bench.result(grant)
    bench.forget()
    for _ in range(3):
        bench.say(order)
    await bench.expect_none(Result)
    await bench.greet()
    bench.say(later)
    await bench.expect_nothing_of(late)


async def old_challenge_is_nothing(bench: MqttBench) -> None:
    grant = bench.token(GRANT_SIZE)
    old = bench.last_beat.message.nonce
    await asyncio.sleep(FRESH_MS / 1000 + 0.3)
    order = Open(Command(grant, Direction.ENTRY), UNLOCK_MS, TTL_MS_MAX)
    bench.say(bench.sealed(order, bench.stamp(echo=old)))
    await bench.expect_nothing_of(grant)


async def other_session_is_nothing(bench: MqttBench) -> None:
    """Begin another session with a challenge that was echoed before."""
    grant = bench.token(GRANT_SIZE)
    echoed = (await bench.greet()).message.nonce
    bench.say(bench.sealed(bench.ack()))  # Echoes that.
    bench.say(_order(bench, grant, Stamp(bench.token(CHALLENGE_SIZE).hex(), 1, echoed)))
    await bench.expect_nothing_of(grant)


async def challenges_are_new(bench: MqttBench) -> None:
    count = len(bench.beats)
    for _ in range(BEATS):
        await bench.greet()
    beats = bench.beats[count:]
    if len({beat.message.nonce for beat in beats}) < BEATS:
        raise Unmet(f"{BEATS} hello were answered with the same nonce")
    counters = [beat.stamp.counter for beat in beats]
    if counters != sorted(set(counters)):
        raise Unmet(f"ctr {counters} in one session")


async def nothing_old_after_a_power_cut(bench: MqttBench) -> None:
    grant = bench.token(GRANT_SIZE)
    order = Open(Command(grant, Direction.ENTRY), UNLOCK_MS, TTL_MS_MAX)
    before = bench.sealed(order)
    bench.fall_silent()
    await bench.have(Action.REBOOT)
    bench.say(before)
    await bench.meet(BOOT_S)
    bench.say(before)
    await bench.expect_nothing_of(grant)


# --- M5, M6: heartbeats and the log -------------------------------------------------------------


async def beats_each_second(bench: MqttBench) -> None:
    count = len(bench.beats)
    await asyncio.sleep((BEATS + 0.5) * HEARTBEAT_MS / 1000)
    nonces = {beat.message.nonce for beat in bench.beats[count:]}
    if len(nonces) < BEATS - 1:
        raise Unmet(f"{len(nonces)} heartbeats with a new nonce in {BEATS}.5 s")


async def shows_changes_at_once(bench: MqttBench) -> None:
    for mode in (Mode.EXIT_ONLY, Mode.FREE, Mode.NORMAL):
        bench.forget()
        await bench.order(SetMode(mode))
        await asyncio.sleep(AT_ONCE_S)
        if mode not in {state.mode for state in bench.since(State)}:
            raise Unmet(f"no heartbeat with mode {mode} in {AT_ONCE_S} s")


async def will_tells_a_power_cut(bench: MqttBench) -> None:
    session = bench.last_beat.stamp.session
    bench.forget()
    bench.fall_silent()
    await bench.have(Action.REBOOT)
    await bench.expect(
        Gone, "will of the session before", lambda it: it.session == session, within_s=WILL_S
    )
    await bench.meet(BOOT_S)
    if bench.last_beat.stamp.session == session:
        raise Unmet("the session of before the power cut")


async def other_logs_are_left_alone(bench: MqttBench) -> None:
    bench.is_acknowledging = False
    await bench.set_mode(Mode.EXIT_ONLY)
    before = await bench.ask()
    members = _stamped(bench, bench.last_beat.message.nonce)
    nonce = bench.ack().nonce
    other = {"nonce": nonce, "log": "ee" * 8, "upto": before.head, "hello": False}
    bench.say(_signed(bench, _text({**members, **other}), HostKind.ACK))
    after = await bench.ask()
    if after.first != before.first:
        raise Unmet(f"first is {after.first}, was {before.first}")


# --- what they have in common -------------------------------------------------------------------


def _order(bench: MqttBench, grant: bytes, stamp: Stamp | None = None) -> Publication:
    """Make an open that would be taken, were it not for its stamp or for what is done to it."""
    return bench.sealed(Open(Command(grant, Direction.ENTRY), UNLOCK_MS, TTL_MS), stamp)


def _members(bench: MqttBench, grant: bytes) -> Members:
    order = {
        "grant": grant.hex(),
        "direction": "entry",
        "unlock_ms": UNLOCK_MS,
        "ttl_ms": TTL_MS,
    }
    return {**_stamped(bench, bench.last_beat.message.nonce), **order}


def _stamped(bench: MqttBench, echo: str) -> Members:
    stamp = bench.stamp(echo=echo)
    return {"session": stamp.session, "ctr": stamp.counter, "echo": stamp.echo}


def _text(members: Members) -> bytes:
    return json.dumps(members, separators=(",", ":"))[:-1].encode()


def _signed(bench: MqttBench, text: bytes, kind: HostKind = HostKind.OPEN) -> Publication:
    topic = topic_of(bench.device, kind)
    return _closed(topic, text, _mac(bench.host_key, topic, text))


def _mac(key: bytes, topic: str, text: bytes) -> str:
    return hmac.digest(key, topic.encode() + b"\n" + text, "sha256").hex()


def _closed(topic: str, text: bytes, mac: str) -> Publication:
    return Publication(topic, text + b',"mac":"' + mac.encode() + b'"}')


MQTT_RULES: Final[tuple[Rule[MqttBench], ...]] = (
    Rule("M3a", "a message with a wrong MAC, or with none, is dropped", wrong_mac_is_nothing),
    Rule("M3b", "the MAC covers every byte", changed_text_is_nothing),
    Rule("M3c", "the MAC covers the topic", other_topic_is_nothing),
    Rule("M3d", f"more than {PAYLOAD_SIZE_MAX} bytes are dropped", overlong_is_nothing),
    Rule("M3e", "a message with a member beyond its limits is dropped", malformed_is_nothing),
    Rule("M3f", "unknown members, any order and white space are borne", later_versions_are_borne),
    Rule("M4a", "a message that echoes no challenge of the device is dropped", no_echo_is_nothing),
    Rule("M4b", "a message that comes again, or late, is dropped", repeat_is_nothing),
    Rule("M4c", "a challenge is worth nothing after 5 s", old_challenge_is_nothing),
    Rule(
        "M4d",
        "another session needs a newer challenge than any that was echoed",
        other_session_is_nothing,
    ),
    Rule("M4e", "each hello gets a new challenge, and ctr rises", challenges_are_new),
    Rule("M5a", "a heartbeat with a new challenge comes each second", beats_each_second),
    Rule("M5b", "a change is shown by a heartbeat at once", shows_changes_at_once),
    Rule(
        "M5c",
        "the will tells a power cut, by the session of before",
        will_tells_a_power_cut,
        frozenset({Action.REBOOT}),
    ),
    Rule("M6", "an ack for another log frees nothing", other_logs_are_left_alone),
    Rule(
        "M4f",
        "after a power cut nothing counts that was made before",
        nothing_old_after_a_power_cut,
        frozenset({Action.REBOOT}),
    ),
)
