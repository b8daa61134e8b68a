"""Sealed payloads, freshness, and every message of the MQTT binding against its document."""

import hashlib
import hmac
import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from firmware_protocol.inputs import PassageCompleted, Result
from firmware_protocol.messages import Cancel, GateState, Indicate, SetMode, State
from firmware_protocol.mqtt_binding import (
    FromDevice,
    FromHost,
    read_device,
    read_host,
    write,
    write_will,
)
from firmware_protocol.mqtt_freshness import FRESH_MS, Freshness, Stamp
from firmware_protocol.mqtt_messages import Ack, Gone, Heartbeat, Open, Publication
from firmware_protocol.mqtt_seal import (
    PAYLOAD_SIZE_MAX,
    Refusal,
    Refused,
    Sender,
    derive_key,
    seal,
    unseal,
)
from firmware_protocol.words import (
    Command,
    Direction,
    EndReason,
    LogEntry,
    LogKind,
    Mode,
    Outcome,
    Signal,
)
from tests.unit.mqtt_world import World, grant_of

PSK = bytes(range(32))
DEVICE = "tripod-2"
HOST_KEY = derive_key(PSK, Sender.HOST)
DEVICE_KEY = derive_key(PSK, Sender.DEVICE)
TOPIC = f"gatelink/v1/{DEVICE}/open"
DOCUMENT = (Path(__file__).parents[2] / "firmware_protocol/PROTOCOL-MQTT.md").read_text()

GRANT = bytes.fromhex("00112233445566778899aabbccddeeff")
LOG = bytes.fromhex("1f2e3d4c5b6a7988")
D1, D2, H1 = "d1d1d1d1d1d1d1d1", "d2d2d2d2d2d2d2d2", "aaaaaaaaaaaaaaaa"
SESSION, HOST_SESSION = "5e5510f05e5510f0", "4057405740574057"


def heartbeat(nonce, state):
    return Heartbeat(
        nonce=nonce,
        firmware="acme-tc 1.4",
        log=LOG,
        boot=7,
        acknowledged=40,
        state=state,
    )


IDLE = State(
    uptime_ms=61_000,
    head=40,
    first=41,
    mode=Mode.NORMAL,
    gate=GateState.IDLE,
    entry_signal=Signal.CLOSED,
    exit_signal=Signal.CLOSED,
)
PASSING = State(
    uptime_ms=63_400,
    head=40,
    first=41,
    mode=Mode.NORMAL,
    gate=GateState.PASSING,
    grant=GRANT,
    entry_signal=Signal.GO,
    exit_signal=Signal.READY,
)
PASSAGE = LogEntry(
    sequence=41,
    kind=LogKind.PASSAGE,
    boot=7,
    at_ms=64_100,
    direction=Direction.ENTRY,
    grant=GRANT,
)
FREE_EXIT = LogEntry(
    sequence=42,
    kind=LogKind.PASSAGE,
    boot=7,
    at_ms=65_000,
    direction=Direction.EXIT,
    is_free=True,
)
NOT_PASSED = LogEntry(
    sequence=43,
    kind=LogKind.NOT_PASSED,
    boot=7,
    at_ms=66_000,
    direction=Direction.ENTRY,
    grant=GRANT,
    reason=EndReason.TURNED_BACK,
)
CHANGED = LogEntry(
    sequence=44, kind=LogKind.MODE_CHANGED, boot=7, at_ms=67_000, mode=Mode.EXIT_ONLY
)

HOST_CASES = {
    "hello": (Ack(H1, LOG, 0, is_hello=True), Stamp(HOST_SESSION, 1, D1)),
    "ack": (Ack(H1, LOG, 40, is_hello=False), Stamp(HOST_SESSION, 2, D2)),
    "open": (Open(Command(GRANT, Direction.ENTRY), 5_000, 1_900), Stamp(HOST_SESSION, 3, D2)),
    "cancel": (Cancel(GRANT), Stamp(HOST_SESSION, 4, D2)),
    "mode": (SetMode(Mode.EXIT_ONLY), Stamp(HOST_SESSION, 5, D2)),
    "indicate": (Indicate(Signal.REFUSED, Direction.ENTRY), Stamp(HOST_SESSION, 6, D2)),
}
DEVICE_CASES = {
    "first heartbeat": (heartbeat(D1, IDLE), Stamp(SESSION, 1, None)),
    "heartbeat": (heartbeat(D2, PASSING), Stamp(SESSION, 2, H1)),
    "result": (Result(GRANT, Outcome.OPENED, is_repeat=False), Stamp(SESSION, 3, H1)),
    "event": (PASSAGE, Stamp(SESSION, 4, H1)),
    "event, free": (FREE_EXIT, Stamp(SESSION, 5, H1)),
    "event, not passed": (NOT_PASSED, Stamp(SESSION, 6, H1)),
    "event, mode": (CHANGED, Stamp(SESSION, 7, H1)),
}


