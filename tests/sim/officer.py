"""The simulated officer at the control socket's place: admits guests, settles, orders lanes."""

import asyncio
from random import Random
from typing import Any, Never

from gatewayd.core.folded import QUARANTINE
from gatewayd.runtime.commands import Commands
from tests.sim.people import Crowd, Spot
from tests.sim.story import Story
from tests.sim.weather import CLEAR, Sky

CALLER = "uid:1000"
DECLARED = {"reason": "a guest of the second floor", "healthy": True, "protocol": True}
RETRY_S = 3.0  # While the disk refuses, or it burns.
LOOK_S = 20.0  # Mean time between two looks at the list of referrals.


class SimOfficer:
    """Outlives the gateway; an order that they gave is taken back before they give another."""

    def __init__(self, random: Random, sky: Sky, story: Story, crowd: Crowd) -> None:
        self._random = random
        self._sky = sky
        self._story = story
        self._crowd = crowd

    async def work(self, commands: Commands) -> Never:
        """Use the commands of one gateway process until it ends."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._serve_guests(commands))
            tasks.create_task(self._order_lanes(commands))
            tasks.create_task(self._empty_quarantine(commands))
        raise AssertionError("an officer works until cancelled")

    async def _serve_guests(self, commands: Commands) -> Never:
        random = self._random
        while True:
            await asyncio.sleep(random.expovariate(1 / LOOK_S))
            listed = await commands.answer({"do": "referrals"}, CALLER)
            referrals: Any = listed["referrals"]
            if referrals and random.random() < 0.6:
                one = random.choice(referrals)
                do = "admit" if random.random() < 0.7 else "refuse"
                spot = next(it for it in self._crowd.spots if it.controller.lane == one["lane"])
                await self._ask(commands, spot, {"do": do, "referral": one["referral"]})
            elif random.random() < 0.3:
                spot = random.choice(self._crowd.spots)
                await self._ask(commands, spot, {"do": "admit", "category": "visitor"})

    async def _ask(self, commands: Commands, spot: Spot, request: dict[str, object]) -> None:
        if request["do"] == "admit":
            self._crowd.come_as_guest(spot)
        lane = spot.controller.lane
        answer = await commands.answer({**DECLARED, "lane": lane, **request}, CALLER)
        self._story.note(f"officer_{request['do']}: {answer['ok']}")

    async def _empty_quarantine(self, commands: Commands) -> Never:
        """Once the broker takes everything, have it offered again what it did not take."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._sky.weather is CLEAR:
                listed = await commands.answer({"do": "cache", "table": QUARANTINE}, CALLER)
                if listed.get("size"):
                    await commands.answer({"do": "quarantine"}, CALLER)
                    self._story.note("quarantine_retried")

    async def _order_lanes(self, commands: Commands) -> Never:
        random = self._random
        while True:
            for spot in self._crowd.spots:
                await self._resume(commands, spot)
            while not self._sky.weather.order_s:
                await asyncio.sleep(5.0)
            await asyncio.sleep(random.expovariate(1 / self._sky.weather.order_s))
            if self._sky.weather.order_s:
                spot = random.choice(self._crowd.spots)
                answer = await commands.answer(
                    _order(spot, random.choice(["lock", "free"])), CALLER
                )
                self._story.note(f"officer_orders: {answer['ok']}")
                await asyncio.sleep(random.uniform(2.0, 30.0))

    async def _resume(self, commands: Commands, spot: Spot) -> None:
        while not (await commands.answer(_order(spot, "resume"), CALLER))["ok"]:
            await asyncio.sleep(RETRY_S)


def _order(spot: Spot, order: str) -> dict[str, object]:
    return {"do": "lane", "lane": spot.controller.lane, "order": order}
