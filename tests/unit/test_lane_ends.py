"""How a lane ends with its process, and what it finds when the next one starts."""

import asyncio

from drivers import base
from gatewayd.core.events import Access, AccessOutcome, Alarm, Passage, PassageOutcome
from gatewayd.core.reasons import Reason
from gatewayd.core.words import Direction
from tests.sim.loop import run
from tests.unit.doubles import People, SimTurnstile, Site


async def end(site: Site) -> None:
    """End the lanes as a stop does: the recorder goes on for a moment."""
    async with asyncio.TaskGroup() as tasks:
        recording = tasks.create_task(site.recorder.run())
        lanes = [tasks.create_task(lane.run()) for lane in site.lanes]
        await asyncio.sleep(0.2)
        site.scan("V-1")
        await asyncio.sleep(0.1)
        site.scan("V-2")
        site.scan("V-3", Direction.EXIT)
        for lane in lanes:
            lane.cancel()
        await asyncio.sleep(1.0)
        recording.cancel()


def test_whoever_waits_when_the_lane_ends_has_a_verdict_too():
    site = Site([SimTurnstile(People.SILENT)])
    run(end(site))
    verdicts = [(one.direction, one.outcome, one.reason) for one in site.facts(Access)]
    assert verdicts == [
        (Direction.ENTRY, AccessOutcome.ADMITTED, Reason.OK),
        (Direction.EXIT, AccessOutcome.ADMITTED, Reason.EXIT),
        (Direction.ENTRY, AccessOutcome.REFUSED, Reason.LANE_BUSY),
    ]
    assert len(site.turnstiles[0].opens) == 1


def test_a_record_that_comes_after_the_end_of_its_lane_opens_nothing():
    site = Site([SimTurnstile()])

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            recording = tasks.create_task(site.recorder.run())
            lane = tasks.create_task(site.lanes[0].run())
            await asyncio.sleep(0.2)
            site.blocking.hang()
            site.scan("V-1")
            await asyncio.sleep(0.1)
            lane.cancel()
            await asyncio.sleep(1.5)
            site.blocking.resume()
            await asyncio.sleep(0.1)
            recording.cancel()

    run(main())
    assert [one.outcome for one in site.facts(Access)] == [AccessOutcome.ADMITTED]
    assert site.turnstiles[0].opens == []
    ended = [(one.outcome, one.reason) for one in site.facts(Passage)]
    assert ended == [(PassageOutcome.EXPIRED, Reason.TURNSTILE_NOT_READY)]


def test_a_fire_that_ended_while_no_gateway_ran_is_cleared_with_the_link():
    async def burn() -> Site:
        async with Site([SimTurnstile()]).running() as site:
            site.turnstiles[0].tell(base.FireChanged(is_on=True))
            await asyncio.sleep(0.1)
            return site

    async def start_again(before: Site) -> Site:
        again = Site([SimTurnstile()], journal=before.journal, cache=before.cache)
        async with again.running():
            await asyncio.sleep(0.1)
        return again

    burning = run(burn())
    assert burning.alarms.active() == ["fire/lane-1"]
    again = run(start_again(burning))
    told = [(str(one.outcome), one.alarm) for one in again.facts(Alarm)]
    assert told == [("raised", "fire"), ("cleared", "fire")]


def test_a_new_link_does_not_clear_a_fire_that_burns():
    site = Site([SimTurnstile()])

    async def main() -> None:
        async with site.running():
            turnstile = site.turnstiles[0]
            turnstile.tell(base.FireChanged(is_on=True))
            turnstile.unplug()
            turnstile.plug()
            await asyncio.sleep(0.1)

    run(main())
    assert site.alarms.active() == ["fire/lane-1"]
