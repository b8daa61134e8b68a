"""What JSON can spell and nobody behind can write again: found before anything acts on it."""

from math import isfinite

from gatewayd.core.words import Json


def find_fault(content: Json, depth_max: int) -> str | None:
    """Return what no document has, as a sentence; None where all of it can be recorded and sent.

    It is looked at level by level: recursion is what deep ones are made for.
    """
    level: list[Json] = [content]
    for _ in range(depth_max):
        inner: list[Json] = []
        for one in level:
            match one:
                case dict():
                    inner += [*one, *one.values()]
                case list():
                    inner += one
                case str() if not _is_text(one):
                    return "expected text in Unicode, found half a character"
                case float() if not isfinite(one):
                    return "expected numbers, found none or one past all"
                case _:
                    pass
        if not inner:
            return None
        level = inner
    return f"expected at most {depth_max} levels in each other"


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
