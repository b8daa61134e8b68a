"""One lane of the demo, from the outside: its readers, its turnstile, and who stands there."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from drivers.simulated.reader import SimulatedReaderOptions, run_simulated_reader
from gatewayd.app.demo.child import Child
from gatewayd.core.words import Direction

VERDICT_S = 8.0  # A scan waits up to 5 s for its lane, a record up to 1 s.
PASSAGE_S = 9.0  # The turnstile waits 5 s for the person.


@dataclass(slots=True)
class LaneSeen:
    """What the turnstile itself tells: grants it unlocked for, and bodies that went through."""

    openings: list[str] = field(default_factory=list)
    bodies_in: int = 0
    bodies_out: int = 0


class Answer(NamedTuple):
    """A verdict as somebody at the lane gets to know it."""

    outcome: str
    reason: str

    @property
    def is_admitted(self) -> bool:
        return self.outcome == "admitted"


class DemoLane:
    """Stands at a lane: holds codes up, gives orders to the turnstile, and waits for both."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.seen = LaneSeen()
        self.scans = 0
        self.turnstile: Child | None = None
        """Set once it runs."""
        self._directory = directory
        self._codes: dict[Direction, asyncio.Queue[bytes]] = {
            direction: asyncio.Queue() for direction in Direction
        }
        self._verdicts: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self._ends: asyncio.Queue[str] = asyncio.Queue()

    def port(self, what: str) -> str:
        """Return the path of the serial line to a device of the lane."""
        return str(self._directory / f"{self.name}-{what}")

    async def run_reader(self, direction: Direction) -> None:
        """Type the codes that are held up at this side, until cancelled."""
        options = SimulatedReaderOptions(port=self.port(f"{direction}-reader"), pace_ms=0)
        await run_simulated_reader(options, self._typed(direction), lambda _: None)

    async def show(self, code: str, direction: Direction = Direction.ENTRY) -> Answer:
        """Hold up a code; return the verdict (its outcome is "none" if there is none in time)."""
        self.scans += 1
        self.forget()
        self._codes[direction].put_nowait(code.encode())
        return await self.verdict()

    async def verdict(self) -> Answer:
        try:
            async with asyncio.timeout(VERDICT_S):
                told = await self._verdicts.get()
        except TimeoutError:
            return Answer("none", "")
        return Answer(told["outcome"], told["reason"])

    async def walked(self) -> bool:
        """Wait for the end of a grant; return whether somebody went through on it."""
        try:
            async with asyncio.timeout(PASSAGE_S):
                return await self._ends.get() == "passed"
        except TimeoutError:
            return False

    def forget(self) -> None:
        """Let go of what was heard before: the next to come is the next person's."""
        for heard in (self._verdicts, self._ends):
            while not heard.empty():
                heard.get_nowait()

    def order(self, order: str) -> None:
        assert self.turnstile is not None, "the lane is set up first"
        self.turnstile.order(order)

    def hear_verdict(self, fields: Mapping[str, Any]) -> None:
        self._verdicts.put_nowait(fields)

    def hear_turnstile(self, line: str) -> None:
        """Take one line of what the turnstile tells (`gatewayd simulate turnstile`)."""
        match json.loads(line):
            case {"event": "unlocked", "grant": str(grant)}:
                self.seen.openings.append(grant)
            case {"event": "passed", "direction": "entry"}:
                self.seen.bodies_in += 1
                self._ends.put_nowait("passed")
            case {"event": "passed", "direction": "exit"}:
                self.seen.bodies_out += 1
                self._ends.put_nowait("passed")
            case {"event": "forced" | "tailgate"}:
                self.seen.bodies_in += 1
            case {"event": "turned_back" | "not_passed"}:
                self._ends.put_nowait("not_passed")
            case _:
                pass  # Lamps, results and the like.

    async def _typed(self, direction: Direction) -> AsyncIterator[bytes]:
        while True:
            yield await self._codes[direction].get()
