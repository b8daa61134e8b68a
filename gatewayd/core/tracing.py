"""Who was inside at the same time as somebody, for how long, and who met those in turn."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import accumulate
from typing import NamedTuple

from gatewayd.core.stays import Attendance, Stay
from gatewayd.core.words import HolderId

_Person = tuple[HolderId, int]
"""A pseudonym, and the number of the stay where it stands for somebody else each time, else 0."""

_People = Mapping[_Person, Sequence[Stay]]

_Source = tuple[float, float, _Person]
"""Begin, end and whose stay it is."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who met `holder` from `begins` to `ends` for at least `least` (not nothing) in all.

    generations: 2 asks who met those contacts too, from their first meeting with the holder on.
    shared: pseudonyms that stand for somebody else at each stay, like those of guest badges.
    """

    holder: HolderId
    begins: datetime
    ends: datetime
    least: timedelta
    generations: int = 1
    shared: Collection[HolderId] = frozenset()

    def __post_init__(self) -> None:
        assert self.least > timedelta(), "who was never together met nobody"


class Meeting(NamedTuple):
    """is_certain: no end of the two stays was inferred."""

    begin: datetime
    end: datetime
    is_certain: bool


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who met the holder (generation 1), or a contact of the holder (generation 2).

    through: whom they met for long enough; in generation 2 there may be more such contacts.
    """

    holder: HolderId
    category: str
    generation: int
    through: HolderId
    meetings: tuple[Meeting, ...]

    @property
    def together(self) -> timedelta:
        return sum((one.end - one.begin for one in self.meetings), timedelta())


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer: contacts by generation, those who were together for the longest time first.

    stays: of the holder, as far as they are in the window. others: how many more were inside on the
    days of these stays, and met the holder for less. nameless: how often somebody came in on these
    days whom no pseudonym stands for; whom they met, nobody can tell.
    """

    stays: tuple[Meeting, ...]
    contacts: tuple[Contact, ...]
    others: int
    nameless: int


def trace(question: Question, attendance: Attendance, zone: tzinfo) -> Trace:
    """Answer from the stays of everybody. zone: of the gate, by which a day is a day."""
    own = list(_own_stays(question, attendance))
    people = dict(_people(question, attendance))
    meetings = _meet(own, people)
    least = question.least.total_seconds()
    first = {person: each for person, each in meetings.items() if _length(each) >= least}
    contacts = [
        _contact(person, 1, question.holder, each, attendance) for person, each in first.items()
    ]
    if question.generations > 1:
        for person, whom, each in _second_generation(question, first, people):
            contacts.append(_contact(person, 2, whom[0], each, attendance))
    days = _days(own, zone)
    there = sum(_touches(stays, days) for stays in people.values())
    met = sum(_touches(people[person], days) for person in first)
    unseen = sum(
        bisect_left(attendance.nameless, end) - bisect_left(attendance.nameless, begin)
        for begin, end in zip(*days, strict=True)
    )
    contacts.sort(key=lambda one: (one.generation, -one.together, one.holder))
    return Trace(tuple(map(_told, own)), tuple(contacts), there - met, unseen)


def _own_stays(question: Question, attendance: Attendance) -> Iterator[Stay]:
    """Yield the holder's stays, cut to the window: what overlaps them is in the window too."""
    begins, ends = question.begins.timestamp(), question.ends.timestamp()
    for begin, end, is_certain in attendance.stays.get(question.holder, ()):
        if begin < ends and end > begins:
            yield Stay(max(begin, begins), min(end, ends), is_certain)


def _people(question: Question, attendance: Attendance) -> Iterator[tuple[_Person, Sequence[Stay]]]:
    for holder, stays in attendance.stays.items():
        if holder == question.holder:
            continue
        if holder in question.shared:
            for number, stay in enumerate(stays, 1):
                yield (holder, number), [stay]
        else:
            yield (holder, 0), stays


def _meet(own: Sequence[Stay], people: _People) -> dict[_Person, list[Stay]]:
    """Return everybody's overlaps with some stays, which are in order and apart."""
    begins, ends, _ = _columns(own)
    last = len(own)
    found: dict[_Person, list[Stay]] = {}
    for person, stays in people.items():
        for stay in stays:
            index = bisect_right(ends, stay[0])  # The first that ends after this one begins.
            while index < last and begins[index] < stay[1]:
                found.setdefault(person, []).append(_overlap(own[index], stay))
                index += 1
    return found


# --- the contacts of contacts ---


