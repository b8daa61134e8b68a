"""What the centre says on dn/receipt: how far it has everything, and what it wants again."""

import asyncio
import json
from typing import Any

import jsonschema
import pytest

from gatewayd.core.trust import collect
from gatewayd.core.words import ClockQuality
from gatewayd.mqtt import topics
from gatewayd.ports import Message, Receipts
from gatewayd.runtime.publisher_backfill import REPLAYS_MAX
from gatewayd.runtime.publisher_hearing import REFUSED_MAX
from gatewayd.runtime.publisher_suspects import HANG_UPS_MAX, LONE_HANG_UPS_MAX
from tests.sim.loop import in_virtual_time, run
from tests.unit.doubles import EPOCH
from tests.unit.signing import KEY, claims_at, signed
from tests.unit.sync_world import SITE, Sync
from tests.unit.test_payloads import validator

TRUST = collect([KEY])


async def say(sync: Sync, topic: str = topics.receipt(SITE), **claims: Any) -> str | None:
    """Send a receipt; return the result that is answered."""
    await asyncio.sleep(0.01)  # The counter is in milliseconds.
    said = claims_at(sync.clock.utc(), epoch=EPOCH, **claims)
    before = len(sync.broker.bodies("reply"))
    sync.broker.for_gateway.put_nowait(Message(topic, signed(said)))
    await asyncio.sleep(1)
    replies = sync.broker.bodies("reply")[before:]
    assert not any(one.is_retained for one in sync.broker.arrived if one.topic.endswith("/reply"))
    for reply in replies:
        validator("reply.json").validate(reply)
        assert reply["id"] == said["jti"]
    return replies[0]["result"] if replies else None


@in_virtual_time
async def test_the_centres_own_watermark_is_shown_and_never_falls():
    sync = Sync(past=10, trust=TRUST)
    async with sync.running():
        await asyncio.sleep(1)
        assert sync.broker.subscribed == [topics.receipt(SITE)]
        assert sync.publisher.figures().centre_upto is None
        assert await say(sync, upto=7) == "done"
        assert await say(sync, upto=5) == "done"
        assert sync.publisher.figures().centre_upto == 7
        assert await say(sync, upto=11) == "content"
        assert sync.publisher.figures().centre_upto == 7


@in_virtual_time
async def test_what_the_centre_asks_for_is_sent_again_and_nothing_else():
    sync = Sync(past=500, trust=TRUST)
    async with sync.running():
        await asyncio.sleep(5)
        assert sync.journal.stored == Receipts(500)
        sync.broker.arrived.clear()
        assert await say(sync, **{"from": 120, "to": 340}) == "done"
        await asyncio.sleep(5)
        assert sync.broker.sequences("backfill") == list(range(120, 341))


@in_virtual_time
async def test_a_replay_goes_on_after_the_connection_was_lost_in_the_middle():
    sync = Sync(past=1000, trust=TRUST, backfill_per_s=100.0)
    async with sync.running():
        await asyncio.sleep(15)
        sync.broker.arrived.clear()
        await say(sync, **{"from": 1, "to": 1000})
        await asyncio.sleep(4)
        sync.broker.lose()
        await asyncio.sleep(30)
        again = sync.broker.sequences("backfill")
        assert set(again) == set(range(1, 1001))
        assert len(again) <= 1100


@in_virtual_time
async def test_an_event_that_the_broker_hangs_up_at_is_alone_in_a_replay_too_and_then_left_out():
    sync = Sync(past=100, trust=TRUST)
    in_flight = []

    def hangs_up(message: Message) -> bool:
        if "/backfill/" in message.topic and json.loads(message.payload)["sequence"] == 60:
            assert sync.broker._link is not None
            in_flight.append(sync.broker._link._in_flight)
            return True
        return False

    async with sync.running():
        await asyncio.sleep(5)
        sync.broker.hangs_up_at = hangs_up
        sync.broker.arrived.clear()
        assert await say(sync, **{"from": 50, "to": 100}) == "done"
        await asyncio.sleep(300)
        assert in_flight[HANG_UPS_MAX:] == [0] * LONE_HANG_UPS_MAX
        assert set(sync.broker.sequences("backfill")) >= {*range(50, 101)} - {60}
        assert not sync.publisher._backfill.replays


@in_virtual_time
async def test_more_holes_than_can_be_filled_at_once_are_answered_with_busy():
    sync = Sync(past=10, trust=TRUST)
    async with sync.running():
        await asyncio.sleep(1)
        sync.journal.refuses_reads = True
        for _ in range(REPLAYS_MAX):
            assert await say(sync, **{"from": 1, "to": 2}) == "done"
        assert await say(sync, **{"from": 1, "to": 2}) == "busy"
        sync.journal.refuses_reads = False


@in_virtual_time
async def test_events_that_the_retention_took_do_not_stop_a_replay():
    sync = Sync(past=10, trust=TRUST)
    async with sync.running():
        await asyncio.sleep(1)
        sync.journal.read = lambda after, limit: []  # type: ignore[method-assign]
        assert await say(sync, **{"from": 1, "to": 2}) == "done"
        assert await say(sync, **{"from": 3, "to": 4}) == "done"
        assert not sync.publisher._backfill.replays


