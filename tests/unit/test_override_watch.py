"""The share of people whom officers admit: counted by minutes, an alarm where it is too high."""

import asyncio
from dataclasses import replace
from datetime import UTC

import pytest

from gatewayd.core.events import Access, AccessOutcome, Alarm, Audit, AuditSubject
from gatewayd.core.overrides import ENTRIES_MIN, Overrides, Share
from gatewayd.core.policy import OfficerRules, Policy
from gatewayd.core.words import Direction, LaneId
from gatewayd.runtime.override_watch import OverrideWatch
from tests.sim.loop import run
from tests.unit.doubles import Site

BY_GATE = Access(
    outcome=AccessOutcome.ADMITTED,
    lane=LaneId("lane-1"),
    direction=Direction.ENTRY,
    reason="ok",
    source="gateway",
    kind="pass",
)
BY_OFFICER = replace(BY_GATE, source="officer", reason="attested")


def counted(by_officer: int, entries: int, at_s: float = 0) -> Overrides:
    overrides = Overrides()
    for number in range(entries):
        overrides.note(BY_OFFICER if number < by_officer else BY_GATE, at_s)
    return overrides


def test_a_share_is_told_of_enough_entries_only():
    assert list(counted(5, ENTRIES_MIN - 1).shares(0)) == []
    shares = list(counted(5, ENTRIES_MIN).shares(0))
    assert shares == [Share("hour", 5, 20), Share("day", 5, 20)]
    assert [one.percent for one in shares] == [25, 25]


def test_what_is_older_than_a_window_is_not_in_it():
    overrides = counted(20, 20)
    assert [one.window for one in overrides.shares(3599)] == ["hour", "day"]
    assert [one.window for one in overrides.shares(3660)] == ["day"]
    assert list(overrides.shares(86_460)) == []
    overrides.note(BY_GATE, 2 * 86_400)
    assert len(overrides._parts) == 1, "what no window needs is forgotten"


@pytest.mark.parametrize(
    "fact",
    [
        replace(BY_OFFICER, outcome=AccessOutcome.REFUSED),
        replace(BY_GATE, direction=Direction.EXIT),
        replace(BY_OFFICER, area="counters"),
        Audit(subject=AuditSubject.GATEWAY, action="started"),
    ],
)
def test_only_who_is_let_in_counts(fact):
    overrides = Overrides()
    for _ in range(ENTRIES_MIN):
        overrides.note(fact, 0)
    assert list(overrides.shares(0)) == []


def watched(limit: int | None) -> list[tuple[str, str, dict[str, object]]]:
    """Let officers admit every second one of twenty, then wait for a day."""
    policy = Policy(zone=UTC, officer=OfficerRules(override_alarm_percent=limit))
    site = Site([], policy=policy)
    watch = OverrideWatch(site.gate, site.alarms, site.clock)
    site.committed.append(watch.committed)

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            parts = [tasks.create_task(site.recorder.run()), tasks.create_task(watch.run())]
            for _ in range(10):
                site.recorder.keep(BY_GATE)
                site.recorder.keep(BY_OFFICER)
            await asyncio.sleep(86_500)
            for part in parts:
                part.cancel()

    run(main())
    return [(it.alarm, str(it.outcome), dict(it.detail)) for it in site.facts(Alarm)]


def test_too_many_by_hand_are_an_alarm_until_the_day_is_over():
    told = {"window": "hour", "percent": 50, "entries": 20, "limit": 50}
    assert watched(50) == [
        ("override_rate", "raised", told),
        ("override_rate", "cleared", {}),
    ]


@pytest.mark.parametrize("limit", [None, 51])
def test_below_the_limit_or_without_one_there_is_no_alarm(limit):
    assert watched(limit) == []
