"""Plays the people of the demo: each comes to a lane in turn, and most leave again."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from gatewayd.app.demo.cast import Person, Role
from gatewayd.app.demo.lane import DemoLane
from gatewayd.app.demo.turns import AskOfficer, Turns
from gatewayd.core.words import Json

ARRIVING = 0.62
"""The share of the time in which people arrive; in the rest the last ones leave."""

STAYS = 0.25
"""How long people stay on average, as a share of the time."""

REPEAT_S = 2.2  # The same code within 2 s is noise of the reader.
LAST_EXIT_S = 4.0  # Before the end: later nobody begins to leave.
DECLARED: Mapping[str, Json] = {
    "reason": "no app, helped by the officer",
    "healthy": True,
    "protocol": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How long people come. staying: the share of them who are still inside in the end.

    has_officer: somebody of the play settles who was referred; else they are left to whoever sits
    at the pages.
    """

    seconds: float
    staying: float = 0.15
    has_officer: bool = True


class Play:
    """`ask`: what the officer asks of the gateway. Times are of the running loop."""

    def __init__(
        self, lanes: Sequence[DemoLane], ask: AskOfficer, day: Day, random: Random
    ) -> None:
        self._lanes = lanes
        self._turns = Turns(ask)
        self._day = day
        self._random = random
        self._busy = {lane.name: asyncio.Lock() for lane in lanes}

    async def run(self, crowd: Sequence[Person]) -> None:
        """Let everybody come and most leave; returns when nobody stands at a lane any more."""
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        gap_s = self._day.seconds * ARRIVING / max(len(crowd), 1)
        async with asyncio.TaskGroup() as people:
            for index, person in enumerate(crowd):
                await _until(begin_s + index * gap_s)
                lane = self._lanes[index % len(self._lanes)]
                coming = self._come(person, lane, begin_s + self._day.seconds)
                people.create_task(coming, name=f"person {person.number}")

    async def _come(self, person: Person, lane: DemoLane, end_s: float) -> None:
        async with self._busy[lane.name]:
            is_inside = await self._enter(person, lane)
        if not is_inside:
            return
        loop = asyncio.get_running_loop()
        stay_s = self._day.seconds * STAYS * (0.5 + self._random.random())
        leaves_s = loop.time() + stay_s
        if self._random.random() < self._day.staying:
            return  # Still inside when the demo ends.
        await _until(min(leaves_s, end_s - LAST_EXIT_S))
        exit_lane = self._random.choice(list(self._lanes))
        async with self._busy[exit_lane.name]:
            await self._leave(person, exit_lane)

    async def _enter(self, person: Person, lane: DemoLane) -> bool:
        """Return whether the person is inside in the end."""
        match person.role:
            case (
                Role.STAFF
                | Role.VISITOR
                | Role.LISTED
                | Role.WALKS_OUT
                | Role.EXPIRED
                | Role.FORGED
                | Role.BLOCKED
            ):
                return await self._turns.show(person.shown, lane)
            case Role.TURNS_BACK:
                lane.order("next turn-back")
                return await self._turns.show(person.shown, lane)
            case Role.SECOND_ENTRY:
                is_inside = await self._turns.show(person.shown, lane)
                await asyncio.sleep(REPEAT_S)
                await self._turns.show(person.shown, lane)
                return is_inside
            case Role.STRANGER:
                return await self._be_referred(person.shown, lane)
            case Role.GUEST:
                if not self._day.has_officer:
                    await self._turns.ask({"do": "assist_request", "lane": lane.name})
                    return False
                answer = await self._turns.admit({"lane": lane.name, **DECLARED}, lane)
                return answer["ok"] is True
            case Role.FORCES:
                lane.order("force")
                await asyncio.sleep(REPEAT_S)
                return False  # Inside, but nobody knows who: no code to leave with.

    async def _be_referred(self, code: str, lane: DemoLane) -> bool:
        is_referred = (await lane.show(code)).outcome == "referred"
        if not is_referred or not self._day.has_officer:
            return False
        return (await self._turns.settle(DECLARED, lane))["ok"] is True

    async def _leave(self, person: Person, lane: DemoLane) -> None:
        if person.code is None or person.role is Role.WALKS_OUT:
            lane.order("exit")
            await asyncio.sleep(REPEAT_S)
        else:
            await self._turns.leave(person.code, lane)


async def _until(at_s: float) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(max(0.0, at_s - loop.time()))
