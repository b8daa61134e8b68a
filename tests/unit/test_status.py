"""What a rule-set makes of facts: the first rule that holds, and never an admission by mistake."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.evidence import Dose, Evidence
from gatewayd.core.facts import CentreWord, Counting, Here, derive_facts
from gatewayd.core.rule_sets import parse_rule_set
from gatewayd.core.status import RuleSet, Ruling, apply_rules, choose_rule_set, judge
from gatewayd.core.words import Status
from tests.unit.rulesets.people import load
from tests.unit.test_certlogic import EXPRESSIONS
from tests.unit.test_facts import ANY_WORD, ANYBODY

JAKARTA = ZoneInfo("Asia/Jakarta")
NOW = datetime(2021, 9, 10, 5, tzinfo=UTC)  # Noon in Jakarta.
MIDNIGHT = datetime(2021, 9, 10, 17, tzinfo=UTC)
HERE = Here(NOW, JAKARTA)
NOTHING_KNOWN = derive_facts(Evidence(), None, HERE, Counting())

YES, NO = {"===": [1, 1]}, {"===": [1, 2]}
FAILS = {"+": [{"var": "age"}, 1]}
GREEN = {"name": "all", "when": True, "status": "green"}


def rule_set(*rules: dict[str, object], **more: object) -> RuleSet:
    head = {"id": "house", "version": "3", "source": "the house"}
    found, mistakes = parse_rule_set({**head, **more, "rules": list(rules)}, JAKARTA)
    assert mistakes == ()
    return found


def rule(name: str, when: object, status: str = "green", **more: object) -> dict[str, object]:
    return {"name": name, "when": when, "status": status, **more}


def ruling(*rules: dict[str, object], **more: object) -> Ruling:
    return apply_rules(rule_set(*rules, **more), NOTHING_KNOWN, HERE)


def test_the_first_rule_that_holds_decides():
    found = ruling(rule("no", 0, "black"), rule("yes", "x", "yellow"), rule("late", YES, "red"))
    assert found == Ruling(Status.YELLOW, MIDNIGHT, "house/3", "yes")


def test_where_no_rule_holds_nothing_is_known():
    assert ruling(rule("no", NO)) == Ruling(Status.UNKNOWN, MIDNIGHT, "house/3")


def test_a_rule_that_fails_decides_that_nothing_is_known():
    found = ruling(rule("bad", FAILS, "black"), GREEN)
    assert (found.status, found.rule) == (Status.UNKNOWN, "bad")
    assert found.failed == "+ needs integers, and got null"


def test_a_rule_that_is_neither_true_nor_false_fails():
    found = ruling(rule("bad", {"plusTime": [{"var": "now"}, 0, "day"]}), GREEN)
    assert (found.status, found.rule) == (Status.UNKNOWN, "bad")
    assert found.failed == "`when` is a date-time, neither true nor false"


def test_a_rule_that_fails_after_the_deciding_one_is_not_asked():
    assert ruling(GREEN, rule("bad", FAILS)).status is Status.GREEN


def test_a_rule_has_so_many_steps():
    items: list[object] = [0] * 600
    add = {"+": [{"var": "accumulator"}, 1]}
    found = ruling(rule("long", {"reduce": [items, add, 0]}))
    assert (found.status, found.failed) == (Status.UNKNOWN, "the evaluation takes too many steps")


# --- terms ---


def test_rules_and_later_terms_use_terms():
    terms = {"one": 1, "two": {"+": [{"var": "terms.one"}, 1]}}
    when = {"===": [{"var": "terms.two"}, 2]}
    assert ruling(rule("two", when), terms=terms).rule == "two"


def test_a_term_can_be_a_time():
    terms = {"then": {"plusTime": [{"var": "now"}, -1, "day"]}}
    when = {"after": [{"plusTime": [{"var": "now"}, 0, "day"]}, {"var": "terms.then"}]}
    assert ruling(rule("then", when), terms=terms).rule == "then"


def test_a_term_that_fails_decides_that_nothing_is_known():
    found = ruling(GREEN, terms={"bad": FAILS})
    assert (found.status, found.rule) == (Status.UNKNOWN, "terms.bad")
    assert found.failed == "+ needs integers, and got null"


# --- until ---


def test_a_status_holds_for_the_rest_of_the_day_where_the_gate_stands():
    assert ruling(GREEN).until == MIDNIGHT
    last = Here(MIDNIGHT - timedelta(microseconds=1), JAKARTA)
    assert apply_rules(rule_set(GREEN), NOTHING_KNOWN, last).until == MIDNIGHT
    next_day = Here(MIDNIGHT, JAKARTA)
    assert apply_rules(rule_set(GREEN), NOTHING_KNOWN, next_day).until == (
        MIDNIGHT + timedelta(days=1)
    )


def in_hours(amount: int) -> dict[str, object]:
    return {"plusTime": [{"var": "now"}, amount, "hour"]}


def test_a_rule_can_say_until_when():
    found = ruling(rule("days", YES, until=in_hours(48)))
    assert (found.status, found.until) == (Status.GREEN, NOW + timedelta(hours=48))


def test_no_status_outlives_its_rule_set():
    ends = NOW + timedelta(hours=1)
    for rules in ([GREEN], [rule("days", YES, until=in_hours(48))], [rule("no", NO)]):
        assert ruling(*rules, valid_until=ends).until == ends
    assert ruling(rule("soon", YES, until=in_hours(1)), valid_until=MIDNIGHT).until == ends


@pytest.mark.parametrize(
    ("until", "failed"),
    [
        (in_hours(0), "`until` is in the past"),
        ({"var": "now"}, "`until` is a string, not a date-time, which plusTime makes"),
        (FAILS, "+ needs integers, and got null"),
    ],
)
def test_a_rule_whose_until_makes_no_sense_fails(until, failed):
    found = ruling(rule("bad", YES, until=until), GREEN)
    assert found == Ruling(Status.UNKNOWN, MIDNIGHT, "house/3", "bad", failed)


# --- choosing ---


def test_the_rule_set_in_force_is_chosen():
    names = ["2021-09-07", "2021-09-14", "2021-11-01", "2022-02-05", "2022-02-11", "2022-07-17"]
    shipped = [load(f"pl-{name}") for name in names]
    second = timedelta(seconds=1)
    for before, after in zip([None, *shipped], shipped, strict=False):
        begins = after.valid_from
        assert begins is not None
        assert begins.astimezone(JAKARTA).isoformat() == f"{after.id[3:]}T00:00:00+07:00"
        assert choose_rule_set(shipped, begins - second) is before
        assert choose_rule_set(shipped, begins) is after
        assert choose_rule_set(shipped, begins + second) is after
    assert choose_rule_set(shipped, NOW + timedelta(days=4_000)) is shipped[-1]


def test_of_two_in_force_the_one_that_began_last_is_chosen():
    always, new = rule_set(GREEN), rule_set(GREEN, valid_from="2021-09-01", id="new")
    assert choose_rule_set([always, new], NOW) is new
    assert choose_rule_set([new, always], NOW) is new
    assert choose_rule_set([always, new], NOW - timedelta(days=30)) is always
    assert choose_rule_set([], NOW) is None


# --- whatever comes ---


def test_evidence_and_the_centres_word_are_judged():
    when = {"and": [{"var": "doses.count"}, {"===": [{"var": "centre.status"}, "green"]}]}
    found = rule_set(rule("both", when))
    dosed = Evidence((Dose(1, 2, None),))
    assert judge(found, dosed, CentreWord(Status.GREEN), HERE).status is Status.GREEN
    assert judge(found, dosed, None, HERE).status is Status.UNKNOWN
    assert judge(found, Evidence(), CentreWord(Status.GREEN), HERE).status is Status.UNKNOWN


NAMES = ["2021-09-07", "2021-09-14", "2021-11-01", "2022-02-05", "2022-07-17"]


@settings(max_examples=150)
@given(st.sampled_from(NAMES), ANYBODY, ANY_WORD)
def test_no_shipped_rule_fails_whatever_the_evidence(name, evidence, word):
    found = judge(load(f"pl-{name}"), evidence, word, HERE)
    assert found.failed is None
    assert found.until > NOW or found.until == load(f"pl-{name}").valid_until


@settings(max_examples=150)
@given(EXPRESSIONS, EXPRESSIONS, ANYBODY)
def test_no_rule_raises_whatever_it_is(when, until, evidence):
    document = {"id": "x", "version": "1", "source": "x", "rules": [rule("r", when, until=until)]}
    found, _ = parse_rule_set(document, JAKARTA)
    assert isinstance(judge(found, evidence, None, HERE), Ruling)
