"""Takes what the centre says on `dn/receipt`: the check from end to end that no broker can fake.

A receipt changes nothing at the gate, so its counter lives as long as the run: after a restart its
expiry alone keeps an old one out.
"""

import logging
from collections.abc import Callable

from gatewayd.core.centre_receipts import Replay, Watermark, read_receipt
from gatewayd.core.orders import Judge, Now, Order, OrderKind
from gatewayd.core.signed import Refusal, Refused
from gatewayd.mqtt import topics
from gatewayd.mqtt.topics import SitePath
from gatewayd.ports import Clock, Journal, Message
from gatewayd.runtime.inbox import Centre, Reply
from gatewayd.runtime.nonces import known_time

log = logging.getLogger(__name__)


class CentreReceipts:
    """An `Intake`."""

    def __init__(
        self, site: SitePath, judge: Callable[[], Judge], journal: Journal, clock: Clock
    ) -> None:
        self.upto: int | None = None
        """The centre has all events up to here; None before it said anything in this run."""
        self.topics = (topics.receipt(site),)
        self._judge = judge
        self._journal = journal
        self._clock = clock
        self._counters: dict[bytes, int] = {}

    async def take(self, message: Message, centre: Centre) -> None:
        now = Now(known_time(self._clock), self._counters)
        order = self._judge().read(
            message.payload, OrderKind.RECEIPT, now, is_retained=message.is_retained
        )
        match order:
            case Refused(why=why, id=order_id):
                log.warning("receipt_refused", extra={"fields": {"reason": str(why)}})
                if order_id is not None:
                    centre.tell(Reply(order_id, str(why)))
            case Order():
                self._counters[order.key_id] = order.counter
                centre.tell(Reply(order.id, self._act(order, centre)))

    def _act(self, order: Order, centre: Centre) -> str:
        match read_receipt(order.claims, self._journal.epoch, self._journal.head()):
            case None:
                return str(Refusal.CONTENT)
            case Watermark(upto=upto):
                self.upto = max(upto, self.upto or 0)
                return "done"
            case Replay(first=first, last=last):
                log.info("replay_asked", extra={"fields": {"first": first, "last": last}})
                return "done" if centre.replay(first, last) else "busy"
