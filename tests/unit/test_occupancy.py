"""Places: limits by category and in all, the staff's reserve, and those on their way in."""

from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.occupancy import (
    Occupancy,
    answer_when_full,
    has_place,
    limits,
    places_left,
)
from gatewayd.core.policy import Answer, Capacity, Policy

STAFF_ANSWER = Answer.REFER


def policy(**capacity: object) -> Policy:
    return Policy(zone=UTC, capacity=Capacity(**capacity))


def test_the_total_counts_all_who_are_inside_and_taken_those_on_their_way_too():
    occupancy = Occupancy({"visitor": 3, "staff": 2}, {"visitor": 1, "patient": 1})
    assert occupancy.total == 5
    assert occupancy.total_taken == 7
    assert occupancy.taken("visitor") == 4
    assert occupancy.taken("patient") == 1
    assert occupancy.taken("contractor") == 0


def test_without_limits_there_is_always_a_place():
    assert has_place("visitor", Occupancy({"visitor": 10**6}), policy())


@pytest.mark.parametrize(
    ("occupancy", "expected"),
    [
        (Occupancy({"visitor": 2}), True),
        (Occupancy({"visitor": 3}), False),
        (Occupancy({"visitor": 2}, {"visitor": 1}), False),
        (Occupancy({"staff": 3}), True),
    ],
)
def test_a_category_has_its_own_limit(occupancy, expected):
    assert has_place("visitor", occupancy, policy(by_category={"visitor": 3})) is expected


def test_both_limits_hold():
    both = policy(total=5, by_category={"visitor": 3})
    assert not has_place("visitor", Occupancy({"visitor": 3}), both)
    assert not has_place("visitor", Occupancy({"visitor": 1, "staff": 4}), both)
    assert has_place("visitor", Occupancy({"visitor": 2, "staff": 2}), both)


@pytest.mark.parametrize(
    ("visitors", "staff", "for_visitor", "for_staff"),
    [
        (7, 0, True, True),
        (8, 0, False, True),  # Two places are the staff's, used or not.
        (7, 2, True, True),
        (8, 1, False, True),
        (7, 3, False, False),  # Staff beyond the reserve take from the rest.
        (6, 3, True, True),
        (8, 2, False, False),
    ],
)
def test_the_reserve_is_the_staffs_used_or_not(visitors, staff, for_visitor, for_staff):
    reserved = policy(total=10, staff_reserve=2)
    occupancy = Occupancy({"visitor": visitors}, {"staff": staff})
    assert has_place("visitor", occupancy, reserved) is for_visitor
    assert has_place("staff", occupancy, reserved) is for_staff
    assert has_place("officer", occupancy, reserved) is for_staff


def test_people_of_no_known_category_take_places_too():
    assert not has_place("visitor", Occupancy({"unknown": 2}), policy(total=2))


def test_only_staff_have_an_answer_of_their_own_when_the_house_is_full():
    full = policy(total=1, staff_over_limit=STAFF_ANSWER)
    assert answer_when_full("staff", full) is STAFF_ANSWER
    assert answer_when_full("visitor", full) is Answer.REFUSE


@pytest.mark.parametrize(
    ("inside", "pending", "left"),
    [
        ({}, {}, {"visitor": 3, "patient": 5, "others": 5}),
        ({"visitor": 1}, {"visitor": 1}, {"visitor": 1, "patient": 3, "others": 3}),
        ({"unknown": 3}, {}, {"visitor": 2, "patient": 2, "others": 2}),
        ({"staff": 2}, {}, {"visitor": 3, "patient": 5, "others": 5}),  # In their reserve.
        ({"staff": 3}, {}, {"visitor": 3, "patient": 4, "others": 4}),
        ({"visitor": 4, "staff": 4}, {}, {"visitor": 0, "patient": 0, "others": 0}),
    ],
)
def test_places_left_are_those_that_somebody_may_take_now(inside, pending, left):
    limited = policy(total=7, staff_reserve=2, by_category={"visitor": 3, "patient": 9})
    assert places_left(Occupancy(inside, pending), limited) == left


def test_the_places_left_for_staff_with_a_limit_include_the_reserve():
    limited = policy(total=7, staff_reserve=2, by_category={"staff": 6})
    occupancy = Occupancy({"visitor": 4}, {"staff": 1})
    assert places_left(occupancy, limited) == {"staff": 2, "others": 1}


def test_places_are_told_where_there_is_a_limit_only():
    occupancy = Occupancy({"visitor": 4})
    assert places_left(occupancy, policy()) == {}
    assert places_left(occupancy, policy(by_category={"visitor": 3})) == {"visitor": 0}
    assert places_left(occupancy, policy(total=7)) == {"others": 3}


def test_what_is_told_is_what_is_decided():
    limited = policy(total=4, staff_reserve=1, by_category={"visitor": 2})
    for visitors in range(4):
        for staff in range(3):
            occupancy = Occupancy({"visitor": visitors, "patient": 1}, {"staff": staff})
            left = places_left(occupancy, limited)
            assert has_place("visitor", occupancy, limited) is (left["visitor"] > 0)
            assert has_place("patient", occupancy, limited) is (left["others"] > 0)


def test_the_limits_are_shown_as_they_are_in_force():
    shown = limits(policy(total=5, staff_reserve=1, by_category={"visitor": 3}))
    assert shown == {"visitor": 3, "total": 5, "staff_reserve": 1}
    assert limits(policy()) == {}


numbers = st.dictionaries(st.sampled_from(["visitor", "staff", "unknown"]), st.integers(0, 6))


@settings(max_examples=100)
@given(numbers, numbers, st.integers(0, 12), st.integers(0, 12))
def test_nobody_beside_staff_takes_the_last_place_or_the_reserve(inside, pending, total, reserve):
    limited = policy(total=total, staff_reserve=min(reserve, total))
    occupancy = Occupancy(inside, pending)
    if has_place("visitor", occupancy, limited):
        assert occupancy.total_taken < total
        others = occupancy.total_taken - occupancy.taken("staff")
        assert others < total - limited.capacity.staff_reserve
        assert has_place("staff", occupancy, limited)
    assert has_place("staff", occupancy, limited) is (occupancy.total_taken < total)
