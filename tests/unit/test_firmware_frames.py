"""Frames on the line: found whole, in pieces, after noise; never accepted when a bit is wrong."""

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol.frames import (
    BODY_SIZE_MAX,
    MAC_SIZE,
    P_SIZE_MAX,
    Deframer,
    Frame,
    Noise,
    cobs_decode,
    cobs_encode,
    encode,
)

PING = Frame(kind=0x10, is_from_device=False, session=0x01020304, sequence=7, ack=9, body=b"\xa0")
SIGNED = Frame(
    kind=0x30,
    is_from_device=True,
    address=5,
    session=0xFFFFFFFF,
    sequence=0xFFFF,
    ack=0xFFFF,
    is_repeat=True,
    body=b"\xa1\x00\x00",
    mac=b"\x00" * MAC_SIZE,
)
LONGEST = Frame(kind=0xFF, is_from_device=True, body=b"\0" * BODY_SIZE_MAX, mac=b"12345678")
FRAMES = [PING, SIGNED, LONGEST]

frames = st.builds(
    Frame,
    kind=st.integers(0, 255),
    is_from_device=st.booleans(),
    session=st.integers(0, 2**32 - 1),
    sequence=st.integers(0, 2**16 - 1),
    ack=st.integers(0, 2**16 - 1),
    address=st.integers(0, 127),
    is_repeat=st.booleans(),
    body=st.binary(max_size=BODY_SIZE_MAX),
    mac=st.sampled_from([b"", b"87654321"]),
)


def wire(payload: bytes) -> bytes:
    """Put any P with a right CRC on the line."""
    return b"\0" + cobs_encode(payload + zlib.crc32(payload).to_bytes(4, "little")) + b"\0"


# --- COBS -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plain", "stuffed"),
    [
        # Cheshire and Baker, "Consistent Overhead Byte Stuffing", and its usual examples.
        ("", "01"),
        ("00", "0101"),
        ("0000", "010101"),
        ("11220033", "0311220233"),
        ("11223344", "0511223344"),
        ("11000000", "0211010101"),
    ],
)
def test_cobs_examples(plain: str, stuffed: str) -> None:
    assert cobs_encode(bytes.fromhex(plain)).hex() == stuffed
    assert cobs_decode(bytes.fromhex(stuffed)) == bytes.fromhex(plain)


@given(st.binary(max_size=P_SIZE_MAX))
def test_cobs_leaves_no_zero_and_can_be_undone(data: bytes) -> None:
    stuffed = cobs_encode(data)
    assert 0 not in stuffed
    assert len(stuffed) == len(data) + 1
    assert cobs_decode(stuffed) == data


@pytest.mark.parametrize("stuffed", ["05112233", "ff01", "0311220533"])
def test_a_code_that_points_past_the_end_is_refused(stuffed: str) -> None:
    assert cobs_decode(bytes.fromhex(stuffed)) is None


def test_a_zero_inside_is_refused() -> None:
    assert cobs_decode(b"\x00\x01") is None


# --- decoding ---------------------------------------------------------------------------------


def test_golden_bytes() -> None:
    golden = "00 03 10 10 02 07 02 09 0a 04 03 02 01 a0 ab 88 be 03 00"
    assert encode(PING).hex(" ") == golden


@pytest.mark.parametrize("frame", FRAMES)
def test_whole_byte_by_byte_and_with_bytes_after(frame: Frame) -> None:
    data = encode(frame)
    assert Deframer().feed(data) == [frame]
    deframer = Deframer()
    for byte in data[:-1]:
        assert deframer.feed(bytes([byte])) == []
    assert deframer.feed(data[-1:]) == [frame]
    assert deframer.feed(data[:-1]) == []
    assert deframer.feed(data[-1:]) == [frame]


@given(st.lists(frames, max_size=5), st.data())
@settings(max_examples=100)
def test_frames_do_not_depend_on_how_the_bytes_arrive(sent: list[Frame], data) -> None:
    line = b"".join(encode(frame) for frame in sent)
    cuts = data.draw(st.lists(st.integers(0, len(line)), max_size=8).map(sorted))
    deframer, found = Deframer(), []
    for start, end in zip([0, *cuts], [*cuts, len(line)], strict=True):
        found += deframer.feed(line[start:end])
    assert found == sent


@given(st.binary(max_size=1000), frames)
@settings(max_examples=100)
def test_noise_never_raises_and_the_frame_after_it_is_found(noise: bytes, frame: Frame) -> None:
    deframer = Deframer()
    deframer.feed(noise)
    assert deframer.feed(encode(frame))[-1] == frame


@given(frames, st.data())
@settings(max_examples=100)
def test_a_flipped_bit_is_never_accepted(frame: Frame, data) -> None:
    line = bytearray(encode(frame))
    bit = data.draw(st.integers(0, 8 * len(line) - 1))
    line[bit // 8] ^= 1 << bit % 8
    assert all(found in {frame, *Noise} for found in Deframer().feed(bytes(line) + b"\0"))


@given(frames, st.data())
@settings(max_examples=100)
def test_a_flipped_bit_inside_costs_the_frame(frame: Frame, data) -> None:
    line = bytearray(encode(frame))
    bit = data.draw(st.integers(8, 8 * len(line) - 9))
    line[bit // 8] ^= 1 << bit % 8
    assert all(isinstance(found, Noise) for found in Deframer().feed(bytes(line)))


def test_empty_frames_are_no_noise() -> None:
    assert Deframer().feed(b"\0\0\0\0") == []


def test_a_half_frame_is_cut_off_by_the_next_one() -> None:
    half = encode(PING)[:-4]
    assert Deframer().feed(half + encode(SIGNED)) == [Noise.COBS, SIGNED]


def test_an_overlong_frame_is_dropped_and_does_not_fill_the_memory() -> None:
    deframer = Deframer()
    for _ in range(100):
        assert deframer.feed(b"\x01" * 1000) == []
        assert len(deframer._buffer) <= P_SIZE_MAX + 1
    assert deframer.feed(b"\0" + encode(PING)) == [Noise.OVERLONG, PING]


def test_a_frame_of_exactly_the_limit_is_taken_and_one_more_byte_is_not() -> None:
    assert len(encode(LONGEST)) == P_SIZE_MAX + 3
    assert Deframer().feed(encode(LONGEST)) == [LONGEST]
    assert Deframer().feed(b"\0" + b"\x01" * (P_SIZE_MAX + 2) + b"\0") == [Noise.OVERLONG]


@pytest.mark.parametrize(
    ("payload", "noise"),
    [
        (PING.content()[:10], Noise.SHORT),
        (SIGNED.content()[: 11 + MAC_SIZE - 1], Noise.SHORT),
        (b"\x20" + PING.content()[1:], Noise.VERSION),
        (b"\x14" + PING.content()[1:], Noise.VERSION),
        (b"\x18" + PING.content()[1:], Noise.VERSION),
    ],
)
def test_a_frame_that_is_not_ours_is_noise_of_its_kind(payload: bytes, noise: Noise) -> None:
    assert Deframer().feed(wire(payload)) == [noise]


def test_a_wrong_crc_is_noise() -> None:
    data = bytearray(encode(PING))
    data[-2] ^= 0xFF
    assert Deframer().feed(bytes(data)) == [Noise.CRC]


def test_what_the_mac_covers_says_that_there_is_one() -> None:
    assert PING.signed()[0] == 0x11
    assert PING.content()[0] == 0x10
    assert SIGNED.signed() == SIGNED.content()[:-MAC_SIZE]
