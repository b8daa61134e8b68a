"""Holds what a request gives against the schema of its route, before anything acts on it.

Knows the words of JSON Schema that our routes use, and no others (a test holds them to that).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from gatewayd.desk.routes import Schema

SHOWN_MAX = 40  # Of what was given: enough to find it.


def find_flaw(value: object, schema: Schema, name: str = "") -> str | None:
    """Return what is wrong, for people: where, what is expected, what was given."""
    if "enum" in schema:
        return _expected(
            name, f"one of {_listed(schema['enum'])}", value, is_right=value in schema["enum"]
        )
    kind = schema.get("type")
    if kind is None:
        return None
    words, is_of = _KINDS[kind]
    if not is_of(value):
        return _expected(name, words, value, is_right=False)
    if isinstance(value, str):
        return _find_in_text(value, schema, name)
    if isinstance(value, list):
        return _find_in_list(value, schema, name)
    if isinstance(value, dict):
        return _find_in_object(value, schema, name)
    if isinstance(value, int):
        least, most = schema.get("minimum", value), schema.get("maximum", value)
        return _expected(name, f"{least} to {most}", value, is_right=least <= value <= most)
    return None


def _find_in_text(value: str, schema: Schema, name: str) -> str | None:
    least, most = schema.get("minLength", 0), schema.get("maxLength", len(value))
    if not least <= len(value) <= most:
        return _expected(name, f"{least} to {most} characters", value, is_right=False)
    if any("\ud800" <= character <= "\udfff" for character in value):
        return _expected(name, "Unicode", "half a character", is_right=False)
    pattern = schema.get("pattern")
    is_right = pattern is None or re.fullmatch(pattern, value, re.ASCII) is not None
    return _expected(name, f"like {pattern}", value, is_right=is_right)


def _find_in_list(value: list[Any], schema: Schema, name: str) -> str | None:
    least, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
    if not least <= len(value) <= most:
        return _expected(name, f"{least} to {most} of them", len(value), is_right=False)
    flaws = (find_flaw(one, schema.get("items", {}), name) for one in value)
    return next((flaw for flaw in flaws if flaw is not None), None)


def _find_in_object(value: Mapping[str, Any], schema: Schema, name: str) -> str | None:
    known: Mapping[str, Schema] = schema.get("properties", {})
    for key in value:
        if key not in known:
            listed = ", ".join(known) or "nothing"
            return f"there is no `{_path(name, key)[:SHOWN_MAX]}` here; known: {listed}"
    for key in schema.get("required", ()):
        if key not in value:
            return f"`{_path(name, key)}` is missing"
    flaws = (find_flaw(one, known[key], _path(name, key)) for key, one in value.items())
    return next((flaw for flaw in flaws if flaw is not None), None)


def _expected(name: str, what: str, value: object, *, is_right: bool) -> str | None:
    if is_right:
        return None
    # Not what is inside: it may nest deeper than Python can write.
    match value:
        case dict():
            told = "an object"
        case list():
            told = "a list"
        case _:
            told = str(value)
    shown = told.encode("ascii", "backslashreplace").decode()[:SHOWN_MAX]
    return f"`{name}`: expected {what}, got {shown!r}"


def _path(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def _listed(words: list[object]) -> str:
    return ", ".join(map(str, words))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_KINDS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "string": ("a text", lambda value: isinstance(value, str)),
    "integer": ("a whole number", _is_whole),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "array": ("a list", lambda value: isinstance(value, list)),
    "object": ("an object", lambda value: isinstance(value, dict)),
}
