"""What stands at the lanes while a gateway is measured: readers, controllers, and people who pass.

A process of its own with one epoll loop over raw ttys, so that it takes next to nothing of the
gateway's processor; the controllers are those of `firmware_protocol`. It does what it is asked for
through a pipe: see `Load`. One file, though it is long: all of it is that process.
"""

import gc
import heapq
import multiprocessing
import os
import select
import time
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count, cycle
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from firmware_protocol.device import Device, Identity, Output
from firmware_protocol.inputs import PassageBegan, PassageCompleted, Sensed, Unlock
from firmware_protocol.memory import Memory
from firmware_protocol.words import Direction

ANSWERED_S = 6.0  # Longer than any lane lets somebody wait.
KNOCK_S = 0.02
FLOOR_PERIOD_S = 0.25
SETTLED_S = 0.05  # From a passage to the next scan: nobody is quicker.
SEED = 1

_now = time.perf_counter  # The same clock in all processes of a machine.


@dataclass(frozen=True, slots=True)
class Plan:
    """folder: where the ports are, as `lane-N-entry`, `-exit` and `-turnstile`, and `floor-...`.

    codes: for each lane those of its people, who come in turns.
    """

    folder: Path
    psks: Sequence[bytes]
    codes: Sequence[Sequence[bytes]]


@dataclass(slots=True)
class Measured:
    """Microseconds from the last byte of a scan to the first of the answer, with when they began.

    unanswered: scans after which nothing opened. cpu_s: what this process used meanwhile.
    """

    openings: list[tuple[float, float]] = field(default_factory=list)
    floor: list[tuple[float, float]] = field(default_factory=list)
    unanswered: int = 0
    cpu_s: float = 0.0
    seconds: float = 0.0

    @property
    def openings_us(self) -> list[float]:
        return [us for _, us in self.openings]

    @property
    def floor_us(self) -> list[float]:
        return [us for _, us in self.floor]


class Load:
    """The lanes' other side, as whoever measures sees it."""

    def __init__(self, pipe: Connection, pid: int) -> None:
        self.pid = pid
        self._pipe = pipe

    def first_opening(self) -> float:
        """Have people hold up codes at the first lane; return when it opened, by perf_counter."""
        at_s = self._ask("knock")
        assert isinstance(at_s, float)
        return at_s

    def measure(self, seconds: float, period_s: float, walk_s: float) -> Measured:
        """Let somebody come to each lane every `period_s`, by chance; 0: as soon as it is free."""
        measured = self._ask("measure", seconds, period_s, walk_s)
        assert isinstance(measured, Measured)
        return measured

    def opened(self) -> list[str]:
        """Return the grants that the turnstiles unlocked for."""
        grants = self._ask("grants")
        assert isinstance(grants, list)
        return grants

    def _ask(self, *what: object) -> object:
        self._pipe.send(what)
        return self._pipe.recv()


@contextmanager
def load(plan: Plan) -> Iterator[Load]:
    """Run it, its ports made, until the end of the block."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, plan), daemon=True)
    process.start()
    assert process.pid is not None
    try:
        assert ours.recv() == "ready"
        yield Load(ours, process.pid)
    finally:
        process.kill()
        process.join()


def _serve(pipe: Connection, plan: Plan) -> None:
    loop = _Loop()
    lanes = [_Lane(loop, plan, number, codes) for number, codes in enumerate(plan.codes, start=1)]
    site = _Site(loop, lanes, _Floor(loop, plan.folder), pipe)
    gc.collect()
    gc.disable()  # A pause here would be taken for one of the gateway's.
    loop.watch(pipe.fileno(), site.obey)
    pipe.send("ready")
    loop.run()


class _Loop:
    """Bytes and timers. All that is ready is read, and its time taken, before any of it is used."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._heard: dict[int, Callable[[bytes, float], None]] = {}
        self._watched: dict[int, Callable[[], None]] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def hear(self, fd: int, heard: Callable[[bytes, float], None]) -> None:
        self._heard[fd] = heard
        self._poll.register(fd, select.EPOLLIN)

    def watch(self, fd: int, ready: Callable[[], None]) -> None:
        self._watched[fd] = ready
        self._poll.register(fd, select.EPOLLIN)

    def call_at(self, at_s: float, due: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (at_s, next(self._numbers), due))

    def run(self) -> None:
        while True:
            wait_s = max(0.0, self._timers[0][0] - _now()) if self._timers else -1
            ready = [fd for fd, _ in self._poll.poll(wait_s)]
            heard = [
                (self._heard[fd], os.read(fd, 4096), _now()) for fd in ready if fd in self._heard
            ]
            for take, data, at_s in heard:
                take(data, at_s)
            for fd in ready:
                if fd in self._watched:
                    self._watched[fd]()
            while self._timers and self._timers[0][0] <= _now():
                heapq.heappop(self._timers)[2]()


