"""A journal, a broker and a clock with memory, for the sync with the centre in virtual time."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Never

from gatewayd.core.documents import Document
from gatewayd.core.events import Audit, AuditSubject, Draft, Event, Fact
from gatewayd.core.orders import Judge
from gatewayd.core.projection import project
from gatewayd.core.trust import Trust, collect
from gatewayd.mqtt.topics import SitePath
from gatewayd.ports import (
    BrokerError,
    BrokerLink,
    HungUpError,
    Message,
    Receipt,
    Receipts,
    StorageError,
)
from gatewayd.runtime.nonces import Nonces
from gatewayd.runtime.publisher import Outside, Publisher
from gatewayd.runtime.publisher_earlier import EarlierEpochs
from gatewayd.runtime.publisher_receipts import CentreReceipts
from gatewayd.runtime.publisher_wording import PublisherSettings
from gatewayd.runtime.quarantine import Quarantine
from gatewayd.store.receipts import merge
from tests.contract.messages import Watch
from tests.unit.doubles import EPOCH, START, InlineBlocking, SimCache, SimChance, SimClock

SITE = SitePath("mojokerto", "dukcapil", "gmsc")
RUN = "run-2"
NOBODY = collect(())
A_FACT = Audit(subject=AuditSubject.GATEWAY, action="noted")
_WATCH = Watch()


class SimJournal:
    def __init__(self, past: int = 0) -> None:
        """`past` events are there from a run before."""
        self.events: list[Event] = []
        self.stored = Receipts(0)
        self.refuses_receipts = False
        self.refuses_reads = False
        self.page_sizes: list[int] = []
        for _ in range(past):
            # The monotonic time of another run says nothing.
            self._append(Draft(A_FACT, START), "run-1", 1e6)

    @property
    def epoch(self) -> str:
        return EPOCH

    def commit(self, drafts: Sequence[tuple[Draft, float]]) -> list[Event]:
        return [self._append(draft, RUN, at_s) for draft, at_s in drafts]

    def head(self) -> int:
        return len(self.events)

    def read(self, after: int, limit: int) -> list[Event]:
        if self.refuses_reads:
            raise StorageError("disk I/O error")
        page = self.events[after : after + limit]
        self.page_sizes.append(len(page))
        return page

    def receipts(self) -> Receipts:
        return self.stored

    def confirm(self, seqs: Sequence[int]) -> Receipts:
        if self.refuses_receipts:
            raise StorageError("disk is full")
        assert all(1 <= seq <= self.head() for seq in seqs)
        self.stored = merge(self.stored, seqs)
        return self.stored

    def _append(self, draft: Draft, run: str, at_s: float) -> Event:
        event = Event(EPOCH, len(self.events) + 1, draft, run, at_s)
        self.events.append(event)
        return event


class SimBroker:
    """Remembers what reached it, in order. Faults are attributes, changed while it runs."""

    def __init__(self) -> None:
        self.arrived: list[Message] = []
        self.at_s: list[float] = []
        self.window = 20
        self.down: str | None = None
        """Why connections are not made."""
        self.receipt_s = 0.01
        self.loses_answers = False
        self.hangs_up_at: Callable[[Message], bool] = lambda _: False
        """Which messages make it end the connection."""
        self.hangs_up_after_refusals = False
        """As Debian's mosquitto 2.0.11 does."""
        self.codes: Callable[[Message], int] = lambda _: 0
        self.connected_at_s: list[float] = []
        self.attempts = 0
        self.in_flight_max = 0
        self.goodbyes = 0
        self.will: Message | None = None
        self.subscribed: list[str] = []
        self.refuses_subscriptions = False
        self.for_gateway: asyncio.Queue[Message] = asyncio.Queue()
        self._link: SimLink | None = None

    def connect(self, will: Message | None) -> AbstractAsyncContextManager[BrokerLink]:
        return self._connected(will)

    @asynccontextmanager
    async def _connected(self, will: Message | None) -> AsyncIterator[BrokerLink]:
        self.attempts += 1
        await asyncio.sleep(0.005)
        if self.down is not None:
            raise BrokerError(self.down)
        self.will = will
        self.connected_at_s.append(asyncio.get_running_loop().time())
        link = self._link = SimLink(self)
        try:
            yield link
        finally:
            self.goodbyes += not link.lost.is_set()
            self._link = None

    def lose(
        self,
        why: str = "the connection was cut",
        *,
        stay_down: bool = False,
        is_hung_up: bool = False,
    ) -> None:
        if stay_down:
            self.down = why
        if self._link is not None:
            self._link.lose(why, is_hung_up=is_hung_up)

    # --- what a subscriber sees ---

    def bodies(self, part: str) -> list[dict[str, Any]]:
        """Return what arrived below `up/{part}`, as JSON."""
        root = f"{SITE.root}/up/{part}"
        return [json.loads(one.payload) for one in self.arrived if one.topic.startswith(root)]

    def sequences(self, part: str) -> list[int]:
        return [body["sequence"] for body in self.bodies(part)]

    def ends(self) -> list[str]:
        """Return the ends of the topics in the order of arrival, health left out."""
        ends = [one.topic.removeprefix(f"{SITE.root}/up/") for one in self.arrived]
        return [end for end in ends if end != "health"]


