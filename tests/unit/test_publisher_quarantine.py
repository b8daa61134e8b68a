"""Events that the broker does not take: set apart in the end, while all others go their way."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gatewayd.core.events import Audit, AuditSubject, Passage, PassageOutcome
from gatewayd.core.folded import QUARANTINE
from gatewayd.core.words import Direction, LaneId
from gatewayd.mqtt import topics
from gatewayd.ports import Message, Receipts
from gatewayd.runtime.publisher import AFTER_REFUSAL
from gatewayd.runtime.publisher_suspects import (
    HANG_UPS_MAX,
    LONE_HANG_UPS_MAX,
    REFUSALS_MAX,
    SUSPECTS_MAX,
)
from tests.sim.loop import in_virtual_time, run
from tests.unit.doubles import EPOCH
from tests.unit.sync_world import SITE, Sync

A_PASSAGE = Passage(
    outcome=PassageOutcome.COMPLETED, lane=LaneId("lane-1"), direction=Direction.ENTRY
)


def is_event(message: Message, seq: int) -> bool:
    is_any = "/event/" in message.topic or "/backfill/" in message.topic
    return is_any and json.loads(message.payload)["sequence"] == seq


def refuses(seq: int, code: int = 0x87) -> Callable[[Message], int]:
    return lambda message: code if is_event(message, seq) else 0


def audits(sync: Sync, action: str) -> list[Any]:
    facts = (event.fact for event in sync.journal.events)
    return [fact.detail for fact in facts if isinstance(fact, Audit) and fact.action == action]


async def trickle(sync: Sync, seconds: int) -> None:
    """People come and go, one passage a second."""
    for _ in range(seconds):
        sync.append(A_PASSAGE)
        await asyncio.sleep(1)


# --- refused -------------------------------------------------------------------------------------


def test_an_event_that_alone_is_refused_is_set_apart_and_told(caplog):
    async def scenario():
        sync = Sync()
        sync.broker.codes = refuses(2)
        async with sync.running():
            await trickle(sync, 300)
            assert sync.publisher.figures().refused == REFUSALS_MAX
            assert sync.publisher.figures().quarantined == 1
            assert sync.publisher.figures().depth == 0
            assert sync.journal.stored == Receipts(sync.journal.head())
            told = {"event": f"{EPOCH}-2", "reason": "refused 8 times, with code 0x87"}
            assert audits(sync, "event_quarantined") == [told]
            everything = sync.broker.sequences("event") + sync.broker.sequences("backfill")
            assert sorted(everything) == [1, *range(3, sync.journal.head() + 1)]

    caplog.set_level(logging.ERROR)
    run(scenario())
    assert "event_quarantined" in [record.getMessage() for record in caplog.records]


@in_virtual_time
async def test_an_event_that_is_set_apart_leaves_the_outbox_when_that_is_on_disk():
    sync, waiting = Sync(), []
    sync.publisher._outside.quarantine._keep = lambda *record: waiting.append(record)
    sync.broker.codes = refuses(2)
    async with sync.running():
        await trickle(sync, 300)
        assert (sync.publisher.upto, sync.publisher.figures().depth) == (1, 1)
        ((fact, done),) = waiting
        sync.append(fact)
        done(None)
        await asyncio.sleep(1)
        assert sync.publisher.figures().depth == 0


@in_virtual_time
async def test_while_one_is_refused_live_events_are_not_late():
    sync = Sync()
    sync.broker.codes = refuses(2)
    async with sync.running():
        for _ in range(120):
            seq = sync.append(A_PASSAGE)
            await asyncio.sleep(0.05)
            assert seq == 2 or sync.broker.sequences("event")[-1] == seq
            await asyncio.sleep(1)


@in_virtual_time
async def test_a_class_that_is_refused_as_a_whole_waits_for_better_rules():
    sync = Sync()
    sync.broker.codes = lambda message: 0x87 if message.topic.endswith("/passage") else 0
    async with sync.running():
        await trickle(sync, 30)
        sync.append()
        await asyncio.sleep(3600)
        assert sync.publisher.figures().quarantined == 0
        assert sync.publisher.figures().depth == 30
        sync.broker.codes = lambda _: 0
        await asyncio.sleep(400)
        assert sync.journal.stored == Receipts(31)


@in_virtual_time
async def test_a_broker_that_hangs_up_after_each_refusal_gets_the_others_and_some_rest():
    sync = Sync()
    sync.broker.hangs_up_after_refusals = True
    sync.broker.codes = lambda message: 0x87 if message.topic.endswith("/passage") else 0
    async with sync.running():
        for _ in range(20):
            sync.append(A_PASSAGE)
        await asyncio.sleep(600)
        others = [sync.append() for _ in range(20)]
        assert f"the connection was cut{AFTER_REFUSAL}" in sync.links
        before = len(sync.broker.connected_at_s)
        await asyncio.sleep(3600)
        assert set(others) <= set(sync.broker.sequences("event"))
        assert sync.publisher.figures().quarantined == 0
        assert sync.publisher.figures().depth == 20
        assert len(sync.broker.connected_at_s) - before < 3600 / 100
        sync.broker.codes = lambda _: 0
        await asyncio.sleep(400)
        assert sync.journal.stored == Receipts(40)


@in_virtual_time
async def test_more_refused_events_than_are_watched_are_sent_again_all_the_same():
    count = SUSPECTS_MAX + 100
    sync = Sync(past=count)
    sync.broker.codes = lambda message: 0x87 if "backfill" in message.topic else 0
    async with sync.running():
        await asyncio.sleep(200)
        sync.broker.codes = lambda _: 0
        await asyncio.sleep(400)
        assert sync.journal.stored == Receipts(count)
        assert sync.publisher.figures().quarantined == 0


@in_virtual_time
async def test_a_quota_that_is_used_up_convicts_nobody():
    sync = Sync()
    sync.broker.codes = refuses(2, 0x97)
    async with sync.running():
        await trickle(sync, 1200)
        assert sync.publisher.figures().refused > REFUSALS_MAX
        assert sync.publisher.figures().quarantined == 0
        assert sync.publisher.figures().depth == 1


# --- hung up -------------------------------------------------------------------------------------


@in_virtual_time
async def test_an_event_behind_which_the_broker_hangs_up_is_sent_alone_and_then_set_apart():
    sync = Sync(past=100)
    in_flight = []

    def hangs_up(message: Message) -> bool:
        if is_event(message, 60):
            assert sync.broker._link is not None
            in_flight.append(sync.broker._link._in_flight)
            return True
        return False

    sync.broker.hangs_up_at = hangs_up
    async with sync.running():
        await trickle(sync, 200)
        times = HANG_UPS_MAX + LONE_HANG_UPS_MAX
        assert len(in_flight) == times
        assert in_flight[HANG_UPS_MAX:] == [0] * LONE_HANG_UPS_MAX
        reason = f"the broker hung up {times} times when it was sent"
        told = {"event": f"{EPOCH}-60", "reason": reason}
        assert audits(sync, "event_quarantined") == [told]
        assert sync.journal.stored == Receipts(sync.journal.head())
        everything = {*sync.broker.sequences("event"), *sync.broker.sequences("backfill")}
        assert everything == {*range(1, sync.journal.head() + 1)} - {60}


@in_virtual_time
async def test_what_was_in_flight_when_a_line_broke_three_times_comes_before_later_ones():
    sync = Sync(past=100)
    hang_ups = []

    def hangs_up(message: Message) -> bool:
        is_at_fault = is_event(message, 60) and len(hang_ups) < HANG_UPS_MAX
        if is_at_fault:
            hang_ups.append(message)
        return is_at_fault

    sync.broker.hangs_up_at = hangs_up
    async with sync.running():
        await asyncio.sleep(60)
    arrived = list(dict.fromkeys(sync.broker.sequences("backfill")))
    assert arrived == sorted(arrived) == list(range(1, 101))


@in_virtual_time
async def test_a_live_one_that_was_in_flight_three_times_does_not_overtake_the_backlog():
    sync = Sync(past=100)
    hang_ups = []

    def hangs_up(message: Message) -> bool:
        is_at_fault = len(hang_ups) < HANG_UPS_MAX and is_event(message, 101)
        if is_at_fault:
            hang_ups.append(message)
        return is_at_fault

    sync.broker.hangs_up_at = hangs_up
    sync.broker.receipt_s = 5.0  # So the backlog is still there when the line breaks.
    async with sync.running():
        sync.append()
        await asyncio.sleep(120)
        assert len(hang_ups) == HANG_UPS_MAX
        sync.broker.receipt_s = 0.01
        await asyncio.sleep(120)
    arrived = list(dict.fromkeys(sync.broker.sequences("backfill")))
    assert arrived == sorted(arrived) == list(range(1, 102))


@in_virtual_time
async def test_a_broker_that_hangs_up_at_everything_convicts_nobody():
    sync = Sync(past=5)
    sync.broker.hangs_up_at = lambda message: not message.is_retained
    async with sync.running():
        await asyncio.sleep(3600)
        assert sync.publisher.figures().quarantined == 0
        sync.broker.hangs_up_at = lambda _: False
        await asyncio.sleep(100)
        assert sync.journal.stored == Receipts(5)


@in_virtual_time
async def test_the_record_of_a_quarantine_never_gets_there_itself():
    sync = Sync(past=1)
    sync.broker.hangs_up_at = lambda message: message.qos == 1 and b"audit" in message.payload
    async with sync.running():
        await trickle(sync, 1800)
        (told,) = audits(sync, "event_quarantined")
        assert told["event"] == f"{EPOCH}-1"
        sync.broker.hangs_up_at = lambda _: False
        await asyncio.sleep(100)
        assert sync.journal.stored == Receipts(sync.journal.head())


@in_virtual_time
async def test_a_line_that_breaks_all_the_time_convicts_nobody():
    sync = Sync(past=50)
    sync.broker.receipt_s = 0.3
    async with sync.running():
        for _ in range(300):
            await asyncio.sleep(0.7)
            sync.broker.lose(is_hung_up=True)
        sync.broker.receipt_s = 0.01
        await asyncio.sleep(60)
        assert sync.publisher.figures().quarantined == 0
        assert sync.journal.stored == Receipts(50)


# --- afterwards ----------------------------------------------------------------------------------


async def set_one_apart(sync: Sync) -> None:
    sync.broker.codes = refuses(2)
    await trickle(sync, 300)
    assert sync.publisher.figures().quarantined == 1


@in_virtual_time
async def test_what_was_set_apart_is_sent_when_a_person_asks_and_the_broker_takes_it():
    sync = Sync()
    async with sync.running():
        await set_one_apart(sync)
        sync.broker.codes = lambda _: 0
        await trickle(sync, 300)
        assert 2 not in sync.broker.sequences("backfill")
        assert sync.publisher.retry() == 1
        await asyncio.sleep(2)
        assert 2 in sync.broker.sequences("backfill")
        assert sync.publisher.figures().quarantined == 0
        assert audits(sync, "quarantined_delivered") == [{"event": f"{EPOCH}-2"}]
        assert sync.publisher.retry() == 0


@in_virtual_time
async def test_what_is_refused_once_more_stays_apart_without_another_record():
    sync = Sync()
    async with sync.running():
        await set_one_apart(sync)
        refused = sync.publisher.figures().refused
        sync.publisher.retry()
        await trickle(sync, 120)
        assert sync.publisher.figures().refused == refused + 1
        assert sync.publisher.figures().quarantined == 1
        assert len(audits(sync, "event_quarantined")) == 1


@in_virtual_time
async def test_a_retry_that_makes_the_broker_hang_up_is_not_repeated():
    sync = Sync()
    async with sync.running():
        await set_one_apart(sync)
        sync.broker.hangs_up_at = lambda message: is_event(message, 2)
        connections = len(sync.broker.connected_at_s)
        sync.publisher.retry()
        await trickle(sync, 120)
        assert len(sync.broker.connected_at_s) == connections + 1
        assert sync.publisher.figures().quarantined == 1


@in_virtual_time
async def test_the_next_run_knows_what_is_set_apart_though_its_receipt_was_not_stored():
    sync = Sync()
    async with sync.running():
        await set_one_apart(sync)
    after = Sync()
    after.journal.events = sync.journal.events
    after.journal.stored = Receipts(1, ((3, sync.journal.head()),))
    after.cache._tables = sync.cache._tables
    async with after.running():
        await asyncio.sleep(5)
        assert after.journal.stored == Receipts(sync.journal.head())
        assert after.broker.sequences("backfill") == []
        assert after.publisher.figures().quarantined == 1
        assert [key for key, _ in after.cache.items(QUARANTINE)] == [f"{EPOCH}-2"]


@in_virtual_time
async def test_an_event_that_the_retention_took_is_not_looked_for_any_more():
    sync = Sync(past=3)
    sync.broker.codes = refuses(2)
    async with sync.running():
        await asyncio.sleep(5)
        read = sync.journal.read
        sync.journal.read = lambda after, limit: [  # type: ignore[method-assign]
            event for event in read(after, limit) if event.seq != 2
        ]
        refused = sync.publisher.figures().refused
        await trickle(sync, 120)
        assert sync.publisher.figures().refused <= refused + 1
        assert topics.state(SITE) in {message.topic for message in sync.broker.arrived}


@in_virtual_time
async def test_what_an_earlier_epoch_set_apart_is_sent_when_a_person_asks():
    sync = Sync()
    (event,) = Sync(past=1).journal.events
    earlier = replace(event, epoch="0000017d00000000")
    sync.past[earlier.id] = earlier
    sync.append(
        Audit(
            subject=AuditSubject.JOURNAL,
            action="event_quarantined",
            detail={"event": earlier.id, "reason": "refused"},
        )
    )
    async with sync.running():
        await asyncio.sleep(5)
        assert sync.publisher.retry() == 1
        await asyncio.sleep(5)
        assert [body["id"] for body in sync.broker.bodies("backfill")] == [earlier.id]
        assert audits(sync, "quarantined_delivered") == [{"event": earlier.id}]
        assert sync.publisher.retry() == 0
