"""Alarms before the house is full: raised once, and over when enough people have left."""

import asyncio
from dataclasses import replace
from datetime import UTC

from gatewayd.core.events import Alarm, Passage, PassageOutcome
from gatewayd.core.policy import Capacity, Policy
from gatewayd.core.words import Direction, LaneId
from gatewayd.runtime.occupancy_watch import watch_occupancy
from tests.sim.loop import run
from tests.unit.doubles import Site

POLICY = Policy(zone=UTC, capacity=Capacity(total=5, alarm_percents=(60, 100)))


async def move(site: Site, direction: Direction, count: int) -> None:
    for _ in range(count):
        site.recorder.keep(
            Passage(
                outcome=PassageOutcome.COMPLETED,
                lane=LaneId("lane-1"),
                direction=direction,
                category="visitor",
            )
        )
    await asyncio.sleep(2.5)


def told(site: Site) -> list[tuple[str, str]]:
    return [(fact.alarm, str(fact.outcome)) for fact in site.facts(Alarm)]


def test_an_alarm_is_raised_at_each_part_of_the_limit_and_ends_below_it():
    site = Site([], policy=POLICY)

    async def day() -> None:
        async with asyncio.TaskGroup() as tasks:
            recording = tasks.create_task(site.recorder.run())
            watching = tasks.create_task(watch_occupancy(site.gate, site.alarms))
            await move(site, Direction.ENTRY, 2)
            assert told(site) == []
            await move(site, Direction.ENTRY, 1)
            assert told(site) == [("occupancy_60", "raised")]
            await move(site, Direction.ENTRY, 2)
            assert told(site)[1:] == [("occupancy_100", "raised")]
            await move(site, Direction.EXIT, 1)
            assert told(site)[2:] == [("occupancy_100", "cleared")]
            unlimited = replace(POLICY, capacity=Capacity(alarm_percents=(60,)))
            site.gate.knowledge = replace(site.gate.knowledge, policy=unlimited)
            await asyncio.sleep(2.5)
            watching.cancel()
            recording.cancel()

    run(day())
    assert told(site)[3:] == [("occupancy_60", "cleared")]
    raised = site.facts(Alarm)[0]
    assert (raised.subject, raised.detail) == ("gateway", {"inside": 3, "limit": 5})
