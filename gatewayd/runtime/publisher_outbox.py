"""Which events wait for their receipt: in memory at once, on disk a moment later.

A receipt that a crash forgets costs one more copy at the centre; an event is never forgotten.
"""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from math import inf
from typing import Never

from gatewayd.core.events import Event
from gatewayd.ports import Blocking, Journal, Receipts, StorageError

log = logging.getLogger(__name__)

STORE_S = 0.2  # One commit for all receipts of so long: a stream of them stays cheap.
RETRY_S = 1.0


class Outbox:
    def __init__(self, journal: Journal, blocking: Blocking) -> None:
        self.head = 0
        """The last seq that was committed."""
        self.oldest_at: datetime | None = None
        """When the oldest event without a receipt happened."""
        self.stored = asyncio.Event()
        """Clear while the disk refuses receipts: what can wait should not be sent meanwhile."""
        self._journal = journal
        self._blocking = blocking
        self._receipts = Receipts(0)
        self._fresh: set[int] = set()
        self._has_fresh = asyncio.Event()
        self.stored.set()

    @property
    def depth(self) -> int:
        """Return how many events wait."""
        receipts = self._receipts
        beyond = sum(last - first + 1 for first, last in receipts.beyond)
        return self.head - receipts.upto - beyond - len(self._fresh)

    @property
    def upto(self) -> int:
        """Return up to which event all are known as confirmed on disk."""
        return self._receipts.upto

    def has_receipt(self, seq: int) -> bool:
        return seq <= self._receipts.upto or seq in self._fresh or self._range_end(seq) is not None

    def next_open(self, seq: int) -> int:
        """Return the first seq from here on that is not known as confirmed on disk."""
        seq = max(seq, self._receipts.upto + 1)
        end = self._range_end(seq)
        return seq if end is None else end + 1

    def appended(self, events: Sequence[Event]) -> None:
        self.head = max(self.head, events[-1].seq)
        if self.oldest_at is None:
            self.oldest_at = events[0].draft.at

    def receipted(self, seq: int) -> None:
        if not self.has_receipt(seq):
            self._fresh.add(seq)
            self._has_fresh.set()

    async def load(self) -> None:
        """Read where the journal stands."""
        head = await self._blocking.run(self._journal.head)
        self.head = max(self.head, head)
        self._receipts = await self._blocking.run(self._journal.receipts)

    async def run(self) -> Never:
        """Store receipts as they come, until cancelled."""
        while True:
            await asyncio.sleep(STORE_S if await self._try_to_store() else RETRY_S)
            await self._has_fresh.wait()

    async def store(self) -> None:
        """Store the receipts there are. Raises StorageError, and keeps them."""
        batch = sorted(self._fresh)
        self._receipts, oldest = await self._blocking.run(lambda: self._confirm(batch))
        self._fresh.difference_update(batch)
        if not self._fresh:
            self._has_fresh.clear()
        # What was appended meanwhile is younger than anything that waits.
        self.oldest_at = oldest if self.depth else None

    async def _try_to_store(self) -> bool:
        try:
            await self.store()
        except StorageError as error:
            if self.stored.is_set():
                log.warning("receipts_not_stored", extra={"fields": {"reason": str(error)}})
            self.stored.clear()
            self._has_fresh.set()  # Or there is still the age of the oldest to be read.
        else:
            self.stored.set()
        return self.stored.is_set()

    def _confirm(self, batch: Sequence[int]) -> tuple[Receipts, datetime | None]:
        receipts = self._journal.confirm(batch)
        oldest = self._journal.read(receipts.upto, 1)
        return receipts, oldest[0].draft.at if oldest else None

    def _range_end(self, seq: int) -> int | None:
        """Return the end of the confirmed range beyond the watermark that `seq` is in."""
        beyond = self._receipts.beyond
        index = bisect_right(beyond, (seq, inf)) - 1
        if index >= 0 and beyond[index][1] >= seq:
            return beyond[index][1]
        return None
