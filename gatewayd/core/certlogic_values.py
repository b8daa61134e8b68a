"""The values of CertLogic: which are integers, true, the same, and how they look as JSON."""

import math
from dataclasses import dataclass
from datetime import datetime

from gatewayd.core.events import format_time
from gatewayd.core.words import Json

Value = object
"""JSON, or a date-time: a `datetime` in UTC, which only plusTime and dccDateOfBirth make."""

INTEGER_MAX = 2**53 - 1  # What every JSON reader has exactly (RFC 8259, section 6).
DEPTH_MAX = 128  # Levels of lists and objects; EU rules have 40, and Python's stack holds 500.

_BULK = 64  # Items or characters that Python goes through in about the time of one step.


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no value. Whoever asked a question has the answer no. Names no data."""

    what: str


class WrongError(Exception):
    """Ends an evaluation from within; `evaluate` and `as_json` make it a Failed."""


class Steps:
    """How much an evaluation may still do."""

    __slots__ = ("_left",)

    def __init__(self, most: int) -> None:
        self._left = most

    def spend(self, size: int = 0) -> None:
        """Count one step, and what goes through so many items or characters at once."""
        self._left -= 1 + size // _BULK
        if self._left < 0:
            raise WrongError("the evaluation takes too many steps")


def as_integer(value: Value) -> int | None:
    """Return a number that is a whole one (2.0 is, as in JSON Schema), else None."""
    match value:
        case bool():
            return None
        case int() if abs(value) <= INTEGER_MAX:
            return value
        case float() if value.is_integer() and abs(value) <= INTEGER_MAX:
            return int(value)
        case _:
            return None


def is_true(value: Value) -> bool | None:
    """Tell whether a value is truthy (True), falsy (False), or neither (None).

    Falsy are false, null, 0, "", [] and {}. Neither are date-times and numbers that are no integer.
    """
    match value:
        case None | bool() | str() | list() | dict():
            return bool(value)
        case _:
            number = as_integer(value)
            return None if number is None else number != 0


def is_same(left: Value, right: Value, steps: Steps) -> bool:
    """Compare without coercion: true is not 1, and 1 is 1.0, which JSON does not tell apart."""
    waiting = [(left, right)]
    while waiting:
        one, other = waiting.pop()
        steps.spend()
        if isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            waiting += zip(one, other, strict=True)
        elif isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            waiting += [(item, other[key]) for key, item in one.items()]
        elif isinstance(one, bool) is not isinstance(other, bool) or one != other:
            return False
    return True


def as_json(value: Value, steps: Steps, depth: int = 0) -> Json:
    """Return a value as JSON, date-times as text. Raises WrongError where that is too much."""
    steps.spend()
    match value:
        case list() | dict() if depth == DEPTH_MAX:
            raise WrongError(f"the result has more than {DEPTH_MAX} levels")
        case list():
            return [as_json(item, steps, depth + 1) for item in value]
        case dict():
            return {key: as_json(item, steps, depth + 1) for key, item in value.items()}
        case datetime():
            return format_time(value)
        case float() if not math.isfinite(value):
            raise WrongError("the result is no number of JSON")
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise AssertionError(type(value))


def kind(value: Value) -> str:
    """Name the type of a value, for messages: the value itself may be somebody's."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case datetime():
            return "a date-time"
        case int() | float():
            return "an integer" if as_integer(value) is not None else "another number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
