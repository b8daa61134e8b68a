"""Sends what earlier epochs of the journal left without receipt, before the present one's backlog.

An epoch ends where the journal was in doubt: a restored backup, a lost note. That is rare and the
events are few, so they go one at a time: whatever the broker hangs up on is known by that.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from gatewayd.core.events import Event
from gatewayd.ports import Blocking, BrokerError, BrokerLink, Journal, Message, StorageError
from gatewayd.store.receipts import has

log = logging.getLogger(__name__)

PAGE_COUNT = 20  # One commit for the receipts of so many; a lost connection repeats them.
LOSSES_MAX = 3  # An event that the connection was lost on so often stays behind in this run.


Find = Callable[[str], Event | None]
"""Returns an event of any epoch by its id; None where it is removed."""


class EarlierEpochs:
    def __init__(self, epochs: Sequence[Journal], blocking: Blocking, find: Find) -> None:
        """`epochs`: those in which events wait for their receipt."""
        self._epochs = tuple(epochs)
        self._blocking = blocking
        self._find = find
        self._losses: Counter[str] = Counter()
        self._again: dict[str, None] = {}

    def retry(self, event_ids: Iterable[str]) -> None:
        """Have events that were set apart sent once more, by the next `send_again`."""
        self._again.update(dict.fromkeys(event_ids))

    @property
    def has_again(self) -> bool:
        return bool(self._again)

    async def send_again(
        self, link: BrokerLink, word: Callable[[Event], Message], delivered: Callable[[str], None]
    ) -> None:
        """Send these, each once, whatever comes of it; `delivered` is told what the broker took.

        Call it while nothing else is in flight. Raises BrokerError.
        """
        while self._again:
            event_id = next(iter(self._again))
            try:
                event = await self._blocking.run(partial(self._find, event_id))
            except StorageError as error:
                log.warning("earlier_epoch_unread", extra={"fields": {"reason": str(error)}})
                return
            del self._again[event_id]
            if event is not None and await self._is_sent(event, link, word):
                delivered(event_id)

    async def send(self, link: BrokerLink, word: Callable[[Event], Message]) -> None:
        """Send all there are; what is refused is tried again with the next connection.

        Raises BrokerError.
        """
        for epoch in self._epochs:
            try:
                sent_count = await self._send_epoch(epoch, link, word)
            except StorageError as error:
                log.warning("earlier_epoch_unread", extra={"fields": {"reason": str(error)}})
            else:
                if sent_count:
                    fields = {"epoch": epoch.epoch, "events": sent_count}
                    log.info("earlier_epoch_told", extra={"fields": fields})

    async def _send_epoch(
        self, epoch: Journal, link: BrokerLink, word: Callable[[Event], Message]
    ) -> int:
        sent_count = 0
        receipts = epoch.receipts()
        seq = receipts.upto
        while page := await self._blocking.run(partial(epoch.read, seq, PAGE_COUNT)):
            open_events = [event for event in page if not has(receipts, event.seq)]
            sent = [event.seq for event in open_events if await self._is_sent(event, link, word)]
            if sent:
                await self._blocking.run(partial(epoch.confirm, sent))
            sent_count += len(sent)
            seq = page[-1].seq
        return sent_count

    async def _is_sent(
        self, event: Event, link: BrokerLink, word: Callable[[Event], Message]
    ) -> bool:
        if self._losses[event.id] >= LOSSES_MAX:
            return False
        try:
            receipt = await link.publish(word(event))
        except BrokerError:
            self._losses[event.id] += 1
            raise
        if receipt.is_refused:
            fields = {"id": event.id, "code": receipt.code}
            log.warning("earlier_event_refused", extra={"fields": fields})
        return not receipt.is_refused
