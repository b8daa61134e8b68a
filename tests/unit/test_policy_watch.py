"""Another policy by its date: recorded once, and shown."""

import asyncio
from datetime import UTC, timedelta

from gatewayd.core.events import Audit
from gatewayd.core.policy import Policy
from gatewayd.runtime.policy_watch import watch_policy
from tests.sim.loop import run
from tests.unit.doubles import START, Site

EVERYDAY = Policy(zone=UTC, versions=("site-2",), legal_basis="SE 1")
SWITCH = START + timedelta(hours=1)
AGAIN = Policy(zone=UTC, versions=("site-3",))
CHANGES = ((SWITCH, EVERYDAY), (SWITCH + timedelta(hours=1), AGAIN))
DATED = Policy(zone=UTC, versions=("site-1",), changes=CHANGES)


def test_a_policy_that_comes_into_force_is_recorded_once_and_shown():
    site = Site([], policy=DATED)
    shown: list[int] = []

    async def watch() -> None:
        async with asyncio.TaskGroup() as tasks:
            recording = tasks.create_task(site.recorder.run())
            watching = tasks.create_task(
                watch_policy(site.gate, site.recorder, lambda: shown.append(1))
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