@in_virtual_time
async def test_what_cannot_be_verified_changes_nothing_and_gets_no_answer():
    sync = Sync(past=10, trust=TRUST)
    async with sync.running():
        await asyncio.sleep(1)
        sync.broker.for_gateway.put_nowait(Message(topics.receipt(SITE), b"noise"))
        assert await say(sync, topic=f"{SITE.root}/dn/other", upto=3) is None
        assert sync.publisher.figures().centre_upto is None
        assert sync.broker.bodies("reply") == []


@in_virtual_time
async def test_with_a_clock_that_is_not_set_no_receipt_is_taken():
    sync = Sync(past=10, trust=TRUST)
    sync.clock.told = ClockQuality.UNSYNCED
    async with sync.running():
        await asyncio.sleep(1)
        assert await say(sync, upto=3) == "clock"


@in_virtual_time
async def test_the_same_message_twice_is_refused_the_second_time():
    sync = Sync(past=10, trust=TRUST)
    async with sync.running():
        await asyncio.sleep(1)
        once = Message(
            topics.receipt(SITE), signed(claims_at(sync.clock.utc(), epoch=EPOCH, upto=3))
        )
        sync.broker.for_gateway.put_nowait(once)
        sync.broker.for_gateway.put_nowait(once)
        await asyncio.sleep(1)
        assert [reply["result"] for reply in sync.broker.bodies("reply")] == ["done", "replayed"]


@in_virtual_time
async def test_without_a_key_for_it_no_receipt_is_believed():
    sync = Sync(past=10)
    async with sync.running():
        await asyncio.sleep(1)
        assert await say(sync, upto=7) is None
        assert sync.publisher.figures().centre_upto is None


@in_virtual_time
async def test_rules_that_forbid_to_listen_cost_the_receipts_only():
    sync = Sync(past=3, trust=TRUST)
    sync.broker.refuses_subscriptions = True
    async with sync.running():
        await asyncio.sleep(1)
        assert sync.journal.stored == Receipts(3)
        assert len(sync.broker.connected_at_s) == 1


def test_the_claims_of_the_examples_are_valid() -> None:
    schema = validator("receipt.json")
    for claims in ({"upto": 7}, {"from": 1, "to": 2}):
        schema.validate(
            {"aud": "a/b/c", "iat": 1, "exp": 2, "jti": "x", "ctr": 1, "epoch": EPOCH} | claims
        )
    try:
        schema.validate({"aud": "a/b/c", "iat": 1, "exp": 2, "jti": "x", "ctr": 1, "epoch": EPOCH})
    except jsonschema.ValidationError:
        return
    raise AssertionError("a receipt says something")


@in_virtual_time
async def test_an_answer_that_the_connection_did_not_live_for_comes_with_the_next():
    sync = Sync(past=10, trust=TRUST)
    async with sync.running():
        await asyncio.sleep(1)
        sync.broker.receipt_s = 5.0
        said = claims_at(sync.clock.utc(), epoch=EPOCH, upto=7)
        sync.broker.loses_answers = True
        sync.broker.for_gateway.put_nowait(Message(topics.receipt(SITE), signed(said)))
        await asyncio.sleep(0.1)
        sync.broker.lose("gone in the middle")
        assert sync.publisher.figures().error is None
        await asyncio.sleep(0.5)
        assert sync.publisher.figures().error == "gone in the middle"
        sync.broker.arrived.clear()
        sync.broker.receipt_s, sync.broker.loses_answers = 0.01, False
        await asyncio.sleep(5)
        assert [reply["id"] for reply in sync.broker.bodies("reply")] == [said["jti"]]


@pytest.mark.parametrize("refusals", [[0x87], [0x97] * 4 * REFUSED_MAX], ids=["rules", "quota"])
def test_an_answer_that_the_broker_refuses_for_a_while_is_sent_again(refusals):
    run(is_answered_after(list(refusals)))


async def is_answered_after(refusals):
    sync = Sync(trust=TRUST)
    sync.broker.codes = lambda message: (
        refusals.pop() if refusals and message.topic == topics.reply(SITE) else 0
    )
    async with sync.running():
        await asyncio.sleep(1)
        await say(sync, upto=1)
        await asyncio.sleep(250)
        assert [reply["result"] for reply in sync.broker.bodies("reply")] == ["content"]


@in_virtual_time
async def test_an_answer_that_the_broker_never_takes_does_not_hold_up_others_for_ever():
    sync = Sync(past=1, trust=TRUST)
    refused = []
    sync.broker.codes = lambda message: (
        refused.append(message) or 0x87
        if message.topic == topics.reply(SITE) and b"content" in message.payload
        else 0
    )
    sync.broker.hangs_up_after_refusals = True
    async with sync.running():
        await asyncio.sleep(1)
        await say(sync, upto=9)
        await say(sync, upto=1)
        await asyncio.sleep(300)
        assert {reply["result"] for reply in sync.broker.bodies("reply")} == {"done"}
    assert len(refused) == REFUSED_MAX
