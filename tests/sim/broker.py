"""The simulated broker, and the centre behind it: takes messages, loses connections, remembers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

from gatewayd.ports import BrokerError, HungUpError, Message, Receipt
from tests.sim.story import Arrived, Story
from tests.sim.weather import Sky

WINDOW = 20
SILENT_S = (10.0, 40.0)  # Until the keepalive of a connection notices that nothing comes any more.


class SimBroker:
    """Outlives the gateway. `taken` are the ids of the events it took."""

    def __init__(
        self, random: Random, sky: Sky, story: Story, is_recorded: Callable[[str], bool]
    ) -> None:
        """is_recorded: tells whether an event stands on the gateway's disk."""
        self.sky = sky
        self.story = story
        self.random = random
        self.taken: set[str] = set()
        self.retained: dict[str, bytes] = {}
        self._is_recorded = is_recorded

    def take(self, message: Message) -> None:
        event, seq = "", 0
        if "/event/" in message.topic or "/backfill/" in message.topic:
            body = json.loads(message.payload)
            event, seq = body["id"], body["sequence"]
            self.taken.add(event)
        if message.is_retained:
            self.retained[message.topic] = message.payload
        self.story.saw(
            Arrived(
                at_s=asyncio.get_running_loop().time(),
                topic=message.topic,
                event=event,
                seq=seq,
                is_recorded=not event or self._is_recorded(event),
                payload=message.payload,
            )
        )


class SimConnector:
    """The port Broker of one gateway process; `die` ends its connection as a kill does."""

    def __init__(self, broker: SimBroker) -> None:
        self._broker = broker
        self._link: SimLink | None = None
        self._is_dead = False

    @asynccontextmanager
    async def connect(self, will: Message | None) -> AsyncIterator["SimLink"]:
        broker = self._broker
        await asyncio.sleep(broker.random.random() * 0.1)
        if self._is_dead or broker.random.random() < broker.sky.weather.broker_refuses:
            raise BrokerError("the simulated broker refuses")
        link = self._link = SimLink(broker, will)
        try:
            yield link
        finally:
            link.close()

    def die(self) -> None:
        self._is_dead = True
        if self._link is not None:
            self._link.cut("the process was killed")


class SimLink:
    """One connection. Messages arrive in the order of the calls; a cut loses what is under way."""

    window = WINDOW

    def __init__(self, broker: SimBroker, will: Message | None) -> None:
        self._broker = broker
        self._will = will
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[asyncio.Future[Receipt], None] = {}
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._why = ""
        self._arrives_s = 0.0
        self._is_silent = False
        self._timers: list[asyncio.TimerHandle] = []
        self._draw_end()

    async def publish(self, message: Message) -> Receipt:
        if self._ended.done():
            raise HungUpError(self._why)
        receipt: asyncio.Future[Receipt] = self._loop.create_future()
        self._waiting[receipt] = None
        delay_s = self._broker.random.uniform(0.001, 0.02)
        self._arrives_s = max(self._loop.time() + delay_s, self._arrives_s + 1e-6)
        self._loop.call_at(self._arrives_s, self._arrive, message, receipt)
        try:
            return await receipt
        finally:
            self._waiting.pop(receipt, None)

    async def subscribe(self, topic_filter: str) -> None:
        """Nothing is ever sent to the gateway here."""

    async def messages(self) -> AsyncIterator[Message]:
        await asyncio.shield(self._ended)
        raise HungUpError(self._why)
        yield  # It is an iterator that never has anything.

    def cut(self, why: str = "the simulated connection was cut") -> None:
        """End it without a goodbye."""
        if self._ended.done():
            return
        if self._will is not None:
            self._broker.take(self._will)
        self._end(why)

    def close(self) -> None:
        self._end("the simulated connection was closed")

    def _end(self, why: str) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._ended.done():
            return
        self._why = why
        self._ended.set_result(None)
        for receipt in self._waiting:
            if not receipt.done():
                receipt.set_exception(HungUpError(why))

    def _draw_end(self) -> None:
        weather, random = self._broker.sky.weather, self._broker.random
        if not weather.broker_cut_s:
            return
        end_s = random.expovariate(1 / weather.broker_cut_s)
        if random.random() < weather.broker_hangs:
            self._timers.append(self._loop.call_later(end_s, self._fall_silent))
            end_s += random.uniform(*SILENT_S)
        self._timers.append(self._loop.call_later(end_s, self.cut))

    def _fall_silent(self) -> None:
        self._broker.story.note("broker_silent")
        self._is_silent = True

    def _arrive(self, message: Message, receipt: asyncio.Future[Receipt]) -> None:
        if self._ended.done() or self._is_silent:
            return
        broker = self._broker
        broker.take(message)
        weather = broker.sky.weather
        if message.qos and broker.random.random() < weather.duplicate:
            broker.story.note("duplicate_delivered")
            broker.take(message)
        if message.qos and broker.random.random() < weather.receipt_lost:
            broker.story.note("receipt_lost")
            self.cut()
            return
        self._loop.call_later(broker.random.uniform(0.001, 0.02), self._answer, receipt)

    def _answer(self, receipt: asyncio.Future[Receipt]) -> None:
        if not receipt.done() and not self._is_silent:
            receipt.set_result(Receipt())
