"""The golden bytes are those that the manual of the GM65 prints and Tasmota's driver logs."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.framers import Empty, Fragment, Frame, Overlong
from drivers.gm65_codec import (
    Answer,
    CodeOutput,
    Gm65Decoder,
    Gm65Event,
    HeartbeatAnswered,
    crc,
    heartbeat,
    read_zone,
    save_zones,
    write_zone,
)

DONE = bytes.fromhex("02 00 00 01 00 33 31")
SPEED = bytes.fromhex("02 00 00 02 39 01 C1 4C")
ONE = bytes.fromhex("02 00 00 01 01 23 10")
BEAT = bytes.fromhex("03 00 00 01 00 33 31")
CODE = bytes.fromhex("03 00 0A 30 33 32 31 35 36 33 38 34 30")
FRAMES = {
    DONE: Answer(is_done=True, data=b"\0"),
    SPEED: Answer(is_done=True, data=b"\x39\x01"),
    ONE: Answer(is_done=True, data=b"\x01"),
    BEAT: HeartbeatAnswered(),
    CODE: Frame(b"0321563840", 1.0),
}
EACH = pytest.mark.parametrize(("wire", "event"), FRAMES.items())
BOTH = pytest.mark.parametrize("output", CodeOutput)
# What bytes can be about: the begins of frames are met often.
NOISY = st.lists(
    st.sampled_from(
        [
            *FRAMES,
            b"\x02",
            b"\x03",
            b"\0",
            b"\x02\0",
            b"\x03\0\0",
            b"\x03\0\x05",
            b"AB",
            b"\r\n",
            b"\xff",
        ]
    ),
    max_size=25,
).map(b"".join)


def decoder(output: CodeOutput = CodeOutput.ENCLOSED) -> Gm65Decoder:
    return Gm65Decoder(output, 9600)


def enclosed(code: bytes) -> bytes:
    return b"\x03" + len(code).to_bytes(2, "big") + code


def fed(data: bytes, output: CodeOutput, *cuts: int) -> list[Gm65Event]:
    """Feed at one moment, in chunks, and then be silent."""
    reader = decoder(output)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    events = [
        event for start, end in pairwise(edges) for event in reader.feed(data[start:end], 1.0)
    ]
    return [*events, *reader.expire(2.0)]


# --- commands ---


@pytest.mark.parametrize(
    ("command", "wire"),
    [
        (write_zone(0x0002, b"\x01"), "7E 00 08 01 00 02 01 02 DA"),
        (read_zone(0x002A, 2), "7E 00 07 01 00 2A 02 D8 0F"),
        (write_zone(0x002A, b"\x39\x01"), "7E 00 08 02 00 2A 39 01 A7 EA"),
        (write_zone(0x00D9, b"\x50"), "7E 00 08 01 00 D9 50 81 D3"),
        (write_zone(0x00D9, b"\xa5"), "7E 00 08 01 00 D9 A5 3E 69"),
        (write_zone(0x00D9, b"\x00"), "7E 00 08 01 00 D9 00 DB 26"),
        (save_zones(), "7E 00 09 01 00 00 00 DE C8"),
        (heartbeat(), "7E 00 0A 01 00 00 00 30 1A"),
    ],
)
def test_commands_are_those_of_the_manual(command, wire):
    assert command == bytes.fromhex(wire)


# --- frames ---


@EACH
def test_a_frame_is_read_whole(wire, event):
    reader = decoder()
    assert reader.feed(wire, 1.0) == [event]
    assert reader.deadline_s is None


@EACH
def test_a_frame_is_read_byte_by_byte_and_not_before_its_end(wire, event):
    reader = decoder()
    out = [reader.feed(wire[i : i + 1], 1.0) for i in range(len(wire))]
    assert out == [[]] * (len(wire) - 1) + [[event]]


@EACH
def test_bytes_after_a_frame_are_the_next_one(wire, event):
    reader = decoder()
    assert reader.feed(wire + wire + DONE[:3], 1.0) == [event, event]
    assert reader.feed(DONE[3:], 1.0) == [FRAMES[DONE]]


@EACH
@pytest.mark.parametrize("noise", [b"\xff\xfe", b"\0\0\0", b"]Q1", b"\x02\x02\x01"])
def test_noise_before_a_frame_is_told_and_the_frame_is_read(wire, event, noise):
    assert decoder().feed(noise + wire, 1.0) == [Fragment(len(noise)), event]


@EACH
@pytest.mark.parametrize("noise", [b"\x03", b"\x03\x01", b"\x02\0\0\xf0", b"\x03\0\0\x40"])
def test_noise_that_looks_like_a_frame_hides_one_only_until_the_line_is_silent(wire, event, noise):
    reader = decoder()
    assert reader.feed(noise + wire, 1.0) == []
    assert reader.deadline_s == 1.0 + 0.03
    assert reader.expire(1.02) == []
    assert reader.expire(1.03) == [Fragment(len(noise)), event]
    assert reader.deadline_s is None


@EACH
def test_a_truncated_frame_is_dropped_and_does_not_spoil_the_next(wire, event):
    for size in range(1, len(wire)):
        reader = decoder()
        assert reader.feed(wire[:size], 1.0) == []
        assert reader.expire(2.0) == [Fragment(size)]
        assert reader.feed(wire, 3.0)[-1] == (
            Frame(b"0321563840", 3.0) if isinstance(event, Frame) else event
        )


@BOTH
@pytest.mark.parametrize("wire", [DONE, SPEED, ONE, BEAT])
def test_an_answer_with_a_flipped_bit_is_none(wire, output):
    for bit in range(8, 8 * len(wire)):  # The first byte is not covered by the checksum.
        flipped = bytearray(wire)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not any(
            isinstance(event, Answer | HeartbeatAnswered) for event in fed(bytes(flipped), output)
        )


def test_an_answer_with_a_wrong_checksum_is_noise():
    assert fed(DONE[:-1] + b"\0", CodeOutput.ENCLOSED) == [Fragment(len(DONE))]


def test_a_refusal_is_an_answer_too():
    body = b"\x01\x01\x00"
    wire = b"\x02\0" + body + crc(body)
    assert decoder().feed(wire, 1.0) == [Answer(is_done=False, data=b"\0")]


# --- enclosed codes ---


def test_an_answer_and_a_code_in_one_read_are_told_apart():
    assert decoder().feed(DONE + CODE + BEAT, 1.0) == [FRAMES[DONE], FRAMES[CODE], FRAMES[BEAT]]


def test_a_binary_code_stays_as_it_is():
    code = bytes(range(256)) * 2
    assert decoder().feed(enclosed(code), 1.0) == [Frame(code, 1.0)]


def test_a_code_that_looks_like_an_answer_is_a_code():
    assert decoder().feed(enclosed(DONE), 1.0) == [Frame(DONE, 1.0)]


@pytest.mark.parametrize("tail", [b"\r", b"\n", b"\r\n"])
def test_what_ends_a_code_is_no_noise(tail):
    reader = decoder()
    assert reader.feed(CODE + tail + CODE + tail, 1.0) == [FRAMES[CODE]] * 2
    assert reader.expire(2.0) == []


def test_the_aim_id_is_taken_off():
    assert decoder().feed(enclosed(b"]Q1code"), 1.0) == [Frame(b"code", 1.0)]
    assert decoder().feed(enclosed(b"]Q1"), 1.0) == [Empty()]


def test_the_longest_code_is_read_and_a_longer_one_is_named():
    assert decoder().feed(enclosed(b"A" * 4296), 1.0) == [Frame(b"A" * 4296, 1.0)]
    assert decoder().feed(enclosed(b"1" * 7089), 1.0) == [Overlong(7089, 1.0)]


def test_a_size_that_no_code_has_is_noise():
    assert fed(b"\x03\xff\xff" + CODE, CodeOutput.ENCLOSED) == [Fragment(3), FRAMES[CODE]]


def test_what_it_holds_has_a_limit():
    reader = decoder()
    for _ in range(100):
        reader.feed(b"\x03\x1b\xb0" + b"x" * 1000, 1.0)
        assert len(reader._held) < 3 + 7089


# --- plain codes ---


@pytest.mark.parametrize("tail", [b"", b"\r", b"\n", b"\r\n"])
def test_a_plain_code_ends_with_its_tail_or_with_silence(tail):
    reader = decoder(CodeOutput.PLAIN)
    events = reader.feed(b"code" + tail, 1.0)
    assert [*events, *reader.expire(1.03)] == [Frame(b"code", 1.0)]
    assert reader.deadline_s is None


@pytest.mark.parametrize("answer", [DONE, SPEED, BEAT])
@pytest.mark.parametrize("at", [0, 4, 9])
def test_an_answer_is_taken_out_of_a_plain_code_wherever_it_comes(answer, at):
    code = b"HC1:6BF+7"
    wire = code[:at] + answer + code[at:] + b"\r"
    for cut in range(len(wire)):
        assert fed(wire, CodeOutput.PLAIN, cut) == [FRAMES[answer], Frame(code, 1.0)]


def test_bytes_that_only_begin_like_an_answer_belong_to_the_plain_code():
    reader = decoder(CodeOutput.PLAIN)
    assert reader.feed(b"A\x02", 1.0) == []
    assert reader.deadline_s == 1.03
    assert reader.expire(1.03) == [Frame(b"A\x02", 1.0)]
    assert fed(b"A\x02\x03B\x03", CodeOutput.PLAIN) == [Frame(b"A\x02\x03B\x03", 1.0)]


# --- properties ---


@settings(max_examples=200)
@given(
    data=NOISY,
    output=st.sampled_from(CodeOutput),
    cuts=st.lists(st.integers(0, 150), max_size=8),
)
def test_the_chunks_do_not_matter(data, output, cuts):
    assert fed(data, output, *cuts) == fed(data, output)


@settings(max_examples=200)
@given(data=st.binary(max_size=300), output=st.sampled_from(CodeOutput))
def test_after_any_noise_and_silence_a_code_is_read(data, output):
    reader = decoder(output)
    reader.feed(data, 1.0)
    reader.expire(2.0)
    assert reader.deadline_s is None
    wire = CODE if output is CodeOutput.ENCLOSED else b"0321563840\r"
    assert reader.feed(wire, 3.0) == [Frame(b"0321563840", 3.0)]
