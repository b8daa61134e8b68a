import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.framers import (
    CODE_SIZE_MAX,
    LINE_SIZE_MAX,
    Aim,
    Empty,
    Fragment,
    Frame,
    Framed,
    LineFramer,
    Overlong,
    Terminator,
    silence_s,
)

CODE = b"HC1:6BF+70790T9WJWG.FKY*4GO0"
WHOLE_QR = b"A" * 4296
ENCLOSED = {
    Terminator.CR: (b"", b"\r"),
    Terminator.LF: (b"", b"\n"),
    Terminator.CRLF: (b"", b"\r\n"),
    Terminator.TAB: (b"", b"\t"),
    Terminator.STX_ETX: (b"\x02", b"\x03"),
}
EXPLICIT = pytest.mark.parametrize("terminator", ENCLOSED)
ANY = [(terminator, *enclosed) for terminator, enclosed in ENCLOSED.items()] + [
    (Terminator.AUTO, *enclosed)
    for terminator, enclosed in ENCLOSED.items()
    if terminator is not Terminator.TAB  # A code may hold one.
]
EACH = pytest.mark.parametrize(("terminator", "before", "after"), ANY)
# What bytes can be about: the marks are met often.
NOISY = st.lists(
    st.sampled_from([b"\r", b"\n", b"\x02", b"\x03", b"\x04", b"\0", b"]Q1", b"A", b"BC"]),
    max_size=30,
).map(b"".join)


def frames(framed: list[Framed]) -> list[bytes]:
    return [item.code for item in framed if isinstance(item, Frame)]


# --- each terminator ---


@EACH
def test_a_code_comes_out_whole_with_the_time_of_its_last_byte(terminator, before, after):
    framer = LineFramer(terminator)
    assert framer.feed(before + CODE + after, 7.0) == [Frame(CODE, 7.0)]
    assert framer.deadline_s is None


@EACH
def test_byte_by_byte_nothing_comes_out_before_the_end(terminator, before, after):
    framer = LineFramer(terminator)
    data = before + CODE + after
    out = [framer.feed(data[i : i + 1], float(i)) for i in range(len(data))]
    # AUTO does not wait for the LF that may follow a CR.
    last = len(data) - 2 if (terminator, after) == (Terminator.AUTO, b"\r\n") else len(data) - 1
    assert out[:last] == [[]] * last
    assert out[last] == [Frame(CODE, float(last))]
    assert out[last + 1 :] == [[]] * (len(data) - last - 1)


@EACH
def test_bytes_after_a_code_are_the_next_one(terminator, before, after):
    framer = LineFramer(terminator)
    wire = before + CODE + after
    assert frames(framer.feed(wire + wire + before + b"NEX", 1.0)) == [CODE, CODE]
    assert frames(framer.feed(b"T" + after, 1.1)) == [b"NEXT"]


@EACH
def test_an_empty_code_is_named_as_empty(terminator, before, after):
    assert LineFramer(terminator).feed(before + after, 1.0) == [Empty()]


@EACH
def test_nul_and_other_binary_bytes_stay_in(terminator, before, after):
    code = bytes(set(range(256)) - set(b"\t\r\n\x02\x03"))
    assert frames(LineFramer(terminator).feed(before + code + after, 1.0)) == [code]


@EXPLICIT
def test_bytes_that_end_a_code_elsewhere_belong_to_it_here(terminator):
    before, after = ENCLOSED[terminator]
    code = bytes(set(b"a\r\n\x04\x02\x03b") - set(before + after))
    assert frames(LineFramer(terminator).feed(before + code + after, 1.0)) == [code]


@EXPLICIT
def test_a_code_whose_end_does_not_come_is_a_fragment_after_silence(terminator):
    before, _ = ENCLOSED[terminator]
    framer = LineFramer(terminator, gap_s=1.0)
    framer.feed(before + CODE, 10.0)
    assert framer.deadline_s == 11.0
    assert framer.expire(10.99) == []
    assert framer.expire(11.0) == [Fragment(len(CODE))]
    assert framer.deadline_s is None


@EXPLICIT
def test_a_fragment_does_not_spoil_the_next_code(terminator):
    before, after = ENCLOSED[terminator]
    framer = LineFramer(terminator)
    framer.feed(before + b"half of a co", 10.0)
    framer.expire(20.0)
    assert frames(framer.feed(before + CODE + after, 20.1)) == [CODE]


def test_a_cr_inside_a_crlf_line_is_data():
    framer = LineFramer(Terminator.CRLF)
    assert frames(framer.feed(b"a\rb\nc\r\r\n", 1.0)) == [b"a\rb\nc\r"]


def test_a_cr_that_ended_in_an_earlier_line_does_not_end_this_one():
    framer = LineFramer(Terminator.CRLF)
    assert framer.feed(b"a\r\n\nb\r\n", 1.0) == [Frame(b"a", 1.0), Frame(b"\nb", 1.0)]


# --- STX..ETX ---


