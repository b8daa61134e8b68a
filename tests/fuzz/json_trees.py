"""JSON that is spelled right and means trouble: members twice, half characters, numbers past all."""

import json
from functools import lru_cache
from random import Random
from typing import Any

from tests.fuzz.nasty import (
    DEPTHS,
    NUMBERS,
    TEXTS,
    Pairs,
    Raw,
    is_shallow,
    mutate_bytes,
    mutate_tree,
)

_TOKENS = (
    "null", "true", "false", "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e308", "-0",
    "0.1", "2.0", "1E400", "1e-400", "[]", "{}", "9" * 20, "9" * 400, "9" * 4301, '"\\ud800"',
    '"\\udc00\\ud800"', '"\\u0000"', '"\\u00e9"', "01", "'a'",
)  # fmt: skip

LEAVES = (
    lambda random: Raw(random.choice(_TOKENS)),
    lambda random: random.choice(TEXTS),
    lambda random: random.choice(NUMBERS),
    lambda random: _deep(random.choice(DEPTHS), random.choice(("[", '{"a":'))),
)


def mutate_json(data: bytes, random: Random) -> bytes:
    """Change a document where it stands; what is no JSON has its bytes changed."""
    tree = _parse(data)
    if tree is None:
        return mutate_bytes(data, random)
    text = write(mutate_tree(tree[0], random, LEAVES))
    if random.random() < 0.02:
        return text.encode(random.choice(("utf-8-sig", "utf-16", "utf-32")), "surrogatepass")
    return text.encode("utf-8", "surrogatepass")


def write(node: Any) -> str:
    match node:
        case Raw():
            return str(node)
        case Pairs():
            return "{" + ",".join(f"{_key(key)}:{write(value)}" for key, value in node) + "}"
        case list():
            return "[" + ",".join(map(write, node)) + "]"
        case _:
            return json.dumps(node)


def dumps(document: Any) -> bytes:
    """Return an example as it would be sent."""
    return json.dumps(document, separators=(",", ":")).encode()


@lru_cache(maxsize=512)
def _parse(data: bytes) -> tuple[Any] | None:
    try:
        tree = json.loads(data, object_pairs_hook=Pairs, parse_int=_whole)
        return (tree,) if is_shallow(tree) else None
    except (ValueError, RecursionError):
        return None


def _whole(digits: str) -> int | Raw:
    return int(digits) if len(digits) < 100 else Raw(digits)


def _key(key: Any) -> str:
    return json.dumps(key) if type(key) is str else json.dumps(str(key)[:100])


def _deep(depth: int, opening: str) -> Raw:
    closing = "]" if opening == "[" else "}"
    return Raw(opening * depth + "0" + closing * depth)
