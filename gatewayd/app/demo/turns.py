"""What people of the demo do at a lane, and what the officer does for them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from gatewayd.app.demo.lane import DemoLane
from gatewayd.core.words import Direction, Json

AskOfficer = Callable[[Mapping[str, Json]], Awaitable[Mapping[str, Any]]]


class Turns:
    """`ask`: what the officer asks of the gateway."""

    def __init__(self, ask: AskOfficer) -> None:
        self.ask = ask

    async def show(self, code: str, lane: DemoLane) -> bool:
        """Hold up a code at the entry; return whether its holder is inside then."""
        return (await lane.show(code)).is_admitted and await lane.walked()

    async def settle(self, declared: Mapping[str, Json], lane: DemoLane) -> Mapping[str, Any]:
        """Have the officer answer who was referred last at a lane; return what the gateway says."""
        answer = await self.ask({"do": "referrals"})
        mine = [row for row in answer["referrals"] if row["lane"] == lane.name]
        if not mine:
            return {"ok": False, "reason": "no referral"}
        return await self.admit({"referral": mine[-1]["referral"], **declared}, lane)

    async def admit(self, request: Mapping[str, Json], lane: DemoLane) -> Mapping[str, Any]:
        """Have the officer admit somebody; ok: they are inside."""
        lane.forget()
        answer = await self.ask({"do": "admit", **request})
        is_inside = answer.get("ok") is True and await lane.walked()
        return {**answer, "ok": is_inside}

    async def leave(self, code: str, lane: DemoLane) -> bool:
        answer = await lane.show(code, Direction.EXIT)
        return answer.is_admitted and await lane.walked()
