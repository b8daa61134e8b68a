"""A simulated broker: takes messages, loses connections, and remembers what it took."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from gatewayd.ports import BrokerError, Message, Receipt
from tests.sim.weather import Weather

WINDOW = 20


class SimBroker:
    """Outlives the gateway; `taken` are all messages in the order they came, repeats too."""

    def __init__(self, random: Random, weather: Weather) -> None:
        self.weather = weather
        self.taken: list[Message] = []
        self.retained: dict[str, bytes] = {}
        self._random = random

    @asynccontextmanager
    async def connect(self, will: Message | None) -> AsyncIterator["SimLink"]:
        await asyncio.sleep(self._random.random() * 0.1)
        if self.weather.broker_loss_s and self._random.random() < 0.3:
            raise BrokerError("the simulated broker refuses")
        link = SimLink(self, self._random)
        try:
            yield link
        except BaseException:
            self._leave(will)
            raise

    def take(self, message: Message) -> None:
        self.taken.append(message)
        if message.is_retained:
            self.retained[message.topic] = message.payload

    def _leave(self, will: Message | None) -> None:
        if will is not None:
            self.take(will)


class SimLink:
    window = WINDOW

    def __init__(self, broker: SimBroker, random: Random) -> None:
        self._broker = broker
        self._random = random
        loss_s = broker.weather.broker_loss_s
        loop = asyncio.get_running_loop()
        self._ends_s = loop.time() + random.expovariate(1 / loss_s) if loss_s else None
        self._lost: asyncio.Event = asyncio.Event()

    async def publish(self, message: Message) -> Receipt:
        """The message is on its way when the call is made; the receipt takes a while."""
        self._check()
        self._broker.take(message)
        await asyncio.sleep(0.002 + self._random.random() * 0.02)
        if self._random.random() < self._broker.weather.receipt_lost:
            self._lose()
        self._check()
        return Receipt()

    async def subscribe(self, topic_filter: str) -> None:
        self._check()

    async def messages(self) -> AsyncIterator[Message]:
        while not self._is_lost():
            await asyncio.sleep(0.5)
        raise BrokerError("the simulated connection was lost")
        yield Message("", b"")  # It is an iterator that never has anything.

    def _is_lost(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        if self._ends_s is not None and now_s >= self._ends_s:
            self._lost.set()
        return self._lost.is_set()

    def _lose(self) -> None:
        self._lost.set()

    def _check(self) -> None:
        if self._is_lost():
            raise BrokerError("the simulated connection was lost")
