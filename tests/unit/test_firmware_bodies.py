"""CBOR bodies: every message there and back; what is no message of ours is refused by name."""

from dataclasses import replace

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol import bodies
from firmware_protocol.bodies import LAYOUTS, decode, encode
from firmware_protocol.fields import Code, Flag, Form, Octets, Text, Unsigned
from firmware_protocol.frames import BODY_SIZE_MAX
from firmware_protocol.messages import (
    EventAck,
    GateState,
    Hello,
    Malformed,
    Message,
    Open,
    Ping,
    State,
)
from firmware_protocol.words import Direction, EndReason, LogEntry, LogKind, Mode, Signal


def values(form: Form) -> st.SearchStrategy:
    match form:
        case Unsigned(bits):
            return st.integers(0, 2**bits - 1)
        case Octets(size):
            return st.binary(min_size=size, max_size=size)
        case Text(size_max):
            return st.text(
                st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=size_max
            )
        case Flag():
            return st.booleans()
        case Code(words):
            return st.sampled_from(list(words.values()))


def messages_of(kind: type[Message]) -> st.SearchStrategy[Message]:
    return st.builds(
        kind,
        **{
            field.name: st.none() | values(field.form)
            if field.is_optional and not isinstance(field.form, Flag)
            else values(field.form)
            for field in LAYOUTS[kind].fields
        },
    )


ANY_MESSAGE = st.one_of(messages_of(kind) for kind in LAYOUTS)


@given(ANY_MESSAGE)
@settings(max_examples=100)
def test_every_message_is_read_as_it_was_written(message: Message) -> None:
    assert decode(*encode(message)) == message


@given(ANY_MESSAGE)
@settings(max_examples=100)
def test_every_message_fits_a_frame(message: Message) -> None:
    assert len(encode(message)[1]) <= BODY_SIZE_MAX


@given(st.sampled_from([layout.type for layout in LAYOUTS.values()]), st.binary(max_size=235))
@settings(max_examples=100)
def test_random_bytes_never_raise(type_byte: int, body: bytes) -> None:
    decode(type_byte, body)


@given(ANY_MESSAGE, st.data())
@settings(max_examples=100)
def test_a_spoilt_body_never_raises_and_is_never_longer_than_its_limits(message, data) -> None:
    type_byte, body = encode(message)
    spoilt = bytearray(body)
    spoilt[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    decode(type_byte, bytes(spoilt))


def test_types_and_keys_are_used_once() -> None:
    types = [layout.type for layout in LAYOUTS.values()]
    assert len(set(types)) == len(types)
    for layout in LAYOUTS.values():
        assert [field.key for field in layout.fields] == list(range(len(layout.fields)))


def test_golden_bodies() -> None:
    assert encode(Ping()) == (0x10, bytes.fromhex("a0"))
    assert encode(EventAck(300)) == (0x31, bytes.fromhex("a100 19012c"))
    grant = bytes(range(16))
    opening = Open(grant, Direction.EXIT, 61_500, 5000)
    assert encode(opening) == (
        0x20,
        bytes.fromhex("a4 00 50 000102030405060708090a0b0c0d0e0f 01 01 02 191388 03 19f03c"),
    )


def test_what_is_absent_or_false_is_left_out() -> None:
    entry = LogEntry(sequence=1, kind=LogKind.BOOT, boot=1, at_ms=0)
    assert cbor2.loads(encode(entry)[1]) == {0: 1, 1: 13, 2: 1, 3: 0}
    assert decode(0x30, cbor2.dumps({0: 1, 1: 13, 2: 1, 3: 0, 8: False})) == entry


def test_keys_and_kinds_of_a_later_version_do_no_harm() -> None:
    later = cbor2.dumps(
        {0: 7, 1: 99, 2: 1, 3: 5, 4: 9, 6: 77, 7: 8, 40: {1: [2, b"x", None, 1.5]}, -1: "x"}
    )
    assert decode(0x30, later) == LogEntry(sequence=7, kind=LogKind.OTHER, boot=1, at_ms=5)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "end of stream"),
        (b"\x00", "expected one CBOR map"),
        (b"\x80", "expected one CBOR map"),
        (b"\xa1\x00\x01\x00", "nothing after it"),
        (b"\xa0", "key 0 is missing"),
        (b"\xa1\x00\x20", "unsigned number"),
        (b"\xa1\x00\xf4", "unsigned number"),
        (b"\xa1\x00\xf9\x3c\x00", "unsigned number"),
        (b"\xa1\x00\xf6", "unsigned number"),
        (b"\xa2\x00\x01\x00\x02", "Duplicate"),
        (b"\xbf\x00\x01\xff", "indefinite"),
        (b"\xa1\x00\xc2\x41\x05", "tag"),
        (b"\xd9\xd9\xf7\xa1\x00\x05", "tag"),
        (b"\xa1\x00\xda\x00\x01\x11\x70\x05", "tag"),
        (b"\xa1\x00" + b"\x81" * 9 + b"\x00", "depth"),
        (b"\xa1\x00\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", ""),
    ],
)
def test_a_body_that_is_not_what_it_should_be_is_refused_by_name(body: bytes, why: str) -> None:
    refused = decode(0x31, body)
    assert isinstance(refused, Malformed)
    assert why in refused.detail
    assert "EventAck" in refused.detail


