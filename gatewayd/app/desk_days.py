"""A day at the gate for the pages: its curve and its numbers, kept as far as they were read."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from gatewayd.app.desk_reading import Reading, drafts
from gatewayd.core.events import Draft, format_time
from gatewayd.core.policy import Policy
from gatewayd.core.recap import Recap, day_bounds
from gatewayd.core.words import Json
from gatewayd.ports import Clock
from gatewayd.runtime.requests import Answer, RequestError

T = TypeVar("T")

FRESH_S = 2.0  # Twenty pages that ask at once are answered from one look; a look reads what is new.
KEPT_MAX = 2  # Today, and a day that somebody looks at: each holds who was inside.


@dataclass(slots=True)
class _Read:
    recap: Recap
    position: int
    read_s: float


class Days:
    def __init__(self, reading: Reading, policy: Callable[[], Policy], clock: Clock) -> None:
        self._reading = reading
        self._policy = policy
        self._clock = clock
        self._kept: dict[date, _Read] = {}
        self._turn = asyncio.Lock()

    async def tell(self, request: Mapping[str, Any], _: str) -> Answer:
        """Carry out the request `day`."""
        day = self.asked(request)
        return await self.read(day, self._document)

    def asked(self, request: Mapping[str, Any], ago: int = 0) -> date:
        """Return the `day` that is asked for, or so many days ago. Raises RequestError."""
        today = self._clock.utc().astimezone(self._policy().zone).date()
        given = request.get("day")
        if given is None:
            return today - timedelta(days=ago)
        try:
            day = date.fromisoformat(str(given))
        except ValueError:
            raise RequestError("`day` is a date, like 2026-11-22") from None
        if day > today:
            raise RequestError(f"{day} is still to come")
        return day

    def bounds(self, day: date) -> tuple[datetime, datetime]:
        """Return when a day begins at the gate, and when the next one does."""
        return day_bounds(day, self._policy().zone)

    def limit(self, day: date) -> int | None:
        return self._policy().at(self.bounds(day)[0]).capacity.total

    async def read(self, day: date, tell: Callable[[Recap], T]) -> T:
        """Return what `tell` makes, in a thread, of a day, which may be some seconds old."""
        async with self._turn:
            read = self._kept.pop(day, None) or self._new(day)
            now_s = self._clock.monotonic()
            if now_s >= read.read_s + FRESH_S:
                fold = drafts(_before(read.recap))
                read.position = await self._reading.fold(fold, read.position)
                read.read_s = now_s
            self._kept[day] = read
            while len(self._kept) > KEPT_MAX:
                del self._kept[next(iter(self._kept))]
            return await self._reading.run(lambda: tell(read.recap))

    def _new(self, day: date) -> _Read:
        return _Read(Recap(*self.bounds(day), self._policy().zone), 0, float("-inf"))

    def _document(self, recap: Recap) -> Answer:
        limit = self.limit(recap.begins.date())
        steps: list[Json] = [list[Json](step) for step in recap.by_minute()]
        return {
            "ok": True,
            **recap.document(),
            "inside": steps,
            "limit": limit,
            "as_of": format_time(self._clock.utc()),
        }


def _before(recap: Recap) -> Callable[[Draft], None]:
    def fold(draft: Draft) -> None:
        if draft.at < recap.ends:
            recap.fold(draft)

    return fold
