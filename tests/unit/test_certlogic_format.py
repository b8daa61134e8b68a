"""What is an expression of CertLogic, and what is wrong with the others."""

import pytest

from gatewayd.core.certlogic_format import ISSUES_MAX, SIZE_MAX, Issue, Logic, parse
from gatewayd.core.certlogic_values import DEPTH_MAX
from tests.unit.certlogic_suites import read_suites

UNIT = '"unit" argument (#3) of "plusTime" must be a string equal to one of year, month, day, hour'


def messages(expression: object) -> list[str]:
    found = parse(expression)
    assert not isinstance(found, Logic)
    return [issue.message for issue in found]


@pytest.mark.parametrize(
    "expression",
    [
        "",
        0,
        -1,
        2.0,
        True,
        [],
        [1, ["a", {"var": "x"}]],
        {"var": ""},
        {"var": "a.0.b"},
        {"if": [True, 1, 2]},
        {"and": [1, 2, 3, 4]},
        {"!": [{"var": "x"}]},
        {"===": [1, 2]},
        {"<": [1, 2, 3]},
        {"plusTime": [{"var": "x"}, -3, "month"]},
        {"extractFromUVCI": [{"var": "x"}, -1]},
        {"dccDateOfBirth": ["2004"]},
        {"reduce": [[1], {"var": "current"}, 0]},
    ],
)
def test_an_expression_is_ready_to_evaluate(expression):
    assert parse(expression) == Logic(expression)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (None, ["invalid CertLogic expression"]),
        ([1, None], ["invalid CertLogic expression"]),
        (3.14, ["3.14 is a non-integer number"]),
        (float("nan"), ["nan is a non-integer number"]),
        (2**53, ["a number is beyond 2^53 - 1"]),
        ({}, ["expression object must have exactly one key, but it has 0"]),
        ({"a": [], "b": []}, ["expression object must have exactly one key, but it has 2"]),
        ({"all": []}, ['unrecognised operator: "all"']),
        ({"or": [True, False]}, ['unrecognised operator: "or"']),
        ({"!==": [1, 2]}, ['unrecognised operator: "!=="']),
        ({"!": True}, ['operation not of the form { "<operator>": [ <values...> ] }']),
        ({"all": "x"}, ['operation not of the form { "<operator>": [ <values...> ] }']),
        ({"var": None}, ['not of the form { "var": "<path>" }']),
        ({"var": 0}, ['not of the form { "var": "<path>" }']),
        ({"var": ["x"]}, ['not of the form { "var": "<path>" }']),
        ({"var": "."}, ["data access path doesn't have a valid format: ."]),
        ({"var": "a..b"}, ["data access path doesn't have a valid format: a..b"]),
        ({"if": []}, ['an "if"-operation must have exactly 3 values/operands, but it has 0']),
        ({"and": [1]}, ['an "and" operation must have at least 2 operands, but it has 1']),
        (
            {"in": [1, [], 3]},
            ['an operation with operator "in" must have 2 operands, but it has 3'],
        ),
        (
            {"<": [1, 2, 3, 4]},
            ['an operation with operator "<" must have 2 or 3 operands, but it has 4'],
        ),
        (
            {"after": [1]},
            ['an operation with operator "after" must have 2 or 3 operands, but it has 1'],
        ),
        (
            {"!": []},
            ["a !-operation (logical not/negation) must have exactly 1 operand, but it has 0"],
        ),
        (
            {"dccDateOfBirth": []},
            ['a "dccDateOfBirth"-operation must have exactly 1 value/operand, but it has 0'],
        ),
        (
            {"reduce": [[], 1]},
            ['a "reduce"-operation must have exactly 3 values/operands, but it has 2'],
        ),
        (
            {"extractFromUVCI": [{"var": "x"}]},
            ['an "extractFromUVCI"-operation must have exactly 2 values/operands, but it has 1'],
        ),
        (
            {"extractFromUVCI": [{"var": "x"}, "1"]},
            ['"index" argument (#2) of "extractFromUVCI" must be an integer, but it is: 1'],
        ),
        (
            {"plusTime": ["2021", {"var": "x"}, "week"]},
            [
                '"amount" argument (#2) of "plusTime" must be an integer, but it is: something else',
                f"{UNIT}, but it is: week",
            ],
        ),
        (
            {"plusTime": [None, True, 1.5]},
            [
                "invalid CertLogic expression",
                '"amount" argument (#2) of "plusTime" must be an integer, but it is: true',
                f"{UNIT}, but it is: 1.5",
            ],
        ),
    ],
)
def test_what_is_wrong_is_told_as_the_specifications_suite_tells_it(expression, expected):
    assert messages(expression) == expected


def test_an_issue_names_the_part_that_it_is_about():
    wrong = {"and": [{"var": 1}, {"!": [{"or": []}]}]}
    assert parse(wrong) == (
        Issue({"var": 1}, 'not of the form { "var": "<path>" }'),
        Issue({"or": []}, 'unrecognised operator: "or"'),
    )


def test_operands_beyond_the_last_are_told_by_their_number_only():
    assert messages({"===": [1, 2, None]}) == [
        'an operation with operator "===" must have 2 operands, but it has 3'
    ]


def nested(levels: int) -> object:
    expression: object = True
    for _ in range(levels):
        expression = [expression]
    return expression


def test_an_expression_has_limits():
    assert isinstance(parse(nested(DEPTH_MAX)), Logic)
    assert messages(nested(DEPTH_MAX + 1)) == [
        f"an expression must have at most {DEPTH_MAX} levels"
    ]
    assert messages(nested(100_000)) == [f"an expression must have at most {DEPTH_MAX} levels"]
    assert isinstance(parse([1] * (SIZE_MAX - 1)), Logic)
    assert messages([1] * SIZE_MAX) == [f"an expression must have at most {SIZE_MAX} values"]


def test_only_so_many_issues_are_told():
    assert len(messages([None] * (ISSUES_MAX + 1))) == ISSUES_MAX


def test_a_number_too_long_to_print_is_an_issue():
    assert messages(10**5000) == ["a number is beyond 2^53 - 1"]


def test_the_specifications_suite_for_validators_comes_out_equal():
    for suite in read_suites("spec-validation-testSuite"):
        for case in suite["cases"]:
            found = parse(case["certLogicExpression"])
            issues = () if isinstance(found, Logic) else found
            told = [{"expr": issue.expr, "message": issue.message} for issue in issues]
            assert told == case["issues"]
