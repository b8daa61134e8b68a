"""The HTTP API as a document: whole, as committed, and in words that the server understands."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from gatewayd.app.desk import ROUTES
from gatewayd.cli.api import api
from gatewayd.desk.answers import ANSWERS, FILES
from gatewayd.desk.openapi import document
from gatewayd.desk.routes import PARAMETERS, Kind

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"

WORDS = {
    "type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum",
    "items", "minItems", "maxItems", "properties", "required", "additionalProperties",
}  # fmt: skip
"""Of JSON Schema, that `desk.given` holds requests against."""


def test_the_committed_document_is_what_the_code_makes():
    made = document(ROUTES)
    assert json.loads(COMMITTED.read_text()) == made, (
        "make it again: gatewayd api >docs/openapi.json"
    )


def test_the_command_prints_it():
    said = CliRunner().invoke(api)
    assert (said.exit_code, said.output) == (0, COMMITTED.read_text())


def test_each_operation_has_a_name_of_its_own_and_each_answer_a_schema():
    names = [route.name for route in ROUTES]
    assert len(set(names)) == len(names)
    for route in ROUTES:
        if route.kind is Kind.VERB:
            assert route.does in ANSWERS, route.name
        if route.kind is Kind.FILE:
            assert route.does in FILES, route.name


def test_no_answer_is_of_a_route_that_is_gone():
    does = {route.does for route in ROUTES}
    assert set(ANSWERS) <= does
    assert set(FILES) <= does


def test_whoever_must_be_signed_in_is_told_so():
    paths = document(ROUTES)["paths"]
    for route in ROUTES:
        operation = paths[route.path][route.method.lower()]
        assert bool(operation["security"]) is (route.roles is not None)
        assert ("401" in operation["responses"]) or route.roles is None
        assert operation.get("x-roles", []) == sorted(map(str, route.roles or ()))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_what_a_route_takes_is_said_in_words_that_are_checked(route):
    for schema in schemas(route.takes):
        Draft202012Validator.check_schema(schema)
        assert set(schema) <= WORDS
        assert schema.get("additionalProperties", False) is False
    for schema in ANSWERS.get(route.does, {}), *PARAMETERS.values():
        Draft202012Validator.check_schema(schema)


def schemas(schema: Mapping) -> Iterator[Mapping]:
    if not schema:
        return
    yield schema
    for one in schema.get("properties", {}).values():
        yield from schemas(one)
    yield from schemas(schema.get("items", {}))
