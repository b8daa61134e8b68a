import re
from collections.abc import Mapping

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core import cbor

TAGS_OF_CBOR2 = [0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261]


def nested(depth: int) -> bytes:
    return b"\x81" * depth + b"\x00"


def test_an_item_survives_the_round_trip():
    item = {1: "a", 2: [True, None, -7], 3: {4: b"\x00"}, 5: 1.5}
    assert cbor.decode(cbor.encode(item)) == item


def test_bytes_after_the_item_are_refused():
    assert cbor.decode(b"\x01") == 1
    assert cbor.decode(b"\x01\x01") is None


@pytest.mark.parametrize("tag", [*TAGS_OF_CBOR2, 18, 61, 1004, 43000, 55799, 2**32])
def test_every_tag_is_refused(tag):
    assert cbor.decode(cbor2.dumps(cbor2.CBORTag(tag, b"\x01"))) is None
    assert cbor.decode(cbor2.dumps([cbor2.CBORTag(tag, "2013-03-21")])) is None


def test_a_tagged_pattern_never_becomes_a_regex(mocker):
    compile_ = mocker.spy(re, "compile")
    assert cbor.decode(cbor2.dumps(cbor2.CBORTag(35, "(a+)+$"))) is None
    compile_.assert_not_called()


def test_nesting_is_limited():
    assert cbor.decode(nested(cbor.DEPTH_MAX - 1)) is not None
    assert cbor.decode(nested(cbor.DEPTH_MAX + 1)) is None
    assert cbor.decode(nested(4000)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x9b" + b"\xff" * 8,  # An array that claims 2**64 items.
        b"\x9a\x0f\xff\xff\xff" + bytes(100),
        b"\xbb\x7f" + b"\xff" * 7,
        b"\x5b\x7f" + b"\xff" * 7,
        b"\x7a\x7f\xff\xff\xff",
        b"\x9f\x01\xff",  # Indefinite lengths.
        b"\x5f\x41a\x41b\xff",
        b"\xbf\x01\x02\xff",
        b"\xa2\x01\x01\x01\x02",  # A key twice.
        b"\xff",
        b"\x1c",
        b"\x61\xff",
        b"\xf8\x01",
    ],
    ids=bytes.hex,
)
def test_what_is_not_strict_is_refused(data):
    assert cbor.decode(data) is None


def test_maps_inside_keys_are_still_mappings():
    [key] = cbor.decode(b"\xa1\xa1\x01\x02\x03")
    assert isinstance(key, Mapping)


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_no_bytes_make_it_raise(data):
    cbor.decode(data)


def test_an_item_is_found_with_what_stands_behind_it():
    assert cbor.decode_first(b"\x01\xff") == (1, 1)
    assert cbor.decode_first(b"\xff") is None


def test_lenient_reading_takes_what_other_issuers_write():
    dated = cbor2.dumps({"sc": cbor2.CBORTag(0, "2021-06-04T08:13:51Z")})
    found = cbor.decode_first(dated, is_lenient=True)
    assert found == ({"sc": "2021-06-04T08:13:51Z"}, len(dated))
    assert cbor.decode_first(dated) is None
    indefinite = b"\x9f\x01\xff"
    assert cbor.decode_first(indefinite, is_lenient=True) == ([1], 3)
    assert cbor.decode_first(indefinite) is None


@pytest.mark.parametrize("tag", [(0, 5), (1, 5), (35, "("), (28, [1]), (2, b"\xff")], ids=str)
def test_lenient_reading_refuses_all_other_tags(tag):
    assert cbor.decode_first(cbor2.dumps(cbor2.CBORTag(*tag)), is_lenient=True) is None
