"""What is known of a holder, as the facts that status rules are written over.

docs/rules.md tells rule writers the same. Days are days of the calendar where the gate stands, and
the day of the thing itself is day 1; hours are full ones. What is not known is null. What speaks
for the holder counts from its own time on, and only where that is known; what speaks against them
counts from today on at the latest. Of the results of one day the positive one counts.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from gatewayd.core.events import format_time
from gatewayd.core.evidence import Dose, Evidence, LabTest, Method, Recovery, Result
from gatewayd.core.words import Json, Status

APART = timedelta(hours=24)  # How far a negative lies behind the one that it confirms.
ANY = "any"

_KIND = f"(?:{ANY}|{'|'.join(Method)})"
_LASTS = rf"(?:\.(?:day|(?:first|last|confirmed)_negative_day(?:\.{_KIND})?))?"
_FACT = re.compile(
    r"now|today|evidence|age(?:\.years)?|doses(?:\.(?:count|series|day))?"
    rf"|negative(?:\.{_KIND}(?:\.(?:at|day|hours))?)?|positive{_LASTS}|recovery(?:\.day)?"
    rf"|marks(?:\.[a-z0-9_-]+{_LASTS})?|centre(?:\.status)?"
)

_FINDS_IT = (Method.MOLECULAR, Method.ANTIGEN)  # Other tests tell of what was.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)  # Nobody living has an older result.


@dataclass(frozen=True, slots=True)
class Counting:
    """What a rule-set lays down about counting, before its rules ask anything.

    episode_days: so many days after a first positive, another one belongs to the same episode.
    negatives_from_day: of an episode; negative results before that day do not count.
    positive_marks: marks of the centre that count as positive results.
    """

    episode_days: int = 0
    negatives_from_day: int = 1
    positive_marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that the centre holds against somebody, like a contact; `name` is the rules' word.

    Counts before `until`, if there is one.
    """

    name: str
    since: datetime
    until: datetime | None = None

    def is_valid(self, at: datetime) -> bool:
        return self.until is None or at < self.until


@dataclass(frozen=True, slots=True)
class CentreWord:
    """What the centre says of a holder, valid before `until`."""

    status: Status | None = None
    until: datetime | None = None
    marks: tuple[Mark, ...] = ()

    def is_valid(self, at: datetime) -> bool:
        return self.until is None or at < self.until


@dataclass(frozen=True, slots=True)
class Here:
    """When it is asked, and in which time zone the gate stands."""

    at: datetime
    zone: tzinfo

    @property
    def today(self) -> date:
        return self.date_of(self.at)

    def date_of(self, at: datetime) -> date:
        return max(at, _EARLIEST).astimezone(self.zone).date()


def derive_facts(
    evidence: Evidence, word: CentreWord | None, here: Here, counting: Counting
) -> dict[str, Json]:
    """Return the facts as the data for CertLogic."""
    heard = word if word is not None and word.is_valid(here.at) else CentreWord()
    marks = [mark for mark in heard.marks if mark.is_valid(here.at)]
    age = evidence.age(here.today)
    marked = [mark.since for mark in marks if mark.name in counting.positive_marks]
    tests = _Tests.of(evidence, marked, here, counting)
    pieces = (evidence.doses, evidence.tests, evidence.recoveries, marks)
    return {
        "now": format_time(here.at),
        "today": here.today.isoformat(),
        "evidence": sum(len(piece) for piece in pieces),
        "age": None if age is None else {"years": age},
        "doses": _tell_doses(evidence.doses, here.today),
        "negative": tests.tell_newest(here),
        "positive": tests.tell_since(tests.positive_on, here.today),
        "recovery": _tell_recovery(evidence.recoveries, here.today),
        "marks": {
            mark.name: tests.tell_since(_began(mark.since, here), here.today)
            for mark in sorted(marks, key=lambda mark: mark.since)
        },
        "centre": None if heard.status is None else {"status": str(heard.status)},
    }


def is_fact(path: str) -> bool:
    """Tell whether there is such a fact, for somebody at least."""
    return _FACT.fullmatch(path) is not None


# --- parts of the facts ---


@dataclass(frozen=True, slots=True)
class _Negative:
    """A negative result that counts: no positive one came on its day or later."""

    method: str
    at: datetime
    on: date