# --- the document ----------------------------------------------------------------------------------


def golden():
    """Return name -> (topic, payload) of the golden messages in the document."""
    found = re.findall(r"^\*(.+)\*\n\n```\n(gatelink/\S+)\n(.+)\n```$", DOCUMENT, re.MULTILINE)
    return {name: (topic, payload.encode()) for name, topic, payload in found}


def schema(kind):
    text = re.search(r"```json\n(\{\n.*?\n\})\n```", DOCUMENT, re.DOTALL).group(1)
    document = json.loads(text)
    return Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": document["$defs"]})


def test_the_document_shows_each_case_and_the_will():
    assert golden().keys() == HOST_CASES.keys() | DEVICE_CASES.keys() | {"will"}


@pytest.mark.parametrize("name", HOST_CASES)
def test_golden_messages_of_the_host_are_written_and_read(name):
    message, stamp = HOST_CASES[name]
    topic, payload = golden()[name]
    assert write(HOST_KEY, DEVICE, message, stamp) == Publication(topic, payload)
    assert read_host(HOST_KEY, DEVICE, topic, payload) == FromHost(stamp, message)


@pytest.mark.parametrize("name", DEVICE_CASES)
def test_golden_messages_of_the_device_are_written_and_read(name):
    message, stamp = DEVICE_CASES[name]
    topic, payload = golden()[name]
    assert write(DEVICE_KEY, DEVICE, message, stamp) == Publication(topic, payload)
    assert read_device(DEVICE_KEY, DEVICE, topic, payload) == FromDevice(stamp, message)


def test_the_golden_will_is_written_and_read():
    topic, payload = golden()["will"]
    assert write_will(DEVICE_KEY, DEVICE, Gone(SESSION)) == Publication(topic, payload)
    assert read_device(DEVICE_KEY, DEVICE, topic, payload) == Gone(SESSION)


def test_the_document_names_the_derived_keys():
    assert HOST_KEY.hex() in DOCUMENT
    assert DEVICE_KEY.hex() in DOCUMENT


def test_the_golden_messages_fit_the_schemas_of_the_document():
    for topic, payload in golden().values():
        schema(topic.rsplit("/", 1)[1]).validate(json.loads(payload))


def test_what_is_really_said_fits_the_schemas_of_the_document():
    world = World()
    world.link()
    world.from_host(world.host.set_mode(Mode.NORMAL))
    world.from_host(world.host.indicate(Signal.GO, Direction.ENTRY))
    world.open(grant_of(1))
    world.run(100)
    world.walk()
    world.sense(PassageCompleted(Direction.EXIT))
    world.from_host(world.host.cancel(grant_of(1)))
    world.run(1_000)
    world.stop_device()
    kinds = set()
    for carried in world.carried:
        kind = carried.publication.topic.rsplit("/", 1)[1]
        schema(kind).validate(json.loads(carried.publication.payload))
        kinds.add(kind)
    assert len(kinds) == 9


# --- the seal --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", Sender)
def test_keys_are_derived_as_rfc_5869_says(sender):
    info = f"gatelink/v1 mqtt {sender}".encode()
    assert derive_key(PSK, sender) == HKDF(SHA256(), 32, salt=None, info=info).derive(PSK)


def test_the_mac_covers_topic_newline_and_everything_before_it():
    payload = seal(HOST_KEY, TOPIC, {"ctr": 1})
    mac = hmac.new(HOST_KEY, TOPIC.encode() + b'\n{"ctr":1', hashlib.sha256).hexdigest()
    assert payload == b'{"ctr":1,"mac":"' + mac.encode() + b'"}'


def sealed(text, topic=TOPIC):
    """Seal any text, as a maker with the right key and strange ideas would."""
    mac = hmac.new(HOST_KEY, topic.encode() + b"\n" + text, hashlib.sha256).hexdigest()
    return text + b',"mac":"' + mac.encode() + b'"}'


def test_a_payload_that_is_cut_anywhere_is_refused():
    payload = seal(HOST_KEY, TOPIC, {"ctr": 1, "grant": "ab"})
    for size in range(len(payload)):
        assert unseal(HOST_KEY, TOPIC, payload[:size]).reason is Refusal.UNSEALED


@pytest.mark.parametrize("make", [lambda p: b" " + p, lambda p: p + b"\n", lambda p: p + p])
def test_a_payload_with_something_before_or_after_it_is_refused(make):
    refused = unseal(HOST_KEY, TOPIC, make(seal(HOST_KEY, TOPIC, {"ctr": 1})))
    assert refused.reason in {Refusal.UNSEALED, Refusal.FORGED}


