"""Delays between tries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.backoff import Backoff


def test_without_jitter_it_doubles_up_to_the_limit() -> None:
    backoff = Backoff(1.0, 30.0, lambda: 1.0)
    assert [backoff.delay_s(failures) for failures in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


def test_the_shortest_draw_still_waits_half() -> None:
    backoff = Backoff(1.0, 30.0, lambda: 0.0)
    assert [backoff.delay_s(failures) for failures in (1, 2, 100)] == [0.5, 1.0, 15.0]


def test_each_delay_is_drawn_anew() -> None:
    draws = iter((0.0, 0.5))
    backoff = Backoff(2.0, 30.0, lambda: next(draws))
    assert [backoff.delay_s(1), backoff.delay_s(1)] == [1.0, 1.5]


@given(failures=st.integers(min_value=1), drawn=st.floats(0, 1, exclude_max=True))
def test_any_number_of_failures_gives_a_delay_within_the_limits(
    failures: int, drawn: float
) -> None:
    assert 0.5 <= Backoff(1.0, 30.0, lambda: drawn).delay_s(failures) <= 30.0


def test_zero_failures_and_empty_ranges_are_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        Backoff(1.0, 30.0, lambda: 0.0).delay_s(0)
    with pytest.raises(AssertionError):
        Backoff(0.0, 30.0, lambda: 0.0)
    with pytest.raises(AssertionError):
        Backoff(2.0, 1.0, lambda: 0.0)