@dataclass(frozen=True, slots=True)
class _Tests:
    """positive_on: the first positive day of the newest episode. negatives: oldest first."""

    positive_on: date | None
    negatives: tuple[_Negative, ...]

    @classmethod
    def of(
        cls, evidence: Evidence, marked: list[datetime], here: Here, counting: Counting
    ) -> "_Tests":
        positives = sorted(
            [*_positive_days(evidence, here), *(_began(since, here) for since in marked)]
        )
        first = None
        for on in positives:
            if first is None or (on - first).days > counting.episode_days:
                first = on
        counts_from = positives[-1] + timedelta(days=1) if positives else date.min
        if first is not None:
            begun = first + timedelta(days=counting.negatives_from_day - 1)
            counts_from = max(counts_from, begun)
        found = (_read_negative(test, here) for test in evidence.tests)
        negatives = (one for one in found if one is not None and one.on >= counts_from)
        return cls(first, tuple(sorted(negatives, key=lambda one: one.at)))

    def tell_newest(self, here: Here) -> dict[str, Json]:
        return {
            kind: {
                "at": format_time(found[-1].at),
                "day": _day(found[-1].on, here.today),
                "hours": (here.at - found[-1].at) // timedelta(hours=1),
            }
            for kind, found in self._by_kind(date.min).items()
        }

    def tell_since(self, on: date | None, today: date) -> dict[str, Json] | None:
        """Tell how long something lasts, and on which of its days there were negative results."""
        if on is None:
            return None
        first: dict[str, Json] = {}
        last: dict[str, Json] = {}
        confirmed: dict[str, Json] = {}
        for kind, found in self._by_kind(on).items():
            first[kind] = _day(on, found[0].on)
            last[kind] = _day(on, found[-1].on)
            later = (one for one in found if one.at - found[0].at >= APART)
            if second := next(later, None):
                confirmed[kind] = _day(on, second.on)
        return {
            "day": _day(on, today),
            "first_negative_day": first,
            "last_negative_day": last,
            "confirmed_negative_day": confirmed,
        }

    def _by_kind(self, since: date) -> dict[str, list[_Negative]]:
        """Return the negatives by method, and under `any` those that find what is there now."""
        kinds: dict[str, list[_Negative]] = {}
        for one in self.negatives:
            if one.on >= since:
                kinds.setdefault(one.method, []).append(one)
                if one.method in _FINDS_IT:
                    kinds.setdefault(ANY, []).append(one)
        return kinds


def _positive_days(evidence: Evidence, here: Here) -> list[date]:
    tests = [
        here.today if test.sampled_at is None else _began(test.sampled_at, here)
        for test in evidence.tests
        if test.result is Result.POSITIVE
    ]
    found = (recovery.positive_on for recovery in evidence.recoveries)
    known = (min(on, here.today) for on in found if on is not None)
    return [*tests, *(max(on, _EARLIEST.date()) for on in known)]


def _read_negative(test: LabTest, here: Here) -> _Negative | None:
    at = test.sampled_at
    if test.result is not Result.NEGATIVE or at is None or at > here.at:
        return None
    return _Negative(str(test.method), at, here.date_of(at))


def _tell_doses(doses: tuple[Dose, ...], today: date) -> dict[str, Json]:
    given = [dose for dose in doses if dose.given_on is None or dose.given_on <= today]
    if not given:
        return {"count": 0, "series": None, "day": None}
    last = max(given, key=lambda dose: dose.number)
    day = None if last.given_on is None else _day(last.given_on, today)
    return {"count": last.number, "series": last.series, "day": day}


def _tell_recovery(recoveries: tuple[Recovery, ...], today: date) -> dict[str, Json] | None:
    """Tell the newest recovery that somebody vouches for today."""
    days = [
        recovery.positive_on
        for recovery in recoveries
        if recovery.positive_on is not None
        and max(recovery.positive_on, recovery.valid_from or date.min) <= today
        and (recovery.valid_until is None or today <= recovery.valid_until)
    ]
    return {"day": _day(max(days), today)} if days else None


def _began(at: datetime, here: Here) -> date:
    return here.date_of(min(at, here.at))


def _day(since: date, on: date) -> int:
    """Return which day of something it is; the first is 1."""
    return (on - since).days + 1
