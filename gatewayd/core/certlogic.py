"""Evaluates CertLogic, the rule language of the EU's business rules: JSON in, a value out.

A restricted JsonLogic with dates, in whose expressions nothing can go wrong unseen: what does not
fit is an error, as a value, and never an exception. Nothing loops but `reduce`, and steps are
counted. Source: CertLogic specification 1.3.2. Where it leaves a choice: `===` and `in` compare
lists and objects by what is in them, and `reduce` over null gives the initial value.
"""

import operator as compare_by
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from gatewayd.core.certlogic_dates import add, parse_date, parse_date_time
from gatewayd.core.certlogic_format import Logic
from gatewayd.core.certlogic_values import (
    INTEGER_MAX,
    Failed,
    Steps,
    Value,
    WrongError,
    as_integer,
    as_json,
    is_same,
    is_true,
    kind,
)
from gatewayd.core.words import Json

T = TypeVar("T")

STEPS_MAX = 20_000  # Some 10 ms. The longest rule of the EU's countries takes 300.

_UCI_PREFIX = "URN:UVCI:"
_UCI_SEPARATOR = re.compile("[/#:]")


def evaluate(logic: Logic, data: Value, steps_max: int = STEPS_MAX) -> Value | Failed:
    """Return what the logic makes of the data, which it does not change."""
    try:
        return _evaluate(logic.expression, data, Steps(steps_max))
    except WrongError as error:
        return Failed(str(error))


def evaluate_to_json(logic: Logic, data: Value) -> Json | Failed:
    """Return the same as JSON, date-times as text."""
    value = evaluate(logic, data)
    if isinstance(value, Failed):
        return value
    try:
        return as_json(value, Steps(STEPS_MAX))
    except WrongError as error:
        return Failed(str(error))


def _evaluate(expression: Value, data: Value, steps: Steps) -> Value:
    steps.spend()
    if isinstance(expression, dict):
        ((operator, operands),) = expression.items()
        if operator == "var":
            return _access(operands, data, steps)
        return _OPERATIONS[operator](operands, data, steps)
    if isinstance(expression, list):
        return [_evaluate(item, data, steps) for item in expression]
    return expression


# --- the operations: (operands as they stand in the expression, data, steps) -> value ---


def _access(path: str, data: Value, steps: Steps) -> Value:
    """Go down into the data; what is not there is null."""
    steps.spend(len(path))
    found = data
    for key in path.split(".") if path else ():
        if isinstance(found, dict):
            found = found.get(key)
        elif isinstance(found, list) and key.isdecimal() and key.isascii() and len(key) <= 9:
            index = int(key)
            found = found[index] if index < len(found) else None
        else:
            return None
    return found


def _if(operands: list[Value], data: Value, steps: Steps) -> Value:
    guard = _evaluate(operands[0], data, steps)
    return _evaluate(operands[1 if _truth("if", guard) else 2], data, steps)


def _and(operands: list[Value], data: Value, steps: Steps) -> Value:
    """Return the first that is falsy, or the last; what comes after it is not evaluated."""
    value: Value = True
    for operand in operands:
        value = _evaluate(operand, data, steps)
        if not _truth("and", value):
            break
    return value


def _not(operands: list[Value], data: Value, steps: Steps) -> Value:
    return not _truth("!", _evaluate(operands[0], data, steps))


def _equal(operands: list[Value], data: Value, steps: Steps) -> Value:
    left, right = (_evaluate(operand, data, steps) for operand in operands)
    return is_same(left, right, steps)


def _in(operands: list[Value], data: Value, steps: Steps) -> Value:
    item, items = (_evaluate(operand, data, steps) for operand in operands)
    if not isinstance(items, list):
        raise _wrong("in", "an array as its second operand", items)
    if item is None or isinstance(item, str):  # Python's own `in` is right, and quick.
        steps.spend(len(items))
        return item in items
    return any(is_same(item, other, steps) for other in items)


def _plus(operands: list[Value], data: Value, steps: Steps) -> Value:
    left, right = _integers("+", operands, data, steps)
    if abs(left + right) > INTEGER_MAX:
        raise WrongError("+ goes beyond 2^53 - 1")
    return left + right


def _compare(operator: str, holds: Callable[[int, int], bool]) -> "_Operation":
    def compare(operands: list[Value], data: Value, steps: Steps) -> Value:
        return _all_pairs(holds, _integers(operator, operands, data, steps))

    return compare


