"""Brings people to their lane who scanned its code with a phone; the centre hears the verdict."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

from gatewayd.core.check_ins import Arrival, Reception, read_check_in
from gatewayd.core.events import Access
from gatewayd.core.orders import SKEW_S_MAX, Order
from gatewayd.core.reasons import Locale, Reason, text
from gatewayd.core.signed import Refusal
from gatewayd.core.tables import Expected
from gatewayd.core.token_times import read_time
from gatewayd.core.words import ClockQuality, Json, LaneId
from gatewayd.mqtt.payloads import PublishStatus, told_reason
from gatewayd.ports import Clock
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.inbox import Reply
from gatewayd.runtime.lane import LaneShell
from gatewayd.runtime.requests import setter

REFUSED = "refused"


class CheckIns:
    """`act` carries out orders of the kind CHECKIN."""

    def __init__(
        self,
        site: str,
        gate: Gate,
        lanes: Mapping[LaneId, LaneShell],
        clock: Clock,
        told: Callable[[str], str | None],
        locale: Locale,
    ) -> None:
        """`told`: how much of a reason the centre is told."""
        self._site = site
        self._gate = gate
        self._lanes = lanes
        self._clock = clock
        self._told = told
        self._locale = locale

    async def act(self, order: Order) -> Reply:
        """Present somebody at their lane; return when the verdict is on disk.

        A code of another site, or of a lane that there is not, leaves no verdict: nobody stands
        here.
        """
        if self._is_over(order):
            return Reply(order.id, str(Refusal.EXPIRED))
        match read_check_in(order.id, order.claims, self._reception()):
            case Expected(what):
                return Reply(order.id, str(Refusal.CONTENT), what)
            case Reason() as reason:
                return self._refuse(order.id, reason)
            case Arrival(at, credential):
                lane = self._lanes.get(at.lane)
                if lane is None:
                    return self._refuse(order.id, Reason.PREFIX)
                answered: asyncio.Future[Access | None] = asyncio.get_running_loop().create_future()
                lane.check_in(credential, at.direction, setter(answered))
                return self._reply(order.id, await answered)

    def _is_over(self, order: Order) -> bool:
        """Tell whether its record took so long that it is not of now any more."""
        until = read_time(order.claims.get("exp"))
        if until is None or self._clock.quality() is ClockQuality.UNSYNCED:
            return False
        return self._clock.utc() >= until + timedelta(seconds=SKEW_S_MAX)

    def _reception(self) -> Reception:
        known = self._gate.knowledge
        return Reception(
            self._site,
            self._gate.policy,
            known.rosters,
            known.pseudonyms,
            self._clock.utc(),
            is_clock_known=self._clock.quality() is not ClockQuality.UNSYNCED,
        )

    def _reply(self, order_id: str, fact: Access | None) -> Reply:
        if fact is None:
            return Reply(order_id, str(Reason.RECORD_FAILED))
        detail: dict[str, Json] = {"lane": fact.lane, "direction": str(fact.direction)}
        if fact.referral is not None:
            detail["referral"] = fact.referral
        reason = self._told(fact.reason)
        if reason is not None:
            detail["reason"] = reason
        words = text(Reason(fact.reason), self._locale)
        return Reply(order_id, str(fact.outcome), words if reason == fact.reason else None, detail)

    def _refuse(self, order_id: str, reason: Reason) -> Reply:
        return Reply(order_id, REFUSED, text(reason, self._locale), {"reason": str(reason)})


def telling(publish: PublishStatus) -> Callable[[str], str | None]:
    return lambda reason: told_reason(reason, publish)
