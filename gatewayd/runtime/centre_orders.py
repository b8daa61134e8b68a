"""Takes signed orders of one kind from the centre: recorded before they act, and answered.

A counter that did not rise is never acted on again: an order that was finished gets the same answer
once more, one that was recorded and not finished (a crash came between) is `interrupted`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Never

from gatewayd.core.events import Audit, AuditSubject, Event
from gatewayd.core.folded import ORDERS, order_key
from gatewayd.core.orders import Judge, Now, Order, OrderKind
from gatewayd.core.signed import Refusal, Refused
from gatewayd.core.words import Json
from gatewayd.ports import Cache, Clock, Message
from gatewayd.runtime.inbox import Centre, Reply
from gatewayd.runtime.nonces import Nonces, known_time
from gatewayd.runtime.recorder import Recorder

log = logging.getLogger(__name__)

UNDER_WAY_MAX = 16  # The lanes of a gate take three each; who sends more at once is told to wait.

Act = Callable[[Order], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Registry:
    """What orders of all kinds are held against, and where they are recorded."""

    judge: Callable[[], Judge]
    nonces: Nonces
    cache: Cache
    recorder: Recorder
    clock: Clock


class CentreOrders:
    """An `Intake`; `run` carries out what it took, each order in a task of its own."""

    def __init__(self, kind: OrderKind, topic: str, registry: Registry, act: Act) -> None:
        self.topics = (topic,)
        self._kind = kind
        self._registry = registry
        self._act = act
        self._under_way: dict[str, Order] = {}
        self._taken: asyncio.Queue[tuple[Order, Centre]] = asyncio.Queue()

    async def take(self, message: Message, centre: Centre) -> None:
        """Verify and record an order; `run` carries it out, also where the line is lost now."""
        found = self._registry.judge().read(
            message.payload, self._kind, self._now(), is_retained=message.is_retained
        )
        match found:
            case Refused(why=why, id=order_id):
                self._refuse(why, order_id, centre)
            case Order() if len(self._under_way) >= UNDER_WAY_MAX:
                centre.tell(Reply(found.id, "busy"))
            case Order():
                await self._record(found, centre)

    async def run(self) -> Never:
        """Carry orders out until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                order, centre = await self._taken.get()
                tasks.create_task(self._carry_out(order, centre), name=f"order {order.id}")
        raise AssertionError("orders are taken until cancelled")

    def _now(self) -> Now:
        at = known_time(self._registry.clock)
        counters: dict[bytes, int] = {}
        for key, row in self._registry.cache.items(ORDERS):
            kind, _, key_id = key.partition("/")
            counter = row.get("counter")
            if kind == self._kind and isinstance(counter, int):
                counters[bytes.fromhex(key_id)] = counter
        # A line that broke and came back brings one again that is not in the tables yet.
        for order in self._under_way.values():
            counters[order.key_id] = max(order.counter, counters.get(order.key_id, 0))
        return Now(at, counters, self._registry.nonces.valid)

    def _refuse(self, why: Refusal, order_id: str | None, centre: Centre) -> None:
        if order_id is None:
            fields = {"kind": str(self._kind), "reason": str(why)}
            log.warning("order_refused", extra={"fields": fields})
            return
        if why is not Refusal.REPLAYED:
            fields = {"kind": str(self._kind), "id": order_id, "reason": str(why)}
            log.warning("order_refused", extra={"fields": fields})
            centre.tell(Reply(order_id, str(why)))
        elif order_id not in self._under_way:  # Else its answer is still to come.
            centre.tell(Reply(order_id, self._said_before(order_id)))

    def _said_before(self, order_id: str) -> str:
        """Return what an order that came again was answered, as far as that is remembered."""
        for key, row in self._registry.cache.items(ORDERS):
            recent = row.get("recent")
            if not key.startswith(f"{self._kind}/") or not isinstance(recent, list):
                continue
            for one in recent:
                match one:
                    case [str() as known, result] if known == order_id:
                        return "interrupted" if result is None else str(result)
        return str(Refusal.REPLAYED)

    async def _record(self, order: Order, centre: Centre) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        recorder = self._registry.recorder
        self._under_way[order.id] = order

        def recorded(event: Event | None) -> None:
            """Go on with the order: whoever waits for its record may be cancelled by now."""
            if event is not None:
                self._taken.put_nowait((order, centre))
            else:
                del self._under_way[order.id]
                centre.tell(Reply(order.id, "record_failed", recorder.refusal))
            if not done.done():
                done.set_result(None)

        recorder.verdict(self._audit("order_taken", order, {"counter": order.counter}), recorded)
        await done

    async def _carry_out(self, order: Order, centre: Centre) -> None:
        try:
            reply = await self._act(order)
        finally:
            del self._under_way[order.id]
        self._registry.recorder.keep(self._audit("order_done", order, {"result": reply.result}))
        centre.tell(reply)

    def _audit(self, action: str, order: Order, more: dict[str, Json]) -> Audit:
        detail: dict[str, Json] = {"id": order.id, "order": order_key(self._kind, order.key_id)}
        return Audit(subject=AuditSubject.COMMAND, action=action, detail={**detail, **more})
