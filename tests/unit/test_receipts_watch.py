"""The alarm for a broker that is there and confirms nothing, or not what waits longest."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gatewayd.ports import Message
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.receipts_watch import LOOK_S, STANDING_S, watch_receipts
from gatewayd.runtime.recorder import Recorder
from tests.sim.loop import run
from tests.unit.doubles import InlineBlocking
from tests.unit.sync_world import Sync
from tests.unit.test_publisher_quarantine import in_virtual_time


@asynccontextmanager
async def watched(sync: Sync) -> AsyncIterator[Callable[[], list[str]]]:
    """Run the sync and the watch; give what tells the alarms that are active."""
    recorder = Recorder(sync.journal, InlineBlocking(), sync.clock, [])
    alarms = Alarms(sync.cache, recorder)
    async with sync.running(), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(watch_receipts(sync.publisher, alarms, sync.clock))
        yield alarms.active
        task.cancel()


def refuse_all(_: Message) -> int:
    return 0x87


RAISED = ["receipts_standing/gateway"]


@in_virtual_time
async def test_a_broker_that_confirms_nothing_for_a_quarter_of_an_hour_is_an_alarm():
    sync = Sync()
    sync.broker.codes = refuse_all
    async with watched(sync) as active:
        sync.append()
        await asyncio.sleep(STANDING_S - 2 * LOOK_S)
        assert active() == []
        await asyncio.sleep(4 * LOOK_S)
        assert active() == RAISED
        sync.broker.codes = lambda _: 0
        await asyncio.sleep(STANDING_S / 2)  # The next try comes some minutes later.
        assert active() == []


@in_virtual_time
async def test_one_that_waits_while_others_pass_is_an_alarm_too():
    sync = Sync()
    sync.broker.codes = lambda message: 0x87 if message.topic.endswith("/audit") else 0
    async with watched(sync) as active:
        sync.append()
        await asyncio.sleep(STANDING_S + 4 * LOOK_S)
        assert active() == RAISED


@in_virtual_time
async def test_nothing_that_waits_and_nobody_there_is_no_alarm_of_this_kind():
    sync = Sync()
    async with watched(sync) as active:
        sync.append()
        await asyncio.sleep(2 * STANDING_S)
        assert active() == []
        with sync.broker_away():
            sync.append()
            await asyncio.sleep(2 * STANDING_S)
            assert active() == []


def test_an_alarm_of_an_earlier_run_ends():
    sync = Sync()

    async def story() -> None:
        recorder = Recorder(sync.journal, InlineBlocking(), sync.clock, [])
        alarms = Alarms(sync.cache, recorder)
        alarms.raise_("receipts_standing", "gateway")
        task = asyncio.ensure_future(watch_receipts(sync.publisher, alarms, sync.clock))
        await asyncio.sleep(1)
        assert alarms.active() == []
        task.cancel()

    run(story())
