"""Strict CBOR (RFC 8949) for codes that strangers hold up: one item, no tags, nothing after it."""

import io
from collections.abc import Callable
from typing import NamedTuple, Never

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
    found = decode_first(data)
    return found.item if found is not None and found.size == len(data) else None


class Found(NamedTuple):
    """An item, and how many bytes it took."""

    item: object
    size: int


def decode_first(data: bytes, *, is_lenient: bool = False) -> Found | None:
    """Return the item that `data` begins with; None where it begins with none.

    is_lenient: for what other issuers write, lengths may be indefinite, and a date that is text
    may be tagged as one (0).
    """
    stream = io.BytesIO(data)
    decoder = cbor2.CBORDecoder(  # A new one each time: a used one remembers shared values.
        stream,
        semantic_decoders=_ONLY_DATES if is_lenient else _NO_TAGS,
        max_depth=DEPTH_MAX,
        allow_indefinite=is_lenient,
        allow_duplicate_keys=False,
    )
    try:
        item: object = decoder.decode()
    except cbor2.CBORDecodeError:
        return None
    return Found(item, stream.tell())


class _NoTags(dict[int, Callable[[object, bool], object]]):
    """Refuses all other tags; without it cbor2 builds regexes, cycles and big numbers."""

    def __missing__(self, tag: int) -> Callable[[object, bool], object]:
        return _refuse_tag


def _refuse_tag(_item: object, _immutable: bool) -> Never:  # noqa: FBT001, cbor2 calls it so
    raise ValueError("tags are refused")


def _keep_text(item: object, _immutable: bool) -> str:  # noqa: FBT001, cbor2 calls it so
    if not isinstance(item, str):
        raise ValueError("a date is a text")  # noqa: TRY004, which is what cbor2 catches
    return item


_NO_TAGS = _NoTags()
_ONLY_DATES = _NoTags({0: _keep_text})