def test_a_payload_that_is_too_long_is_refused_before_it_is_looked_at():
    refused = unseal(HOST_KEY, TOPIC, sealed(b'{"x":"' + bytes(PAYLOAD_SIZE_MAX) + b'"'))
    assert refused.reason is Refusal.OVERSIZED
    assert str(PAYLOAD_SIZE_MAX) in refused.detail


@pytest.mark.parametrize(
    ("key", "topic"), [(DEVICE_KEY, TOPIC), (HOST_KEY, TOPIC.replace("tripod-2", "tripod-3"))]
)
def test_another_key_or_another_topic_is_forged(key, topic):
    assert unseal(key, topic, seal(HOST_KEY, TOPIC, {"ctr": 1})).reason is Refusal.FORGED


@given(data=st.data())
@settings(max_examples=100)
def test_no_flipped_bit_is_ever_accepted(data):
    payload = bytearray(golden()["open"][1])
    bit = data.draw(st.integers(0, len(payload) * 8 - 1))
    payload[bit // 8] ^= 1 << bit % 8
    assert isinstance(unseal(HOST_KEY, TOPIC, bytes(payload)), Refused)


@pytest.mark.parametrize(
    "member",
    [
        b'"x":1.0',
        b'"x":1e3',
        b'"x":NaN',
        b'"x":-Infinity',
        b'"x":"\xff"',
        b'"x":[',
        b'"x":' + 700 * b"[",
        b'"x"',
        b'"x":1,"x":1',
        b'"ctr":3',
        b'"mac":"0"',
        b"nonsense",
    ],
)
def test_json_with_surprises_is_malformed_although_the_mac_is_right(member):
    text = json.dumps(OPEN).encode()[:-1]
    assert isinstance(read_host(HOST_KEY, DEVICE, TOPIC, sealed(text)), FromHost)
    refused = unseal(HOST_KEY, TOPIC, sealed(text + b"," + member))
    assert refused.reason is Refusal.MALFORMED


@pytest.mark.parametrize("text", [b'["ctr"', b'"', b"7", b'{"ctr":1}{"ctr":1'])
def test_json_that_is_no_object_is_malformed(text):
    assert unseal(HOST_KEY, TOPIC, sealed(text)).reason is Refusal.MALFORMED


# --- members ---------------------------------------------------------------------------------------

OPEN = {
    "session": HOST_SESSION,
    "ctr": 3,
    "echo": D2,
    "grant": GRANT.hex(),
    "direction": "entry",
    "unlock_ms": 5_000,
    "ttl_ms": 1_900,
}


def read_open(**changes):
    members = {name: value for name, value in (OPEN | changes).items() if value != "leave out"}
    return read_host(HOST_KEY, DEVICE, TOPIC, sealed(json.dumps(members).encode()[:-1]))


def test_members_may_come_in_any_order_with_spaces_and_with_unknown_ones():
    text = json.dumps(dict(reversed(OPEN.items())) | {"colour": "blue", "free": None})
    message, stamp = HOST_CASES["open"]
    read = read_host(HOST_KEY, DEVICE, TOPIC, sealed(text.encode()[:-1]))
    assert read == FromHost(stamp, message)


@pytest.mark.parametrize("name", [name for name in OPEN if name != "echo"])
@pytest.mark.parametrize("value", ["leave out", None, True, [], {}, "", -1, 2**53, "ENTRY"])
def test_a_member_that_is_missing_or_wrong_is_named(name, value):
    refused = read_open(**{name: value})
    assert refused.reason is Refusal.MALFORMED
    assert refused.detail.startswith(f"open: {name} must be ")


@pytest.mark.parametrize(
    "changes",
    [
        {"ctr": 0},
        {"unlock_ms": 0},
        {"unlock_ms": 30_001},
        {"ttl_ms": 0},
        {"ttl_ms": 10_001},
        {"grant": GRANT.hex().upper()},
        {"grant": GRANT.hex()[:-2]},
        {"echo": "d2"},
        {"echo": None},
        {"direction": "both"},
    ],
)
def test_limits_are_kept(changes):
    assert read_open(**changes).reason is Refusal.MALFORMED


def test_a_heartbeat_with_flags_or_firmware_of_the_wrong_kind_is_malformed():
    topic = f"gatelink/v1/{DEVICE}/heartbeat"
    good = json.loads(golden()["heartbeat"][1])
    del good["mac"]
    for name, value in [("fire", 0), ("firmware", ""), ("firmware", "é"), ("firmware", "x" * 33)]:
        refused = read_device(
            DEVICE_KEY, DEVICE, topic, seal(DEVICE_KEY, topic, good | {name: value})
        )
        assert refused.detail.startswith(f"heartbeat: {name} must be ")


STAMPED = {"session": SESSION, "ctr": 1}


@pytest.mark.parametrize(
    ("members", "reads"),
    [
        ({"kind": "passage"}, "direction must be"),
        ({"kind": "forced"}, "direction must be"),
        ({"kind": "not_passed", "direction": "entry"}, "grant must be"),
        ({"kind": "sung", "reason": "boredom", "mode": "party"}, LogKind.OTHER),
    ],
)
def test_an_entry_has_what_its_kind_needs_and_a_later_kind_never_blocks_the_log(members, reads):
    topic = f"gatelink/v1/{DEVICE}/event"
    payload = seal(DEVICE_KEY, topic, STAMPED | {"seq": 1, "boot": 1, "at_ms": 0} | members)
    found = read_device(DEVICE_KEY, DEVICE, topic, payload)
    if isinstance(reads, LogKind):
        assert found.message.kind is reads
    else:
        assert reads in found.detail


@pytest.mark.parametrize("kind", ["open", "heartbeat"])
def test_topics_of_another_device_or_side_are_not_read(kind):
    assert read_host(HOST_KEY, "other", TOPIC, b"") is None
    assert read_device(DEVICE_KEY, DEVICE, TOPIC, b"") is None
    assert read_host(HOST_KEY, DEVICE, f"gatelink/v1/{DEVICE}/heartbeat", b"") is None


@settings(max_examples=100)
@given(
    kind=st.sampled_from(["ack", "open", "cancel", "mode", "indicate"]),
    members=st.dictionaries(
        st.sampled_from([*OPEN, "nonce", "log", "upto", "hello", "mode", "signal"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.sampled_from([D1, GRANT.hex(), "entry", "free", "go"])
        | st.text(max_size=20)
        | st.lists(st.integers(), max_size=3),
    ),
)
def test_whatever_an_authentic_host_says_is_read_or_refused(kind, members):
    topic = f"gatelink/v1/{DEVICE}/{kind}"
    found = read_host(HOST_KEY, DEVICE, topic, sealed(json.dumps(members).encode()[:-1], topic))
    assert isinstance(found, FromHost | Refused)


# --- freshness ---------------------------------------------------------------------------------------


@pytest.fixture
def freshness():
    numbers = iter(range(1, 1_000))
    return Freshness(lambda size: next(numbers).to_bytes(size, "big"))


def test_an_echo_of_a_challenge_says_when_it_was_handed_out(freshness):
    nonce = freshness.challenge(100)
    assert freshness.accept(Stamp("a", 1, nonce), 200) == 100


@pytest.mark.parametrize("echo", [None, "0" * 16])
def test_an_echo_of_nothing_is_stale(freshness, echo):
    freshness.challenge(100)
    assert freshness.accept(Stamp("a", 1, echo), 100) is None


def test_a_challenge_is_worth_nothing_after_its_time(freshness):
    nonce = freshness.challenge(0)
    assert freshness.accept(Stamp("a", 1, nonce), FRESH_MS) == 0
    assert freshness.accept(Stamp("a", 2, nonce), FRESH_MS + 1) is None


@pytest.mark.parametrize("counter", [1, 2])
def test_a_counter_that_does_not_rise_is_stale_whatever_it_echoes(freshness, counter):
    freshness.accept(Stamp("a", 2, freshness.challenge(0)), 0)
    assert freshness.accept(Stamp("a", counter, freshness.challenge(0)), 0) is None


def test_within_a_session_an_older_challenge_does_for_a_later_message(freshness):
    older, newer = freshness.challenge(0), freshness.challenge(1)
    freshness.accept(Stamp("a", 1, newer), 1)
    assert freshness.accept(Stamp("a", 2, older), 1) == 0


def test_a_peer_that_started_anew_counts_from_one_with_the_next_challenge(freshness):
    freshness.accept(Stamp("a", 900, freshness.challenge(0)), 0)
    assert freshness.accept(Stamp("b", 1, freshness.challenge(10)), 10) == 10


def test_another_session_needs_a_newer_challenge_than_any_accepted(freshness):
    older, newer = freshness.challenge(0), freshness.challenge(0)
    freshness.accept(Stamp("a", 1, newer), 0)
    freshness.accept(Stamp("a", 2, older), 0)
    for echo in (older, newer):
        assert freshness.accept(Stamp("b", 9, echo), 0) is None


def test_an_earlier_session_does_not_come_back(freshness):
    before = freshness.challenge(0)
    freshness.accept(Stamp("a", 1, before), 0)
    freshness.accept(Stamp("b", 1, freshness.challenge(0)), 0)
    assert freshness.accept(Stamp("a", 2, before), 0) is None


def test_a_flood_of_challenges_forgets_the_oldest(freshness):
    oldest = freshness.challenge(0)
    for _ in range(16):
        freshness.challenge(0)
    assert freshness.accept(Stamp("a", 1, oldest), 0) is None
