"""Rows of the live feed: what a page is told of an event."""

from dataclasses import replace
from datetime import UTC, datetime

from gatewayd.core.events import (
    Access,
    AccessOutcome,
    Alarm,
    AlarmOutcome,
    Audit,
    AuditSubject,
    Draft,
    Event,
    Passage,
    PassageOutcome,
)
from gatewayd.core.feed import feed_row, machine_row
from gatewayd.core.words import Direction, HolderId, LaneId, Status

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
REFUSED = Access(
    outcome=AccessOutcome.REFUSED,
    lane=LaneId("lane-1"),
    direction=Direction.ENTRY,
    reason="status_red",
    source="gateway",
    kind="pass",
    holder=HolderId("deadbeef.00112233445566778899aabbccddeeff"),
    status=Status.RED,
    status_until=AT,
)


def event(fact):
    return Event("0" * 16, 7, Draft(fact, AT), "run", 0.0)


def test_a_row_names_nobody_and_no_status():
    """Rule 7."""
    row = feed_row(event(REFUSED))
    assert row["id"] == "0000000000000000-7"
    assert (row["class"], row["outcome"]) == ("access", "refused")
    assert not {"holder", "status", "status_until"} & set(row)
    assert "deadbeef" not in str(row)


def test_whoever_looks_after_the_machine_sees_alarms_but_nobody_pass():
    raised = Alarm(outcome=AlarmOutcome.RAISED, alarm="link_lost", subject="lane-1")
    assert machine_row(event(REFUSED)) is None
    assert machine_row(event(raised))["alarm"] == "link_lost"


def test_each_row_says_what_people_filter_by():
    by_hand = replace(REFUSED, outcome=AccessOutcome.ADMITTED, source="officer")
    assert feed_row(event(REFUSED))["kinds"] == ["refused"]
    assert feed_row(event(by_hand))["kinds"] == ["admitted", "officer"]
    through = Passage(
        outcome=PassageOutcome.EXPIRED, lane=LaneId("lane-1"), direction=Direction.ENTRY
    )
    assert feed_row(event(through))["kinds"] == ["not_passed"]
    raised = Alarm(outcome=AlarmOutcome.RAISED, alarm="link_lost", subject="lane-1")
    assert feed_row(event(raised))["kinds"] == ["alarm"]
    audits = [
        Audit(subject=subject, action="done")
        for subject in (AuditSubject.OFFICER, AuditSubject.CLOCK)
    ]
    assert [feed_row(event(audit))["kinds"] for audit in audits] == [["officer"], ["machine"]]
