"""The table of planted defects fits the source as it is now, so that `scripts/mutants` proves what it says."""

import ast
from collections import Counter
from functools import cache

from tests.mutants.all import MUTANTS
from tests.mutants.mutant import ROOT, SEED

PAGE = ROOT / "docs" / "planted-defects.md"


def test_each_mutant_still_has_its_place_and_is_code_that_runs():
    for mutant in MUTANTS:
        planted = mutant.planted_in((ROOT / mutant.file).read_text())
        if mutant.file.endswith(".py"):
            ast.parse(planted)


def test_each_mutant_is_another_defect():
    assert Counter(mutant.name for mutant in MUTANTS).most_common(1)[0][1] == 1
    places = Counter((mutant.file, mutant.old, mutant.new) for mutant in MUTANTS)
    assert places.most_common(1)[0][1] == 1


def test_the_tests_that_catch_the_mutants_are_there():
    named = [name for mutant in MUTANTS for name in mutant.caught_by if not name.startswith(SEED)]
    parts = [name.partition("::") for name in named]
    assert [name for name in parts if name[2] not in _tests_of(name[0])] == []


def test_the_page_names_every_mutant_and_no_other():
    told = [line.split(" | ")[0] for line in PAGE.read_text().splitlines() if line[:2] == "| "]
    assert told == ["| planted defect", *(f"| {mutant.name}" for mutant in MUTANTS)]


@cache
def _tests_of(path):
    found = ast.walk(ast.parse((ROOT / path).read_text()))
    return {one.name for one in found if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
