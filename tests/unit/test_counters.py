"""Counters of turnstiles from one reading to the next: rises, wraps, resets and other devices."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import Direction
from drivers.turnstiles.counters import PASSAGES_AT_ONCE_MAX, PASSAGES_MAX, Risen, Watermarks

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
TOP = 1 << 24


def marks(entry=0, exit_=0, bits=24):
    watermarks = Watermarks(bits)
    watermarks.advance({ENTRY: entry, EXIT: exit_}, 0.0)
    return watermarks


def test_the_first_reading_tells_nothing():
    assert Watermarks(24).advance({ENTRY: 5, EXIT: 7}, 1.0) == Risen({}, is_gap=False)


def test_a_rise_is_as_many_passages_in_its_direction():
    watermarks = marks(5, 7)
    assert watermarks.advance({ENTRY: 6, EXIT: 7}, 0.1) == Risen({ENTRY: 1, EXIT: 0}, is_gap=False)
    assert watermarks.advance({ENTRY: 6, EXIT: 9}, 0.2) == Risen({ENTRY: 0, EXIT: 2}, is_gap=False)


def test_a_counter_goes_on_after_its_last_number():
    risen = marks(TOP - 1, TOP - 2).advance({ENTRY: 1, EXIT: TOP - 1}, 0.1)
    assert risen == Risen({ENTRY: 2, EXIT: 1}, is_gap=False)


def test_an_outage_is_made_up_for():
    assert marks(100).advance({ENTRY: 700, EXIT: 0}, 3600) == Risen(
        {ENTRY: 600, EXIT: 0}, is_gap=False
    )


def test_a_counter_that_began_again_tells_who_passed_since_and_that_others_are_missing():
    assert marks(500, 600).advance({ENTRY: 3, EXIT: 0}, 30) == Risen(
        {ENTRY: 3, EXIT: 0}, is_gap=True
    )


@pytest.mark.parametrize("other", [500 + PASSAGES_AT_ONCE_MAX + 1, 100_000, 499])
def test_a_counter_that_no_crowd_can_have_made_is_another_ones_and_tells_nobody(other):
    risen = marks(500).advance({ENTRY: other, EXIT: 0}, 0.1)
    assert risen == Risen({ENTRY: 0, EXIT: 0}, is_gap=True)


def test_not_even_after_a_month_is_everything_believed():
    month_s = 30 * 86_400
    assert marks().advance({ENTRY: PASSAGES_MAX, EXIT: 0}, month_s).passages[ENTRY] == PASSAGES_MAX
    assert marks().advance({ENTRY: PASSAGES_MAX + 1, EXIT: 0}, month_s).is_gap


def test_after_a_jump_it_goes_on_from_there():
    watermarks = marks(500)
    watermarks.advance({ENTRY: 90_000, EXIT: 0}, 0.1)
    assert watermarks.advance({ENTRY: 90_001, EXIT: 0}, 0.2).passages[ENTRY] == 1


@settings(max_examples=80)
@given(
    st.sampled_from([24, 32]),
    st.integers(0, (1 << 32) - 1),
    st.lists(st.tuples(st.integers(0, 2), st.floats(0.05, 5)), max_size=40),
)
def test_nobody_is_lost_or_counted_twice_wherever_the_counter_stands(bits, start, readings):
    size = 1 << bits
    watermarks = marks(start % size, bits=bits)
    count, at_s, told = start, 0.0, 0
    for passed, pause_s in readings:
        count += passed
        at_s += pause_s
        risen = watermarks.advance({ENTRY: count % size, EXIT: 0}, at_s)
        assert not risen.is_gap
        told += risen.passages[ENTRY]
    assert told == count - start
