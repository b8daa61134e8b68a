"""The streams of a connection, live and backfill, with the book of what became of events."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gatewayd.core.events import Event
from gatewayd.ports import BrokerLink, Clock, Message, Receipt
from gatewayd.runtime.publisher_outbox import Outbox
from gatewayd.runtime.publisher_suspects import Suspects
from gatewayd.runtime.quarantine import Quarantine

log = logging.getLogger(__name__)

NOBODY_LISTENS = 0x10  # MQTT 5: "no matching subscribers".


@dataclass(slots=True)
class Book:
    """What became of events in this run."""

    outbox: Outbox
    quarantine: Quarantine
    clock: Clock
    suspects: Suspects = field(default_factory=Suspects)
    flying: dict[int, Event] = field(default_factory=dict)
    """What was sent and has no answer yet, by seq."""
    leaving: set[int] = field(default_factory=set)
    """The seqs whose quarantine is not on disk yet."""
    again: set[int] = field(default_factory=set)
    """The seqs in quarantine that are to be tried once more."""
    left_over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there are events that only the backfill can still bring."""
    published: int = 0
    receipts: int = 0
    receipt_at_s: float | None = None
    """Monotonic time of the last one."""
    refused: int = 0
    refusal: str = ""
    """The last refused event, and the code of the refusal."""
    has_just_refused: bool = False
    """The last answer on this connection was a refusal; some brokers hang up after theirs."""
    is_heard: bool = True
    refused_topics: set[str] = field(default_factory=set)
    """Of states; told once in a run."""
    refused_now: set[str] = field(default_factory=set)
    """Of states that the broker did not take: the centre shows an older one, or none."""

    def is_due(self, seq: int) -> bool:
        is_waiting = seq not in self.flying and not self.outbox.has_receipt(seq)
        return is_waiting and not self.suspects.is_held(seq) and seq not in self.leaving

    def is_set_apart(self, event: Event) -> bool:
        """Tell whether it is in quarantine, or on its way there."""
        return event.seq in self.leaving or self.quarantine.holds(event.id)

    def retry(self, seqs: Iterable[int]) -> None:
        self.again.update(seqs)
        self.left_over.set()

    def answered(self, event: Event, receipt: Receipt) -> None:
        self.flying.pop(event.seq, None)
        is_again = event.seq in self.again
        self.again.discard(event.seq)
        self.has_just_refused = receipt.is_refused
        if receipt.is_refused:
            self.refused += 1
            self.refusal = f"{event.id} (code 0x{receipt.code:02x})"
            self.left_over.set()
            reason = None if is_again else self.suspects.refused(event, receipt.code)
            if reason is not None:
                self._set_apart(event, reason)
            return
        self.receipts += 1
        self.receipt_at_s = self.clock.monotonic()
        self.is_heard = receipt.code != NOBODY_LISTENS
        self.suspects.took(event)
        self.outbox.receipted(event.seq)
        if self.quarantine.holds(event.id):
            self.quarantine.delivered(event.id)

    def lost(self, *, is_hung_up: bool) -> None:
        """Forget what was in flight when the connection ended; suspect it where that was for it."""
        in_flight = list(self.flying.values())
        self.flying.clear()
        is_for_another, self.has_just_refused = self.has_just_refused, False
        if not is_hung_up or is_for_another:
            return
        # What was in quarantine has its verdict, and was sent just once more.
        fresh = [event for event in in_flight if event.seq not in self.again]
        self.again.difference_update(event.seq for event in in_flight)
        reason = self.suspects.hung_up(fresh)
        if reason is not None:
            (alone,) = fresh
            self._set_apart(alone, reason)

    def _set_apart(self, event: Event, reason: str) -> None:
        log.error("event_quarantined", extra={"fields": {"event": event.id, "reason": reason}})

        def let_pass() -> None:
            self.leaving.discard(event.seq)
            self.outbox.receipted(event.seq)

        self.suspects.forget(event.seq)
        self.leaving.add(event.seq)
        self.quarantine.put(event.id, reason, let_pass)

    def answered_state(self, message: Message, receipt: Receipt) -> None:
        self.has_just_refused = receipt.is_refused
        self.refused_now.discard(message.topic)
        if receipt.is_refused:
            self.refused_now.add(message.topic)
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
        self._word = word
        self._slots = asyncio.Semaphore(share)
        self._flying_count = 0
        self._has_landed = asyncio.Event()
        self._has_landed.set()

    async def take_slot(self) -> None:
        """Wait for room; the next message sent gives the slot back when it is answered."""
        await self._slots.acquire()

    def send(self, event: Event) -> None:
        self._took_off()
        self._book.flying[event.seq] = event
        self._group.create_task(self._deliver(event), name=f"publish {event.id}")

    def send_state(self, message: Message) -> None:
        self._took_off()
        self._group.create_task(self._tell(message), name=f"publish {message.topic}")

    async def landed(self) -> None:
        """Wait until everything sent is answered."""
        await self._has_landed.wait()

    async def _deliver(self, event: Event) -> None:
        self._book.published += 1
        receipt = await self._link.publish(self._word(event))
        self._book.answered(event, receipt)
        self._arrived()

    async def _tell(self, message: Message) -> None:
        receipt = await self._link.publish(message)
        self._book.answered_state(message, receipt)
        self._arrived()

    def _took_off(self) -> None:
        self._flying_count += 1
        self._has_landed.clear()

    def _arrived(self) -> None:
        """Take note of an answer. Without one the connection is lost, and the stream with it."""
        self._flying_count -= 1
        if self._flying_count == 0:
            self._has_landed.set()
        self._slots.release()
