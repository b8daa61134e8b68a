"""One seed: draws the weather, the site and the people, and runs the two acts.

Act one is safety: everything goes wrong that the weather says, for five minutes. Then the
weather clears, and act two is liveness: all that is under way must come to its end.
"""

import asyncio
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Never

from firmware_protocol import memory
from gatewayd.core.events import Draft, Event, load_draft
from gatewayd.core.folded import TABLES, Document, read_counts
from gatewayd.core.projection import project
from gatewayd.core.words import Direction
from gatewayd.mqtt import topics
from gatewayd.ports import StorageError
from tests.sim import loop as sim
from tests.sim.broker import SimBroker
from tests.sim.centre import SimCentre
from tests.sim.chaos import Chaos
from tests.sim.clock import SimSystem
from tests.sim.controller import SimController
from tests.sim.disk import SimDisk
from tests.sim.line import Cable
from tests.sim.officer import SimOfficer
from tests.sim.papers import SITE
from tests.sim.people import Crowd, Spot
from tests.sim.premises import furnish
from tests.sim.process import Outside, Process
from tests.sim.reader import ReaderPort
from tests.sim.site import PERSON, SimSite, draw_site
from tests.sim.story import Failed, Left, Recorded, Story, Tables
from tests.sim.weather import Sky, Weather, draw_weather
from tests.sim.wire import Wire, WiredController

ACT_ONE_S = 300.0
ACT_TWO_S_MAX = 900.0  # Ten minutes for what never became known, and time to come to that.
LOOK_S = 2.0
BOOT_S = (0.5, 10.0)
LOG_ROWS = 4  # Where the weather says that controllers' logs are small.
FAST_DISK = Path("/dev/shm")


def run_seed(seed: int) -> Story:
    """Run one seed to its end. The same seed tells the same story."""
    where = FAST_DISK if FAST_DISK.is_dir() else None
    with TemporaryDirectory(prefix="gatewayd-sim-", dir=where) as directory:
        world = World(seed, Path(directory))
        with world.failures_seen():
            try:
                with _logs_of(LOG_ROWS if world.sky.weather.log_small else memory.LOG_ROWS_MAX):
                    sim.run(world.play())
            finally:
                world.disk.ledger.close()
    return world.story


