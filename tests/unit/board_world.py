"""A polled line in virtual time, with simulated boards on it and a driver for each."""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from functools import partial
from random import Random
from typing import Any, Never

from drivers import base
from drivers.polled_line import PolledLine
from drivers.simulated.board_wire import BoardWire, SimulatedBoard
from drivers.simulated.people import Behaviour, People
from drivers.simulated.turnstile import SimulatedTurnstile
from drivers.turnstiles.polled import PolledTurnstile
from firmware_protocol.memory import Memory
from tests.sim import loop as sim

ANNA, BUDI, CITRA = "a1" * 16, "b2" * 16, "c3" * 16
ENTRY, EXIT = base.Direction.ENTRY, base.Direction.EXIT
PORT = "/dev/ttyS7"

Spoil = Callable[[str, bytes], Iterable[bytes]]
"""Gets who it goes to (`host` or `boards`) and the bytes; returns what arrives, piece by piece."""


class SimWire:
    """Stands for a SerialLink; what the host writes reaches every board that is plugged in."""

    def __init__(self, baudrate: int) -> None:
        self.port = PORT
        self.baudrate = baudrate
        self.spoil: Spoil = lambda _to, data: [data]
        self.sent: list[tuple[float, bytes]] = []
        """What the host wrote, with its time."""
        self.ends: list[BoardEnd] = []
        self.is_plugged = True
        self._callbacks: tuple[Callable, Callable, Callable] | None = None
        self._flying: deque[Callable[[], None]] = deque()

    async def run(self, opened, received, lost) -> Never:
        assert self._callbacks is None, "one keeps it open"
        self._callbacks = (opened, received, lost)
        try:
            if self.is_plugged:
                opened()
            else:
                lost(f"{self.port} does not exist")
            await asyncio.get_running_loop().create_future()
            raise AssertionError
        finally:
            self._callbacks = None

    def write(self, data: bytes) -> bool:
        if not self.is_plugged or self._callbacks is None:
            return False
        self.sent.append((asyncio.get_running_loop().time(), data))
        for piece in self.spoil("boards", data):
            self._carry(data, partial(self._reach, piece))
        return True

    def answer(self, data: bytes) -> None:
        for piece in self.spoil("host", data):
            self._carry(data, partial(self._give, piece))

    def pull(self) -> None:
        self.is_plugged = False
        assert self._callbacks is not None
        self._callbacks[2](f"{self.port} hung up")

    def plug(self) -> None:
        self.is_plugged = True
        assert self._callbacks is not None
        self._callbacks[0]()

    def _carry(self, data: bytes, arrive: Callable[[], None]) -> None:
        """Timers of the same time fire in any order; a line has one order."""
        self._flying.append(arrive)
        wire_s = 0.001 + len(data) * 10 / self.baudrate
        asyncio.get_running_loop().call_later(wire_s, self._arrive_next)

    def _arrive_next(self) -> None:
        self._flying.popleft()()

    def _reach(self, data: bytes) -> None:
        for end in self.ends:
            end.take(data)

    def _give(self, data: bytes) -> None:
        if self.is_plugged and self._callbacks is not None:
            self._callbacks[1](data, asyncio.get_running_loop().time())


class BoardEnd:
    """Stands for a PtyPort: where one board is on the wire."""

    def __init__(self, wire: SimWire) -> None:
        self.port = "a board's end"
        self.is_plugged = True
        self._wire = wire
        self._received: Callable[[bytes, float], None] = lambda _data, _at_s: None
        wire.ends.append(self)

    async def run(self, opened, received, lost) -> Never:
        opened()
        self._received = received
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    def write(self, data: bytes) -> bool:
        if self.is_plugged:
            self._wire.answer(data)
        return True

    def take(self, data: bytes) -> None:
        if self.is_plugged:
            self._received(data, asyncio.get_running_loop().time())


