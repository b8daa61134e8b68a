from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import Signal
from drivers.readers.maker_commands import FEEDBACK, TRIGGER, AnswerFilter, Maker

MAKERS = [maker for maker in Maker if maker is not Maker.NONE]
# The example of Newland's manual (NLS-HR52, page 234), and an answer to several commands at once.
ANSWER = bytes.fromhex(
    "02 01 30 30 30 30 40 44 46 4D 41 44 44 30 36 39 39 39 30 30 33 39 39 39 39 46 31 34 31 06 3B 03"
)
ANSWERS = [
    ANSWER,
    b"\x02\x010000#SCNTRG1\x06;\x03",
    b"\x02\x010000#BEEPON2700F100T20V\x06;LEDONI0C500D\x05;\x03",
]
# What bytes can be about: parts of an answer are met often.
NOISY = st.lists(
    st.sampled_from([*ANSWERS, b"\x02", b"\x01", b"\x010000", b"0", b"#", b"@", b"\x03", b"A\r"]),
    max_size=20,
).map(b"".join)


def fed(data: bytes, *cuts: int) -> bytes:
    answers = AnswerFilter()
    edges = [0, *sorted(cuts), len(data)]
    return b"".join(answers.feed(data[start:end], 1.0) for start, end in pairwise(edges))


# --- commands ---


def test_the_triggers_are_those_of_the_manuals():
    assert TRIGGER[Maker.NEWLAND] == bytes.fromhex(
        "7E 01 30 30 30 30 23 53 43 4E 54 52 47 31 3B 03"
    )
    assert TRIGGER[Maker.HONEYWELL] == bytes.fromhex("16 54 0D")
    assert TRIGGER[Maker.DATALOGIC] == b"T"
    assert TRIGGER[Maker.NONE] == b""


def test_newland_is_told_with_one_command_string_that_spares_its_flash():
    assert FEEDBACK[Maker.NEWLAND][Signal.GO] == b"~\x010000#BEEPON2700F100T20V;LEDONI0C500D;\x03"
    for command in FEEDBACK[Maker.NEWLAND].values():
        assert command.startswith(b"~\x010000#")
        assert command.endswith(b";\x03")


def test_honeywell_and_datalogic_are_told_with_escapes():
    assert FEEDBACK[Maker.HONEYWELL][Signal.REFUSED] == b"\x1b8,"
    assert FEEDBACK[Maker.DATALOGIC][Signal.REFUSED] == b"\x1b[4q"
    assert FEEDBACK[Maker.DATALOGIC][Signal.GO].startswith(b"\x1b[6q\x1b[3q")
    assert FEEDBACK[Maker.DATALOGIC][Signal.GO].endswith(b"\x1b[7q")


@pytest.mark.parametrize("maker", MAKERS)
def test_admitted_refused_and_wait_differ_and_asking_the_officer_is_to_wait(maker):
    shown = FEEDBACK[maker]
    assert set(shown) == {Signal.GO, Signal.REFUSED, Signal.WAIT, Signal.ASK_OFFICER}
    assert len(set(shown.values())) == 3
    assert shown[Signal.ASK_OFFICER] == shown[Signal.WAIT]


# --- answers ---


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_taken_out_whole_and_byte_by_byte(answer):
    assert fed(answer) == b""
    assert fed(answer, *range(1, len(answer))) == b""


@pytest.mark.parametrize("answer", ANSWERS)
def test_codes_before_and_after_an_answer_stay(answer):
    assert fed(b"before\r" + answer + b"after\r" + answer) == b"before\rafter\r"


def test_a_code_that_an_answer_interrupts_is_whole_again():
    assert fed(b"HC1:6BF" + ANSWER + b"+70790\r") == b"HC1:6BF+70790\r"


def test_a_code_between_stx_and_etx_is_no_answer():
    assert fed(b"\x02code\x03", 1) == b"\x02code\x03"


def test_what_only_begins_like_an_answer_is_given_out_when_it_is_none():
    answers = AnswerFilter()
    assert answers.feed(b"A\x02\x0100", 1.0) == b"A"
    assert answers.feed(b"B", 1.1) == b"\x02\x0100B"


def test_an_answer_that_never_ends_is_given_out_and_not_kept():
    answers = AnswerFilter()
    assert answers.feed(b"\x02\x010000#" + b"x" * 100, 1.0) == b""
    assert answers.feed(b"x" * 29, 1.1) == b"\x02\x010000#" + b"x" * 129
    assert answers.feed(b"code\r", 1.2) == b"code\r"


def test_the_begin_of_an_answer_that_fell_silent_does_not_spoil_the_next_code():
    answers = AnswerFilter()
    assert answers.feed(b"\x02\x010000#SCN", 1.0) == b""
    assert answers.feed(b"code\r", 2.1) == b"code\r"


@settings(max_examples=200)
@given(data=NOISY, cuts=st.lists(st.integers(0, 200), max_size=8))
def test_the_chunks_do_not_matter(data, cuts):
    assert fed(data, *(min(cut, len(data)) for cut in cuts)) == fed(data)


@settings(max_examples=200)
@given(data=st.binary(max_size=200))
def test_without_answers_every_byte_comes_out_once_something_follows(data):
    answers = AnswerFilter()
    assert answers.feed(data, 1.0) + answers.feed(b"\r", 1.0) == data + b"\r"