def test_noise_before_stx_is_a_fragment_and_the_code_is_found():
    framer = LineFramer(Terminator.STX_ETX)
    assert framer.feed(b"\xff\xfe\x02" + CODE + b"\x03", 1.0) == [Fragment(2), Frame(CODE, 1.0)]


def test_a_second_stx_begins_anew():
    framer = LineFramer(Terminator.STX_ETX)
    assert framer.feed(b"\x02half\x02\x02" + CODE + b"\x03", 1.0) == [
        Fragment(4),
        Frame(CODE, 1.0),
    ]


@pytest.mark.parametrize("terminator", [Terminator.STX_ETX, Terminator.AUTO])
@pytest.mark.parametrize("tail", [b"\x04", b"\r", b"\n", b"\r\n", b"\x04\r\n"])
def test_what_commonly_follows_etx_is_no_noise(terminator, tail):
    framer = LineFramer(terminator)
    wire = b"\x02" + CODE + b"\x03" + tail
    assert framer.feed(wire + wire, 1.0) == [Frame(CODE, 1.0), Frame(CODE, 1.0)]


def test_an_etx_outside_a_frame_is_junk():
    framer = LineFramer(Terminator.STX_ETX)
    assert framer.feed(b"\x03\x03", 1.0) == []
    assert framer.expire(9.0) == [Fragment(2)]


# --- none ---


def test_without_terminator_silence_ends_a_code_at_its_last_byte():
    framer = LineFramer(Terminator.NONE, gap_s=0.03)
    assert framer.feed(CODE[:5], 1.00) == []
    assert framer.feed(CODE[5:], 1.02) == []
    assert framer.deadline_s == pytest.approx(1.05)
    assert framer.expire(1.04) == []
    assert framer.expire(1.06) == [Frame(CODE, 1.02)]
    assert framer.expire(1.2) == []


def test_without_terminator_line_ends_are_data():
    framer = LineFramer(Terminator.NONE, gap_s=0.03)
    framer.feed(b"BEGIN:VCARD\r\nEND:VCARD\r\n", 1.0)
    assert frames(framer.expire(2.0)) == [b"BEGIN:VCARD\r\nEND:VCARD\r\n"]


def test_bytes_that_were_read_late_still_join_their_code():
    framer = LineFramer(Terminator.NONE, gap_s=0.03)
    framer.feed(CODE[:5], 1.0)
    framer.feed(CODE[5:], 1.5)
    assert frames(framer.expire(2.0)) == [CODE]


@pytest.mark.parametrize(
    ("terminator", "baudrate", "idle_ms", "seconds"),
    [
        (Terminator.NONE, 115200, 0, 0.030),
        (Terminator.NONE, 1200, 0, 200 / 1200),
        (Terminator.NONE, 115200, 10, 0.030),
        (Terminator.NONE, 115200, 80, 0.080),
        (Terminator.AUTO, 115200, 0, 1.0),
        (Terminator.CR, 115200, 2500, 2.5),
    ],
)
def test_the_silence_is_never_shorter_than_the_line_needs(terminator, baudrate, idle_ms, seconds):
    assert silence_s(terminator, baudrate, idle_ms) == pytest.approx(seconds)


# --- auto ---


def test_auto_takes_each_terminator_in_turn_on_one_line():
    framer = LineFramer(Terminator.AUTO)
    assert framer.feed(b"a\rb\nc\r\nd\r\n\x02e\r\nf\x03g\r", 1.0) == [
        Frame(code, 1.0) for code in (b"a", b"b", b"c", b"d", b"e\r\nf", b"g")
    ]


def test_auto_knows_an_empty_line_from_the_second_half_of_crlf():
    framer = LineFramer(Terminator.AUTO)
    assert framer.feed(b"a\r\n\r\n\nb\n\r", 1.0) == [
        Frame(b"a", 1.0),
        Empty(),
        Empty(),
        Frame(b"b", 1.0),
        Empty(),
    ]


def test_auto_delivers_a_code_without_terminator_after_silence():
    framer = LineFramer(Terminator.AUTO)
    framer.feed(CODE, 5.0)
    assert framer.deadline_s == 6.0
    assert framer.expire(6.0) == [Frame(CODE, 5.0)]


def test_auto_keeps_stx_inside_a_binary_code():
    framer = LineFramer(Terminator.AUTO)
    assert frames(framer.feed(b"a\x02b\x03\x04c\r", 1.0)) == [b"a\x02b\x03\x04c"]


def test_auto_does_not_swallow_the_code_after_an_stx_that_was_noise():
    framer = LineFramer(Terminator.AUTO)
    assert framer.feed(b"\x02", 1.0) == []
    assert framer.expire(2.0) == [Empty()]
    assert frames(framer.feed(CODE + b"\r", 3.0)) == [CODE]


# --- AIM id ---


@pytest.mark.parametrize("aim_id", [b"]Q1", b"]d2", b"]z\x00", b"]C0"])
def test_the_aim_id_is_stripped(aim_id):
    assert frames(LineFramer(Terminator.CR).feed(aim_id + CODE + b"\r", 1.0)) == [CODE]


