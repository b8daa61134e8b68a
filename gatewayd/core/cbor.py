"""Strict CBOR (RFC 8949) for codes that strangers hold up: one item, no tags, nothing after it."""

import io
from collections.abc import Callable
from typing import Never

import cbor2

DEPTH_MAX = 16  # Twice what the deepest credential in use needs (EU health certificates: 6).


def encode(item: object) -> bytes:
    return cbor2.dumps(item)


def decode(data: bytes) -> object:
    """Return the item; None where `data` is not one whole item (null is None too).

    Refused are tags, indefinite lengths, keys that stand twice, deep nesting and trailing bytes.
    The length of `data` is for the caller to limit; work and memory are proportional to it. Test
    for `Mapping`, not `dict`: maps inside keys come frozen.
    """
    stream = io.BytesIO(data)
    decoder = cbor2.CBORDecoder(  # A new one each time: a used one remembers shared values.
        stream,
        semantic_decoders=_NO_TAGS,
        max_depth=DEPTH_MAX,
        allow_indefinite=False,
        allow_duplicate_keys=False,
    )
    try:
        item: object = decoder.decode()
    except cbor2.CBORDecodeError:
        return None
    return item if stream.tell() == len(data) else None


class _NoTags(dict[int, Callable[[object, bool], Never]]):
    """Has a refusal for every tag; without it cbor2 builds regexes, cycles and big numbers."""

    def __missing__(self, tag: int) -> Callable[[object, bool], Never]:
        return _refuse_tag


def _refuse_tag(_item: object, _immutable: bool) -> Never:  # noqa: FBT001, cbor2 calls it so
    raise ValueError("tags are refused")


_NO_TAGS = _NoTags()
