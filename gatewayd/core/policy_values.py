"""The single values of a policy, each read or refused in words."""

import re
from datetime import date, datetime
from datetime import time as clock_time

from gatewayd.core import hours as opening
from gatewayd.core.hours import Hours
from gatewayd.core.policy import PEOPLE_MAX
from gatewayd.core.tables import Expected, ReadValue

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_PERCENT = re.compile(r"(\d{1,3}) ?%")
_DECLARED = ("healthy", "protocol", "reason", "purpose", "origin", "certificate")


def read_fields(value: object) -> tuple[str, ...] | Expected:
    if isinstance(value, list) and all(item in _DECLARED for item in value):
        return tuple(value)
    return Expected(f"a list of {', '.join(_DECLARED)}")


def read_yes_or_no(value: object) -> bool | Expected:
    return value if isinstance(value, bool) else Expected("true or false")


def read_number(first: int, last: int) -> ReadValue[int]:
    def read(value: object) -> int | Expected:
        if isinstance(value, int) and not isinstance(value, bool) and first <= value <= last:
            return value
        return Expected(f"a number from {first} to {last}")

    return read


def read_count(value: object) -> int | Expected:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= PEOPLE_MAX:
        return value
    return Expected(f"a number of people from 0 to {PEOPLE_MAX}")


def read_people(rated: int | None) -> ReadValue[int]:
    """Read a number of people, or a percentage of those that the building is rated for."""

    def read(value: object) -> int | Expected:
        found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            wanted = read_count(value)
            return wanted if isinstance(wanted, int) else Expected(f'{wanted.what}, or like "50%"')
        if rated is None:
            return Expected("`rated` in [capacity], of which this is a part")
        return rated * int(found[1]) // 100

    return read


def read_percents(value: object) -> tuple[int, ...] | Expected:
    read = read_number(1, 100)
    found = [read(one) for one in value] if isinstance(value, list) else []
    good = tuple(one for one in found if isinstance(one, int))
    is_good = bool(found) and len(good) == len(found)
    return good if is_good else Expected("a list of percentages from 1 to 100")


def read_holidays(value: object) -> frozenset[date] | Expected:
    wanted = Expected("a list of dates, like 2021-12-25")
    if not isinstance(value, list):
        return wanted
    found = set()
    for item in value:
        try:
            day = date.fromisoformat(item) if isinstance(item, str) else item
        except ValueError:
            return wanted
        if not isinstance(day, date) or isinstance(day, datetime):
            return wanted
        found.add(day)
    return frozenset(found)


def read_clock_time(value: object) -> clock_time | Expected:
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return Expected('a time of the day, like "22:00"')
    return clock_time(int(found[1]), int(found[2]))


def read_hours(value: object) -> Hours | Expected:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        return Expected(f"spans {opening.EXPECTED}")
    spans = [opening.parse_span(text) if isinstance(text, str) else None for text in texts]
    good = tuple(span for span in spans if span is not None)
    return Hours(good) if len(good) == len(texts) else Expected(f"spans {opening.EXPECTED}")
