import tracemalloc
import zlib

import pytest

from gatewayd.core.inflate import INFLATED_SIZE_MAX, RAW_DEFLATE, ZLIB, inflate
from gatewayd.core.reasons import Reason

CONTENT = b"a certificate"


@pytest.mark.parametrize("form", [ZLIB, RAW_DEFLATE])
def test_both_forms_come_back_whole(form):
    for content in (b"", CONTENT, bytes(INFLATED_SIZE_MAX)):
        assert inflate(zlib.compress(content, wbits=form), form) == content


@pytest.mark.parametrize("form", [ZLIB, RAW_DEFLATE])
def test_damaged_data_are_refused(form):
    good = zlib.compress(CONTENT, wbits=form)
    for broken in (b"", good[:-1], good + b"\x00", b"\xff" + good, b"\xff" * 20):
        assert inflate(broken, form) is Reason.ZLIB


def test_one_form_is_not_the_other():
    assert inflate(zlib.compress(CONTENT), RAW_DEFLATE) is Reason.ZLIB
    assert inflate(zlib.compress(CONTENT, wbits=RAW_DEFLATE), ZLIB) is Reason.ZLIB


@pytest.mark.parametrize("size", [INFLATED_SIZE_MAX + 1, 3_000_000])
def test_no_more_than_the_limit_is_ever_unpacked(size):
    bomb = zlib.compress(bytes(size))
    tracemalloc.start()
    try:
        assert inflate(bomb, ZLIB) is Reason.TOO_LARGE
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * INFLATED_SIZE_MAX
