"""CBOR that is well-formed, or nearly, and means trouble: tags, keys twice, sizes past all."""

import struct
from functools import lru_cache
from random import Random
from typing import Any

import cbor2

from tests.fuzz.nasty import DEPTHS, NUMBERS, TEXTS, Pairs, is_shallow, mutate_bytes, mutate_tree


class Item(bytes):
    """An encoded item, written as it is."""

    __slots__ = ()


_ITEMS = (
    "f6", "f7", "f4", "f5", "f97e00", "fa7fc00000", "fb7ff8000000000000", "fb7ff0000000000000",
    "fbfff0000000000000", "f97c00", "fb4000000000000000", "fb41da000000000000", "f0", "f818", "ff",
    "c074323032312d31312d32395430303a30303a30305a", "c11a60000000", "c1fb7ff8000000000000",
    "c249010000000000000000", "c482211903e8", "c48221c249010000000000000000", "c5822003",
    "d81800", "d81c80", "d81d00", "d81ca10000", "d9010080", "d8236161", "d82361", "d9d9f700",
    "9f00ff", "bf0000ff", "5f4100ff", "7f6161ff", "9f", "bf", "5bffffffffffffffff",
    "7bffffffffffffffff", "9bffffffffffffffff", "bbffffffffffffffff", "9a00100000", "ba00100000",
    "5a7fffffff", "3bffffffffffffffff", "1bffffffffffffffff", "61ff", "62c328", "63eda080",
    "a200010002", "a2016161f5616161f4", "a1800", "a1a00000", "a18000", "a1f97e0000", "1818", "190001",
)  # fmt: skip

LEAVES = (
    lambda random: Item(bytes.fromhex(text)) if len(text := random.choice(_ITEMS)) % 2 == 0 else Item(),
    lambda random: random.choice(TEXTS),
    lambda random: random.choice(TEXTS).encode("utf-8", "surrogatepass"),
    lambda random: random.choice(NUMBERS[:-2]),
    lambda random: Item(random.choice((b"\x81", b"\xa1\x00", b"\xc1", b"\xd8\x1c\x81", b"\x9f"))
                        * random.choice(DEPTHS) + b"\x00"),
)  # fmt: skip


def mutate_cbor(data: bytes, random: Random) -> bytes:
    """Change a document where it stands; what is no CBOR has its bytes changed."""
    tree = _parse(data)
    if tree is None or random.random() < 0.1:
        return mutate_bytes(data, random)
    return write(mutate_tree(tree[0], random, LEAVES))


def write(node: Any) -> bytes:
    match node:
        case Item():
            return bytes(node)
        case Pairs():
            return _head(5, len(node)) + b"".join(write(k) + write(v) for k, v in node)
        case list():
            return _head(4, len(node)) + b"".join(map(write, node))
        case str():
            text = node.encode("utf-8", "surrogatepass")
            return _head(3, len(text)) + text
        case bytes():
            return _head(2, len(node)) + node
        case _:
            return cbor2.dumps(node)


def _head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major << 5 | size])
    return bytes([major << 5 | 25]) + struct.pack(">H", min(size, 0xFFFF))


@lru_cache(maxsize=512)
def _parse(data: bytes) -> tuple[Any] | None:
    try:
        tree = _tree(cbor2.loads(data))
        return (tree,) if is_shallow(tree) else None
    except Exception:  # noqa: BLE001 - it is asked whether this is a tree, not what else it is
        return None


def _tree(item: Any) -> Any:
    match item:
        case dict():
            return Pairs([(_tree(key), _tree(value)) for key, value in item.items()])
        case list() | tuple():
            return [_tree(one) for one in item]
        case str() | bytes() | int() | float() | None:
            return item
        case _:
            raise ValueError("a tag")
