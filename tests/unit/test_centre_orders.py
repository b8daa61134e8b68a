"""Commands of the centre: recorded before they act, never acted on twice, always answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from gatewayd.core.folded import ORDERS
from gatewayd.core.orders import Judge, Order, OrderKind
from gatewayd.core.projection_audits import RECENT_MAX
from gatewayd.core.trust import IssuerKey, Purpose, collect
from gatewayd.core.words import ClockQuality
from gatewayd.mqtt import topics
from gatewayd.ports import Message
from gatewayd.runtime.centre_orders import UNDER_WAY_MAX, CentreOrders, Registry
from gatewayd.runtime.inbox import Centre, Reply
from gatewayd.runtime.nonces import STEP_S, Nonces
from gatewayd.runtime.recorder import Recorder
from tests.sim.loop import in_virtual_time
from tests.unit.doubles import InlineBlocking, SimCache, SimChance, SimClock, SimJournal
from tests.unit.signing import AUDIENCE, SIGNER, claims_at, signed
from tests.unit.sync_world import SITE
from tests.unit.test_projection import apply

KEY = IssuerKey("centre", SIGNER.public_key(), frozenset({Purpose.COMMAND}))


class World:
    """Orders between a centre and whoever carries them out, over stores that survive a crash."""

    def __init__(self) -> None:
        self.journal = SimJournal()
        self.cache = SimCache()
        self.clock = SimClock()
        self.acted: list[str] = []
        self.said: list[tuple[str, str]] = []
        self.text: str | None = None
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.nonces = Nonces(self.clock, SimChance())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run from here to the end of the block, which is as a crash."""
        recorder = Recorder(
            self.journal,
            InlineBlocking(),
            self.clock,
            [lambda events: apply(events, self.cache)],
        )
        registry = Registry(
            lambda: Judge(AUDIENCE, collect([KEY])), self.nonces, self.cache, recorder, self.clock
        )
        self.orders = CentreOrders(OrderKind.COMMAND, topics.command(SITE), registry, self._act)
        tasks = [
            asyncio.get_running_loop().create_task(each)
            for each in (recorder.run(), self.orders.run())
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, message: bytes, *, is_retained: bool = False) -> None:
        def tell(reply: Reply) -> None:
            self.said.append((reply.id, reply.result))
            self.text = reply.text

        centre = Centre(tell, lambda *_: True)
        arrived = Message(topics.command(SITE), message, is_retained=is_retained)
        await self.orders.take(arrived, centre)

    async def command(self, **claims: Any) -> tuple[str, bytes]:
        """Send a command of now; return its id and the message."""
        await asyncio.sleep(0.01)  # The counter is in milliseconds.
        said = claims_at(self.clock.utc(), do="diagnostics", **claims)
        message = signed(said, "onegate-command+jws")
        await self.send(message)
        await asyncio.sleep(0.1)
        return said["jti"], message

    @property
    def actions(self) -> list[str]:
        return [fact.action for fact in self.journal.facts]

    async def _act(self, order: Order) -> Reply:
        self.acted.append(order.id)
        await self.may_end.wait()
        return Reply(order.id, "done")


@in_virtual_time
async def test_an_order_is_on_disk_before_it_acts_and_answered_after():
    world = World()
    world.may_end.clear()
    async with world.running():
        order_id, _ = await world.command()
        assert (world.actions, world.acted, world.said) == (["order_taken"], [order_id], [])
        world.may_end.set()
        await asyncio.sleep(0.1)
        assert world.actions == ["order_taken", "order_done"]
        assert world.said == [(order_id, "done")]


@in_virtual_time
async def test_the_same_order_again_gets_the_same_answer_and_acts_once():
    world = World()
    async with world.running():
        order_id, message = await world.command()
        await world.send(message)
    async with world.running():  # Also after a crash: the counter is in the journal.
        await world.send(message)
    assert world.acted == [order_id]
    assert world.said == [(order_id, "done")] * 3


@in_virtual_time
async def test_an_order_whose_line_is_lost_while_it_is_recorded_is_done_and_answered():
    world = World()
    async with world.running():
        said = claims_at(world.clock.utc(), do="diagnostics")
        message = signed(said, "onegate-command+jws")
        taking = asyncio.get_running_loop().create_task(world.send(message))
        await asyncio.sleep(0)
        taking.cancel()
        await asyncio.sleep(0.1)
        assert world.actions == ["order_taken", "order_done"]
        await world.send(message)  # It was not acknowledged, and comes again.
    assert world.acted == [said["jti"]]
    assert world.said == [(said["jti"], "done")] * 2


