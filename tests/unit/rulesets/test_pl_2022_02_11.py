"""The text of 11 February 2022 (v2.2): that of 5 February, with clearer words in b, c and g."""

from tests.unit.rulesets.people import Told, doses, load, pcr

told = Told("pl-2022-02-11")

# Day 1 is 1 March.
POSITIVE = pcr("positive", "2022-03-01 10:00")
TWICE = (pcr("negative", "2022-03-04 08:00"), pcr("negative", "2022-03-05 08:00"))


def test_all_other_clauses_are_those_of_5_february():
    before, now = load("pl-2022-02-05"), told.rule_set
    assert (now.counting, now.terms, now.rules) == (before.counting, before.terms, before.rules)


def test_b_days_1_to_5_are_positive_whatever_is_negative():
    assert told("2022-03-01 10:00:00", doses(2), POSITIVE, *TWICE) == "black positive"
    assert told("2022-03-05 23:59:59", doses(2), POSITIVE, *TWICE) == "black positive"


def test_c_negative_results_of_days_1_to_5_never_count():
    assert told("2022-03-07 12:00", doses(2), POSITIVE, *TWICE) == "black positive"
    day_6, day_7 = pcr("negative", "2022-03-06 00:00:00"), pcr("negative", "2022-03-07 00:00:00")
    assert told("2022-03-06 23:59:59", doses(2), POSITIVE, *TWICE, day_6) == "black positive"
    assert (
        told("2022-03-07 00:00:00", doses(2), POSITIVE, *TWICE, day_6, day_7) == "green two-doses"
    )


def test_g_without_a_test_day_11_ends_it():
    assert told("2022-03-10 23:59:59", doses(2), POSITIVE) == "black positive"
    assert told("2022-03-11 00:00:00", doses(2), POSITIVE) == "green two-doses"
