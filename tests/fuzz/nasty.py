"""Changes to inputs that decoders stumble over, drawn from a Random that the caller seeds."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

NUMBERS: Final = (
    0,
    1,
    -1,
    23,
    24,
    255,
    256,
    2**31,
    2**32,
    2**53,
    2**53 + 1,
    2**63,
    2**64,
    -(2**63),
)
DEPTHS: Final = (3, 17, 25, 70, 300, 900, 960, 980, 985, 990, 993, 996, 1000, 1100, 5000)
"""Around the limits of our own, and around Python's: 1000 calls in each other, less those there."""

TEXTS: Final = (
    "", " ", "0", "a" * 33, "a" * 65, "\0", "\ud800", "\udfff\ud800", "é", "\u202e", "٣", "²", "+1",
    "1e5", "..", "../x", "a/b", "#", "+", "true", "null", "9999-12-31", "0001-01-01", "2021-02-30",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-12:00", "2021-11-29T00:00:00Z",
    "2021-W01-1", "24:00", "1e999", "a\nb", "a\tb", "a,b;c", '"', "'", "\\", "=1+1", "\ufeff",
)  # fmt: skip


_WALKED_MAX: Final = 100  # Levels; the deeper ones have their bytes changed.


class Raw(str):
    """A piece of the document's own notation, written as it is."""

    __slots__ = ()


class Pairs(list[tuple[Any, Any]]):
    """An object or map: members in their order, maybe one of them twice."""

    __slots__ = ()


Leaves = Sequence[Callable[[Random], Any]]


def mutate_bytes(data: bytes, random: Random) -> bytes:
    """Flip, drop, double, move or overwrite a few bytes."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at = random.randrange(len(changed) + 1)
        size = random.choice((1, 1, 2, 3, 8, 40))
        match random.randrange(6):
            case 0:
                changed[at : at + size] = b""
            case 1:
                changed[at:at] = random.randbytes(size)
            case 2:
                changed[at:at] = changed[at : at + size] * random.choice((1, 1, 2, 50))
            case 3 if at < len(changed):
                changed[at] ^= 1 << random.randrange(8)
            case 4 if at < len(changed):
                changed[at] = random.choice((0, 1, 2, 3, 10, 13, 0x20, 0x7E, 0x7F, 0x80, 0xFF))
            case _:
                begin = random.randrange(len(changed) + 1)
                changed[at:at] = changed[begin : begin + size]
    return bytes(changed)


def is_shallow(tree: Any) -> bool:
    """Tell whether a document nests so little that it can be walked through by recursion."""
    level = [tree]
    for _ in range(_WALKED_MAX):
        level = [inner for one in level if isinstance(one, list) for inner in _inside(one)]
        if not level:
            return True
    return False


def _inside(node: list[Any]) -> list[Any]:
    return [part for pair in node for part in pair] if isinstance(node, Pairs) else node


def mutate_tree(tree: Any, random: Random, leaves: Leaves) -> Any:
    """Return a document with one to three places changed; parts that stay are shared."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        tree = _change(tree, random, leaves)
    return tree


def _change(node: Any, random: Random, leaves: Leaves) -> Any:
    is_inner = isinstance(node, list) and node
    if not is_inner or random.random() < 0.15:
        return _replace(node, random, leaves)
    at = random.randrange(len(node))
    kept = type(node)(node)
    action = random.random()
    if action < 0.08:
        del kept[at]
    elif action < 0.16:
        kept.insert(random.randrange(len(kept) + 1), kept[at])
    elif isinstance(node, Pairs):
        key, value = kept[at]
        if action < 0.24:
            kept[at] = (random.choice(leaves)(random), value)
        elif action < 0.30:
            kept.append((key, random.choice(leaves)(random)))
        elif action < 0.36:
            other = random.randrange(len(kept))
            kept[at], kept[other] = (key, kept[other][1]), (kept[other][0], value)
        else:
            kept[at] = (key, _change(value, random, leaves))
    else:
        kept[at] = _change(kept[at], random, leaves)
    return kept


def _replace(node: Any, random: Random, leaves: Leaves) -> Any:
    match random.randrange(5):
        case 0:
            return [node] * random.choice((0, 1, 2))
        case 1:
            return Pairs([(random.choice(TEXTS), node)])
        case 2 if isinstance(node, str) and not isinstance(node, Raw):
            return _spoil(node, random)
        case 3 if isinstance(node, int) and not isinstance(node, bool):
            return node + random.choice((1, -1, 30, -30, 3600, -86_400, 10**9))
        case _:
            return random.choice(leaves)(random)


def _spoil(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice((*TEXTS, text)) + text[at + random.randrange(3) :]