def _second_generation(
    question: Question, first: Mapping[_Person, Sequence[Stay]], people: _People
) -> Iterator[tuple[_Person, _Person, list[Stay]]]:
    """Yield each contact of the contacts with one whom they met, and their meetings."""
    least, ends = question.least.total_seconds(), question.ends.timestamp()
    exposing: dict[_Person, list[Stay]] = {}
    for person, meetings in first.items():
        since = meetings[0].begin
        exposing[person] = [
            Stay(max(stay.begin, since), min(stay.end, ends), stay.is_certain)
            for stay in people[person]
            if stay.begin < ends and stay.end > since
        ]
    others = {
        person: stays
        for person, stays in people.items()
        if person not in first and _length(stays) >= least
    }
    through = _at_once(least, exposing, others)
    left = {person: stays for person, stays in others.items() if person not in through}
    through |= _bit_by_bit(least, exposing, left)
    for person, whom in through.items():
        yield person, whom, _meet(exposing[whom], {person: others[person]})[person]


def _at_once(least: float, exposing: _People, others: _People) -> dict[_Person, _Person]:
    """Find those who were together with one of the exposing for long enough in a single stay.

    Of all exposing stays that begin early enough, only the one that ends last has to be looked at.
    """
    sources = sorted(
        (stay.begin, stay.end, person)
        for person, stays in exposing.items()
        for stay in stays
        if stay.end - stay.begin >= least
    )
    begins = [begin for begin, _, _ in sources]
    last = list(accumulate(sources, _last_to_leave))
    found: dict[_Person, _Person] = {}
    for person, stays in others.items():
        for begin, end, _ in stays:
            count = bisect_right(begins, end - least)
            if end - begin >= least and count and last[count - 1][1] >= begin + least:
                found[person] = last[count - 1][2]
                break
    return found


def _last_to_leave(one: _Source, other: _Source) -> _Source:
    return one if one[1] >= other[1] else other


def _bit_by_bit(least: float, exposing: _People, others: _People) -> dict[_Person, _Person]:
    """Find those who were together with one of the exposing for long enough in several stays.

    A sweep by time: at the begin of each stay, only those of the other side that are still open.
    """
    both = sorted(
        (stay.begin, stay.end, is_other, person)
        for is_other, people in ((False, exposing), (True, others))
        for person, stays in people.items()
        for stay in stays
    )
    inside: tuple[list[tuple[float, _Person]], ...] = ([], [])
    together: dict[tuple[_Person, _Person], float] = {}
    for begin, end, is_other, person in both:
        met = inside[not is_other]
        met[:] = [one for one in met if one[0] > begin]
        for other_end, other in met:
            pair = (person, other) if is_other else (other, person)
            together[pair] = together.get(pair, 0.0) + min(end, other_end) - begin
        inside[is_other].append((end, person))
    return {person: whom for (person, whom), length in together.items() if length >= least}


# --- times ---


def _overlap(one: Stay, other: Stay) -> Stay:
    is_certain = one.is_certain and other.is_certain
    return Stay(max(one.begin, other.begin), min(one.end, other.end), is_certain)


def _length(stays: Iterable[Stay]) -> float:
    return sum(end - begin for begin, end, _ in stays)


def _columns(stays: Sequence[Stay]) -> tuple[list[float], list[float], list[bool]]:
    begins, ends, certain = zip(*stays, strict=True) if stays else ((), (), ())
    return list(begins), list(ends), list(certain)


def _days(stays: Iterable[Stay], zone: tzinfo) -> tuple[list[float], list[float]]:
    """Return begin and end of each day at the gate on which one of the stays was, in order."""
    dates = set()
    for stay in stays:
        day, last = (datetime.fromtimestamp(at, zone).date() for at in stay[:2])
        while day <= last:
            dates.add(day)
            day += timedelta(days=1)
    days = sorted(dates)
    begins = [datetime.combine(day, time.min, zone).timestamp() for day in days]
    next_days = [day + timedelta(days=1) for day in days]
    return begins, [datetime.combine(day, time.min, zone).timestamp() for day in next_days]


def _touches(stays: Iterable[Stay], days: tuple[list[float], list[float]]) -> bool:
    begins, ends = days
    for begin, end, _ in stays:
        index = bisect_right(ends, begin)
        if index < len(begins) and begins[index] < end:
            return True
    return False


def _told(stay: Stay) -> Meeting:
    begin, end = (datetime.fromtimestamp(at, UTC) for at in stay[:2])
    return Meeting(begin, end, stay.is_certain)


def _contact(
    person: _Person,
    generation: int,
    through: HolderId,
    meetings: Sequence[Stay],
    attendance: Attendance,
) -> Contact:
    holder = person[0]
    return Contact(
        holder, attendance.categories[holder], generation, through, tuple(map(_told, meetings))
    )
