"""The trace against a brute-force oracle, and by examples that a person can follow."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.stays import Attendance, Stay
from gatewayd.core.tracing import Contact, Question, trace
from gatewayd.core.words import HolderId

ZONE = ZoneInfo("Asia/Jakarta")
MIDNIGHT = datetime(2022, 8, 24, tzinfo=ZONE)
ZERO_S = MIDNIGHT.timestamp()
DAY = 24 * 60
WHO = HolderId("who")


def minutes(at: datetime) -> float:
    return (at.timestamp() - ZERO_S) / 60


def attend(table, nameless=()) -> Attendance:
    """Take {name: [(begin, end)]} in minutes after midnight; a third item says: inferred."""
    stays = {
        HolderId(name): [Stay(ZERO_S + b * 60, ZERO_S + e * 60, not more) for b, e, *more in spans]
        for name, spans in table.items()
    }
    return Attendance(stays, dict.fromkeys(stays, "staff"), [ZERO_S + at * 60 for at in nameless])


def ask(table, *, least=15, begins=0, ends=DAY, nameless=(), **more):
    at = [MIDNIGHT + timedelta(minutes=minute) for minute in (begins, ends)]
    question = Question(WHO, *at, timedelta(minutes=least), **more)
    return trace(question, attend(table, nameless), ZONE)


def told(contact: Contact):
    meetings = [(minutes(b), minutes(e), certain) for b, e, certain in contact.meetings]
    return contact.holder, contact.generation, contact.through, meetings


def test_who_was_inside_for_long_enough_at_the_same_time_is_a_contact():
    """R07, R25, R36: tracing."""
    found = ask(
        {"who": [(60, 120)], "long": [(0, 200)], "short": [(110, 300)], "apart": [(120, 130)]}
    )
    assert [told(one) for one in found.contacts] == [("long", 1, "who", [(60, 120, True)])]
    assert found.contacts[0].together == timedelta(minutes=60)
    assert found.contacts[0].category == "staff"
    assert found.others == 2


def test_short_meetings_add_up_and_the_longest_time_comes_first():
    found = ask({
        "who": [(0, 60), (100, 160)],
        "twice": [(50, 105), (150, 180)],
        "once": [(10, 50)],
    })  # fmt: skip
    assert [told(one) for one in found.contacts] == [
        ("once", 1, "who", [(10, 50, True)]),
        ("twice", 1, "who", [(50, 60, True), (100, 105, True), (150, 160, True)]),
    ]


def test_a_stay_that_spans_an_end_of_the_window_is_cut_there():
    found = ask({"who": [(-60, 20), (DAY - 10, DAY + 60)], "x": [(-100, DAY + 100)]})
    assert [(minutes(b), minutes(e)) for b, e, _ in found.stays] == [(0, 20), (DAY - 10, DAY)]
    assert told(found.contacts[0])[3] == [(0, 20, True), (DAY - 10, DAY, True)]


def test_a_meeting_is_as_uncertain_as_the_stays():
    found = ask({"who": [(0, 60)], "guess": [(0, 60, "inferred")]})
    assert told(found.contacts[0])[3] == [(0, 60, False)]


def test_exactly_the_time_is_enough_and_less_is_not():
    found = ask({"who": [(0, 60)], "yes": [(45, 90)], "no": [(45.001, 90)]})
    assert [one.holder for one in found.contacts] == ["yes"]


def test_the_others_are_those_of_the_same_days_and_the_nameless_too():
    """R41."""
    table = {"who": [(23 * 60, DAY + 30)], "evening": [(60, 90)], "next": [(DAY + 900, DAY + 960)]}
    before = {"before": [(-60, -30)], "after": [(2 * DAY, 2 * DAY + 60)]}
    found = ask({**table, **before}, ends=3 * DAY, nameless=[-1, 0, DAY, 2 * DAY - 1, 2 * DAY])
    assert (found.others, found.nameless) == (2, 3)


def test_somebody_without_a_record_met_nobody():
    found = ask({"x": [(0, 60)]}, nameless=[5], generations=2)
    assert (found.stays, found.contacts, found.others, found.nameless) == ((), (), 0, 0)


def test_the_second_generation_met_a_contact_after_it_met_the_holder():
    found = ask({
        "who": [(100, 160)],
        "first": [(0, 300)],
        "too early": [(0, 100)],
        "second": [(200, 260)],
        "third": [(250, 300)],
    }, generations=2)  # fmt: skip
    assert [told(one) for one in found.contacts] == [
        ("first", 1, "who", [(100, 160, True)]),
        ("second", 2, "first", [(200, 260, True)]),
        ("third", 2, "first", [(250, 300, True)]),
    ]


def test_a_contact_of_a_contact_bit_by_bit_counts_too():
    table = {
        "who": [(0, 20)],
        "first": [(0, 40), (60, 100)],
        "second": [(30, 41), (90, 110)],
        "third": [(35, 50)],
    }
    found = ask(table, generations=2)
    assert told(found.contacts[1]) == ("second", 2, "first", [(30, 40, True), (90, 100, True)])
    assert len(found.contacts) == 2
    assert len(ask(table).contacts) == 1


def test_whoever_carries_a_badge_is_somebody_else_each_time():
    """R41."""
    table = {"who": [(0, 100)], "badge": [(0, 10), (20, 30), (40, 60)]}
    found = ask(table, shared={HolderId("badge"), WHO})
    assert [told(one) for one in found.contacts] == [("badge", 1, "who", [(40, 60, True)])]
    assert found.others == 2
    [together] = ask(table).contacts
    assert together.together == timedelta(minutes=40)


def test_a_question_needs_a_time():
    with pytest.raises(AssertionError):
        ask({}, least=0)


# --- against an oracle ---


def apart(times):
    """Make stays that do not overlap of rising times, two by two."""
    return list(zip(times[::2], times[1::2], strict=False))


STAYS = st.lists(st.integers(0, 60), unique=True, max_size=8).map(sorted).map(apart)
PEOPLE = st.dictionaries(st.sampled_from(["who", *"abcdefg"]), STAYS, max_size=8)


def minutes_together(one, other, since=0, until=DAY):
    """Count the minutes in which both are inside."""
    return sum(
        any(b <= m < e for b, e in one) and any(b <= m < e for b, e in other)
        for m in range(since, min(until, 61))
    )


@settings(max_examples=120)
@given(PEOPLE, st.integers(1, 20), st.integers(0, 20), st.integers(30, 60))
def test_it_finds_what_counting_minute_by_minute_finds(people, least, begins, ends):
    """R07."""
    found = ask(people, least=least, begins=begins, ends=ends, generations=2)
    who = people.get("who", [])
    expected = {
        name: length
        for name, spans in people.items()
        if name != "who" and (length := minutes_together(who, spans, begins, ends)) >= least
    }
    first = {one.holder: one for one in found.contacts if one.generation == 1}
    assert {name: one.together.total_seconds() / 60 for name, one in first.items()} == expected
    since = {name: round(minutes(one.meetings[0].begin)) for name, one in first.items()}
    reached = {
        name: {
            whom: length
            for whom in first
            if (length := minutes_together(people[whom], spans, since[whom], ends)) >= least
        }
        for name, spans in people.items()
        if name != "who" and name not in first
    }
    second = {one.holder: one for one in found.contacts if one.generation == 2}
    assert second.keys() == {name for name, through in reached.items() if through}
    for name, one in second.items():
        assert one.together.total_seconds() / 60 == reached[name][one.through]


def test_times_are_told_in_utc():
    [stay] = ask({"who": [(0, 60)]}).stays
    assert stay.begin == datetime(2022, 8, 23, 17, tzinfo=UTC)
