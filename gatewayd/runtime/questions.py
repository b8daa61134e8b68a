"""Questions to the centre about people of whom nothing is known here.

Whoever waits for an answer is told once: when it is there, or when its time is over. What the
answer says stands in the cache by then.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gatewayd.core.words import HolderId, LaneId
from gatewayd.ports import Chance, Clock

_ID_SIZE = 8


@dataclass(frozen=True, slots=True)
class Question:
    """Who somebody at the entry of a lane is; an answer later than `wait_ms` comes too late."""

    id: str
    holder: HolderId
    lane: LaneId
    at: datetime
    wait_ms: int


class Questions:
    def __init__(
        self,
        clock: Clock,
        chance: Chance,
        send: Callable[[Question], bool],
        wait_ms: Callable[[], int | None],
    ) -> None:
        """Take how a question is sent (False: there is no connection), and how long one waits."""
        self._clock = clock
        self._chance = chance
        self._send = send
        self._wait_ms = wait_ms
        self._waiters: dict[HolderId, dict[Callable[[], None], asyncio.TimerHandle]] = {}

    def ask(self, holder: HolderId, lane: LaneId, then: Callable[[], None]) -> bool:
        """Ask, unless somebody does already; `then` is called once, later. False: nobody can be."""
        wait_ms = self._wait_ms()
        if wait_ms is None:
            return False
        if holder not in self._waiters:
            question_id = self._chance.token(_ID_SIZE).hex()
            question = Question(question_id, holder, lane, self._clock.utc(), wait_ms)
            if not self._send(question):
                return False
        timer = asyncio.get_running_loop().call_later(wait_ms / 1000, self._over, holder, then)
        self._waiters.setdefault(holder, {})[then] = timer
        return True

    def answered(self, holder: HolderId) -> None:
        """Tell who waits that there is an answer."""
        for then, timer in self._waiters.pop(holder, {}).items():
            timer.cancel()
            then()

    def _over(self, holder: HolderId, then: Callable[[], None]) -> None:
        del self._waiters[holder][then]
        if not self._waiters[holder]:
            del self._waiters[holder]
        then()
