"""Opening hours by weekday, holidays too, read in the site's time zone, over midnight too."""

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOLIDAY = 7  # The eighth weekday: a holiday is that and nothing else.
_SPAN = re.compile(
    r"(?P<days>[a-z]{3}(?:-[a-z]{3})?|holidays|daily) (?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)"
)
_MINUTES_OF_DAY = 24 * 60

EXPECTED = 'like "mon-fri 07:30-16:00", "holidays 08:00-12:00" or "daily 00:00-24:00"'


@dataclass(frozen=True, slots=True)
class Span:
    """Open on these weekdays (0 is Monday, 7 a holiday) from `start` up to, not including, `end`.

    Both are minutes of the day on the wall clock; an `end` not after `start` is on the next day.
    """

    days: frozenset[int]
    start: int
    end: int

    def holds(self, day: int, day_before: int, minute: int) -> bool:
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        is_evening = day in self.days and minute >= self.start
        is_morning_after = day_before in self.days and minute < self.end
        return is_evening or is_morning_after


@dataclass(frozen=True, slots=True)
class Hours:
    """Open when any of the spans holds. Without a span for holidays it is closed on them."""

    spans: tuple[Span, ...]

    def is_open(self, at: datetime, zone: tzinfo, holidays: Container[date] = ()) -> bool:
        local = at.astimezone(zone)
        minute = local.hour * 60 + local.minute
        today = local.date()
        day, day_before = (
            _HOLIDAY if each in holidays else each.weekday()
            for each in (today, today - timedelta(days=1))
        )
        return any(span.holds(day, day_before, minute) for span in self.spans)


def parse_span(text: str) -> Span | None:
    """Read one span; None where it is not of the form that `EXPECTED` tells."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        return None
    days = _parse_days(found["days"])
    start, end = _parse_minute(found["start"]), _parse_minute(found["end"])
    if days is None or start is None or end is None or start == _MINUTES_OF_DAY:
        return None
    return Span(days, start, end)


def _parse_days(text: str) -> frozenset[int] | None:
    if text == "daily":
        return frozenset((*range(7), _HOLIDAY))
    if text == "holidays":
        return frozenset({_HOLIDAY})
    first, _, last = text.partition("-")
    if first not in _DAYS or (last or first) not in _DAYS:
        return None
    begin, end = _DAYS.index(first), _DAYS.index(last or first)
    length = (end - begin) % 7 + 1
    return frozenset((begin + offset) % 7 for offset in range(length))


def _parse_minute(text: str) -> int | None:
    hour, minute = int(text[:2]), int(text[3:])
    total = hour * 60 + minute
    return total if minute < 60 and total <= _MINUTES_OF_DAY else None