class _Lane:
    """A lane's readers, its controller, and one person at a time."""

    def __init__(self, loop: _Loop, plan: Plan, number: int, codes: Sequence[bytes]) -> None:
        ports = {
            what: make_port(plan.folder / f"lane-{number}-{what}")
            for what in ("entry", "exit", "turnstile")
        }
        self._loop = loop
        self._readers = {way: ports[way] for way in Direction}
        self._line = ports["turnstile"]
        self._codes = cycle(codes)
        self._person = b""
        self._way = Direction.EXIT
        self._sent_s: float | None = None
        self._ticks_at_ms: int | None = None
        self.scan_count = 0
        self.grants: list[str] = []
        self.walk_s = 0.0
        self.opened: Callable[[float, float], None] = lambda _sent_s, _at_s: None
        self.passed: Callable[[], None] = lambda: None
        self._device = Device(
            plan.psks[number - 1],
            Memory(),
            device=Identity(f"lane-{number}", "benchmark", os.urandom(8)),
            token=os.urandom,
        )
        for reader in self._readers.values():
            loop.hear(reader, lambda _data, _at_s: None)
        loop.hear(self._line, self._take)
        self._run(self._device.start(_ms()), _now())

    @property
    def is_waiting(self) -> bool:
        return self._sent_s is not None

    def scan(self) -> None:
        """Let the one who is inside go out, or the next one come in."""
        if self._way is Direction.EXIT:
            self.knock()
        else:
            self._hold_up(Direction.EXIT)

    def knock(self) -> None:
        """Let the next one come in, whatever became of the last."""
        self._person = next(self._codes)
        self._hold_up(Direction.ENTRY)

    def give_up(self) -> None:
        self._sent_s, self._way = None, Direction.EXIT

    def _hold_up(self, way: Direction) -> None:
        self._way = way
        self.scan_count += 1
        self._sent_s = _now()
        _write(self._readers[way], self._person)

    def _take(self, data: bytes, at_s: float) -> None:
        self._run(self._device.feed(data, _ms()), at_s)

    def _sense(self, what: Sensed) -> None:
        self._run(self._device.sense(what, _ms()), _now())

    def _pass(self, way: Direction) -> None:
        self._sense(PassageCompleted(way))
        self.passed()

    def _tick(self, at_ms: int) -> None:
        if at_ms == self._ticks_at_ms:
            self._ticks_at_ms = None
            self._run(self._device.tick(_ms()), _now())

    def _run(self, output: Output, at_s: float) -> None:
        if output.data:
            _write(self._line, output.data)
        for effect in output.effects:
            if isinstance(effect, Unlock) and effect.grant is not None:
                self.grants.append(effect.grant.hex())
                self._let_through(effect.direction, at_s)
        due_ms = self._device.deadline_ms()
        if due_ms is not None and due_ms != self._ticks_at_ms:
            self._ticks_at_ms = due_ms
            self._loop.call_at(due_ms / 1000, partial(self._tick, due_ms))

    def _let_through(self, way: Direction, at_s: float) -> None:
        sent_s, self._sent_s = self._sent_s, None
        if sent_s is not None:
            self.opened(sent_s, at_s)
        now_s = _now()
        self._loop.call_at(now_s + self.walk_s / 2, lambda: self._sense(PassageBegan(way)))
        self._loop.call_at(now_s + self.walk_s, lambda: self._pass(way))


class _Floor:
    """The other side of `benchmarks.gate_floor`."""

    def __init__(self, loop: _Loop, folder: Path) -> None:
        self._codes = make_port(folder / "floor-codes")
        self._sent_s: float | None = None
        self.answered: Callable[[float, float], None] = lambda _sent_s, _at_s: None
        loop.hear(make_port(folder / "floor-answers"), self._take)

    def scan(self, code: bytes) -> None:
        self._sent_s = _now()
        _write(self._codes, code)

    def _take(self, _data: bytes, at_s: float) -> None:
        sent_s, self._sent_s = self._sent_s, None
        if sent_s is not None:
            self.answered(sent_s, at_s)


