"""Stays from records: what was seen, and what is inferred where an end was not."""

from datetime import UTC, datetime, timedelta

import pytest

from gatewayd.core.events import Audit, AuditSubject, Draft, Passage, PassageOutcome
from gatewayd.core.stays import Sights, Stay
from gatewayd.core.words import ClockQuality, Direction, HolderId, LaneId

BEGIN = datetime(2022, 8, 24, 1, tzinfo=UTC)
ZERO_S = BEGIN.timestamp()
SYNCED, UNSYNCED = ClockQuality.SYNCED, ClockQuality.UNSYNCED
ASN = HolderId("k.asn")
HOUR = 60


def passage(minute, way, *, holder=ASN, outcome="completed", clock=SYNCED, **more) -> Draft:
    fact = Passage(
        outcome=PassageOutcome(outcome),
        lane=LaneId("lane-1"),
        direction=Direction(way),
        holder=holder,
        **more,
    )
    return Draft(fact, BEGIN + timedelta(minutes=minute), clock)


def forgiven(minute, holder=ASN) -> Draft:
    fact = Audit(subject=AuditSubject.OFFICER, action="forgiven", detail={"holder": holder})
    return Draft(fact, BEGIN + timedelta(minutes=minute))


def attend(*drafts, until=20 * HOUR):
    sights = Sights()
    for draft in drafts:
        sights.fold(draft)
    return sights.attendance(BEGIN + timedelta(minutes=until))


def stays_of(*drafts, until=20 * HOUR):
    """Return the stays as (begin, end, certain) in minutes."""
    stays = attend(*drafts, until=until).stays.get(ASN, ())
    assert all(isinstance(stay, Stay) for stay in stays)
    return [((b - ZERO_S) / 60, (e - ZERO_S) / 60, certain) for b, e, certain in stays]


@pytest.mark.parametrize(
    ("drafts", "expected"),
    [
        ([passage(0, "entry"), passage(30, "exit")], [(0, 30, True)]),
        ([passage(30, "exit"), passage(0, "entry")], [(0, 30, True)]),  # Told late.
        # The exit was missed: seen again by the next entry, or after half a day at most.
        ([passage(0, "entry"), passage(90, "entry"), passage(95, "exit")],
         [(0, 90, False), (90, 95, True)]),
        ([passage(0, "entry"), passage(15 * HOUR, "entry"), passage(16 * HOUR, "exit")],
         [(0, 12 * HOUR, False), (15 * HOUR, 16 * HOUR, True)]),
        # The entry was missed: half a day at most, and not before they left last.
        ([passage(13 * HOUR, "exit")], [(HOUR, 13 * HOUR, False)]),
        ([passage(0, "entry"), passage(10, "exit"), passage(70, "exit")],
         [(0, 10, True), (10, 70, False)]),
        # An officer's word that they have left is no sight of them.
        ([passage(0, "entry"), forgiven(40)], [(0, 40, False)]),
        ([passage(0, "entry"), passage(5, "exit"), forgiven(40)], [(0, 5, True)]),
        ([forgiven(40)], []),
        # Inside still, or so the records say for half a day.
        ([passage(15 * HOUR, "entry")], [(15 * HOUR, 20 * HOUR, True)]),
        ([passage(0, "entry")], [(0, 12 * HOUR, False)]),
        ([passage(0, "entry"), passage(21 * HOUR, "exit")], [(0, 12 * HOUR, False)]),
        # Not sure: nobody saw the arm turn, the clock was not set, the grant's end never known.
        ([passage(0, "entry", assumed=True), passage(9, "exit")], [(0, 9, False)]),
        ([passage(0, "entry"), passage(9, "exit", clock=UNSYNCED)], [(0, 9, False)]),
        ([passage(0, "entry", outcome="expired", uncertain=True), passage(9, "exit")],
         [(0, 9, False)]),
        ([passage(0, "entry", outcome="expired")], []),
        # To go in and out of a room is to be in the house.
        ([passage(0, "entry"), passage(3, "exit", area="room"), passage(9, "exit")], [(0, 9, True)]),
    ],
)  # fmt: skip
def test_a_stay_is_from_a_passage_in_to_a_passage_out(drafts, expected):
    assert stays_of(*drafts) == expected


def test_who_came_in_without_a_pseudonym_is_counted():
    attendance = attend(
        passage(5, "entry", holder=None, outcome="breached"),
        passage(3, "entry", holder=None),
        passage(4, "exit", holder=None),
        passage(6, "entry", holder=None, outcome="expired"),
    )
    assert [(at - ZERO_S) / 60 for at in attendance.nameless] == [3, 5]
    assert attendance.stays == {}


def test_the_last_category_holds():
    attendance = attend(
        passage(0, "entry", category="visitor"), passage(5, "exit", category="staff")
    )
    assert attendance.categories == {ASN: "staff"}
    assert attend(passage(0, "entry")).categories == {ASN: "unknown"}


def test_other_records_say_nothing_of_a_stay():
    other = Audit(subject=AuditSubject.GATEWAY, action="started")
    assert stays_of(passage(0, "entry"), Draft(other, BEGIN), passage(1, "exit")) == [(0, 1, True)]
