"""Sends what had to wait, from the journal, in passes over all that has no receipt yet.

A pass reads a page at a time, so a backlog of any length takes the memory of one page. What the
broker refuses does not hold up the rest: it is tried again after the next pass, which comes later
and later while refusals go on.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Never, Protocol

from gatewayd.core.backoff import Backoff
from gatewayd.core.events import Event
from gatewayd.ports import Blocking, Clock, Journal, StorageError
from gatewayd.runtime.publisher_streams import Book, Stream

log = logging.getLogger(__name__)

PAGE_COUNT = 100  # Events read at once: some 100 kB.
GROUP_COUNT = 5  # Events sent in a row: a millisecond or two of the loop, then the gate goes first.
GIVES_WAY_S = 0.003  # What a commit takes; no longer, since a disk that hangs must not stop it.
BUSY_SHARE = 4  # While people come, the rate and the pages are a quarter: the gate goes first.
TRIES_TOLD = 5  # Refusals that go on for so many passes (a quarter of a minute) need a person.
DISK_RETRY_S = 5.0
REPLAYS_MAX = 100  # Holes that a centre asks for at once; it asks again for the rest.


class GoesFirst(Protocol):
    """Those at the gate, for whom a backlog makes room."""

    @property
    def is_committing(self) -> bool:
        """Somebody waits for a record."""
        ...

    @property
    def is_busy(self) -> bool:
        """Somebody was there a moment ago, so that others may come."""
        ...


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody comes to the gate."""

    is_committing: bool = False
    is_busy: bool = False


Alone = Callable[[], AbstractAsyncContextManager[None]]
"""Inside, nothing else is in flight."""


