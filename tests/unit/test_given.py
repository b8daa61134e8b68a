"""What a request gives is held against its route's schema, by us as by JSON Schema itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gatewayd.app.desk import ROUTES
from gatewayd.desk.given import find_flaw
from gatewayd.desk.routes import WORD, number, takes

SCHEMAS = [route.takes for route in ROUTES if route.takes.get("properties")]
SCHEMA = takes(
    "reason",
    reason={"type": "string", "minLength": 1, "maxLength": 5},
    lane=WORD,
    count=number(1, 60),
    healthy={"type": "boolean"},
    order={"enum": ["free", "lock"]},
    codes={"type": "array", "items": number(0, 9), "minItems": 2, "maxItems": 2},
    statuses={"type": "object", "properties": {"red": {"enum": ["admit"]}}, "additionalProperties": False},
)  # fmt: skip

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 100)
    | st.sampled_from(["free", "lane-1", "Lane", "lane-1\n", "", "admit", "٣", "x" * 6]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*SCHEMA["properties"], "nix"]), VALUES))
def test_what_is_refused_is_what_json_schema_refuses(value):
    assert (find_flaw(value, SCHEMA) is None) is Draft202012Validator(SCHEMA).is_valid(value)


@pytest.mark.parametrize("schema", SCHEMAS, ids=range(len(SCHEMAS)))
def test_every_route_refuses_what_it_does_not_know(schema):
    assert "there is no `nix` here" in find_flaw({"nix": 1}, schema)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({}, "`reason` is missing"),
        ({"reason": 5}, "`reason`: expected a text, got '5'"),
        ({"reason": ""}, "`reason`: expected 1 to 5 characters, got ''"),
        ({"reason": "\ud800"}, "`reason`: expected Unicode, got 'half a character'"),
        ({"reason": "x", "lane": "Ä b"}, r"`lane`: expected like ^[a-z0-9_-]{1,64}$, got '\\xc4 b'"),
        ({"reason": "x", "count": True}, "`count`: expected a whole number, got 'True'"),
        ({"reason": "x", "count": 61}, "`count`: expected 1 to 60, got '61'"),
        ({"reason": "x", "order": "nix"}, "`order`: expected one of free, lock, got 'nix'"),
        ({"reason": "x", "codes": [1]}, "`codes`: expected 2 to 2 of them, got '1'"),
        ({"reason": "x", "codes": [1, 10]}, "`codes`: expected 0 to 9, got '10'"),
        ({"reason": "x", "statuses": {"blue": 1}}, "there is no `statuses.blue` here; known: red"),
        ({"reason": "x", "statuses": {"red": "x"}}, "`statuses.red`: expected one of admit, got 'x'"),
    ],
)  # fmt: skip
def test_a_flaw_says_where_it_is_and_what_is_expected(value, told):
    assert find_flaw(value, SCHEMA) == told


def test_what_nests_deeper_than_it_could_be_written_is_a_flaw_like_others():
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    assert find_flaw({"reason": deep}, SCHEMA) == "`reason`: expected a text, got 'a list'"
