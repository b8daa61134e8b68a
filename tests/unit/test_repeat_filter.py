from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.repeat_filter import REMEMBERED_COUNT_MAX, RepeatFilter


def test_the_same_code_again_within_the_window_is_a_repeat():
    repeats = RepeatFilter(2.0)
    assert not repeats.is_repeat(b"code", 10.0)
    assert repeats.is_repeat(b"code", 11.9)


def test_the_same_code_after_the_window_is_a_new_scan():
    repeats = RepeatFilter(2.0)
    repeats.is_repeat(b"code", 10.0)
    assert not repeats.is_repeat(b"code", 12.0)


def test_a_code_that_stays_in_view_stays_a_repeat():
    repeats = RepeatFilter(2.0)
    seen = [repeats.is_repeat(b"code", 10.0 + second) for second in range(20)]
    assert seen == [False] + [True] * 19


def test_another_code_is_no_repeat():
    repeats = RepeatFilter(2.0)
    assert not repeats.is_repeat(b"code", 10.0)
    assert not repeats.is_repeat(b"other", 10.1)


def test_two_codes_read_by_turns_are_two_scans():
    repeats = RepeatFilter(2.0)
    seen = [repeats.is_repeat(code, 10.0 + turn / 2) for turn, code in enumerate([b"a", b"b"] * 5)]
    assert seen == [False, False] + [True] * 8


def test_a_window_of_zero_lets_everything_through():
    repeats = RepeatFilter(0.0)
    assert [repeats.is_repeat(b"code", 10.0) for _ in range(3)] == [False] * 3


def test_the_oldest_code_is_forgotten_first():
    repeats = RepeatFilter(2.0)
    codes = [b"%d" % number for number in range(REMEMBERED_COUNT_MAX + 1)]
    for code in codes:
        repeats.is_repeat(code, 10.0)
    assert repeats.is_repeat(codes[1], 10.1)
    assert not repeats.is_repeat(codes[0], 10.1)


def test_the_code_itself_is_not_kept():
    repeats = RepeatFilter(2.0)
    repeats.is_repeat(b"3576012345678901", 10.0)
    assert b"3576012345678901" not in repeats._seen_s
    assert {len(kept) for kept in repeats._seen_s} == {16}


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.integers(0, 40).map(lambda number: b"%d" % number), st.floats(0, 3)),
        max_size=80,
    )
)
def test_it_never_remembers_more_than_its_limit(scans):
    repeats = RepeatFilter(2.0)
    now_s = 0.0
    for code, gap_s in scans:
        now_s += gap_s
        repeats.is_repeat(code, now_s)
        assert len(repeats._seen_s) <= REMEMBERED_COUNT_MAX
