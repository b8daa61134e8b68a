"""The streams of a connection, live and backfill, with the book of what became of events."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from gatewayd.core.events import Event
from gatewayd.ports import BrokerLink, Message, Receipt
from gatewayd.runtime.publisher_outbox import Outbox

log = logging.getLogger(__name__)

NOBODY_LISTENS = 0x10  # MQTT 5: "no matching subscribers".


@dataclass(slots=True)
class Book:
    """What became of events in this run."""

    outbox: Outbox
    flying: set[int] = field(default_factory=set)
    """The seqs that were sent and have no answer yet."""
    left_over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there are events that only the backfill can still bring."""
    published: int = 0
    receipts: int = 0
    refused: int = 0
    refusal: str = ""
    """The last refused event, and the code of the refusal."""
    is_heard: bool = True
    refused_topics: set[str] = field(default_factory=set)
    """Of states; told once in a run."""

    def is_due(self, seq: int) -> bool:
        return seq not in self.flying and not self.outbox.has_receipt(seq)

    def answered(self, event: Event, receipt: Receipt) -> None:
        if receipt.is_refused:
            self.refused += 1
            self.refusal = f"{event.id} (code 0x{receipt.code:02x})"
            self.left_over.set()
            return
        self.receipts += 1
        self.is_heard = receipt.code != NOBODY_LISTENS
        self.outbox.receipted(event.seq)

    def answered_state(self, message: Message, receipt: Receipt) -> None:
        if receipt.is_refused and message.topic not in self.refused_topics:
            self.refused_topics.add(message.topic)
            what = (
                f"the broker refuses {message.topic} (code 0x{receipt.code:02x}): its rules must "
                "let this gateway write there, retained"
            )
            log.error("state_refused", extra={"fields": {"what_to_do": what}})


class Stream:
    """At most `share` of its messages are in flight; they leave in the order of the calls."""

    def __init__(
        self,
        link: BrokerLink,
        group: asyncio.TaskGroup,
        book: Book,
        share: int,
        word: Callable[[Event], Message],
    ) -> None:
        self._link = link
        self._group = group
        self._book = book
        self._share = share
        self._word = word
        self._slots = asyncio.Semaphore(share)

    async def take_slot(self) -> None:
        """Wait for room; the next message sent gives the slot back when it is answered."""
        await self._slots.acquire()

    def send(self, event: Event) -> None:
        self._book.flying.add(event.seq)
        self._group.create_task(self._deliver(event), name=f"publish {event.id}")

    def send_state(self, message: Message) -> None:
        self._group.create_task(self._tell(message), name=f"publish {message.topic}")

    async def landed(self) -> None:
        """Wait until everything sent is answered. Nothing else may wait for slots meanwhile."""
        for _ in range(self._share):
            await self._slots.acquire()
        for _ in range(self._share):
            self._slots.release()

    async def _deliver(self, event: Event) -> None:
        self._book.published += 1
        try:
            receipt = await self._link.publish(self._word(event))
        finally:
            self._book.flying.discard(event.seq)
            self._slots.release()
        self._book.answered(event, receipt)

    async def _tell(self, message: Message) -> None:
        try:
            receipt = await self._link.publish(message)
        finally:
            self._slots.release()
        self._book.answered_state(message, receipt)
