"""Dates and times of CertLogic: how they are read and moved.

The one time zone is UTC; a text without an offset is in it. The resolution is the millisecond, and
what is finer is cut off. Source: CertLogic specification 1.3.2, "Offset date-time" and "DCC Date
of birth".
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

TIME_UNITS = ("year", "month", "day", "hour")

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.([0-9]+))?"
    r"(?:Z|([+-])([0-9]{1,2})(?::?([0-9]{2}))?)?"
)


def parse_date(text: str) -> datetime | None:
    """Read YYYY, YYYY-MM or YYYY-MM-DD as its first moment; None for anything else.

    A partial date is the last day that fits it: the youngest that somebody born then can be.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = found.groups()
    try:
        last = monthrange(int(year), int(month or 12))[1]
        return datetime(int(year), int(month or 12), int(day or last), tzinfo=UTC)
    except ValueError:
        return None


def parse_date_time(text: str) -> datetime | None:
    """Read a date, whole or partial, or a date with time; None for anything else."""
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return parse_date(text)
    fraction, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if int(minutes or 0) >= 60 or offset >= timedelta(days=1):
        return None
    milliseconds = int(f"{fraction or ''}000"[:3])
    try:
        local = datetime.fromisoformat(text[: len("YYYY-MM-DDThh:mm:ss")])
        at = local.replace(microsecond=milliseconds * 1000, tzinfo=UTC)
        return at + offset if sign == "-" else at - offset
    except (ValueError, OverflowError):
        return None


def add(at: datetime, amount: int, unit: str) -> datetime | None:
    """Move a time by so many units; None where that leaves the years 1 to 9999.

    A day that its month does not have runs over into the next one, as with the Date methods of
    ECMAScript: 2020-02-29 and a year is 2021-03-01.
    """
    assert unit in TIME_UNITS
    try:
        match unit:
            case "year":
                return _add_months(at, 12 * amount)
            case "month":
                return _add_months(at, amount)
            case "day":
                return at + timedelta(days=amount)
            case _:
                return at + timedelta(hours=amount)
    except (ValueError, OverflowError):
        return None


def _add_months(at: datetime, amount: int) -> datetime:
    year, month = divmod(12 * at.year + at.month - 1 + amount, 12)
    return at.replace(year=year, month=month + 1, day=1) + timedelta(days=at.day - 1)
