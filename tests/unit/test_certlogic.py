"""CertLogic: what each operation makes of each type, and that nothing foreign ever raises."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.certlogic import evaluate, evaluate_to_json
from gatewayd.core.certlogic_dates import TIME_UNITS
from gatewayd.core.certlogic_format import Logic, parse
from gatewayd.core.certlogic_values import DEPTH_MAX, INTEGER_MAX, Failed, is_true
from tests.unit.certlogic_suites import read_suites
from tests.unit.public_vectors import read_vectors


def result(expression: object, data: Any = None) -> object:
    logic = parse(expression)
    assert isinstance(logic, Logic), logic
    return evaluate_to_json(logic, data)


def failure(expression: object, data: Any = None) -> str:
    found = result(expression, data)
    assert isinstance(found, Failed), found
    return found.what


IT = {"var": ""}


# --- data ---


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        ("", 5, 5),
        ("a", {"a": 1}, 1),
        ("a.b.1", {"a": {"b": [7, 8]}}, 8),
        ("a.b", {"a": None}, None),
        ("a", [1], None),
        ("0", "text", None),
        ("length", [1], None),
        ("2", [1, 2], None),
        ("-1", [1, 2], None),
        ("+1", [1, 2], None),
        ("1x", [1, 2], None),
        ("²", [1, 2, 3], None),
        ("1", {"1": "by name"}, "by name"),
        ("9" * 5_000, [1], None),
        ("a", True, None),
        ("a", 5, None),
    ],
)
def test_a_path_goes_down_or_ends_in_null(path, data, expected):
    assert result({"var": path}, data) == expected


def test_literals_and_arrays_are_themselves():
    assert result([1, "a", True, {"var": "x"}], {"x": None}) == [1, "a", True, None]


# --- truth ---


@pytest.mark.parametrize("value", [False, None, "", 0, 0.0, [], {}])
def test_falsy(value):
    assert is_true(value) is False
    assert result({"!": [IT]}, value) is True
    assert result({"if": [IT, "T", "F"]}, value) == "F"
    assert result({"and": [IT, "T"]}, value) == value


@pytest.mark.parametrize("value", [True, "0", " ", 1, -1, 2.0, [None], {"a": None}])
def test_truthy(value):
    assert is_true(value) is True
    assert result({"!": [IT]}, value) is False
    assert result({"if": [IT, "T", "F"]}, value) == "T"
    assert result({"and": [IT, "T"]}, value) == "T"


@pytest.mark.parametrize("operator", ["!", "if", "and"])
def test_a_date_time_is_neither(operator):
    time = {"plusTime": ["2021", 0, "day"]}
    operands = {"!": [time], "if": [time, 1, 2], "and": [True, time]}[operator]
    assert failure({operator: operands}) == (
        f"{operator} needs what is truthy or falsy, and got a date-time"
    )


def test_a_fraction_is_neither():
    assert failure({"!": [IT]}, 0.5) == "! needs what is truthy or falsy, and got another number"


def test_what_is_not_asked_is_not_evaluated():
    wrong = {"+": ["a", 1]}
    assert result({"if": [True, 1, wrong]}) == 1
    assert result({"if": [False, wrong, 2]}) == 2
    assert result({"and": [0, wrong]}) == 0
    assert failure({"and": [1, wrong]}) == "+ needs integers, and got a string"


# --- comparing ---


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1, "1", False),
        (1, True, False),
        (True, 1, False),
        (0, False, False),
        (None, None, True),
        (None, 0, False),
        (None, False, False),
        ("", [], False),
        ([1, [2]], [1, [2]], True),
        ([1], [True], False),
        ([1], [1, 2], False),
        ({"a": [1]}, {"a": [1]}, True),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {"a": True}, False),
        ({}, [], False),
    ],
)
def test_equality_has_no_coercion(left, right, expected):
    assert result({"===": [{"var": "0"}, {"var": "1"}]}, [left, right]) is expected
    assert result({"in": [{"var": "0"}, {"var": "1"}]}, [left, [right]]) is expected


def test_in_needs_an_array():
    assert failure({"in": ["a", "abc"]}) == (
        "in needs an array as its second operand, and got a string"
    )
    assert failure({"in": ["a", IT]}) == "in needs an array as its second operand, and got null"


@pytest.mark.parametrize(
    ("operator", "operands", "expected"),
    [
        ("<", [1, 2], True),
        ("<", [1, 1], False),
        ("<=", [1, 1], True),
        (">", [2, 1], True),
        (">=", [1, 1], True),
        (">=", [1, 2], False),
        ("<", [1, 2, 3], True),
        ("<", [1, 3, 3], False),
        (">", [3, 2, 1], True),
        (">=", [1, 1, 2], False),
    ],
)
def test_integers_compare_in_pairs_and_in_threes(operator, operands, expected):
    assert result({operator: operands}) is expected


@pytest.mark.parametrize("value", ["1", True, None, 1.5, [1], {"a": 1}])
def test_only_integers_compare_and_add(value):
    for operator in ("<", ">", "<=", ">=", "+"):
        assert failure({operator: [1, {"var": ""}]}, value).startswith(f"{operator} needs integers")


def test_integers_add_up_to_what_json_holds():
    assert result({"+": [1, -3]}) == -2
    assert result({"+": [1, 2.0]}) == 3
    assert result({"+": [INTEGER_MAX, 0]}) == INTEGER_MAX
    assert failure({"+": [INTEGER_MAX, 1]}) == "+ goes beyond 2^53 - 1"
    assert failure({"+": [IT, 1]}, 2**53) == "+ needs integers, and got another number"


# --- dates ---


def time(text: str, amount: int = 0, unit: str = "day") -> dict[str, object]:
    return {"plusTime": [text, amount, unit]}


def test_a_time_is_shown_with_milliseconds():
    assert result(time("2021-06-01T12:00:00.5+07:00", 1)) == "2021-06-02T05:00:00.500Z"
    assert result([{"dccDateOfBirth": ["2004-02"]}]) == ["2004-02-29T00:00:00.000Z"]
    assert result(time("0001-01-01")) == "0001-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("before", (True, False, False)),
        ("not-after", (True, True, False)),
        ("not-before", (False, True, True)),
        ("after", (False, False, True)),
    ],
)
def test_times_compare(operator, expected):
    noon = time("2021-06-01T12:00:00Z")
    others = ("2021-06-01T12:00:00.001Z", "2021-06-01T19:00:00+7", "2021-06-01T11:59:59.999Z")
    found = tuple(result({operator: [noon, time(other)]}) for other in others)
    assert found == expected


def test_times_compare_in_threes():
    days = [time("2021-06-01"), time("2021-06-02"), time("2021-06-03")]
    assert result({"before": days}) is True
    assert result({"after": days}) is False


def test_texts_do_not_compare_as_times():
    assert failure({"before": [time("2021"), "2022"]}) == (
        "before needs date-times, made with plusTime, and got a string"
    )


@pytest.mark.parametrize("operation", [{"plusTime": [IT, 1, "day"]}, {"dccDateOfBirth": [IT]}])
@pytest.mark.parametrize("value", [None, 5, ["2021"], "today", ""])
def test_only_texts_of_dates_become_times(operation, value):
    (name,) = operation
    assert failure(operation, value).startswith(f"{name} needs a ")


def test_a_time_is_not_made_of_a_time():
    assert failure({"plusTime": [time("2021"), 1, "day"]}) == (
        "plusTime needs a string as its first operand, and got a date-time"
    )


def test_a_time_stays_in_the_calendar():
    assert failure(time("2021", 10_000, "year")) == "plusTime leaves the years 1 to 9999"


# --- arrays and identifiers ---


def test_reduce_folds_from_the_left():
    add = {"+": [{"var": "accumulator"}, {"var": "current"}]}
    assert result({"reduce": [IT, add, 10]}, [1, 2, 3]) == 16
    assert result({"reduce": [IT, add, 10]}, []) == 10
    assert result({"reduce": [IT, add, 10]}, None) == 10
    assert (
        result({"reduce": [[1, 2], {"var": "accumulator"}, {"var": "x"}]}, {"x": "seen"}) == "seen"
    )
    assert result({"reduce": [[1], {"var": "x"}, 0]}, {"x": "not seen"}) is None
    assert failure({"reduce": [IT, add, 0]}, "abc") == (
        "reduce needs an array as its first operand, and got a string"
    )


@pytest.mark.parametrize(
    ("uci", "index", "expected"),
    [
        ("URN:UVCI:01/NL/187/37512422923", 1, "NL"),
        ("01:NL:187#X", 3, "X"),
        ("a::c/#/f", 3, ""),
        ("a::c/#/f", 5, "f"),
        ("a::c/#/f", 6, None),
        ("a", -1, None),
        ("", 0, ""),
        ("urn:uvci:01", 0, "urn"),
        (None, 0, None),
    ],
)
def test_a_part_of_an_identifier(uci, index, expected):
    assert result({"extractFromUVCI": [IT, index]}, uci) == expected


def test_an_identifier_is_a_text():
    assert failure({"extractFromUVCI": [IT, 0]}, 5) == (
        "extractFromUVCI needs a string or null, and got an integer"
    )


# --- messages and limits ---


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("Budi", "a string"),
        (None, "null"),
        (["Budi"], "an array"),
        ({"Budi": 1}, "an object"),
        (True, "a boolean"),
    ],
)
def test_messages_name_types_and_never_values(value, kind):
    assert failure({"+": [1, IT]}, value) == f"+ needs integers, and got {kind}"


def doubling(items: int) -> dict[str, object]:
    twice = [{"var": "accumulator"}, {"var": "accumulator"}]
    return {"reduce": [[0] * items, twice, 0]}


def test_a_result_that_would_fill_the_memory_is_none():
    assert failure(doubling(40)) == "the evaluation takes too many steps"
    deep = {"reduce": [[0] * (DEPTH_MAX + 1), [{"var": "accumulator"}], 0]}
    assert failure(deep) == f"the result has more than {DEPTH_MAX} levels"
    same = {"===": [doubling(40), doubling(40)]}
    assert failure(same) == "the evaluation takes too many steps"


def test_steps_are_counted():
    logic = parse({"and": [True, True, True]})
    assert isinstance(logic, Logic)
    assert evaluate(logic, None, steps_max=4) is True
    assert evaluate(logic, None, steps_max=3) == Failed("the evaluation takes too many steps")


@pytest.mark.parametrize(
    ("expression", "data"),
    [
        ({"in": ["a", IT]}, ["b"] * 2_000_000),
        ({"extractFromUVCI": [IT, 0]}, "a" * 2_000_000),
        ({"plusTime": [IT, 0, "day"]}, "1" * 2_000_000),
        ({"var": "a." * 1_000_000 + "a"}, {"a": 1}),
    ],
)
def test_large_data_costs_steps_before_it_costs_time(expression, data):
    assert failure(expression, data) == "the evaluation takes too many steps"


def test_a_number_that_json_cannot_hold_is_no_result():
    assert failure(IT, float("inf")) == "the result is no number of JSON"


# --- the specification's own suite, and the rules of the EU's countries ---


def test_the_specifications_suite_comes_out_equal():
    for suite in read_suites("spec-testSuite"):
        for case in suite["cases"]:
            for assertion in case["assertions"]:
                expression = assertion.get("certLogicExpression", case.get("certLogicExpression"))
                assert result(expression, assertion["data"]) == assertion["expected"], case["name"]


def test_the_business_rules_come_out_equal():
    value_sets = read_vectors("certlogic/value-sets.json")
    for rule in read_vectors("certlogic/business-rules.json"):
        for test in rule["tests"]:
            sets = value_sets.get(test["valueSets"])
            data = {"payload": test["payload"], "external": {**test["external"], "valueSets": sets}}
            assert result(rule["Logic"], data) == test["expected"], (rule["id"], test["name"])


# --- properties ---

TEXTS = st.sampled_from(["", "a", "0", "a.0", "2021", "2021-06-01T12:00:00Z", "URN:UVCI:01/A"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)


def operations(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    two, three = st.lists(inner, min_size=2, max_size=2), st.lists(inner, min_size=3, max_size=3)
    times = st.tuples(inner, st.integers(-5, 5), st.sampled_from(TIME_UNITS)).map(list)
    named = {
        "if": three,
        "and": two | three,
        "!": inner.map(lambda operand: [operand]),
        **dict.fromkeys(("===", "in", "+"), two),
        **dict.fromkeys(("<", ">", "<=", ">=", "before", "after"), two | three),
        **dict.fromkeys(("not-after", "not-before"), two | three),
        "plusTime": times,
        "dccDateOfBirth": inner.map(lambda operand: [operand]),
        "reduce": three,
        "extractFromUVCI": st.tuples(inner, st.integers(-2, 5)).map(list),
    }
    made = [
        operands.map(lambda found, name=name: {name: found}) for name, operands in named.items()
    ]
    return st.one_of(made) | st.lists(inner, max_size=3)


PATHS = TEXTS.filter(lambda text: "." not in text or all(text.split("."))) | st.sampled_from(
    ["current", "accumulator"]
)
LEAVES = st.booleans() | st.integers(-3, 3) | TEXTS | PATHS.map(lambda path: {"var": path})
EXPRESSIONS = st.recursive(LEAVES, operations, max_leaves=20)


@settings(max_examples=200)
@given(JSON)
def test_whatever_the_json_is_it_is_an_expression_or_has_issues(expression):
    found = parse(expression)
    assert isinstance(found, Logic) or found


@settings(max_examples=200)
@given(EXPRESSIONS, JSON, st.integers(0, 60))
def test_no_expression_raises_on_any_data(expression, data, steps_max):
    logic = parse(expression)
    if not isinstance(logic, Logic):
        return
    evaluate(logic, data, steps_max)
    evaluate_to_json(logic, data)


@settings(max_examples=100)
@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.integers(-999, 999))  # noqa: DTZ001
def test_hours_are_added_exactly(at, amount):
    text = at.replace(microsecond=0).isoformat()
    moved = result(time(text, amount, "hour"))
    expected = at.replace(microsecond=0, tzinfo=UTC) + timedelta(hours=amount)
    assert moved == expected.isoformat(timespec="milliseconds").replace("+00:00", "Z")
