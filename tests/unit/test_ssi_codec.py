"""The golden bytes are published ones: Zebra's guide, SE-923, and what enioka_scan tests with."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.framers import Empty, Fragment, Frame, Overlong
from drivers.simulated.readers_ssi import SimulatedSsi
from drivers.ssi_codec import (
    CONTINUED,
    RETRANSMITTED,
    Garbled,
    Opcode,
    Packet,
    SsiDecoder,
    SsiEvent,
    packet,
)
from drivers.ssi_codes import ACK, SEGMENT_ACK, SsiCodes

QR = bytes.fromhex("0B F3 00 00 1C 41 42 43 31 32 33 FD 8A")
QR_PACKET = Packet(0xF3, 0, 0, b"\x1cABC123", 1.0)
PARAMETER = bytes.fromhex("0A C6 00 00 FF F4 F0 3E 04 FF FB 0C")
PACKETS = {
    QR: QR_PACKET,
    PARAMETER: Packet(0xC6, 0, 0, bytes.fromhex("FF F4 F0 3E 04 FF"), 1.0),
    bytes.fromhex("04 D0 00 00 FF 2C"): Packet(0xD0, 0, 0, b"", 1.0),
}
SEGMENTS = [
    bytes.fromhex("FF 73 02 00 00 F3 00 00 01 F7 1C 01 01 F4") + b"Z" * 241 + b"\xa6\xd5",
    bytes.fromhex("FF 73 00 00 01") + b"Z" * 250 + b"\xa6\xa9",
    bytes.fromhex("0E 73 00 00 02") + b"Z" * 9 + b"\xfc\x53",
]
EACH = pytest.mark.parametrize(("wire", "came"), PACKETS.items())
GAP_S = 0.03
NOISY = st.lists(
    st.sampled_from([*PACKETS, b"\0", b"\x04", b"\xff", b"\x0b\xf3", QR[:-1] + b"\0"]), max_size=12
).map(b"".join)


def fed(data: bytes, *cuts: int) -> list[SsiEvent]:
    decoder = SsiDecoder(9600)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    events = [
        event for start, end in pairwise(edges) for event in decoder.feed(data[start:end], 1.0)
    ]
    return [*events, *decoder.expire(2.0)]


# --- packets ---


@pytest.mark.parametrize(
    ("made", "wire"),
    [
        (packet(Opcode.CMD_ACK), "04 D0 04 00 FF 28"),
        (packet(Opcode.CMD_NAK, b"\x01"), "05 D1 04 00 01 FF 25"),
        (packet(Opcode.SCAN_ENABLE), "04 E9 04 00 FF 0F"),
        (packet(Opcode.LED_ON, b"\x01"), "05 E7 04 00 01 FF 0F"),
        (packet(Opcode.BEEP, b"\x00"), "05 E6 04 00 00 FF 11"),
        (packet(Opcode.REQUEST_REVISION), "04 A3 04 00 FF 55"),
        (packet(Opcode.PARAM_SEND, b"\xff\xee\x01"), "07 C6 04 00 FF EE 01 FD 41"),
        (packet(Opcode.DECODE_DATA, b"\x1cABC123", source=0), QR.hex()),
    ],
)
def test_packets_are_those_of_the_guide(made, wire):
    assert made == bytes.fromhex(wire)


@EACH
def test_a_packet_is_read_whole_and_byte_by_byte(wire, came):
    decoder = SsiDecoder(9600)
    assert decoder.feed(wire, 1.0) == [came]
    out = [decoder.feed(wire[i : i + 1], 1.0) for i in range(len(wire))]
    assert out == [[]] * (len(wire) - 1) + [[came]]
    assert decoder.deadline_s is None


@EACH
def test_bytes_after_a_packet_are_the_next_one(wire, came):
    decoder = SsiDecoder(9600)
    assert decoder.feed(wire + QR + wire[:3], 1.0) == [came, QR_PACKET]
    assert decoder.feed(wire[3:], 1.0) == [came]


@EACH
@pytest.mark.parametrize("noise", [b"\0", b"\x03", b"\x05\xff\xff\xff\xff\xff\xff", b"\xf0"])
def test_after_noise_everything_is_dropped_until_the_line_is_silent(wire, came, noise):
    decoder = SsiDecoder(9600)
    assert decoder.feed(noise + wire, 1.0) == []
    assert decoder.feed(wire, 1.01) == []
    assert decoder.deadline_s == 1.01 + GAP_S
    assert decoder.expire(1.03) == []
    assert decoder.expire(1.05) == [Garbled(len(noise) + 2 * len(wire))]
    assert decoder.feed(wire, 1.0) == [came]


@EACH
def test_a_truncated_packet_is_garbled_after_silence(wire, came):
    for size in range(1, len(wire)):
        assert fed(wire[:size]) == [Garbled(size)]


@EACH
def test_a_packet_with_a_flipped_bit_is_never_taken(wire, came):
    for bit in range(8 * len(wire)):
        flipped = bytearray(wire)
        flipped[bit // 8] ^= 1 << bit % 8
        assert fed(bytes(flipped)) == [Garbled(len(wire))]


@pytest.mark.parametrize("end", [b"\xfd\x8b", b"\xfc\x8a", b"\0\0"])
def test_a_wrong_checksum_is_garbled(end):
    assert fed(QR[:-2] + end) == [Garbled(len(QR))]


def test_what_it_holds_has_a_limit():
    decoder = SsiDecoder(9600)
    for _ in range(100):
        decoder.feed(b"\xff" * 1000, 1.0)
        assert len(decoder._held) < 257
    assert decoder.expire(2.0) == [Garbled(100_000)]


@settings(max_examples=200)
@given(data=NOISY, cuts=st.lists(st.integers(0, 120), max_size=8))
def test_the_chunks_do_not_matter(data, cuts):
    assert fed(data, *cuts) == fed(data)


@settings(max_examples=200)
@given(data=st.binary(max_size=300))
def test_after_any_noise_and_silence_a_packet_is_read(data):
    decoder = SsiDecoder(9600)
    decoder.feed(data, 1.0)
    decoder.expire(2.0)
    assert decoder.deadline_s is None
    assert decoder.feed(QR, 1.0) == [QR_PACKET]


# --- codes ---


def data_packet(code: bytes, status: int = 0, at_s: float = 1.0) -> Packet:
    return Packet(Opcode.DECODE_DATA, 0, status, b"\x1c" + code, at_s)


def segments(code: bytes, at_s: float = 1.0) -> list[Packet]:
    wire = b"".join(part.wire() for part in SimulatedSsi(9600, print).parts(code))
    return [one for one in SsiDecoder(9600).feed(wire, at_s) if isinstance(one, Packet)]


def taken(*packets: Packet) -> list[tuple[bytes, list]]:
    codes = SsiCodes()
    return [(one.answer, list(one.framed)) for one in map(codes.take, packets)]


def test_a_code_is_acknowledged_and_comes_out():
    assert taken(QR_PACKET) == [(ACK, [Frame(b"ABC123", 1.0)])]


@pytest.mark.parametrize("status", [0x20, 0x80, 0x08])
def test_bits_of_the_status_that_are_unknown_mean_nothing(status):
    assert taken(data_packet(b"ABC", status)) == [(ACK, [Frame(b"ABC", 1.0)])]


def test_a_retransmitted_code_is_acknowledged_again_and_dropped():
    first, again = data_packet(b"ABC"), data_packet(b"ABC", RETRANSMITTED, 3.0)
    assert taken(first, again, again) == [(ACK, [Frame(b"ABC", 1.0)]), (ACK, []), (ACK, [])]


def test_a_retransmitted_code_that_came_for_the_first_time_is_taken():
    again = data_packet(b"DEF", RETRANSMITTED)
    assert taken(data_packet(b"ABC"), again)[1] == (ACK, [Frame(b"DEF", 1.0)])


def test_the_same_code_much_later_is_a_new_one_even_if_it_was_retransmitted():
    again = data_packet(b"ABC", RETRANSMITTED, 60.0)
    assert taken(data_packet(b"ABC"), again)[1] == (ACK, [Frame(b"ABC", 60.0)])


def test_the_same_code_without_the_bit_is_read_twice():
    assert [framed for _, framed in taken(data_packet(b"A"), data_packet(b"A"))] == [
        [Frame(b"A", 1.0)]
    ] * 2


@pytest.mark.parametrize(
    ("data", "framed"),
    [
        (b"code\r\n", Frame(b"code", 1.0)),
        (b"]Q1code\r", Frame(b"code", 1.0)),
        (b"", Empty()),
        (b"\r\n", Empty()),
        (bytes(range(32, 256)), Frame(bytes(range(32, 256)), 1.0)),
    ],
)
def test_what_encloses_a_code_is_taken_off(data, framed):
    assert taken(data_packet(data)) == [(ACK, [framed])]


def test_a_packet_without_even_a_type_is_empty():
    assert taken(Packet(Opcode.DECODE_DATA, 0, 0, b"", 1.0)) == [(ACK, [Empty()])]


def test_a_code_in_continued_packets_is_joined():
    parts = [data_packet(b"A" * 250, CONTINUED), data_packet(b"B" * 250, CONTINUED)]
    repeated = data_packet(b"B" * 250, CONTINUED | RETRANSMITTED)
    assert taken(*parts, repeated, data_packet(b"C")) == [
        (ACK, []),
        (ACK, []),
        (ACK, []),
        (ACK, [Frame(b"A" * 250 + b"B" * 250 + b"C", 1.0)]),
    ]


def test_a_code_whose_rest_does_not_come_is_a_fragment():
    torn = data_packet(b"A" * 250, CONTINUED)
    assert taken(torn, data_packet(b"B", at_s=9.0))[1] == (
        ACK,
        [Fragment(250), Frame(b"B", 9.0)],
    )


def test_the_segments_that_enioka_published_are_a_code_of_500_letters():
    packets = SsiDecoder(9600).feed(b"".join(SEGMENTS), 1.0)
    assert taken(*packets) == [
        (SEGMENT_ACK, []),
        (SEGMENT_ACK, []),
        (ACK, [Frame(b"Z" * 500, 1.0)]),
    ]
    assert b"".join(part.wire() for part in SimulatedSsi(9600, print).parts(b"Z" * 500)) == (
        b"".join(SEGMENTS)
    )


def test_a_segment_that_comes_twice_is_answered_twice_and_taken_once():
    one, two, three = segments(b"Z" * 500)
    answers = taken(one, one, two, two, three, three)
    assert [answer for answer, _ in answers] == [SEGMENT_ACK] * 4 + [ACK] * 2
    assert [framed for _, framed in answers if framed] == [[Frame(b"Z" * 500, 1.0)]]


def test_a_missing_segment_spoils_its_code_alone():
    one, _, three = segments(b"Z" * 500)
    framed = [framed for _, framed in taken(one, three, *segments(b"Y" * 300))]
    assert framed[1] == [Fragment(241), Fragment(len(three.data))]
    assert framed[3] == [Frame(b"Y" * 300, 1.0)]


def test_a_new_code_begins_while_segments_are_missing():
    one, _, _ = segments(b"Z" * 500)
    assert taken(one, *segments(b"Y" * 300))[1:] == [
        (SEGMENT_ACK, [Fragment(241)]),
        (ACK, [Frame(b"Y" * 300, 1.0)]),
    ]
    assert taken(one, data_packet(b"A"))[1] == (ACK, [Fragment(241), Frame(b"A", 1.0)])


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\0\xf3\0\0\0\x05", b"\0\xb1\0\0\0\x05\x1c\x01\0\x02AB"]
)
def test_segments_of_something_else_are_no_code(data):
    odd = Packet(Opcode.MULTIPACKET_SEGMENT, 2, 0, data, 1.0)
    assert taken(odd) == [(ACK, [Fragment(len(data))])]


def test_the_longest_code_is_read_and_a_longer_one_is_named():
    *_, last = taken(*segments(b"A" * 4296))
    assert last == (ACK, [Frame(b"A" * 4296, 1.0)])
    *_, last = taken(*segments(b"1" * 7089))
    assert last == (ACK, [Overlong(7089, 1.0)])


def test_a_code_that_never_ends_is_only_counted():
    codes = SsiCodes()
    for number in range(100):
        codes.take(data_packet(b"%03d" % number * 80, CONTINUED))
        assert len(codes._code) <= 4300
    assert codes.take(data_packet(b"end")).framed == (Overlong(24_003, 1.0),)