class Site:
    """One board with its turnstile and people."""

    def __init__(
        self, wire: SimWire, board: SimulatedBoard, behaviour: Behaviour, walk_ms: int
    ) -> None:
        self.board: Any = board
        self.end = BoardEnd(wire)
        self.lines: list[dict] = []
        self._typed: asyncio.Queue[bytes] = asyncio.Queue()
        self.turnstile = SimulatedTurnstile(
            partial(BoardWire, self.end, board, lambda _sentence: None),
            people=People((behaviour,), walk_ms, Random(1)),
            memory=Memory(),
            store=lambda _memory: None,
            write=lambda line: self.lines.append(json.loads(line)),
        )

    async def order(self, text: str, wait_s: float = 0.001) -> None:
        self._typed.put_nowait(text.encode())
        await asyncio.sleep(wait_s)

    async def orders(self) -> AsyncIterator[bytes]:
        while True:
            yield await self._typed.get()

    def events(self, *names: str) -> list[str]:
        return [it["event"] for it in self.lines if it["event"] in names]


class Lane:
    """What a lane does with its driver, but that it does nothing by itself."""

    def __init__(self, driver: PolledTurnstile) -> None:
        self.driver = driver
        self.reports: list[base.GateReport] = []
        self.react: Callable[[base.GateReport], None] = lambda _report: None

    def take(self, report: base.GateReport) -> None:
        self.reports.append(report)
        self.react(report)

    def open(
        self,
        grant: str = ANNA,
        direction: base.Direction = ENTRY,
        unlock_ms: int = 5000,
        ttl_ms: int = 1500,
    ) -> None:
        self.driver.send(base.OpenOnce(grant, direction, unlock_ms, ttl_ms))

    def told(self, *kinds: type) -> list[base.GateReport]:
        return [report for report in self.reports if isinstance(report, kinds)]

    def since(self) -> list[base.GateReport]:
        """Return what was told since it was last asked for."""
        told, self.reports = self.reports, []
        return told


class World:
    """A line; `add` puts a board on it, and a lane whose driver serves that board."""

    def __init__(self, baudrate: int = 9600, gap_s: float = 0.004) -> None:
        self.wire = SimWire(baudrate)
        self.line = PolledLine(self.wire, gap_s=gap_s)
        self.sites: list[Site] = []
        self.lanes: list[Lane] = []

    def add(
        self,
        board: SimulatedBoard,
        driver: Callable[[PolledLine], PolledTurnstile],
        behaviour: Behaviour = Behaviour.PASS,
        walk_ms: int = 400,
    ) -> tuple[Site, Lane]:
        self.sites.append(Site(self.wire, board, behaviour, walk_ms))
        self.lanes.append(Lane(driver(self.line)))
        return self.sites[-1], self.lanes[-1]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run for a while: half a second is over when it begins."""
        async with asyncio.TaskGroup() as tasks:
            started = [tasks.create_task(site.turnstile.run(site.orders())) for site in self.sites]
            started += [tasks.create_task(lane.driver.run(lane.take)) for lane in self.lanes]
            await asyncio.sleep(0.5)
            yield
            for task in started:
                task.cancel()

    def sent(self, start: bytes) -> list[bytes]:
        return [data for _, data in self.wire.sent if data.startswith(start)]


def run(main: Coroutine[Any, Any, None]) -> None:
    sim.run(main)


def linked_in(make_world: Callable[[], tuple[World, Site, Lane]]) -> Callable[..., Any]:
    """Run a coroutine with a world in which the board has been found."""

    def decorate(test: Callable[[World, Site, Lane], Coroutine[Any, Any, None]]) -> Any:
        def runner() -> None:
            async def main() -> None:
                world, site, lane = make_world()
                async with world.running():
                    assert lane.since() == [base.LinkUp("")]
                    world.wire.sent.clear()
                    await test(world, site, lane)

            run(main())

        runner.__name__ = test.__name__
        return runner

    return decorate
