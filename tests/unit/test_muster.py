"""When an alarm begins, and who was inside then."""

from datetime import UTC, datetime, timedelta

import pytest

from gatewayd.core.events import (
    Alarm,
    AlarmOutcome,
    Audit,
    AuditSubject,
    Draft,
    Passage,
    PassageOutcome,
)
from gatewayd.core.muster import USUAL_ALARMS, FrozenMuster
from gatewayd.core.words import Direction, HolderId, LaneId

AT = datetime(2022, 8, 24, 1, tzinfo=UTC)


def alarm(outcome: str, subject: str = "lane-1", name: str = "fire") -> Alarm:
    return Alarm(outcome=AlarmOutcome(outcome), alarm=name, subject=subject)


def order(word: str, lane: str = "lane-1") -> Audit:
    detail = {"lane": lane, "order": word}
    return Audit(subject=AuditSubject.OFFICER, action="lane_ordered", detail=detail)


def entry(holder: str | None) -> Passage:
    return Passage(
        outcome=PassageOutcome.COMPLETED,
        lane=LaneId("lane-1"),
        direction=Direction.ENTRY,
        holder=None if holder is None else HolderId(holder),
        category="staff",
    )


def freeze(*facts, alarms=USUAL_ALARMS):
    """Fold facts, a minute apart; return the minute and the alarm that the muster is of."""
    frozen = FrozenMuster(alarms)
    for minute, fact in enumerate(facts):
        frozen.fold(Draft(fact, AT + timedelta(minutes=minute)))
    taken = frozen.taken
    return None if taken is None else ((taken.at - AT) // timedelta(minutes=1), taken.alarm)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([], None),
        ([alarm("raised")], (0, "fire")),
        ([alarm("raised"), alarm("raised", "lane-2")], (0, "fire")),  # One fire, told twice.
        ([alarm("raised"), alarm("cleared"), alarm("raised")], (2, "fire")),
        ([alarm("raised"), alarm("acknowledged"), alarm("raised", "lane-2")], (0, "fire")),
        ([alarm("raised", name="link_lost")], None),
        ([order("exit_only"), order("exit_only", "lane-2")], (0, "lock_down")),
        ([order("exit_only"), order("normal"), order("free")], (2, "freed")),
        ([order("normal"), order("of a newer version")], None),
        ([order("exit_only"), alarm("raised")], (0, "lock_down")),
    ],
)
def test_an_alarm_begins_when_the_first_tells_of_it(facts, expected):
    assert freeze(*facts) == expected


def test_another_alarm_can_be_named():
    facts = [alarm("raised"), alarm("raised", name="one_gate_broken")]
    assert freeze(*facts, alarms={"one_gate_broken"}) == (1, "one_gate_broken")
    assert freeze(order("exit_only"), alarms={"fire"}) is None


def test_who_comes_and_goes_afterwards_does_not_change_the_list():
    frozen = FrozenMuster()
    for fact in (entry("k.1"), entry(None), alarm("raised"), entry("k.2")):
        frozen.fold(Draft(fact, AT))
    assert [one.holder for one in frozen.taken.present] == ["k.1"]
    assert frozen.taken.nameless == (("staff", 1),)
    assert (frozen.taken.total, frozen.taken.uncertain) == (2, 0)