@dataclass(slots=True)
class Backfill:
    journal: Journal
    blocking: Blocking
    clock: Clock
    book: Book
    backoff: Backoff
    """Between passes while the broker refuses events."""
    per_s: float
    """At most so many events a second, so that live ones and other sites have room."""
    goes_first: GoesFirst = field(default_factory=Nobody)
    replays: deque[tuple[int, int]] = field(default_factory=deque)
    """First and last seq of what the centre wants again, receipts or not."""
    _tries: int = 0
    _refused: int = 0
    """How many refusals are answered with a rest; the others came since, or ended a connection."""

    def replay(self, first: int, last: int) -> bool:
        """Send these again after the backlog; False where too many wait for that already."""
        if len(self.replays) >= REPLAYS_MAX:
            return False
        self.replays.append((first, last))
        self.book.left_over.set()
        return True

    async def run(
        self,
        stream: Stream,
        floor: Callable[[], int],
        alone: Alone,
        try_more: Callable[[], Awaitable[None]],
    ) -> Never:
        """Send what is below `floor` (seqs from there up are live) until cancelled.

        try_more: is called in each pass. What was refused comes last, and after a rest: some
        brokers hang up after a refusal.
        """
        while True:
            self.book.left_over.clear()
            held = [*self.book.again, *self.book.suspects.held()]
            await self._pass(stream, floor, alone)
            await self._send_again(stream, alone)
            await stream.landed()
            if await self._rested():
                continue
            await try_more()
            await self._try_held(held, stream, alone)
            await stream.landed()
            if await self._rested():
                continue
            if self._tries >= TRIES_TOLD:
                log.info("events_accepted", extra={"fields": {"after_tries": self._tries}})
            self._tries = 0
            await self.book.left_over.wait()

    async def _rested(self) -> bool:
        """Wait if events were refused since the last time; tell whether they were."""
        if self.book.refused == self._refused:
            return False
        self._refused = self.book.refused
        self._tries += 1
        self._tell(self._tries)
        await asyncio.sleep(self.backoff.delay_s(self._tries))
        return True

    async def _pass(self, stream: Stream, floor: Callable[[], int], alone: Alone) -> None:
        outbox, pace = self.book.outbox, _Pace(self.clock, self.per_s, self.goes_first)
        seq = 0
        while (seq := outbox.next_open(seq + 1)) < floor():
            page = await self._read(seq - 1, PAGE_COUNT // _divisor(self.goes_first))
            if not page:
                return
            for event in page:
                if event.seq >= floor():
                    return
                seq = event.seq
                await outbox.stored.wait()
                if self.book.is_due(seq):
                    await stream.take_slot()
                    stream.send(event)
                    await pace.keep()
                elif self.book.suspects.keeps_its_place(seq):
                    await self._send_alone(event, stream, alone)

    async def _send_again(self, stream: Stream, alone: Alone) -> None:
        pace = _Pace(self.clock, self.per_s, self.goes_first)
        while self.replays:
            first, last = self.replays[0]
            page = await self._read(first - 1)
            asked = [event for event in page if event.seq <= last]
            for event in asked:
                if self.book.is_set_apart(event):
                    continue  # Or the broker would hang up at it for ever.
                if self.book.suspects.must_be_alone(event.seq):
                    await self._send_alone(event, stream, alone)
                    continue
                await stream.take_slot()
                stream.send(event)
                await pace.keep()
            await stream.landed()  # A lost connection goes on with this page, not with the first.
            after = asked[-1].seq + 1 if asked else last + 1
            if after > last:
                self.replays.popleft()
            else:
                self.replays[0] = after, last

    async def _try_held(self, held: Sequence[int], stream: Stream, alone: Alone) -> None:
        book = self.book
        for seq in held:
            if seq not in book.again and not book.suspects.is_held(seq):
                continue  # It went in the pass.
            event = next(iter(await self._read(seq - 1, 1)), None)
            if event is None or event.seq != seq:  # The retention has taken it.
                book.suspects.forget(seq)
                book.again.discard(seq)
            elif seq in book.again or book.suspects.must_be_alone(seq):
                await self._send_alone(event, stream, alone)
            else:
                await stream.take_slot()
                stream.send(event)

    async def _send_alone(self, event: Event, stream: Stream, alone: Alone) -> None:
        async with alone():
            await stream.take_slot()
            stream.send(event)
            await stream.landed()

    async def _read(self, after: int, count: int = PAGE_COUNT) -> list[Event]:
        is_told = False
        while True:
            try:
                return await self.blocking.run(lambda: self.journal.read(after, count))
            except StorageError as error:
                if not is_told:
                    log.warning("backfill_cannot_read", extra={"fields": {"reason": str(error)}})
                is_told = True
                await asyncio.sleep(DISK_RETRY_S)

    def _tell(self, tries: int) -> None:
        if tries == TRIES_TOLD:
            what = (
                f"the broker refuses events, the last of them {self.book.refusal}; they are kept "
                "and tried again: its rules must let this gateway write below up/"
            )
            log.error("events_refused", extra={"fields": {"what_to_do": what}})


def _divisor(goes_first: GoesFirst) -> int:
    """Return by how much pages and rate are smaller at the moment."""
    return BUSY_SHARE if goes_first.is_busy else 1


class _Pace:
    """Spreads what is sent evenly: a page in one go would hold the loop while somebody waits."""

    def __init__(self, clock: Clock, per_s: float, goes_first: GoesFirst) -> None:
        self._clock = clock
        self._goes_first = goes_first
        self._group_s = GROUP_COUNT / per_s
        self._free_at_s = clock.monotonic()
        self._sent_count = 0

    async def keep(self) -> None:
        """Count one that was sent, and wait after each group of them."""
        self._sent_count += 1
        if self._sent_count % GROUP_COUNT == 0:
            now_s = self._clock.monotonic()
            group_s = self._group_s * _divisor(self._goes_first)
            self._free_at_s = max(self._free_at_s + group_s, now_s)
            await asyncio.sleep(self._free_at_s - now_s)
            if self._goes_first.is_committing:
                await asyncio.sleep(GIVES_WAY_S)