def test_the_aim_id_can_be_kept():
    framer = LineFramer(Terminator.CR, aim=Aim.KEEP)
    assert frames(framer.feed(b"]Q1" + CODE + b"\r", 1.0)) == [b"]Q1" + CODE]


@pytest.mark.parametrize("code", [b"]", b"]Q", b"]11A", b"A]Q1"])
def test_what_is_no_aim_id_stays(code):
    assert frames(LineFramer(Terminator.CR).feed(code + b"\r", 1.0)) == [code]


def test_only_the_first_aim_id_is_stripped():
    assert frames(LineFramer(Terminator.CR).feed(b"]Q1]Q1\r", 1.0)) == [b"]Q1"]


@pytest.mark.parametrize("aim", Aim)
def test_an_aim_id_alone_is_empty(aim):
    assert LineFramer(Terminator.CR, aim=aim).feed(b"]Q1\r", 1.0) == [Empty()]


# --- size ---


@EACH
@pytest.mark.parametrize("aim_id", [b"", b"]Q1"])
def test_the_longest_qr_code_passes_whole(terminator, before, after, aim_id):
    framer = LineFramer(terminator)
    assert frames(framer.feed(before + aim_id + WHOLE_QR + after, 1.0)) == [WHOLE_QR]


@EACH
@pytest.mark.parametrize("extra", [1, 2, 3, 4, 5, 2786, 100_000])
def test_a_longer_one_is_dropped_up_to_its_end_and_reported_once(terminator, before, after, extra):
    framer = LineFramer(terminator)
    wire = before + WHOLE_QR + b"B" * extra + after + before + CODE + after
    assert framer.feed(wire, 1.0) == [Overlong(4296 + extra, 1.0), Frame(CODE, 1.0)]


@pytest.mark.parametrize("terminator", Terminator)
def test_a_longer_one_that_nothing_ends_is_reported_after_silence(terminator):
    framer = LineFramer(terminator)
    framer.feed(b"B" * 9000, 1.0)
    assert framer.expire(2.0) == [Overlong(9000, 1.0)]


@pytest.mark.parametrize("terminator", Terminator)
def test_a_line_without_an_end_takes_no_more_memory_than_a_code(terminator):
    framer = LineFramer(terminator)
    for at_s in range(10):
        framer.feed(b"A" * 10_000, at_s)
    assert len(framer._buffer) <= LINE_SIZE_MAX


def test_the_size_limit_holds_for_the_code_when_its_aim_id_is_kept():
    framer = LineFramer(Terminator.CR, aim=Aim.KEEP)
    assert framer.feed(b"]Q1" + WHOLE_QR + b"\r", 1.0) == [Frame(b"]Q1" + WHOLE_QR, 1.0)]
    assert framer.feed(b"]Q1B" + WHOLE_QR + b"\r", 1.0) == [Overlong(4300, 1.0)]


def test_the_limit_is_that_of_the_largest_qr_code():
    assert CODE_SIZE_MAX == 4296


# --- properties ---


@settings(max_examples=100)
@given(
    data=NOISY,
    sizes=st.lists(st.integers(1, 5), max_size=40),
    terminator=st.sampled_from(Terminator),
)
def test_the_result_does_not_depend_on_the_chunks(data, sizes, terminator):
    whole, split = LineFramer(terminator), LineFramer(terminator)
    expected = whole.feed(data, 1.0) + whole.expire(99.0)
    got: list[Framed] = []
    for size in sizes:
        got += split.feed(data[:size], 1.0)
        data = data[size:]
    got += split.feed(data, 1.0) + split.expire(99.0)
    assert got == expected


@settings(max_examples=100)
@given(noise=st.binary(max_size=300), terminator=st.sampled_from(Terminator))
def test_after_any_noise_and_silence_the_next_code_is_found(noise, terminator):
    framer = LineFramer(terminator)
    framer.feed(noise, 1.0)
    framer.expire(99.0)
    before, after = ENCLOSED.get(terminator, (b"", b""))
    framed = framer.feed(before + CODE + after, 100.0) + framer.expire(199.0)
    assert framed[-1] == Frame(CODE, 100.0)


@settings(max_examples=50)
@given(
    chunks=st.lists(st.binary(max_size=3000), max_size=20), terminator=st.sampled_from(Terminator)
)
def test_it_never_holds_more_than_one_code(chunks, terminator):
    framer = LineFramer(terminator)
    for chunk in chunks:
        framed = framer.feed(chunk, 1.0)
        assert len(framer._buffer) <= LINE_SIZE_MAX
        assert all(0 < len(code) <= CODE_SIZE_MAX for code in frames(framed))


@settings(max_examples=100)
@given(data=NOISY)
def test_cr_lines_are_what_splitting_at_cr_gives(data):
    *lines, rest = data.split(b"\r")
    framer = LineFramer(Terminator.CR, aim=Aim.KEEP)
    framed = framer.feed(data, 1.0)
    assert frames(framed) == [line for line in lines if line not in {b"", b"]Q1"}]
    assert len(framed) == len(lines)
    assert (framer.deadline_s is None) == (not rest)