class World:
    crowd_of: type[Crowd] = Crowd

    def __init__(
        self, seed: int, directory: Path, given: tuple[Weather, SimSite] | None = None
    ) -> None:
        """given: taken instead of what the seed draws."""
        self.seed = seed
        self.story = Story(directory=str(directory))
        weather, self.site = given or (
            draw_weather(self.random),
            draw_site(self.random("site")),
        )
        self.story.site = self.site
        self.rules = furnish(self.site, directory)
        self.system = SimSystem()
        self.sky = Sky(weather)
        self.disk = SimDisk(directory, self.random("disk"), self.sky, self.story)
        ledger = self.disk.ledger
        self.broker = SimBroker(
            self.random("broker"), self.sky, self.story, ledger.ids.__contains__
        )
        self.centre: SimCentre | None = None
        self.process: Process | None = None
        self.survivors: set[asyncio.Task[Any]] = set()
        self._readers: Mapping[tuple[str, Direction], ReaderPort] = {}

    def random(self, name: str) -> Random:
        """Return a stream of its own: one more draw in the broker does not change the people."""
        return Random(f"{self.seed} {name}")

    async def play(self) -> None:
        asyncio.get_running_loop().set_exception_handler(self._callback_failed)
        outside, crowd = self._raise_site()
        centre = self.centre = SimCentre(
            self.random("centre"), self.sky, self.story, self.broker, crowd
        )
        chaos = self._chaos(outside, self.random)
        chaos.power_on()
        main = asyncio.current_task()
        assert main is not None
        async with asyncio.TaskGroup() as tasks:
            host = tasks.create_task(self._host(tasks, outside), name="host")
            await asyncio.sleep(1.0)
            faults = chaos.start(tasks)
            coming = tasks.create_task(crowd.come_and_go(self.site.gap_s, self._scan))
            ruling = tasks.create_task(centre.work(), name="centre")
            self.survivors |= {main, host, coming, ruling, *faults}
            await asyncio.sleep(ACT_ONE_S)
            self.sky.clear()
            for task in (*faults, coming, ruling):
                task.cancel()
            self.system.set_right()
            self.story.note("clear")
            centre.settle()
            await self._come_to_rest()
            host.cancel()
            self._running().kill()

    @contextmanager
    def failures_seen(self) -> Iterator[None]:
        """Have what the gateway's supervisor catches told as failures, and its logs not shown."""
        logs = [logging.getLogger(name) for name in ("gatewayd", "drivers")]
        before = [(log.level, log.propagate) for log in logs]
        watch = _Watch(self.story)
        for log in logs:
            log.addHandler(watch)
            log.setLevel(logging.ERROR)
            log.propagate = False
        try:
            yield
        finally:
            for log, (level, propagate) in zip(logs, before, strict=True):
                log.removeHandler(watch)
                log.setLevel(level)
                log.propagate = propagate

    def _chaos(self, outside: Outside, random: Callable[[str], Random]) -> Chaos:
        """Return the faults of the present weather."""
        return Chaos(
            self.sky.weather,
            random,
            self.story,
            list(outside.cables.values()),
            list(outside.readers.values()),
            self.disk,
            self.broker,
            self.system,
            self._running,
        )

    def _raise_site(self) -> tuple[Outside, Crowd]:
        story, sky, grants = self.story, self.sky, self.disk.ledger.grants
        controllers = [
            WiredController(lane.id, story, grants.__contains__, self.random(f"keys {lane.id}"))
            if lane.is_wired
            else SimController(lane.id, story, grants.__contains__, keeps_log=lane.keeps_log)
            for lane in self.site.lanes
        ]
        spots = [
            Spot(controller, lane.has_exit_reader)
            for controller, lane in zip(controllers, self.site.lanes, strict=True)
        ]
        crowd = self.crowd_of(self.random("people"), sky, story, spots, self.site.ids)
        crowd.held_up = lambda one: self.site.held_up(one, asyncio.get_running_loop().time())
        cables = {
            one.lane: (Wire if isinstance(one, WiredController) else Cable)(
                one, self.random(f"cable {one.lane}"), sky, story
            )
            for one in controllers
        }
        self._readers = {
            (lane.id, direction): ReaderPort(
                lane.habit, self.random(f"reader {lane.id} {direction}"), sky, story
            )
            for lane in self.site.lanes
            for direction in Direction
            if direction is Direction.ENTRY or lane.has_exit_reader
        }
        if any(lane.is_wired for lane in self.site.lanes):
            story.note("wired")
        officer = SimOfficer(self.random("officer"), sky, story, crowd)
        random = self.random("process")
        outside = Outside(
            self.site,
            self.rules,
            story,
            self.disk,
            self.broker,
            cables,
            self._readers,
            officer,
            self.system,
            random,
            self.survivors,
        )
        return outside, crowd

    # --- the gateway's processes -----------------------------------------------------------------

    async def _host(self, tasks: asyncio.TaskGroup, outside: Outside) -> Never:
        """Start a process, and the next when it has ended, as a service manager does."""
        random = self.random("host")
        number = 0
        while True:
            number += 1
            self.process = Process(outside, number)
            living = tasks.create_task(self._live(self.process), name=f"process {number}")
            await asyncio.wait({living})
            await asyncio.sleep(random.uniform(*BOOT_S))

    async def _live(self, process: Process) -> None:
        try:
            await process.live()
        except StorageError:
            self.story.note("boot_refused")
        except Exception:  # noqa: BLE001 - whatever it is, it is the seed's finding
            if not process.is_dead:
                self._failed(traceback.format_exc())

    def _running(self) -> Process:
        assert self.process is not None
        return self.process

    def _scan(self, lane: str, direction: Direction, code: bytes | None) -> None:
        reader = self._readers.get((lane, Direction(direction)))
        if reader is not None:
            reader.read(code)

    # --- the end ---------------------------------------------------------------------------------

    async def _come_to_rest(self) -> None:
        clear_s = asyncio.get_running_loop().time()
        unrest, after_s = "", 0.0
        while after_s < ACT_TWO_S_MAX:
            await asyncio.sleep(LOOK_S)
            after_s = asyncio.get_running_loop().time() - clear_s
            unrest = self._unrest()
            if not unrest:
                break
        self.story.left = self._look_back(unrest, after_s)

    def _unrest(self) -> str:
        unrest = self._running().unrest()
        return unrest or ("" if self.centre is None else self.centre.unrest())

    def _look_back(self, unrest: str, after_s: float) -> Left:
        cache = self._running().cache
        assert cache is not None
        by_category, uncertain = read_counts(cache.get)
        shown = self.broker.retained.get(topics.occupancy(SITE), b"{}")
        state = self.broker.retained.get(topics.state(SITE), b"{}")
        return Left(
            at_s=asyncio.get_running_loop().time(),
            unrest=unrest,
            after_s=after_s,
            total=sum(by_category.values()),
            uncertain=uncertain,
            tables={table: dict(cache.items(table)) for table in TABLES},
            folded_anew=fold(self.story.of(Recorded), self.story.before.tables),
            shown_total=json.loads(shown).get("total"),
            is_online=json.loads(state).get("state") == "online",
            named_in=tuple(sorted(_named_in(self.disk.state))),
        )

    def _failed(self, what: str) -> None:
        self.story.saw(Failed(at_s=asyncio.get_running_loop().time(), what=what))

    def _callback_failed(self, _: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        error = context.get("exception")
        told = "" if error is None else "".join(traceback.format_exception(error))
        self._failed(f"{context.get('message')} {told}")


@contextmanager
def _logs_of(rows: int) -> Iterator[None]:
    """Have controllers keep so many lines meanwhile."""
    before = memory.LOG_ROWS_MAX
    memory.LOG_ROWS_MAX = rows
    try:
        yield
    finally:
        memory.LOG_ROWS_MAX = before


class _Watch(logging.Handler):
    def __init__(self, story: Story) -> None:
        super().__init__(logging.ERROR)
        self._story = story

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None:
            told = "".join(traceback.format_exception(*record.exc_info))
            now_s = asyncio.get_running_loop().time()
            self._story.saw(Failed(at_s=now_s, what=f"{record.getMessage()} {told}"))


def _named_in(directory: Path) -> Iterator[str]:
    """Yield the files that tell who somebody is."""
    for path in directory.rglob("*"):
        if path.is_file() and PERSON.encode() in path.read_bytes():
            yield path.name


def fold(rows: list[Recorded], before: Tables) -> dict[str, dict[str, Document]]:
    """Return the tables that these rows of the journal make of those before."""
    tables = {table: dict(before.get(table, {})) for table in TABLES}
    for row in rows:
        body = {"type": row.type, "time": row.time, "clockquality": row.quality, "data": row.data}
        draft: Draft = load_draft(json.dumps(body).encode())
        event = Event(row.epoch, row.seq, draft, row.run, 0.0)
        for change in project(event, lambda table, key: tables[table].get(key)):
            if change.document is None:
                tables[change.table].pop(change.key, None)
            else:
                tables[change.table][change.key] = change.document
    return tables
