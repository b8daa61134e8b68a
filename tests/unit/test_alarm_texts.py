"""Whoever sees an alarm reads what to do about it."""

import ast
from pathlib import Path

from gatewayd.core.alarm_texts import OCCUPANCY, alarm_kinds, alarm_text
from gatewayd.core.reasons import Locale

SOURCES = [
    path
    for floor in ("runtime", "app")
    for path in Path(__file__).parents[2].joinpath("gatewayd", floor).rglob("*.py")
]
RAISERS = {"raise_", "_set_alarm"}
PASS_ON = {"alarm", "_"}  # Parameters of what passes a kind on.


def raised_kinds() -> set[str]:
    """Return every kind that the code raises, by its literal or the constant that names it."""
    kinds = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        constants = {
            str(ast.unparse(target)): node.value.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        }
        for call in ast.walk(tree):
            if not (
                isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args
            ):
                continue
            first = call.args[0]
            if call.func.attr in RAISERS:
                if isinstance(first, ast.Constant):
                    kinds.add(first.value)
                elif isinstance(first, ast.Name) and first.id not in PASS_ON:
                    kinds.add(constants[first.id])
            elif call.func.attr == "_tell" and isinstance(first, ast.Name) and first.id.isupper():
                kinds.add(constants[first.id])
    return kinds


def test_each_alarm_that_the_code_raises_has_a_text_and_no_text_is_left_over():
    kinds = raised_kinds() | {"journal_refuses", OCCUPANCY}  # Of the recorder; of a limit's share.
    assert len(kinds) > 10
    assert set(alarm_kinds()) == kinds


def test_both_languages_say_what_to_do_and_differ():
    for kind in alarm_kinds():
        indonesian, english = (alarm_text(kind, locale) for locale in Locale)
        assert indonesian.title != english.title
        assert indonesian.instruction != english.instruction
        assert all(text.instruction.endswith(".") for text in (indonesian, english)), kind


def test_a_house_that_fills_says_how_much():
    assert alarm_text("occupancy_90", Locale.EN).title == "The house is 90% full"
    assert "90%" in alarm_text("occupancy_90", Locale.ID).title


def test_an_alarm_of_a_newer_gateway_is_told_by_its_name():
    text = alarm_text("flood", Locale.EN)
    assert text.title == "flood"
    assert "technician" in text.instruction
