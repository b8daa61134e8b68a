from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gatewayd.core.spelling import is_category, is_id, read_time
from gatewayd.core.tables import Expected

JAKARTA = ZoneInfo("Asia/Jakarta")


@pytest.mark.parametrize("text", ["1", "198701012010011001", "P-7/3 b", "~" * 64])
def test_an_id_is_printable_ascii_up_to_64_characters(text):
    assert is_id(text)


@pytest.mark.parametrize("text", ["", " 1", "1 ", "1\n", "1\x00", "é", "1" * 65])
def test_anything_else_is_not_an_id(text):
    assert not is_id(text)


@pytest.mark.parametrize("text", ["staff", "service_user", "a", "tamu-2", "a" * 32])
def test_a_category_is_a_short_word(text):
    assert is_category(text)


@pytest.mark.parametrize("text", ["", "Staff", "3516010101870001", "-a", "a b", "a" * 33, "a\n"])
def test_a_number_or_a_sentence_is_never_a_category(text):
    assert not is_category(text)


def test_a_day_begins_and_ends_in_its_zone():
    assert read_time("2026-12-31", JAKARTA) == datetime(2026, 12, 30, 17, tzinfo=UTC)
    assert read_time("2026-12-31", JAKARTA, is_end=True) == datetime(2026, 12, 31, 17, tzinfo=UTC)


def test_a_time_is_local_unless_it_says_otherwise():
    assert read_time("2026-12-31T08:00", JAKARTA) == datetime(2026, 12, 31, 1, tzinfo=UTC)
    assert read_time("2026-12-31T08:00Z", JAKARTA) == datetime(2026, 12, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["9999-12-31", "31/12/2026", "tomorrow", "", None, 7])
def test_a_date_that_cannot_be_is_told_not_raised(text):
    assert isinstance(read_time(text, JAKARTA, is_end=True), Expected)


def test_a_date_before_the_first_year_in_utc_is_told_not_raised():
    assert isinstance(read_time("0001-01-01", JAKARTA), Expected)