def _compare_times(operator: str, holds: Callable[[datetime, datetime], bool]) -> "_Operation":
    def compare(operands: list[Value], data: Value, steps: Steps) -> Value:
        return _all_pairs(holds, _times(operator, operands, data, steps))

    return compare


def _plus_time(operands: list[Value], data: Value, steps: Steps) -> Value:
    text, amount, unit = _text("plusTime", operands[0], data, steps), operands[1], operands[2]
    at = parse_date_time(text)
    if at is None:
        raise WrongError("plusTime needs a date or date-time, and got another string")
    whole = as_integer(amount)
    assert whole is not None
    moved = add(at, whole, str(unit))
    if moved is None:
        raise WrongError("plusTime leaves the years 1 to 9999")
    return moved


def _date_of_birth(operands: list[Value], data: Value, steps: Steps) -> Value:
    text = _text("dccDateOfBirth", operands[0], data, steps)
    at = parse_date(text)
    if at is None:
        raise WrongError("dccDateOfBirth needs a date of birth, and got another string")
    return at


def _reduce(operands: list[Value], data: Value, steps: Steps) -> Value:
    items = _evaluate(operands[0], data, steps)
    if not (items is None or isinstance(items, list)):
        raise _wrong("reduce", "an array as its first operand", items)
    accumulator = _evaluate(operands[2], data, steps)
    for item in items or ():
        seen: Value = {"current": item, "accumulator": accumulator}
        accumulator = _evaluate(operands[1], seen, steps)
    return accumulator


def _extract(operands: list[Value], data: Value, steps: Steps) -> Value:
    """Return a part of a unique certificate identifier; null where it has no such part."""
    uci = _evaluate(operands[0], data, steps)
    index = as_integer(operands[1])
    assert index is not None
    if uci is None:
        return None
    if not isinstance(uci, str):
        raise _wrong("extractFromUVCI", "a string or null", uci)
    steps.spend(len(uci))
    parts = _UCI_SEPARATOR.split(uci.removeprefix(_UCI_PREFIX))
    return parts[index] if 0 <= index < len(parts) else None


_Operation = Callable[[list[Value], Value, Steps], Value]
_OPERATIONS: Mapping[str, _Operation] = {
    "if": _if,
    "and": _and,
    "!": _not,
    "===": _equal,
    "in": _in,
    "+": _plus,
    "<": _compare("<", compare_by.lt),
    ">": _compare(">", compare_by.gt),
    "<=": _compare("<=", compare_by.le),
    ">=": _compare(">=", compare_by.ge),
    "before": _compare_times("before", compare_by.lt),
    "after": _compare_times("after", compare_by.gt),
    "not-after": _compare_times("not-after", compare_by.le),
    "not-before": _compare_times("not-before", compare_by.ge),
    "plusTime": _plus_time,
    "dccDateOfBirth": _date_of_birth,
    "reduce": _reduce,
    "extractFromUVCI": _extract,
}


# --- what they have in common ---


def _all_pairs(holds: Callable[[T, T], bool], values: list[T]) -> bool:
    """Compare two, or three as in a < b < c."""
    return all(holds(left, right) for left, right in pairwise(values))


def _truth(operator: str, value: Value) -> bool:
    truth = is_true(value)
    if truth is None:
        raise _wrong(operator, "what is truthy or falsy", value)
    return truth


def _integers(operator: str, operands: list[Value], data: Value, steps: Steps) -> list[int]:
    numbers = []
    for value in [_evaluate(operand, data, steps) for operand in operands]:
        number = as_integer(value)
        if number is None:
            raise _wrong(operator, "integers", value)
        numbers.append(number)
    return numbers


def _times(operator: str, operands: list[Value], data: Value, steps: Steps) -> list[datetime]:
    times = []
    for value in [_evaluate(operand, data, steps) for operand in operands]:
        if not isinstance(value, datetime):
            raise _wrong(operator, "date-times, made with plusTime", value)
        times.append(value)
    return times


def _text(operator: str, operand: Value, data: Value, steps: Steps) -> str:
    value = _evaluate(operand, data, steps)
    if not isinstance(value, str):
        raise _wrong(operator, "a string as its first operand", value)
    steps.spend(len(value))
    return value


def _wrong(operator: str, needed: str, value: Value) -> WrongError:
    return WrongError(f"{operator} needs {needed}, and got {kind(value)}")
