"""An hour at the gate of a market: thirty people a minute, nobody with an appointment."""

import asyncio
from datetime import UTC

import pytest

from gatewayd.core.events import Access, Passage, PassageOutcome
from gatewayd.core.policy import AntiPassback, Policy
from gatewayd.core.words import Direction
from tests.sim.loop import run
from tests.unit.doubles import SimTurnstile, Site

pytestmark = pytest.mark.slow

A_MINUTE = 30  # People, over two lanes; the requirement that the market is named with.
MINUTES = 60
POLICY = Policy(zone=UTC, anti_passback=AntiPassback.OFF)  # Nine people stand for all of them.


def test_thirty_people_a_minute_for_an_hour_find_an_open_gate():
    """R23: everybody has a verdict in their turn, nobody is told that the lane is busy."""
    site = Site([SimTurnstile(), SimTurnstile(device="sim-2")], policy=POLICY)

    async def market() -> None:
        async with site.running():
            for number in range(A_MINUTE * MINUTES):
                site.scan(f"V-{number % 9 + 1}", Direction.ENTRY, number % 2)
                await asyncio.sleep(60 / A_MINUTE)
            await asyncio.sleep(10)

    run(market())
    verdicts = [fact.reason for fact in site.facts(Access)]
    assert verdicts == ["ok"] * (A_MINUTE * MINUTES)
    ends = {fact.outcome for fact in site.facts(Passage)}
    assert ends == {PassageOutcome.COMPLETED}
    assert len(site.facts(Passage)) == site.gate.occupancy().total == A_MINUTE * MINUTES
