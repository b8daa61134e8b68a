"""A controller on a noisy line, with people, in virtual time: half the world of a soak."""

import dataclasses
import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Final, Protocol

from drivers.simulated.people import MIXED, People
from firmware_protocol.device import Device, Identity, Output
from firmware_protocol.inputs import PassageCompleted, SecondBody, Sensed, Unlock
from firmware_protocol.memory import Memory
from firmware_protocol.words import Command, Direction

PSK: Final = bytes(range(32))
BYTE_S: Final = 10 / 115_200
# What a UART hands over at once.
PIECE_SIZE: Final = 32
WALK_MS: Final = 900
# How long a side that was restarted is away.
DOWN_S: Final = (0.05, 4.0)


@dataclasses.dataclass
class Figures:
    """What happened; the last five must be 0."""

    commands: int = 0
    opened: int = 0
    refused: int = 0
    not_sent: int = 0
    unknown: int = 0
    bodies: int = 0
    host_restarts: int = 0
    device_restarts: int = 0
    wrong_bytes: int = 0
    bad_frames: int = 0
    told_again: int = 0
    executed_twice: int = 0
    passages_lost: int = 0
    passages_counted_twice: int = 0
    wrongly_settled: int = 0
    never_settled: int = 0
    answered_ms: list[float] = dataclasses.field(default_factory=list)


class Time:
    """Runs what is due, in order; what was planned for a life that is over is left out."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._order = itertools.count()
        self._plan: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, at_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._plan, (max(at_s, self.now_s), next(self._order), act))

    def run(self, until_s: float) -> None:
        while self._plan and self._plan[0][0] <= until_s:
            self.now_s, _, act = heapq.heappop(self._plan)
            act()
        self.now_s = until_s


class Wire:
    """One direction: bytes take their time, and some of them are spoilt, lost or invented."""

    def __init__(self, time: Time, random: Random, error_rate: float, figures: Figures) -> None:
        self.error_rate = error_rate
        self._time = time
        self._random = random
        self._figures = figures
        self._free_s = 0.0

    def send(self, data: bytes, arrive: Callable[[bytes], None]) -> None:
        self._free_s = max(self._free_s, self._time.now_s)
        for at in range(0, len(data), PIECE_SIZE):
            piece = data[at : at + PIECE_SIZE]
            self._free_s += len(piece) * BYTE_S
            self._time.at(self._free_s, partial(arrive, self._spoil(piece)))

    def _spoil(self, data: bytes) -> bytes:
        random = self._random
        if random.random() > len(data) * self.error_rate:  # Exact enough for these rates.
            return data
        self._figures.wrong_bytes += 1
        at = random.randrange(len(data))
        match random.randrange(10):
            case 0:
                return data[:at] + data[at + 1 :]
            case 1:
                return data[:at] + random.randbytes(1) + data[at:]
            case _:
                return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


class Side(Protocol):
    def feed(self, data: bytes) -> None: ...


class World(Protocol):
    """What the two sides share."""

    random: Random
    time: Time
    figures: Figures
    to_host: Wire
    to_device: Wire
    gateway: Side
    controller: Side


class Controller:
    """The controller, the people at it, and what its sensors really saw."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._people = People(MIXED, WALK_MS, world.random)
        self.decided: set[bytes] = set()
        self.executed: Counter[bytes] = Counter()
        self.bodies: Counter[Direction | None] = Counter()
        self._timer = 0
        self._is_on = False
        self._is_cut_next = False
        self._command: Command | None = None
        self.boot(Memory())

    def boot(self, memory: Memory) -> None:
        self._is_on, self._is_cut_next = True, False
        self._booted_s = self._world.time.now_s
        self._command = None
        self._people.clear()
        self.device = Device(
            PSK,
            memory,
            device=Identity("soak", "1", b"soak log"),
            token=self._world.random.randbytes,
        )
        self._act(self.device.start(0))

    def cut(self) -> None:
        """Take the power away: at once, or in the middle of what it does next."""
        if self._is_on and self._world.random.random() < 0.5:
            self._is_cut_next = True
        elif self._is_on:
            self._end()

    def feed(self, data: bytes) -> None:
        if self._is_on:
            self._act(self.device.feed(data, self._uptime_ms()))

    def walk_out(self) -> None:
        if self._is_on:
            self._people.walk_out(self._command, self._uptime_ms())
            self._set_timer()

    def _end(self) -> None:
        world = self._world
        self._is_on = False
        world.figures.device_restarts += 1
        memory = self.device.controller.memory
        world.time.at(world.time.now_s + world.random.uniform(*DOWN_S), lambda: self.boot(memory))

    def _uptime_ms(self) -> int:
        return round(1000 * (self._world.time.now_s - self._booted_s))

    def _act(self, output: Output) -> None:
        unlocks = [it.grant for it in output.effects if isinstance(it, Unlock) and it.grant]
        self.decided.update(unlocks)
        if self._is_cut_next:  # Its memory is stored; nothing moved and nothing was said.
            self._end()
            return
        self.executed.update(unlocks)
        if output.data:
            self._world.to_host.send(output.data, self._world.gateway.feed)
        command = self.device.controller.command
        if command != self._command:
            if self._command is not None:
                self._people.stop(self._command.grant)
            if command is not None:
                self._people.let_in(command, self._uptime_ms())
            self._command = command
        self._set_timer()

    def _sense(self, what: Sensed) -> None:
        match what:
            case PassageCompleted(direction):
                self.bodies[direction] += 1
            case SecondBody() if self._command is not None:
                self.bodies[self._command.direction] += 1
        self._act(self.device.sense(what, self._uptime_ms()))

    def _set_timer(self) -> None:
        times = (self.device.deadline_ms(), self._people.deadline_ms())
        at_ms = min((time for time in times if time is not None), default=None)
        self._timer += 1
        timer = self._timer
        if at_ms is not None and self._is_on:
            self._world.time.at(self._booted_s + at_ms / 1000, lambda: self._tick(timer))

    def _tick(self, timer: int) -> None:
        if timer != self._timer or not self._is_on:
            return
        what = self._people.take_due(self._uptime_ms())
        if what is None:
            self._act(self.device.tick(self._uptime_ms()))
        else:
            self._sense(what)
