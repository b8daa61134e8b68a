"""What the line of a turnstile tells on its way to the records and to the status."""

import asyncio
from datetime import timedelta

from drivers import base
from gatewayd.cli.status_text import status_text
from gatewayd.core.words import LaneId
from gatewayd.runtime.overview import Overview
from tests.sim.loop import run
from tests.unit.doubles import START, SimTurnstile, Site


def status(site: Site) -> dict:
    lanes = {LaneId("lane-1"): site.lanes[0]}
    overview = Overview(
        "a/b/c", "run", 0.0, site.lanes[0]._shared, lanes, {}, site.journal, None, list, list
    )
    return overview.status()


def test_what_is_wrong_on_the_line_is_in_the_status() -> None:
    async def main() -> tuple[dict, dict]:
        turnstile = SimTurnstile()
        async with Site([turnstile]).running() as site:
            before = status(site)
            turnstile.tell(base.LineCounted(noise_count=12, forged_count=3))
            return before, status(site)

    before, after = run(main())
    assert "frames" not in status_text(before)
    assert "12 broken frames on the turnstile's line" in status_text(after)
    assert "3 forged or repeated ones" in status_text(after)
    assert (after["lanes"]["lane-1"]["line_noise"], after["lanes"]["lane-1"]["line_forged"]) == (
        12,
        3,
    )


def test_a_fire_that_the_log_tells_of_late_is_recorded_with_its_time() -> None:
    async def main() -> Site:
        turnstile = SimTurnstile()
        async with Site([turnstile]).running() as site:
            await asyncio.sleep(100)
            turnstile.tell(base.FireChanged(is_on=True, log=turnstile.next(), age_s=90.0))
            await asyncio.sleep(1)
            return site

    site = run(main())
    (event,) = site.journal.read(0, 9)
    assert event.fact.detail["kind"] == "fire_on"
    assert event.draft.at == START + timedelta(seconds=100.2 - 90)
