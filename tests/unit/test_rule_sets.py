"""Reading rule-sets: every key, and all mistakes of a document at once."""

import tomllib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.certlogic_format import Logic
from gatewayd.core.facts import Counting
from gatewayd.core.rule_sets import DAYS_MAX, RULES_MAX, TERMS_MAX, parse_rule_set
from gatewayd.core.status import Rule, RuleSet
from gatewayd.core.words import Status
from tests.unit.rulesets.people import FOLDER
from tests.unit.test_certlogic import JSON

JAKARTA = ZoneInfo("Asia/Jakarta")
RULE = {"name": "all", "when": True, "status": "green"}
HEAD = {"id": "house", "version": "1", "source": "the house"}


def mistakes_of(document: dict[str, object]) -> dict[str, tuple[str, object]]:
    _, mistakes = parse_rule_set(document, JAKARTA)
    return {".".join(mistake.path): (mistake.expected, mistake.found) for mistake in mistakes}


def test_every_key_is_read():
    document = {
        **HEAD,
        "legal_basis": "SE 1/2021",
        "valid_from": "2021-09-07",
        "valid_until": "2021-09-13",
        "counting": {"episode_days": 30, "negatives_from_day": 11, "positive_marks": ["case"]},
        "terms": {"one": 1},
        "rules": [{**RULE, "until": {"var": "now"}, "text": "1: semua"}],
    }
    assert parse_rule_set(document, JAKARTA) == (
        RuleSet(
            id="house",
            version="1",
            source="the house",
            counting=Counting(30, 11, ("case",)),
            rules=(
                Rule(
                    "all", Logic(expression=True), Status.GREEN, Logic({"var": "now"}), "1: semua"
                ),
            ),
            terms={"one": Logic(1)},
            legal_basis="SE 1/2021",
            valid_from=datetime(2021, 9, 6, 17, tzinfo=UTC),
            valid_until=datetime(2021, 9, 13, 17, tzinfo=UTC),
        ),
        (),
    )


def test_an_empty_document_lacks_the_required_keys():
    assert mistakes_of({}) == {
        "id": ("a name of a-z, 0-9 and -, at most 64 characters", None),
        "version": ("a text", None),
        "source": ("a text", None),
        "rules": ("a list of rules: [[rules]]", None),
    }


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("id", "PL 2021", "a name of a-z, 0-9 and -, at most 64 characters"),
        ("version", 1, "a text"),
        ("valid_from", "soon", "a date or a date with time, like 2021-11-29T00:00:00+07:00"),
        ("rules", [], f"1 to {RULES_MAX} rules"),
        ("rules", [RULE] * (RULES_MAX + 1), f"1 to {RULES_MAX} rules"),
        ("rules", {"all": True}, "a list of rules: [[rules]]"),
        ("rules", [1], "a list of rules: [[rules]]"),
        ("rules", [RULE, RULE], "a name of its own for each rule"),
        ("rule", [RULE], "one of counting, id, legal_basis, rules, source, terms, valid_from"),
        ("counting", 5, "a table of its own"),
        ("terms", [], "a table of its own"),
        ("terms", {f"t{n}": 1 for n in range(TERMS_MAX + 1)}, f"at most {TERMS_MAX} terms"),
    ],
)
def test_a_wrong_key_is_told(key, value, expected):
    found = mistakes_of({**HEAD, "rules": [RULE], key: value})
    (path,) = found
    assert path.rstrip(".") == key
    assert found[path][0].startswith(expected)


@pytest.mark.parametrize("key", ["episode_days", "negatives_from_day"])
@pytest.mark.parametrize("value", [-1, DAYS_MAX + 1, True, "30", 1.5])
def test_days_are_a_number_of_days(key, value):
    found = mistakes_of({**HEAD, "rules": [RULE], "counting": {key: value}})
    assert found == {f"counting.{key}": (f"a number of days from 0 to {DAYS_MAX}", value)}


def test_an_end_before_the_beginning_is_told():
    found = mistakes_of(
        {**HEAD, "rules": [RULE], "valid_from": "2022-01-02", "valid_until": "2022-01-01"}
    )
    assert found == {
        "valid_until": ("later than valid_from (2022-01-01T17:00:00+00:00)", "2022-01-01")
    }


def test_all_mistakes_of_all_rules_are_told_with_their_place():
    rules = [
        {"name": "No Name", "when": {"or": []}, "status": "blue", "until": None, "txt": ""},
        RULE,
        {"text": 5},
    ]
    assert mistakes_of({**HEAD, "rules": rules}) == {
        "rules.0.name": ("a name of a-z, 0-9 and -, at most 64 characters", "No Name"),
        "rules.0.when": ('CertLogic: unrecognised operator: "or"', {"or": []}),
        "rules.0.status": ("one of green, yellow, red, black, unknown", "blue"),
        "rules.0.until": ("CertLogic: invalid CertLogic expression", None),
        "rules.0.txt": ("one of name, status, text, until, when", "txt"),
        "rules.2.name": ("a name of a-z, 0-9 and -, at most 64 characters", None),
        "rules.2.when": ("CertLogic: invalid CertLogic expression", None),
        "rules.2.status": ("one of green, yellow, red, black, unknown", None),
        "rules.2.text": ("a text", 5),
    }


@pytest.mark.parametrize(
    ("logic", "found"),
    [
        ({"var": "doses.cuont"}, "doses.cuont"),
        ({"!": [{"var": "mark.contact"}]}, "mark.contact"),
        ({"if": [True, {"var": "age.years"}, {"var": "age.months"}]}, "age.months"),
        ({"var": "terms.three"}, "terms.three"),
        ({"var": "terms"}, "terms"),
    ],
)
def test_a_fact_that_nobody_has_is_a_typing_mistake(logic, found):
    expected = ("facts of docs/rules.md, and terms from above", found)
    one = {**RULE, "when": logic, "until": logic}
    assert mistakes_of({**HEAD, "terms": {"one": 1}, "rules": [one]}) == {
        "rules.0.when": expected,
        "rules.0.until": expected,
    }
    assert mistakes_of({**HEAD, "terms": {"one": logic}, "rules": [RULE]}) == {
        "terms.one": expected
    }


def test_a_term_can_only_use_those_before_it():
    terms = {"one": {"var": "terms.two"}, "two": {"var": "terms.one"}}
    assert list(mistakes_of({**HEAD, "terms": terms, "rules": [RULE]})) == ["terms.one"]


def test_reduce_has_names_of_its_own():
    count = {"+": [{"var": "accumulator"}, {"var": "current.x"}]}
    one = {**RULE, "when": {"reduce": [[1], count, {"var": ""}]}}
    assert mistakes_of({**HEAD, "rules": [one]}) == {}


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.toml")), ids=lambda file: file.stem)
def test_a_shipped_rule_set_says_where_it_is_from(file):
    found, mistakes = parse_rule_set(tomllib.loads(file.read_text()), JAKARTA)
    assert mistakes == ()
    assert found.id == file.stem
    assert found.legal_basis
    assert found.valid_from is not None
    assert all(rule.text for rule in found.rules)


KEYS = ["id", "version", "source", "counting", "terms", "rules", "valid_from"]
RULES = st.lists(st.dictionaries(st.sampled_from(["name", "when", "until"]), JSON), max_size=2)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(KEYS), JSON | RULES, max_size=4))
def test_no_document_raises(document):
    parse_rule_set(document, JAKARTA)
