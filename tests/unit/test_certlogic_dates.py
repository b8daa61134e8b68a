from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.certlogic_dates import TIME_UNITS, add, parse_date, parse_date_time


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2021-06-01", utc(2021, 6, 1)),
        ("2021-06-01T12:34:56", utc(2021, 6, 1, 12, 34, 56)),
        ("2021-06-01T12:34:56Z", utc(2021, 6, 1, 12, 34, 56)),
        ("2021-06-01T12:34:56+7", utc(2021, 6, 1, 5, 34, 56)),
        ("2021-06-01T12:34:56-07", utc(2021, 6, 1, 19, 34, 56)),
        ("2021-06-01T12:34:56+530", utc(2021, 6, 1, 7, 4, 56)),
        ("2021-06-01T12:34:56-0530", utc(2021, 6, 1, 18, 4, 56)),
        ("2021-06-01T12:34:56+5:30", utc(2021, 6, 1, 7, 4, 56)),
        ("2021-06-01T12:34:56+05:30", utc(2021, 6, 1, 7, 4, 56)),
        ("2021-06-01T12:34:56.1", utc(2021, 6, 1, 12, 34, 56, 100_000)),
        ("2021-06-01T12:34:56.123999999Z", utc(2021, 6, 1, 12, 34, 56, 123_000)),
        ("2021-06-01T00:30:00.05+07:00", utc(2021, 5, 31, 17, 30, 0, 50_000)),
        ("2021-06-01T12:34:56+23:59", utc(2021, 5, 31, 12, 35, 56)),
    ],
)
def test_each_form_of_a_date_time_is_read_as_utc_with_milliseconds(text, at):
    assert parse_date_time(text) == at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2004", utc(2004, 12, 31)),
        ("9999", utc(9999, 12, 31)),
        ("2004-02", utc(2004, 2, 29)),
        ("2003-02", utc(2003, 2, 28)),
        ("2004-04", utc(2004, 4, 30)),
        ("2004-12", utc(2004, 12, 31)),
        ("2004-02-29", utc(2004, 2, 29)),
    ],
)
def test_a_partial_date_is_the_last_day_that_fits_it(text, at):
    assert parse_date(text) == at
    assert parse_date_time(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20",
        "2021-13",
        "2021-00-01",
        "2021-06-00",
        "2021-02-30",
        "2021-6-1",
        "2021-06-01T",
        "2021-06-01 12:34:56",
        "2021-06-01T12:34",
        "2021-06-01T12:34:56.",
        "2021-06-01T12:34:56z",
        "2021-06-01T12:34:56+",
        "2021-06-01T12:34:56+5:",
        "2021-06-01T12:34:56+05:60",
        "2021-06-01T12:34:56+24:00",
        "2021-06-01T24:00:00",
        "2021-06-01T12:60:00",
        "2021-06-01T12:34:60",
        "2021-06-01\n",
        "\u0662\u0660\u0662\u0661",  # 2021 in the digits of Arabic
        "0000-01-01",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "+002021-06-01",
    ],
)
def test_nothing_else_is_a_date_time(text):
    assert parse_date_time(text) is None


def test_a_date_of_birth_has_no_time():
    assert parse_date("2021-06-01T12:34:56Z") is None


@pytest.mark.parametrize(
    ("at", "amount", "unit", "moved"),
    [
        ((2020, 2, 29), 1, "day", (2020, 3, 1)),
        ((2020, 2, 29), 1, "month", (2020, 3, 29)),
        ((2020, 2, 29), 1, "year", (2021, 3, 1)),
        ((2020, 2, 29), -1, "year", (2019, 3, 1)),
        ((2020, 2, 29), 4, "year", (2024, 2, 29)),
        ((2021, 1, 31), 1, "month", (2021, 3, 3)),
        ((2021, 3, 31), -1, "month", (2021, 3, 3)),
        ((2021, 1, 15), -13, "month", (2019, 12, 15)),
        ((2021, 12, 31, 23), 2, "hour", (2022, 1, 1, 1)),
        ((2021, 1, 1), -1, "day", (2020, 12, 31)),
    ],
)
def test_time_is_added_as_ecmascript_does(at, amount, unit, moved):
    assert add(utc(*at), amount, unit) == utc(*moved)


@pytest.mark.parametrize("unit", TIME_UNITS)
@pytest.mark.parametrize("amount", [10**9, -(10**9), 2**53, -(2**53)])
def test_what_leaves_the_calendar_is_no_time(unit, amount):
    assert add(utc(2021, 6, 1), amount, unit) is None


@given(
    st.text() | st.from_regex(r"[0-9]{1,5}-?[0-9]{0,3}-?[0-9]{0,3}T?[0-9:.]{0,9}", fullmatch=True)
)
def test_no_text_raises(text):
    found = parse_date_time(text)
    assert found is None or found.tzinfo is UTC
