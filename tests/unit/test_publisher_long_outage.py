"""Three days without the centre, and a clock that falls back to 1970 meanwhile, in virtual time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gatewayd.core.words import ClockQuality
from gatewayd.runtime.publisher_backfill import PAGE_COUNT
from gatewayd.runtime.publisher_live import LIVE_COUNT_MAX
from tests.sim.loop import run
from tests.unit.sync_world import Sync

HOURS = 72
EVERY_S = 60.0
PER_S = 500.0
OUTBOX_DAYS = 90


@pytest.mark.slow
def test_after_three_days_offline_everything_arrives_once_in_order_and_at_its_rate():
    async def scenario():
        sync = Sync(backfill_per_s=PER_S)
        async with sync.running():
            await asyncio.sleep(60)
            with sync.broker_away():
                for _ in range(int(HOURS * 3600 / EVERY_S)):
                    await asyncio.sleep(EVERY_S)
                    sync.append()
                    assert held_count(sync) <= LIVE_COUNT_MAX
                assert_shown(sync)
            await asyncio.sleep(120)
            assert sync.publisher.figures().depth == 0
            late, live = (
                sync.broker.sequences("backfill/audit"),
                sync.broker.sequences("event/audit"),
            )
            assert late == sorted(late)
            assert sorted(late + live) == list(range(1, sync.journal.head() + 1)), "each once"
            assert max(sync.journal.page_sizes) <= PAGE_COUNT, "in the memory of a page"
            assert late_s(sync) >= (len(late) - PAGE_COUNT) / PER_S
            assert sync.publisher.figures().oldest_s is None

    run(scenario())


def assert_shown(sync):
    """What a person sees at the end of the outage: how much waits, since when, and for how long."""
    figures = sync.publisher.figures()
    assert figures.depth == HOURS * 3600 / EVERY_S
    assert figures.oldest_s == pytest.approx(HOURS * 3600, abs=2 * EVERY_S)
    assert figures.hours_left == pytest.approx(OUTBOX_DAYS * 24 - HOURS, abs=1)


def held_count(sync):
    """How many events the publisher itself keeps."""
    live = sync.publisher._live
    return len(live._waiting) + len(live._taken) + len(sync.publisher._book.flying)


def late_s(sync):
    """How long the backfill took, from its first message to its last."""
    sent_s = [
        at_s
        for message, at_s in zip(sync.broker.arrived, sync.broker.at_s, strict=True)
        if "/backfill/" in message.topic
    ]
    return sent_s[-1] - sent_s[0]


def test_a_clock_that_falls_back_to_1970_holds_nothing_up_and_shows_no_age_below_zero():
    async def scenario():
        sync = Sync()
        async with sync.running():
            await asyncio.sleep(60)
            with sync.broker_away():
                sync.append()
                await asyncio.sleep(3600)
                began_s = sync.clock.monotonic()
                sync.clock.utc = lambda: (
                    datetime(1970, 1, 1, tzinfo=UTC)
                    + timedelta(seconds=sync.clock.monotonic() - began_s)
                )
                sync.clock.told = ClockQuality.UNSYNCED
                sync.append()
                await asyncio.sleep(3600)
                figures = sync.publisher.figures()
                assert (figures.depth, figures.oldest_s) == (2, 0.0)
                assert figures.hours_left == OUTBOX_DAYS * 24
            await asyncio.sleep(120)
            assert sorted(sync.broker.sequences("backfill/audit")) == [1, 2]
            assert sync.publisher.figures().depth == 0
            sync.append()
            await asyncio.sleep(1)
            assert sync.broker.sequences("event/audit") == [3], "and is still news"

    run(scenario())
