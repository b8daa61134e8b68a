"""Opening hours: how they are written, and what they mean on the wall clock of the site."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.hours import EXPECTED, Hours, Span, parse_span

JAKARTA = ZoneInfo("Asia/Jakarta")  # UTC+7
MAKASSAR = ZoneInfo("Asia/Makassar")  # UTC+8
MONDAY = datetime(2021, 11, 29, tzinfo=UTC)
EVERY_DAY = frozenset(range(8))  # With holidays.


def is_open(text: str, at: datetime, zone: ZoneInfo = JAKARTA) -> bool:
    span = parse_span(text)
    assert span is not None
    return Hours((span,)).is_open(at, zone)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("mon-fri 07:30-16:00", Span(frozenset(range(5)), 450, 960)),
        ("sat 08:00-12:00", Span(frozenset({5}), 480, 720)),
        ("daily 00:00-24:00", Span(EVERY_DAY, 0, 1440)),
        ("fri-mon 22:00-06:00", Span(frozenset({4, 5, 6, 0}), 1320, 360)),
        ("sun-sun 00:00-00:01", Span(frozenset({6}), 0, 1)),
        ("  MON 08:00-09:00 ", Span(frozenset({0}), 480, 540)),
    ],
)
def test_a_span_names_days_and_minutes(text, span):
    assert parse_span(text) == span


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mon",
        "08:00-12:00",
        "montag 08:00-12:00",
        "mon-xyz 08:00-12:00",
        "xyz-mon 08:00-12:00",
        "mon,tue 08:00-12:00",
        "mon 8:00-12:00",
        "mon 08:60-12:00",
        "mon 08:00-24:01",
        "mon 08:00-25:00",
        "mon 24:00-24:00",
        "mon 08:00-12:00 sat",
        "mon 08:00 - 12:00",
        "daily-mon 08:00-12:00",
    ],
)
def test_what_is_no_span_is_not_guessed_at(text):
    assert parse_span(text) is None


def test_the_examples_in_the_message_are_good():
    examples = EXPECTED.split('"')[1::2]
    assert len(examples) == 3
    assert all(parse_span(example) for example in examples)


@pytest.mark.parametrize(
    ("minute", "expected"),
    [(449, False), (450, True), (959, True), (960, False)],
)
def test_hours_begin_with_their_first_minute_and_end_before_their_last(minute, expected):
    at = MONDAY - timedelta(hours=7) + timedelta(minutes=minute)
    assert is_open("mon-fri 07:30-16:00", at) is expected


def test_a_day_that_is_not_named_is_closed():
    saturday = MONDAY + timedelta(days=5, hours=3)
    assert not is_open("mon-fri 07:30-16:00", saturday)
    assert is_open("sat 07:30-16:00", saturday)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (21.99, False),  # Monday evening, still closed
        (22, True),
        (24, True),  # Tuesday, 00:00
        (29.99, True),  # Tuesday, 05:59
        (30, False),
        (46, False),  # Tuesday, 22:00: the span is Monday's
        (0, False),  # Monday, 00:00: Sunday is not named
    ],
)
def test_hours_over_midnight_belong_to_the_day_on_which_they_begin(hours, expected):
    at = MONDAY - timedelta(hours=7) + timedelta(hours=hours)
    assert is_open("mon 22:00-06:00", at) is expected


def test_hours_over_midnight_reach_over_the_end_of_the_week():
    at = MONDAY - timedelta(hours=7) + timedelta(hours=1)  # Monday, 01:00
    assert is_open("sun 22:00-06:00", at)


def test_equal_ends_are_a_whole_day():
    begin = MONDAY - timedelta(hours=7) + timedelta(hours=8)
    open_at = [is_open("mon 08:00-08:00", begin + timedelta(hours=hour)) for hour in range(-1, 25)]
    assert open_at == [False, *[True] * 24, False]


def test_one_moment_is_open_in_makassar_and_closed_in_jakarta():
    at = MONDAY + timedelta(hours=0)  # 07:00 in Jakarta, 08:00 in Makassar
    assert is_open("mon 08:00-16:00", at, MAKASSAR)
    assert not is_open("mon 08:00-16:00", at, JAKARTA)
    at += timedelta(hours=8)  # 15:00 in Jakarta, 16:00 in Makassar
    assert not is_open("mon 08:00-16:00", at, MAKASSAR)
    assert is_open("mon 08:00-16:00", at, JAKARTA)


def test_it_is_monday_in_jakarta_before_it_is_in_greenwich():
    assert is_open("mon 00:00-24:00", MONDAY - timedelta(hours=7))
    assert not is_open("mon 00:00-24:00", MONDAY - timedelta(hours=7, minutes=1))


def test_any_of_the_spans_may_hold_and_none_is_never_open():
    morning, evening = parse_span("daily 08:00-10:00"), parse_span("daily 20:00-22:00")
    assert morning is not None
    assert evening is not None
    both = Hours((morning, evening))
    open_hours = [h for h in range(24) if both.is_open(MONDAY + timedelta(hours=h), UTC)]
    assert open_hours == [8, 9, 20, 21]
    assert not Hours(()).is_open(MONDAY, UTC)


@settings(max_examples=30)
@given(
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(0, 1440),
)
def test_a_span_is_open_for_its_length_on_each_of_its_days(days, start, end):
    span = Span(days, start, end)
    opened = {
        day * 1440 + minute
        for day in range(7)
        for minute in range(1440)
        if span.holds(day, (day - 1) % 7, minute)
    }
    length = end - start if end > start else end - start + 1440
    expected = {
        (day * 1440 + start + minute) % (7 * 1440) for day in days for minute in range(length)
    }
    assert opened == expected


CHRISTMAS = frozenset({date(2021, 12, 25)})  # A Saturday.


@pytest.mark.parametrize(
    ("text", "eve", "day", "day_after"),
    [
        ("mon-sun 08:00-12:00", True, False, True),
        ("holidays 08:00-12:00", False, True, False),
        ("daily 08:00-12:00", True, True, True),
        ("fri 22:00-11:00", False, True, False),  # Friday's night ends on the holiday.
        ("holidays 22:00-11:00", False, False, True),
    ],
)
def test_a_holiday_is_no_weekday(text, eve, day, day_after):
    span = parse_span(text)
    assert span is not None
    ten = datetime(2021, 12, 24, 3, tzinfo=UTC)  # 10:00 in Jakarta.
    opened = [
        Hours((span,)).is_open(ten + timedelta(days=days), JAKARTA, CHRISTMAS) for days in range(3)
    ]
    assert opened == [eve, day, day_after]
