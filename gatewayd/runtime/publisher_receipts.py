"""Takes what the centre says on `dn/receipt`: the check from end to end that no broker can fake.

A receipt changes nothing at the gate, so its counter lives as long as the run: after a restart its
expiry alone keeps an old one out.
"""

import logging
from collections.abc import Callable

from gatewayd.core.centre_receipts import Replay, Watermark, read_receipt
from gatewayd.core.orders import Judge, Order, OrderKind, Refusal, Refused
from gatewayd.core.trust import Purpose
from gatewayd.core.words import ClockQuality
from gatewayd.ports import Clock, Journal, Message

log = logging.getLogger(__name__)


class CentreReceipts:
    def __init__(self, judge: Judge, journal: Journal, clock: Clock) -> None:
        self.upto: int | None = None
        """The centre has all events up to here; None before it said anything in this run."""
        self._judge = judge
        self._journal = journal
        self._clock = clock
        self._counters: dict[bytes, int] = {}

    @property
    def is_expected(self) -> bool:
        """Tell whether anybody may sign receipts here at all."""
        keys = (key for same_id in self._judge.trust.keys.values() for key in same_id)
        return any(Purpose.COMMAND in key.may_sign for key in keys)

    def take(self, message: Message, replay: Callable[[int, int], bool]) -> tuple[str, str] | None:
        """Act on a receipt; return its id and the result to answer, None where none is due.

        replay: sends events again, from the first to the last seq; False where it has too much to
        do already.
        """
        is_unsynced = self._clock.quality() is ClockQuality.UNSYNCED
        at = None if is_unsynced else self._clock.utc()
        order = self._judge.read(
            message.payload,
            OrderKind.RECEIPT,
            at,
            self._counters,
            is_retained=message.is_retained,
        )
        match order:
            case Refused(why=why, id=order_id):
                log.warning("receipt_refused", extra={"fields": {"reason": str(why)}})
                return None if order_id is None else (order_id, str(why))
            case Order():
                self._counters[order.key_id] = order.counter
                return order.id, self._act(order, replay)

    def _act(self, order: Order, replay: Callable[[int, int], bool]) -> str:
        match read_receipt(order.claims, self._journal.epoch, self._journal.head()):
            case None:
                return str(Refusal.CONTENT)
            case Watermark(upto=upto):
                self.upto = max(upto, self.upto or 0)
                return "done"
            case Replay(first=first, last=last):
                log.info("replay_asked", extra={"fields": {"first": first, "last": last}})
                return "done" if replay(first, last) else "busy"