class _Site:
    """Who comes when, and the answers to what is asked through the pipe."""

    def __init__(
        self, loop: _Loop, lanes: Sequence[_Lane], floor: _Floor, pipe: Connection
    ) -> None:
        self._loop = loop
        self._lanes = lanes
        self._floor = floor
        self._pipe = pipe
        self._random = Random(SEED)
        self._measured = Measured()
        self._until_s = 0.0
        self._period_s = 0.0

    def obey(self) -> None:
        what, *arguments = self._pipe.recv()
        match what:
            case "knock":
                self._begin_knocking()
            case "measure":
                self._begin(*arguments)
            case "grants":
                self._pipe.send([grant for lane in self._lanes for grant in lane.grants])

    # --- knocking --------------------------------------------------------------------------------

    def _begin_knocking(self) -> None:
        lane, is_open = self._lanes[0], False

        def opened(_sent_s: float, at_s: float) -> None:
            nonlocal is_open
            if not is_open:
                self._pipe.send(at_s)
            is_open = True

        def knock() -> None:
            if not is_open:
                lane.knock()
                self._loop.call_at(_now() + KNOCK_S, knock)

        lane.opened = opened
        knock()

    # --- measuring -------------------------------------------------------------------------------

    def _begin(self, seconds: float, period_s: float, walk_s: float) -> None:
        self._measured, self._period_s = Measured(seconds=seconds), period_s
        self._until_s = _now() + seconds
        measured, cpu_s = self._measured, time.process_time()
        for lane in self._lanes:
            lane.walk_s = walk_s
            lane.opened = partial(_note, measured.openings)
            lane.passed = partial(self._passed, lane)
            self._expect(lane, self._random.random() * period_s)
        self._floor.answered = partial(_note, measured.floor)
        self._expect_at_floor()

        def end() -> None:
            if any(lane.is_waiting for lane in self._lanes):
                self._loop.call_at(_now() + SETTLED_S, end)
                return
            measured.cpu_s = time.process_time() - cpu_s
            self._pipe.send(measured)

        self._loop.call_at(self._until_s + walk_s + SETTLED_S, end)

    def _expect(self, lane: _Lane, wait_s: float) -> None:
        """Let the next one come to a lane after that time; nobody else is on the way there."""
        measured = self._measured

        def come() -> None:
            if measured is not self._measured or _now() > self._until_s:
                return
            lane.scan()
            check = partial(self._look_after, lane, lane.scan_count)
            self._loop.call_at(_now() + ANSWERED_S, check)

        self._loop.call_at(_now() + wait_s, come)

    def _passed(self, lane: _Lane) -> None:
        drawn_s = self._random.uniform(0.5, 1.5) * self._period_s - lane.walk_s
        self._expect(lane, max(SETTLED_S, drawn_s) if self._period_s else 0.0)

    def _look_after(self, lane: _Lane, number: int) -> None:
        if lane.is_waiting and lane.scan_count == number:
            self._measured.unanswered += 1
            lane.give_up()
            self._expect(lane, 0.0)

    def _expect_at_floor(self) -> None:
        measured = self._measured

        def come() -> None:
            if measured is self._measured and _now() <= self._until_s:
                self._floor.scan(FLOOR_CODE)
                self._expect_at_floor()

        self._loop.call_at(_now() + self._random.uniform(0.5, 1.5) * FLOOR_PERIOD_S, come)


FLOOR_CODE = b"A" * 225 + b"\r"  # As long as a pass.


def _note(timings: list[tuple[float, float]], sent_s: float, at_s: float) -> None:
    timings.append((sent_s, (at_s - sent_s) * 1e6))


def make_port(path: Path) -> int:
    """Make a tty at `path`; return its other end."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    path.unlink(missing_ok=True)
    path.symlink_to(os.ttyname(slave))
    return master  # The slave stays open here, so that the master never hangs up.


def _write(fd: int, data: bytes) -> None:
    with suppress(BlockingIOError):  # Nobody has it open yet, or nobody reads.
        os.write(fd, data)


def _ms() -> int:
    return round(_now() * 1000)
