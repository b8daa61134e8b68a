"""Gaps in a policy, and what of it never counts."""

from datetime import UTC, datetime, timedelta

import pytest

from config.load import profile_names
from gatewayd.app.policy_files import read_profile
from gatewayd.core.policy import AgeBand, Answer, Policy
from gatewayd.core.policy_advice import advise
from gatewayd.core.rule_sets import parse_rule_set
from gatewayd.core.status import RuleSet
from gatewayd.core.words import Json, Status

NOW = datetime(2022, 1, 1, tzinfo=UTC)
MARCH, MAY = datetime(2022, 3, 1, tzinfo=UTC), datetime(2022, 5, 1, tzinfo=UTC)
STATUSES = {Status.UNKNOWN: Answer.REFER}


def rules(*when: Json, **validity: datetime) -> RuleSet:
    listed = [
        {"name": f"r{number}", "when": one, "status": "green"} for number, one in enumerate(when)
    ]
    head = {"id": "house", "version": "1", "source": "us", "rules": listed}
    rule_set, mistakes = parse_rule_set({**head, **validity}, UTC)
    assert mistakes == ()
    return rule_set


def screened(*rule_sets: RuleSet) -> Policy:
    return Policy(zone=UTC, rule_sets=rule_sets, statuses=STATUSES)


ASKED: Json = {"var": "doses.count"}
ALWAYS: Json = True


@pytest.mark.parametrize("name", profile_names())
def test_what_is_shipped_needs_no_advice(name):
    assert advise(read_profile(name), datetime(2026, 11, 22, tzinfo=UTC)) == []


def test_a_day_without_rules_is_told_before_it_comes():
    policy = screened(rules(ASKED, valid_until=MARCH), rules(ASKED, valid_from=MAY))
    [told] = advise(policy, NOW)
    assert told.startswith("rule_sets: none is in force from 2022-03-01T00:00+00:00 on: ")
    assert told.endswith("everybody is unknown, so `refer`")
    assert advise(policy, MAY) == []
    assert len(advise(screened(rules(ASKED, valid_from=MARCH)), NOW)) == 1
    assert (
        advise(screened(rules(ASKED, valid_until=MARCH), rules(ASKED, valid_from=MARCH)), NOW) == []
    )


def test_rules_after_one_that_always_holds_are_named():
    [told] = advise(screened(rules(ASKED, ALWAYS, {"var": "positive"}, {"var": "recovery"})), NOW)
    assert told == "house/1: after the rule r1, which always holds: r2, r3"
    assert advise(screened(rules(ASKED, ALWAYS)), NOW) == []


def test_a_rule_that_asks_what_was_asked_is_named():
    [told] = advise(screened(rules(ASKED, {"var": "positive"}, ASKED)), NOW)
    assert told == "house/1: the rule r2 never counts: r0 asks the same"


@pytest.mark.parametrize(
    ("bands", "count"),
    [
        ([(0, 12), (70, None)], 0),
        ([(0, 12), (5, 12)], 1),
        ([(0, 12), (5, 13)], 0),
        ([(0, None), (5, None), (6, 7)], 2),
        ([(5, 12), (0, 12)], 0),
        ([(0, 12), (5, None)], 0),
    ],
)
def test_an_age_band_behind_a_wider_one_is_named(bands, count):
    ages = tuple(AgeBand(first, under, Answer.REFER) for first, under in bands)
    assert len(advise(Policy(zone=UTC, ages=ages), NOW)) == count


def test_a_policy_that_has_run_out_is_told_with_what_follows():
    policy = Policy(zone=UTC, valid_until=NOW)
    assert advise(policy, NOW) == [
        "the policy has run out on 2022-01-01T00:00+00:00: everybody is answered `refer`"
    ]
    assert advise(policy, NOW - timedelta(seconds=1)) == []


def test_changes_to_come_are_looked_at_too():
    later = Policy(zone=UTC, ages=(AgeBand(0, None, Answer.REFER), AgeBand(5, 6, Answer.REFER)))
    policy = Policy(zone=UTC, changes=((MARCH, later), (MAY, Policy(zone=UTC))))
    assert len(advise(policy, NOW)) == 1
    assert advise(policy, MAY) == []
