"""One connection with the simulated broker: both ways, until it is cut."""

import asyncio
from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING

from gatewayd.mqtt import topics
from gatewayd.mqtt.topics import is_under
from gatewayd.ports import HungUpError, Message, Receipt
from tests.sim.papers import SITE
from tests.sim.story import Handed

if TYPE_CHECKING:
    from tests.sim.broker import SimBroker

WINDOW = 20
SILENT_S = (10.0, 40.0)  # Until the keepalive of a connection notices that nothing comes any more.
FLYING = "messages without an answer"
_REPLY = topics.reply(SITE)
FLAPPING_S = 0.7  # How long a connection lasts that flaps.


class Fate(StrEnum):
    """What the broker makes of a message."""

    TAKEN = "taken"
    REFUSED = "refused"
    NOT_ALLOWED = "not allowed"
    FULL = "full"
    HUNG_UP = "hung up"


class SimLink:
    """Messages arrive in the order of the calls; a cut loses what is under way."""

    window = WINDOW

    def __init__(self, broker: "SimBroker", will: Message | None, run: str) -> None:
        self._broker = broker
        self._will = will
        self._run = run
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[asyncio.Future[Receipt], None] = {}
        self._flying_count = 0
        self._brought: deque[Message] = deque()
        self._is_handed = False
        self._has_news = asyncio.Event()
        self._filters: list[str] = []
        self._why: str | None = None
        self._arrives_s = 0.0
        self._is_silent = False
        self._timers: list[asyncio.TimerHandle] = []
        self._draw_end()

    @property
    def is_up(self) -> bool:
        return self._why is None

    async def publish(self, message: Message) -> Receipt:
        if self._why is not None:
            raise HungUpError(self._why)
        receipt: asyncio.Future[Receipt] = self._loop.create_future()
        self._waiting[receipt] = None
        share = int(message.qos > 0 and message.topic != _REPLY)  # Answers go one by one, beside.
        self._flying_count += share
        self._broker.story.weigh(FLYING, self._flying_count)
        delay_s = self._broker.random.uniform(0.001, 0.02)
        self._arrives_s = max(self._loop.time() + delay_s, self._arrives_s + 1e-6)
        self._loop.call_at(self._arrives_s, self._arrive, message, receipt)
        try:
            return await receipt
        finally:
            self._waiting.pop(receipt, None)
            self._flying_count -= share

    async def subscribe(self, topic_filter: str) -> None:
        if self._why is not None:
            raise HungUpError(self._why)
        if not self._filters:
            self._loop.call_soon(self._resume)
        self._filters.append(topic_filter)
        for topic, paper in list(self._broker.papers.items()):
            if is_under(topic_filter, topic):
                self.bring(paper)

    def messages(self) -> "SimLink":
        """Return what yields what is brought; whoever comes for the next has acknowledged the last.

        No generator: one that a kill leaves behind would want the loop to end it.
        """
        return self

    def __aiter__(self) -> "SimLink":
        return self

    async def __anext__(self) -> Message:
        if self._is_handed and self._brought:
            self._brought.popleft()
        self._is_handed = False
        while self._why is None and not self._brought:
            self._has_news.clear()
            await self._has_news.wait()
        if self._why is not None:
            raise HungUpError(self._why)
        self._is_handed = True
        message = self._brought[0]
        seen = Handed(
            at_s=self._loop.time(),
            run=self._run,
            topic=message.topic,
            payload=message.payload,
            is_retained=message.is_retained,
        )
        self._broker.story.saw(seen)
        return message

    def bring(self, message: Message) -> None:
        """Hand a message on, a moment later, if somebody subscribed to it."""
        if any(is_under(one, message.topic) for one in self._filters):
            delay_s = self._broker.random.uniform(0.001, 0.02)
            self._arrives_s = max(self._loop.time() + delay_s, self._arrives_s + 1e-6)
            self._loop.call_at(self._arrives_s, self._deliver, message)

    def cut(self, why: str = "the simulated connection was cut") -> None:
        """End it without a goodbye."""
        if self._why is not None:
            return
        if self._will is not None:
            self._broker.take(self._will)
        self._end(why)

    def close(self) -> None:
        self._end("the simulated connection was closed")

    def _end(self, why: str) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._why is not None:
            return
        self._why = why
        self._broker.keep(list(self._brought))
        self._brought.clear()
        self._has_news.set()
        for receipt in self._waiting:
            if not receipt.done():
                receipt.set_exception(HungUpError(why))

    def _resume(self) -> None:
        for message in self._broker.kept():
            self.bring(message)

    def _deliver(self, message: Message) -> None:
        if self._why is None and not self._is_silent:
            self._brought.append(message)
            self._has_news.set()

    def _draw_end(self) -> None:
        broker, weather, random = self._broker, self._broker.sky.weather, self._broker.random
        if broker.is_flapping:
            self._timers.append(self._loop.call_later(random.expovariate(1 / FLAPPING_S), self.cut))
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
        if self._why is not None or self._is_silent:
            return
        broker = self._broker
        fate = broker.judge(message) if message.qos else Fate.TAKEN
        if fate is Fate.HUNG_UP:
            self.cut()
            return
        if fate is Fate.TAKEN:
            broker.take(message)
            weather = broker.sky.weather
            if message.qos and broker.random.random() < weather.duplicate:
                broker.story.note("duplicate_delivered")
                broker.take(message)
            if message.qos and broker.random.random() < weather.receipt_lost:
                broker.story.note("receipt_lost")
                self.cut()
                return
        answer = broker.receipt(fate)
        self._loop.call_later(broker.random.uniform(0.001, 0.02), self._answer, receipt, answer)

    def _answer(self, receipt: asyncio.Future[Receipt], answer: Receipt) -> None:
        if not receipt.done() and not self._is_silent:
            receipt.set_result(answer)