def test_an_unknown_type_is_refused_by_name() -> None:
    assert decode(0x40, b"\xa0") == Malformed("no message has the type 40")


@pytest.mark.parametrize(
    "spoilt",
    [
        {0: b"15 bytes, no more"[:15]},
        {0: "0123456789abcdef"},
        {1: 7},
        {1: -1},
        {1: True},
        {2: 2**32},
        {3: 2**64},
    ],
)
def test_an_open_command_with_a_wrong_field_is_refused(spoilt: dict) -> None:
    good = {0: b"g" * 16, 1: 0, 2: 5000, 3: 99}
    assert isinstance(decode(0x20, cbor2.dumps(good)), Open)
    assert isinstance(decode(0x20, cbor2.dumps(good | spoilt)), Malformed)


@pytest.mark.parametrize("name", ["", "x" * 33, "line\nbreak", "café", b"bytes", 5])
def test_a_name_that_could_spoil_a_log_is_refused(name: object) -> None:
    assert isinstance(decode(0x01, cbor2.dumps({0: b"n" * 16, 1: 1, 2: 1, 3: name})), Malformed)


def test_our_own_mistakes_raise() -> None:
    with pytest.raises(AssertionError):
        encode(EventAck(-1))
    with pytest.raises(AssertionError):
        encode(EventAck(2**64))
    with pytest.raises(AssertionError):
        encode(Hello(b"short", 1, 1, "gw"))
    with pytest.raises(AssertionError):
        encode(Hello(b"n" * 16, 1, 1, "x" * 33))
    with pytest.raises(AssertionError):
        bodies.DIRECTION.write("sideways")


def test_a_flag_is_true_or_false_and_nothing_else() -> None:
    state = State(
        uptime_ms=1,
        head=0,
        first=1,
        mode=Mode.NORMAL,
        gate=GateState.IDLE,
        is_fire=True,
        entry_signal=Signal.READY,
        exit_signal=Signal.READY,
    )
    plain = cbor2.loads(encode(state)[1])
    assert plain[6] is True
    assert isinstance(decode(0x11, cbor2.dumps(plain | {6: 1})), Malformed)
    assert state.without_counters() == replace(state, uptime_ms=5).without_counters()


def test_every_reason_has_a_code() -> None:
    assert set(bodies.END_REASON.words.values()) == set(EndReason)
    assert set(bodies.LOG_KIND.words.values()) == set(LogKind)
    assert set(bodies.SIGNAL.words.values()) == set(Signal)
    assert set(bodies.MODE.words.values()) == set(Mode)