class SimLink:
    def __init__(self, broker: SimBroker) -> None:
        self.lost = asyncio.Event()
        self._broker = broker
        self._why = ""
        self._in_flight = 0
        self._error: type[BrokerError] = BrokerError

    @property
    def window(self) -> int:
        return self._broker.window

    async def publish(self, message: Message) -> Receipt:
        broker = self._broker
        if self.lost.is_set():
            raise BrokerError(self._why)
        if broker.hangs_up_at(message):
            self.lose("the connection was cut", is_hung_up=True)
            raise HungUpError(self._why)
        code = broker.codes(message)
        if code < 0x80:
            broker.arrived.append(message)
            broker.at_s.append(asyncio.get_running_loop().time())
        self._in_flight += 1
        broker.in_flight_max = max(broker.in_flight_max, self._in_flight)
        try:
            async with asyncio.timeout(None if broker.loses_answers else broker.receipt_s):
                await self.lost.wait()
        except TimeoutError:
            if code >= 0x80 and broker.hangs_up_after_refusals:
                cut = partial(self.lose, "the connection was cut", is_hung_up=True)
                asyncio.get_running_loop().call_soon(cut)
            return Receipt(code)
        finally:
            self._in_flight -= 1
        raise self._error(self._why)

    async def subscribe(self, topic_filter: str) -> None:
        if self._broker.refuses_subscriptions:
            raise BrokerError(f"the broker refuses the subscription to {topic_filter}")
        self._broker.subscribed.append(topic_filter)

    def messages(self) -> "SimLink":
        """Return what yields them. No generator: one that is left half way wants the loop."""
        return self

    def __aiter__(self) -> "SimLink":
        return self

    async def __anext__(self) -> Message:
        if not self.lost.is_set():
            arriving = asyncio.ensure_future(self._broker.for_gateway.get())
            ending = asyncio.ensure_future(self.lost.wait())
            try:
                await asyncio.wait({arriving, ending}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                ending.cancel()
                arriving.cancel()
            if arriving.done() and not arriving.cancelled():
                return arriving.result()
        raise self._error(self._why)

    def lose(self, why: str, *, is_hung_up: bool = False) -> None:
        self._why = why
        self._error = HungUpError if is_hung_up else BrokerError
        self.lost.set()


class Sync:
    """A publisher between its journal and its broker; `append` commits as the recorder does."""

    def __init__(
        self,
        past: int = 0,
        seed: int = 1,
        trust: Trust = NOBODY,
        documents: Callable[[], tuple[Document, ...]] = tuple,
        **settings: Any,
    ) -> None:
        self.journal = SimJournal(past)
        self.broker = SimBroker()
        self.links: list[str | None] = []
        self.past: dict[str, Event] = {}
        """Events of an earlier epoch, by id."""
        self.clock = SimClock()
        chance = SimChance(seed)
        self.cache = SimCache()
        self.parts: list[Callable[[], Awaitable[Never]]] = []
        """What runs beside the publisher."""
        quarantine = Quarantine(self.cache, self._keep)
        outside = Outside(
            self.journal,
            InlineBlocking(),
            self.broker,
            self.clock,
            chance,
            quarantine,
            CentreReceipts(SITE, lambda: Judge(str(SITE), trust), self.journal, self.clock),
            Nonces(self.clock, chance),
            documents,
        )
        self.publisher = Publisher(
            PublisherSettings(site=SITE, run=RUN, version="0.1.0", **settings),
            outside,
            lambda: ("site@1",),
            self.links.append,
            EarlierEpochs((), InlineBlocking(), self.past.get),
        )

    def append(self, fact: Fact | None = None) -> int:
        draft = Draft(fact or A_FACT, self.clock.utc())
        events = self.journal.commit([(draft, self.clock.monotonic())])
        for event in events:
            self.cache.apply(project(event, self.cache.get), event.epoch, event.seq)
        self.publisher.committed(events)
        return events[-1].seq

    def _keep(self, fact: Fact, done: Callable[[Event | None], None] | None = None) -> None:
        self.append(fact)
        if done is not None:
            done(self.journal.events[-1])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(run()) for run in (*self.parts, self.publisher.run)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for task in tasks:
                assert task.cancelled(), task.exception()
        # States are what a test shows: often no more than a mark.
        told = [one for one in self.broker.arrived if "/lane/" not in one.topic]
        told = [one for one in told if not one.topic.endswith("/occupancy")]
        told = [one for one in told if one.topic.startswith("onegate/")]  # To others: theirs.
        found = {_WATCH.objection(one.topic, one.payload) for one in told}
        assert found <= {None}

    @contextmanager
    def broker_away(self, why: str = "nothing listens there") -> Iterator[None]:
        self.broker.lose(why, stay_down=True)
        yield
        self.broker.down = None
