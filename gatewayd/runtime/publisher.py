"""Keeps the centre informed: events until each has its receipt, present states, figures.

Live events go first, then the states that changed (so a subscriber sees the passage before the new
occupancy), and beside them, with its own share of the window, the backfill. A broker that is away
costs nothing but time: the journal is the queue. One file, though it is long: what goes first among
these is the point of it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Never

from gatewayd.core.backoff import Backoff
from gatewayd.core.documents import Document
from gatewayd.core.events import Event
from gatewayd.core.policy import Enforcement
from gatewayd.core.sync_figures import SyncFigures
from gatewayd.mqtt import payloads, topics
from gatewayd.mqtt.payloads import Birth, Offline
from gatewayd.ports import (
    Blocking,
    Broker,
    BrokerError,
    BrokerLink,
    Chance,
    Clock,
    HungUpError,
    Journal,
    Message,
    StorageError,
)
from gatewayd.runtime.inbox import Inbox, Intake
from gatewayd.runtime.nonces import STEP_S as NONCE_S
from gatewayd.runtime.nonces import Nonces
from gatewayd.runtime.publisher_backfill import Alone, Backfill, GoesFirst
from gatewayd.runtime.publisher_earlier import EarlierEpochs
from gatewayd.runtime.publisher_hearing import Hearing
from gatewayd.runtime.publisher_live import LiveQueue
from gatewayd.runtime.publisher_outbox import Outbox
from gatewayd.runtime.publisher_receipts import CentreReceipts
from gatewayd.runtime.publisher_streams import Book, Stream
from gatewayd.runtime.publisher_wording import (
    PublisherSettings,
    event_message,
    health_message,
    hours_left,
    offline_message,
    reply_message,
    state_message,
)
from gatewayd.runtime.quarantine import Quarantine

log = logging.getLogger(__name__)

HEALTH_S = 60.0
STABLE_S = 30.0  # A connection that held so long ends a row of failures.
BACKFILL_JITTER_S = 5.0  # A whole region comes back at once; their backlogs do not have to.
LIVE_PART = 4  # Of the window live events have a quarter to themselves: more than a gate needs.
GOODBYE_S_MAX = 0.5  # The run has to end, with a broker that hangs too.
AFTER_REFUSAL = " after a refusal; the broker's rules must let this gateway write below its up/"


@dataclass(frozen=True, slots=True)
class Outside:
    """What the publisher works through."""

    journal: Journal
    blocking: Blocking
    broker: Broker
    clock: Clock
    chance: Chance
    quarantine: Quarantine
    receipts: CentreReceipts
    nonces: Nonces
    documents: Callable[[], tuple[Document, ...]] = tuple
    """Those of the centre that are in force."""
    mode: Callable[[], Enforcement] = lambda: Enforcement.ENFORCE


class Publisher:
    """One for each daemon. `committed` and `changed` are called on the event loop, at any time."""

    def __init__(
        self,
        settings: PublisherSettings,
        outside: Outside,
        policy: Callable[[], tuple[str, ...]],
        on_link: Callable[[str | None], None],
        earlier: EarlierEpochs,
    ) -> None:
        """Take what is in force now (`policy`: versions), and who is told of the connection.

        on_link: called with None when it is up, and with a sentence when it is lost, or cannot be
        made the first time. earlier: what older epochs of the journal still have for the centre.
        """
        self._settings = settings
        self._outside = outside
        self._policy = policy
        self._on_link = on_link
        self._outbox = Outbox(outside.journal, outside.blocking)
        self._book = Book(self._outbox, outside.quarantine, outside.clock)
        self._live = LiveQueue(outside.clock)
        fraction = outside.chance.fraction
        self._backfill = Backfill(
            outside.journal,
            outside.blocking,
            outside.clock,
            self._book,
            Backoff(1.0, 300.0, fraction),
            settings.backfill_per_s,
        )
        self._earlier = earlier
        self._backoff = Backoff(1.0, 30.0, fraction)
        self._inbox = Inbox([outside.receipts])
        self._hearing = Hearing(
            self._inbox, self.replay, lambda reply: reply_message(settings, reply, outside.clock)
        )
        self._states: dict[str, Callable[[], bytes]] = {}
        self._changed: dict[str, None] = {}
        self._questions: deque[Message] = deque()
        self._news = asyncio.Event()
        self._is_paused = False
        """Live events wait: one that is suspected is tried alone."""
        self._started_s = outside.clock.monotonic()
        self._up_at_s: float | None = None
        self._down_at_s: float | None = None
        self._connection_count = 0
        self._error: str | None = None
        self.show(topics.state(settings.site), self._birth)

    def committed(self, events: Sequence[Event]) -> None:
        """Take events that are on disk now, in their order."""
        self._outbox.appended(events)
        self._live.add(events)
        self._news.set()

    def show(self, topic: str, payload: Callable[[], bytes]) -> None:
        """Keep a retained state at the centre, from now on and after each reconnect.

        `payload` is called when it is sent: after all events that are committed by then and live.
        """
        self._states[topic] = payload
        self.changed(topic)

    def changed(self, topic: str) -> None:
        """Publish a shown state anew; many changes at once make one message."""
        assert topic in self._states, f"nothing is shown at {topic}"
        self._changed[topic] = None
        self._news.set()

    def hear(self, intake: Intake) -> None:
        """Have one more take what the centre says; before the run begins."""
        self._inbox.add(intake)

    def give_way(self, goes_first: GoesFirst) -> None:
        """Hold the backlog back while people come, and more while one waits for a record."""
        self._backfill.goes_first = goes_first

    def replay(self, first: int, last: int) -> bool:
        """Send events again, whatever the receipts; False where too many such ranges wait."""
        return self._backfill.replay(first, last)

    def ask(self, question: Message) -> bool:
        """Send a question that somebody waits for; False where there is no connection."""
        if self._up_at_s is None:
            return False
        self._questions.append(question)
        self._news.set()
        return True

    def retry(self) -> int:
        """Try all in quarantine once more, each alone; return how many there are."""
        ids, epoch = self._outside.quarantine.ids(), self._outside.journal.epoch
        self._earlier.retry(one for one in ids if not one.startswith(f"{epoch}-"))
        self._book.retry(self._quarantined())
        return len(ids)

    @property
    def upto(self) -> int:
        """Return up to which event of the present epoch all have their receipt."""
        return self._outbox.upto

    def figures(self) -> SyncFigures:
        clock = self._outside.clock
        up_at_s, oldest_at = self._up_at_s, self._outbox.oldest_at
        depth, receipt_at_s = self._outbox.depth, self._book.receipt_at_s
        # The one place that subtracts wall times: it may be from a run before this one.
        oldest_s = (
            None if oldest_at is None else max(0.0, (clock.utc() - oldest_at).total_seconds())
        )
        return SyncFigures(
            connected_s=None if up_at_s is None else clock.monotonic() - up_at_s,
            depth=depth,
            oldest_s=oldest_s,
            hours_left=hours_left(self._settings, depth, oldest_s),
            published=self._book.published,
            receipts=self._book.receipts,
            refused=self._book.refused,
            quarantined=self._outside.quarantine.size,
            is_heard=self._book.is_heard,
            error=self._error,
            centre_upto=self._outside.receipts.upto,
            receipt_age_s=None if receipt_at_s is None else clock.monotonic() - receipt_at_s,
        )

    async def run(self) -> Never:
        """Stay connected until cancelled, then say goodbye."""
        await self._outbox.load()
        for seq in self._quarantined():
            self._outbox.receipted(seq)  # A crash may have come between the two records.
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._outbox.run(), name="receipts")
                await self._stay_connected()
        finally:
            with suppress(StorageError):
                await self._outbox.store()
        raise AssertionError("a connection is kept until cancelled")

    # --- connections -----------------------------------------------------------------------------

    async def _stay_connected(self) -> Never:
        will = offline_message(self._settings, Offline.LOST)
        failures = 0
        while True:
            began_s = self._outside.clock.monotonic()
            try:
                async with self._outside.broker.connect(will) as link:
                    self._came_up()
                    await self._serve(link)
            except* BrokerError as errors:
                is_hung_up = errors.subgroup(HungUpError) is not None
                reason = _first(errors)
                if is_hung_up and self._book.has_just_refused:
                    reason += AFTER_REFUSAL
                self._book.lost(is_hung_up=is_hung_up)
                self._went_down(reason)
            held_s = self._outside.clock.monotonic() - began_s
            failures = 1 if held_s > STABLE_S else failures + 1
            await asyncio.sleep(self._backoff.delay_s(failures))

    async def _serve(self, link: BrokerLink) -> None:
        """Run until the connection is lost, and raise BrokerError in a group."""
        self._is_paused = False
        self._questions.clear()  # Nobody waits any more for what could not be sent.
        self._live.rewind(self._book.is_due)
        self._changed = dict.fromkeys(self._states)  # The birth was shown first.
        self._book.refused_now.clear()
        jitter_s = BACKFILL_JITTER_S * self._outside.chance.fraction()
        delay_s = 0.0 if self._connection_count == 1 else jitter_s
        live_share = max(1, link.window // LIVE_PART)
        late_share = max(1, link.window - live_share)
        word = partial(event_message, self._settings)
        try:
            async with asyncio.TaskGroup() as group:
                live = Stream(link, group, self._book, live_share, partial(word, topics.event))
                late = Stream(link, group, self._book, late_share, partial(word, topics.backfill))
                group.create_task(self._hearing.run(link), name="broker_listen")
                group.create_task(self._renew_states(), name="renew_states")
                group.create_task(self._send_live(live), name="publish_live")
                alone = partial(self._alone, live, late)
                group.create_task(
                    self._bring_late(link, late, delay_s, alone), name="publish_backfill"
                )
                group.create_task(self._tell_health(link), name="publish_health")
        finally:
            await self._say_goodbye(link)

    async def _bring_late(
        self, link: BrokerLink, late: Stream, delay_s: float, alone: Alone
    ) -> Never:
        await asyncio.sleep(delay_s)
        word = partial(event_message, self._settings, topics.backfill)
        await self._earlier.send(link, word)

        async def try_earlier() -> None:
            if self._earlier.has_again:
                async with alone():
                    delivered = self._outside.quarantine.delivered
                    await self._earlier.send_again(link, word, delivered)

        await self._backfill.run(late, self._floor, alone, try_earlier)

    async def _say_goodbye(self, link: BrokerLink) -> None:
        with suppress(BrokerError, TimeoutError):
            async with asyncio.timeout(GOODBYE_S_MAX):
                await link.publish(offline_message(self._settings, Offline.STOPPED))

    async def _renew_states(self) -> Never:
        """Tell the next word in time, as long as one is needed, and again what was refused."""
        while True:
            await asyncio.sleep(NONCE_S)
            for topic in sorted(self._book.refused_now & self._states.keys()):
                self.changed(topic)
            if self._outside.nonces.present is not None:
                self.changed(topics.state(self._settings.site))

    def _came_up(self) -> None:
        now_s = self._outside.clock.monotonic()
        outage_s = 0.0 if self._down_at_s is None else round(now_s - self._down_at_s, 1)
        log.info("broker_up", extra={"fields": {"outage_s": outage_s}})
        self._up_at_s, self._down_at_s, self._error = now_s, None, None
        self._connection_count += 1
        self._on_link(None)

    def _went_down(self, reason: str) -> None:
        if reason != self._error:
            log.warning("broker_lost", extra={"fields": {"reason": reason}})
        self._up_at_s, self._error = None, reason
        if self._down_at_s is None:
            self._down_at_s = self._outside.clock.monotonic()
            self._on_link(reason)

    # --- what is sent ----------------------------------------------------------------------------

    async def _send_live(self, stream: Stream) -> Never:
        await stream.take_slot()
        self._send_state(stream)
        while True:
            await stream.take_slot()
            while self._is_paused or not self._send_next(stream):
                await self._news.wait()
                self._news.clear()

    def _send_next(self, stream: Stream) -> bool:
        if self._questions:
            stream.send_state(self._questions.popleft())
            return True
        event = self._next_live()
        if event is not None:
            stream.send(event)
            return True
        if self._changed:
            self._send_state(stream)
            return True
        return False

    def _next_live(self) -> Event | None:
        event = self._live.take()
        while event is not None and not self._book.is_due(event.seq):
            event = self._live.take()
        if self._live.has_dropped:
            self._live.has_dropped = False
            self._book.left_over.set()
        return event

    def _send_state(self, stream: Stream) -> None:
        topic = next(iter(self._changed))
        del self._changed[topic]
        stream.send_state(state_message(topic, self._states[topic]()))

    @asynccontextmanager
    async def _alone(self, live: Stream, late: Stream) -> AsyncIterator[None]:
        """Let everything land, and hold live events back, for as long as one answer takes."""
        self._is_paused = True
        await live.landed()
        await late.landed()
        yield
        self._is_paused = False
        self._news.set()

    def _quarantined(self) -> list[int]:
        pairs = (event_id.split("-") for event_id in self._outside.quarantine.ids())
        return [int(seq) for epoch, seq in pairs if epoch == self._outside.journal.epoch]

    def _floor(self) -> int:
        """Return the lowest seq that the backfill leaves alone."""
        floor = self._live.floor
        return self._outbox.head + 1 if floor is None else floor

    async def _tell_health(self, link: BrokerLink) -> Never:
        while True:
            clock = self._outside.clock
            uptime_s = clock.monotonic() - self._started_s
            message = health_message(self._settings, self.figures(), uptime_s, clock)
            await link.publish(message)
            await asyncio.sleep(HEALTH_S)

    def _birth(self) -> bytes:
        clock = self._outside.clock
        return payloads.online(
            Birth(
                run=self._settings.run,
                version=self._settings.version,
                epoch=self._outside.journal.epoch,
                next_seq=self._outbox.head + 1,
                policy=self._policy(),
                clock=clock.quality(),
                depth=self._outbox.depth,
                nonce=self._outside.nonces.present,
                documents=self._outside.documents(),
                registration_id=self._settings.registration_id,
                mode=self._outside.mode(),
                at=clock.utc(),
            )
        )


def _first(errors: ExceptionGroup[BrokerError]) -> str:
    """Return what the first of the errors says, however deep it lies."""
    first: BaseException = errors
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    return str(first)