@in_virtual_time
async def test_an_order_that_comes_again_while_it_is_recorded_is_done_once():
    world = World()
    async with world.running():
        said = claims_at(world.clock.utc(), do="diagnostics")
        older = claims_at(world.clock.utc() - timedelta(seconds=1), do="diagnostics")
        message = signed(said, "onegate-command+jws")
        taking = asyncio.get_running_loop().create_task(world.send(message))
        await asyncio.sleep(0)
        taking.cancel()
        await world.send(message)
        await world.send(signed(older, "onegate-command+jws"))
        await asyncio.sleep(0.1)
    assert world.acted == [said["jti"]]
    assert world.said == [(older["jti"], "replayed"), (said["jti"], "done")]


@in_virtual_time
async def test_an_order_that_a_crash_cut_off_is_told_and_never_finished():
    world = World()
    world.may_end.clear()
    async with world.running():
        order_id, message = await world.command()
        await world.send(message)  # Again while it is under way: one answer is enough.
        assert world.said == []
    world.may_end.set()
    async with world.running():
        await world.send(message)
        await asyncio.sleep(1)
    assert (world.acted, world.said) == ([order_id], [(order_id, "interrupted")])


@in_virtual_time
async def test_an_order_older_than_what_is_remembered_is_a_replay():
    world = World()
    async with world.running():
        order_id, message = await world.command()
        for _ in range(RECENT_MAX):
            await world.command()
        world.said.clear()
        await world.send(message)
    assert world.said == [(order_id, "replayed")]
    [row] = [row for _, row in world.cache.items(ORDERS)]
    assert len(row["recent"]) == RECENT_MAX


@in_virtual_time
async def test_what_the_disk_does_not_take_is_not_done():
    world = World()
    async with world.running():
        world.journal.refusal = "no space left"
        order_id, message = await world.command()
        assert (world.acted, world.said) == ([], [(order_id, "record_failed")])
        assert world.text == "no space left"  # And no path of this machine.
        world.journal.refusal = None
        await asyncio.sleep(2)
        await world.send(message)  # It left no trace, so it may be tried again.
        await asyncio.sleep(0.1)
        assert world.acted == [order_id]


@in_virtual_time
async def test_more_orders_than_can_be_carried_out_at_once_are_told_so():
    world = World()
    world.may_end.clear()
    async with world.running():
        for _ in range(UNDER_WAY_MAX):
            await world.command()
        order_id, _ = await world.command()
        assert world.said == [(order_id, "busy")]
        assert len(world.acted) == UNDER_WAY_MAX


@in_virtual_time
async def test_retained_foreign_and_old_orders_do_nothing():
    world = World()
    async with world.running():
        _, message = await world.command()
        world.acted.clear()
        world.said.clear()
        await world.send(message, is_retained=True)
        await world.send(b"noise")
        await world.send(signed(claims_at(world.clock.utc(), do="open"), "onegate-receipt+jws"))
        assert world.said == []
        foreign = claims_at(world.clock.utc(), aud="mojokerto/dukcapil/other", jti="f")
        await world.send(signed(foreign, "onegate-command+jws"))
        old = claims_at(world.clock.utc(), jti="o")
        old |= {"iat": old["iat"] - 60, "exp": old["exp"] - 60}
        await world.send(signed(old, "onegate-command+jws"))
        assert world.said == [("f", "audience"), ("o", "expired")]
        assert world.acted == []


@in_virtual_time
async def test_without_the_time_an_order_echoes_what_was_told_just_now():
    world = World()
    world.clock.told = ClockQuality.UNSYNCED
    async with world.running():
        blind, _ = await world.command()
        word = world.nonces.present
        echoing, _ = await world.command(nonce=word)
        await asyncio.sleep(2 * STEP_S)
        late, _ = await world.command(nonce=word)
        assert world.said == [(blind, "clock"), (echoing, "done"), (late, "clock")]
        assert world.acted == [echoing]


@pytest.mark.parametrize("kind", list(OrderKind))
def test_a_key_for_one_kind_signs_no_other(kind):
    key = IssuerKey("centre", SIGNER.public_key(), frozenset({kind.purpose}))
    others = [other for other in OrderKind if other.purpose in key.may_sign]
    assert others == [kind]
