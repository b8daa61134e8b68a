"""The page docs/sites.md: every statement of the five sites is there, with tests that name it."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "sites.md").read_text()
ROWS = dict(re.findall(r"(?m)^\| (R\d\d) \| (.*) \|$", PAGE))
NAMED = re.compile(r"`((?:unit|e2e|crash)/[a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`")


@cache
def docstrings(path):
    """Return what each test of a file says of itself."""
    parts = ast.parse((TESTS / path).read_text()).body
    tests = [one for one in parts if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {one.name: ast.get_docstring(one) or "" for one in tests}


def test_every_statement_has_a_row():
    assert list(ROWS) == [f"R{number:02}" for number in range(1, 46)]


@pytest.mark.parametrize("number", ROWS)
def test_a_statement_has_tests_that_name_it(number):
    named = NAMED.findall(ROWS[number])
    assert named, "a row names its tests"
    for path, test in named:
        assert number in docstrings(path)[test], f"{path}::{test} does not name {number}"
