"""docs/rules.md tells every key, fact and operator, and its examples are good."""

import re
import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gatewayd.core.certlogic_format import _FORMS
from gatewayd.core.described import parse_described
from gatewayd.core.facts import is_fact
from gatewayd.core.policy_format import parse_policy
from gatewayd.core.policy_layers import parse_layer
from gatewayd.core.rule_sets import parse_rule_set

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
WIB = ZoneInfo("Asia/Jakarta")
BLOCKS = [
    re.sub(r"(?m)^    ", "", block) for block in re.findall(r"(?m)(?:^    .*\n|^\n(?=    ))+", PAGE)
]


def examples(first: str) -> list[dict[str, object]]:
    """Return the examples in which a line begins so."""
    found = [block for block in BLOCKS if re.search(rf"(?m)^{re.escape(first)}", block)]
    assert found
    return [tomllib.loads(block) for block in found]


def rows(head: str) -> list[str]:
    """Return the first cells of the table under a heading."""
    table = re.split(r"(?m)^\|(?:---\|)+$", PAGE.split(head, 1)[1])[1].split("\n\n")[0]
    return [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")]


def test_every_key_of_a_policy_is_told():
    region_test = {"regions": ["a"], "hours_max": {"antigen": 24}}
    document = {"no-such-key": 1, "region_test": region_test}
    _, [mistake] = parse_policy(document, WIB, exits_have_readers=True)
    keys = mistake.expected.removeprefix("one of ").split(", ")
    told = set(re.findall(r"`(?:\[\[)?([a-z_]+)", " ".join(rows("### Every key"))))
    assert set(keys) - told == set()
    assert told - set(keys) - {"profile", "layers", "under", "answer", "from"} == set()


def test_every_fact_that_is_told_is_one():
    facts = [
        fact.replace("KIND", "any").replace("NAME", "contact")
        for cell in rows("### The facts")
        for fact in _with_prefix(re.findall(r"`([^`]+)`", cell))
    ]
    assert len(facts) > 15
    assert [fact for fact in facts if not is_fact(fact)] == []


def _with_prefix(names: list[str]) -> list[str]:
    """Complete those that leave out the beginning of the one before."""
    prefix = names[0].rpartition(".")[0]
    return [f"{prefix}{name}" if name.startswith(".") else name for name in names]


def test_every_operator_is_told():
    [told] = re.findall(r"here in TOML: (.*?)\. Try", PAGE.replace("\n", " "))
    assert set(re.findall(r"`([^`]+)`", told)) == {*_FORMS, "var"}


@pytest.mark.parametrize("example", examples("[policy"))
def test_a_policy_of_the_page_is_good(example):
    policy = example["policy"]
    assert isinstance(policy, dict)
    policy.pop("profile", None)
    assert parse_policy(policy, WIB, exits_have_readers=True, can_ask_centre=True)[1] == ()


def test_the_layer_of_the_page_is_good():
    for example in examples('level = "national"'):
        layer, mistakes = parse_layer("layer.toml", example, WIB)
        assert mistakes == ()
        assert set(layer.values) == {"version", "legal_basis", "capacity"}


def test_the_rule_set_of_the_page_is_good():
    for example in examples("[counting]"):
        assert parse_rule_set(example, WIB)[1] == ()


def test_the_guest_of_the_page_is_good():
    for example in examples("[[doses]]"):
        assert parse_described(example, WIB)[1] == ()
