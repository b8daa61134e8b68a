"""Tells whether a JSON value is an expression of CertLogic, and if not, what is wrong with it.

Source: CertLogic specification 1.3.2. The wording of an issue is that of the specification's own
suite for validators, so that rule writers find the same words in every tool. Beyond it there are
limits, so that no rule can hold up a gate.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from gatewayd.core.certlogic_dates import TIME_UNITS
from gatewayd.core.certlogic_values import DEPTH_MAX, as_integer

SIZE_MAX = 10_000  # JSON values in one expression; the longest rule of the EU's countries has 300.
ISSUES_MAX = 100  # Nobody reads more.

COMPARISONS = ("<", ">", "<=", ">=")
DATE_COMPARISONS = ("before", "after", "not-after", "not-before")


@dataclass(frozen=True, slots=True)
class Logic:
    """An expression that `parse` found to be one."""

    expression: object


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong, and with which part of the expression."""

    expr: object
    message: str


def parse(expression: object) -> Logic | tuple[Issue, ...]:
    """Return the expression as logic to evaluate, or what is wrong with it."""
    issues = _check_limits(expression) or tuple(islice(_check(expression), ISSUES_MAX))
    return issues or Logic(expression)


def find_paths(logic: Logic) -> list[str]:
    """Return all paths into the data, each once, as they stand in the logic."""
    found: dict[str, None] = {}
    waiting = [logic.expression]
    while waiting:
        match waiting.pop():
            case {"var": str(path)}:
                found[path] = None
            case dict() as operation:
                waiting += operation.values()
            case list() as items:
                waiting += reversed(items)
            case _:
                pass
    return list(found)


@dataclass(frozen=True, slots=True)
class _Form:
    """How many operands an operation has (most: None is any number), and how an issue tells it.

    expressions: so many of them, from the first on, are evaluated; the others are literals.
    """

    least: int
    most: int | None
    told: str
    expressions: int | None = None


_COMPARISON = _Form(2, 3, "an operation with operator {name} must have 2 or 3 operands")
_PAIR = _Form(2, 2, "an operation with operator {name} must have 2 operands")
_FORMS: Mapping[str, _Form] = {
    "if": _Form(3, 3, "an {name}-operation must have exactly 3 values/operands"),
    "and": _Form(2, None, "an {name} operation must have at least 2 operands"),
    "!": _Form(1, 1, "a !-operation (logical not/negation) must have exactly 1 operand"),
    **dict.fromkeys(("===", "in", "+"), _PAIR),
    **dict.fromkeys((*COMPARISONS, *DATE_COMPARISONS), _COMPARISON),
    "plusTime": _Form(3, 3, "a {name}-operation must have exactly 3 values/operands", 1),
    "reduce": _Form(3, 3, "a {name}-operation must have exactly 3 values/operands"),
    "extractFromUVCI": _Form(2, 2, "an {name}-operation must have exactly 2 values/operands", 1),
    "dccDateOfBirth": _Form(1, 1, "a {name}-operation must have exactly 1 value/operand"),
}


def _check_limits(expression: object) -> tuple[Issue, ...]:
    """Count without recursion, so that whatever comes after may use it."""
    size, waiting = 0, [(expression, 1)]
    while waiting:
        value, depth = waiting.pop()
        size += 1
        if size > SIZE_MAX:
            return (Issue(None, f"an expression must have at most {SIZE_MAX} values"),)
        if not isinstance(value, list | dict):
            continue
        if depth > DEPTH_MAX:
            return (Issue(None, f"an expression must have at most {DEPTH_MAX} levels"),)
        items = value.values() if isinstance(value, dict) else value
        waiting += [(item, depth + 1) for item in items]
    return ()


def _check(expression: object) -> Iterator[Issue]:
    match expression:
        case bool() | str():
            pass
        case int() if as_integer(expression) is None:
            yield Issue(expression, "a number is beyond 2^53 - 1")
        case float() if as_integer(expression) is None:
            yield Issue(expression, f"{expression} is a non-integer number")
        case int() | float():
            pass
        case list():
            for item in expression:
                yield from _check(item)
        case dict() if len(expression) == 1:
            ((operator, operands),) = expression.items()
            yield from _check_operation(expression, operator, operands)
        case dict():
            count = len(expression)
            told = f"expression object must have exactly one key, but it has {count}"
            yield Issue(expression, told)
        case _:
            yield Issue(expression, "invalid CertLogic expression")


def _check_operation(expression: object, operator: str, operands: object) -> Iterator[Issue]:
    if operator == "var":
        yield from _check_path(expression, operands)
        return
    if not isinstance(operands, list):
        yield Issue(expression, 'operation not of the form { "<operator>": [ <values...> ] }')
        return
    form = _FORMS.get(operator)
    if form is None:
        yield Issue(expression, f'unrecognised operator: "{operator}"')
        return
    count = len(operands)
    if count < form.least or (form.most is not None and count > form.most):
        told = form.told.format(name=f'"{operator}"')
        yield Issue(expression, f"{told}, but it has {count}")
    for operand in operands[: form.expressions or form.most]:
        yield from _check(operand)
    yield from _check_literals(expression, operator, operands)


def _check_path(expression: object, path: object) -> Iterator[Issue]:
    if not isinstance(path, str):
        yield Issue(expression, 'not of the form { "var": "<path>" }')
    elif path and not all(path.split(".")):
        yield Issue(expression, f"data access path doesn't have a valid format: {path}")


def _check_literals(expression: object, operator: str, operands: list[object]) -> Iterator[Issue]:
    """Check the operands that must stand in the expression itself."""
    name = {"plusTime": "amount", "extractFromUVCI": "index"}.get(operator)
    if name is not None and len(operands) > 1 and as_integer(operands[1]) is None:
        told = f'"{name}" argument (#2) of "{operator}" must be an integer'
        yield Issue(expression, f"{told}, but it is: {_shown(operands[1])}")
    if operator == "plusTime" and len(operands) > 2 and operands[2] not in TIME_UNITS:
        units = ", ".join(TIME_UNITS)
        told = f'"unit" argument (#3) of "plusTime" must be a string equal to one of {units}'
        yield Issue(expression, f"{told}, but it is: {_shown(operands[2])}")


def _shown(value: object) -> str:
    match value:
        case str():
            return value[:100]
        case bool():
            return str(value).lower()
        case float():
            return str(value)
        case _:
            return "something else"
