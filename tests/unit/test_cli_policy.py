"""`gatewayd policy eval --batch`: one line out for each line in, whatever comes."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.cli import policy as cli
from gatewayd.cli.policy import policy
from tests.unit.certlogic_suites import read_suites
from tests.unit.public_vectors import read_vectors


def evaluate(*lines: object) -> list[dict[str, Any]]:
    """Send lines, JSON unless they are bytes already, and return the answers."""
    sent = b"\n".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
    )
    run = CliRunner().invoke(policy, ["eval", "--batch"], input=sent)
    assert run.exit_code == 0, run.output
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_each_line_is_answered_in_order_under_its_id():
    more = {"+": [{"var": ""}, 1]}
    assert evaluate(
        {"id": 1, "logic": more, "data": 1},
        {"id": "two", "logic": more, "data": "x"},
        {"id": 3.5, "logic": more, "data": 2},
        {"logic": True},
    ) == [
        {"id": 1, "result": 2},
        {"id": "two", "error": "+ needs integers, and got a string"},
        {"id": 3.5, "result": 3},
        {"id": None, "result": True},
    ]


def test_missing_data_are_null():
    assert evaluate({"id": 1, "logic": {"var": ""}}) == [{"id": 1, "result": None}]


def test_value_sets_are_put_where_eu_rules_look_for_them():
    logic = {"in": [{"var": "payload.x"}, {"var": "external.valueSets.known"}]}
    data = {"payload": {"x": "a"}, "external": {"validationClock": "2021"}}
    sets = {"known": ["a"]}
    assert evaluate(
        {"id": 1, "logic": logic, "data": data, "values": sets},
        {"id": 2, "logic": logic, "data": {"payload": {"x": "b"}}, "values": sets},
        {"id": 3, "logic": {"var": "external.validationClock"}, "data": data, "values": sets},
        {"id": 4, "logic": {"var": "external"}, "data": {"external": 5}, "values": None},
    ) == [
        {"id": 1, "result": True},
        {"id": 2, "result": False},
        {"id": 3, "result": "2021"},
        {"id": 4, "result": 5},
    ]


@pytest.mark.parametrize("data", [None, [], {"external": []}])
def test_value_sets_need_a_place(data):
    (answer,) = evaluate({"id": 1, "logic": True, "data": data, "values": {}})
    assert answer == {
        "id": 1,
        "error": '"values" go under external.valueSets of "data", which has no such place',
    }


def test_what_is_no_certlogic_is_told_with_all_its_mistakes():
    assert evaluate({"id": 1, "logic": {"and": [{"or": []}, None]}}) == [
        {"id": 1, "error": 'unrecognised operator: "or"; invalid CertLogic expression'}
    ]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"", "the line is not JSON: Expecting value"),
        (b"{", "the line is not JSON: Expecting property name"),
        (b"\xff{}", "the line is not JSON: "),
        (b'{"id": 1, "logic": NaN}', "the line is not JSON: NaN is a number that JSON cannot hold"),
        (b'{"id": 1, "logic": 1e999}', "the line is not JSON: 1e999 is a number that"),
        (b'{"id": 1, "logic": ' + b"9" * 5000 + b"}", "the line is not JSON: "),
        (b"[" * 100_000, "the line is not JSON: "),
        (b"[]", 'the line is not an object with "id", "logic" and "data"'),
        (b'{"id": [1], "logic": 1}', '"id" is neither a text nor a number'),
        (b'{"id": 7}', '"logic" is missing'),
    ],
)
def test_a_bad_line_has_its_answer_too(line, error):
    before, answer, after = evaluate({"id": 1, "logic": 1}, line, {"id": 2, "logic": 2})
    assert answer["error"].startswith(error)
    assert (before, after) == ({"id": 1, "result": 1}, {"id": 2, "result": 2})


def test_a_line_too_long_is_refused_and_the_next_one_read(monkeypatch):
    monkeypatch.setattr(cli, "LINE_SIZE_MAX", 100)
    long = {"id": 1, "logic": "x" * 350}
    fits = {"id": 1, "logic": "x" * (100 - len(json.dumps({"id": 1, "logic": ""})) - 1)}
    assert [next(iter(answer)) for answer in evaluate(fits)] == ["id"]
    assert evaluate(long, {"id": 2, "logic": 2}, long) == [
        {"id": None, "error": "the line has more than 100 bytes"},
        {"id": 2, "result": 2},
        {"id": None, "error": "the line has more than 100 bytes"},
    ]


def test_it_says_what_it_can_do():
    assert CliRunner().invoke(policy, ["eval"]).exit_code == 2
    told = CliRunner().invoke(policy, ["eval", "--help"]).output
    assert "gatewayd policy eval --batch" in told


@settings(max_examples=100)
@given(st.lists(st.binary().map(lambda line: line.replace(b"\n", b" ") + b"."), max_size=5))
def test_there_are_as_many_lines_out_as_in(lines):
    assert len(evaluate(*lines)) == len(lines)


# --- the public sets, through the command ---


def test_the_specifications_suite_comes_out_equal_through_the_command():
    lines: list[dict[str, Any]] = []
    expected: list[object] = []
    for suite in read_suites("spec-testSuite"):
        for case in suite["cases"]:
            for assertion in case["assertions"]:
                logic = assertion.get("certLogicExpression", case.get("certLogicExpression"))
                lines.append({"id": len(lines), "logic": logic, "data": assertion["data"]})
                expected.append(assertion["expected"])
    answers = evaluate(*lines)
    assert answers == [{"id": index, "result": value} for index, value in enumerate(expected)]


def test_the_business_rules_come_out_equal_through_the_command():
    value_sets = read_vectors("certlogic/value-sets.json")
    lines, expected = [], []
    for rule in read_vectors("certlogic/business-rules.json"):
        for test in rule["tests"]:
            data = {"payload": test["payload"], "external": test["external"]}
            sets = value_sets.get(test["valueSets"])
            lines.append({"id": len(lines), "logic": rule["Logic"], "data": data, "values": sets})
            expected.append(test["expected"])
    answers = evaluate(*lines)
    assert answers == [{"id": index, "result": value} for index, value in enumerate(expected)]
