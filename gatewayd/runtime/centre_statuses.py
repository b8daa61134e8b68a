"""Takes what the centre says of holders on `dn/status`, durably, and tells who waits for it.

A status opens nothing by itself, so it needs no event: the row and the counter of its key are on
disk together before it counts for those who wait and before the broker forgets it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from gatewayd.core.centre_statuses import COUNTERS, KEPT, CentreStatus, read_claims
from gatewayd.core.folded import Change
from gatewayd.core.orders import Judge, Now, Order, OrderKind
from gatewayd.core.signed import Refusal, Refused
from gatewayd.core.tables import Expected
from gatewayd.core.words import HolderId
from gatewayd.ports import Blocking, Cache, Clock, Message, StorageError
from gatewayd.runtime.inbox import Centre, Reply
from gatewayd.runtime.nonces import Nonces, known_time

log = logging.getLogger(__name__)

ROWS_MAX = 100_000  # More people than a gate sees in the time that they are kept; about 30 MB.


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a status is held against, and where it is kept, for `kept_max` at the most."""

    judge: Callable[[], Judge]
    key_id: Callable[[], str]
    nonces: Nonces
    cache: Cache
    blocking: Blocking
    clock: Clock
    kept_max: timedelta


class CentreStatuses:
    """An `Intake`."""

    def __init__(self, topic: str, shelf: Shelf, answered: Callable[[HolderId], None]) -> None:
        self.topics = (topic,)
        self._shelf = shelf
        self._answered = answered

    async def take(self, message: Message, centre: Centre) -> None:
        shelf = self._shelf
        order = shelf.judge().read(
            message.payload, OrderKind.STATUS, self._now(), is_retained=message.is_retained
        )
        match order:
            case Refused(why=why, id=order_id):
                log.warning("status_refused", extra={"fields": {"reason": str(why)}})
                if order_id is not None:
                    centre.tell(Reply(order_id, str(why)))
            case Order():
                centre.tell(await self._take(order))

    def _now(self) -> Now:
        shelf = self._shelf
        counters = {
            bytes.fromhex(key_id): counter
            for key_id, row in shelf.cache.items(COUNTERS)
            if isinstance(counter := row.get("counter"), int)
        }
        return Now(known_time(shelf.clock), counters, shelf.nonces.valid)

    async def _take(self, order: Order) -> Reply:
        shelf = self._shelf
        match read_claims(order.claims, shelf.key_id(), shelf.clock.utc(), shelf.kept_max):
            case Expected(what):
                return Reply(order.id, str(Refusal.CONTENT), what)
            case (holder, told):
                return await self._keep(order, holder, told)

    async def _keep(self, order: Order, holder: HolderId, told: CentreStatus) -> Reply:
        cache = self._shelf.cache
        if cache.size(KEPT) >= ROWS_MAX and cache.get(KEPT, holder) is None:
            log.error("statuses_full", extra={"fields": {"count": ROWS_MAX}})
            return Reply(order.id, "busy", f"{ROWS_MAX} holders have a status already")
        counter = Change(COUNTERS, order.key_id.hex(), {"counter": order.counter})
        cache.keep([Change(KEPT, holder, told.row()), counter])
        try:
            await self._shelf.blocking.run(cache.flush)
        except StorageError as error:
            log.error("status_not_kept", extra={"fields": {"what_to_do": str(error)}})  # noqa: TRY400, foreseen
            return Reply(order.id, "record_failed", error.reason)
        self._answered(holder)
        return Reply(order.id, "done")
