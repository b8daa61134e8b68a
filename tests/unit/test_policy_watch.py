"""Another policy by its date: recorded once, and shown; an alarm where there is none any more."""

import asyncio
from dataclasses import replace
from datetime import UTC, timedelta

from gatewayd.core.events import Alarm, Audit
from gatewayd.core.policy import Policy
from gatewayd.runtime.policy_watch import watch_policy
from tests.sim.loop import run
from tests.unit.doubles import START, Site

EVERYDAY = Policy(zone=UTC, versions=("site-2",), legal_basis="SE 1")
SWITCH = START + timedelta(hours=1)
AGAIN = Policy(zone=UTC, versions=("site-3",))
CHANGES = ((SWITCH, EVERYDAY), (SWITCH + timedelta(hours=1), AGAIN))
DATED = Policy(zone=UTC, versions=("site-1",), changes=CHANGES)


def test_a_policy_that_has_run_out_is_an_alarm_until_another_holds():
    """R05: to the second of its date, and what follows meanwhile is in the alarm."""
    ends = Policy(zone=UTC, valid_until=START + timedelta(seconds=10, milliseconds=500))
    extended = Policy(zone=UTC, valid_until=START + timedelta(hours=1))
    site = Site([], policy=ends)

    async def watch() -> None:
        async with asyncio.TaskGroup() as tasks:
            parts = [
                tasks.create_task(site.recorder.run()),
                tasks.create_task(
                    watch_policy(site.gate, site.recorder, site.alarms, site.clock, list)
                ),
            ]
            await asyncio.sleep(10.4)
            assert site.facts(Alarm) == []
            await asyncio.sleep(30)
            site.gate.knowledge = replace(site.gate.knowledge, policy=extended)
            await asyncio.sleep(2)
            for part in parts:
                part.cancel()

    run(watch())
    raised, cleared = site.facts(Alarm)
    assert (raised.alarm, raised.outcome, raised.subject) == ("policy_expired", "raised", "gateway")
    assert raised.detail == {"answer": "refer"}
    assert cleared.outcome == "cleared"


def test_the_day_from_which_it_is_enforced_is_recorded_and_shown():
    """R08, R18: at its second, though the rules are the same."""
    begins = Policy(zone=UTC, versions=("a",), enforce_from=START + timedelta(seconds=10))
    site = Site([], policy=begins)
    shown: list[int] = []

    async def watch() -> None:
        async with asyncio.TaskGroup() as tasks:
            parts = [
                tasks.create_task(site.recorder.run()),
                tasks.create_task(
                    watch_policy(
                        site.gate, site.recorder, site.alarms, site.clock, lambda: shown.append(1)
                    )
                ),
            ]
            await asyncio.sleep(9.5)
            assert site.facts(Audit) == []
            await asyncio.sleep(30)
            for part in parts:
                part.cancel()

    run(watch())
    [recorded] = site.facts(Audit)
    assert recorded.detail == {"from": ["a"], "to": ["a"], "mode": "enforce"}
    assert shown == [1]


def test_a_policy_that_comes_into_force_is_recorded_once_and_shown():
    site = Site([], policy=DATED)
    shown: list[int] = []

    async def watch() -> None:
        async with asyncio.TaskGroup() as tasks:
            recording = tasks.create_task(site.recorder.run())
            watching = tasks.create_task(
                watch_policy(
                    site.gate, site.recorder, site.alarms, site.clock, lambda: shown.append(1)
                )
            )
            await asyncio.sleep(3599)
            assert site.facts(Audit) == []
            await asyncio.sleep(7200)
            watching.cancel()
            recording.cancel()

    run(watch())
    first, second = site.facts(Audit)
    assert (first.subject, first.action) == ("policy", "changed")
    assert first.detail == {"from": ["site-1"], "to": ["site-2"], "legal_basis": "SE 1"}
    assert second.detail == {"from": ["site-2"], "to": ["site-3"]}
    assert len(shown) == 2
