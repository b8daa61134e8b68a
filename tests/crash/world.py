"""A gate that is made to be killed: two lanes, one of which keeps no log, with a centre and people.

Its state lies on a disk of its own where there is one to be had, so that it can be filled.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.crash.slow_disk import SlowDisk, library
from tests.e2e.centre import Centre
from tests.e2e.daemon import Lane, Site, issue, until
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.nursery import MODULE, Nursery
from tests.e2e.small_disk import small_disk

DISK_SIZE = "48m"  # The journal of a thousand people, its reserve, and a copy before an upgrade.
SETTINGS = '[journal]\nwhen_disk_refuses = "refuse"\n'
WALK_S = 1.0  # Longer than it takes; a kill may have swallowed the scan.
STEP_S_MAX = 0.01  # What a command, a report or a commit takes.
RUN_S_MAX = 2.0  # Somebody walks through every 0.3 s: a kill meets every step of their way.
LAST_S = 5.0  # Longer than somebody waits for a lane.
MOMENT_S_MAX = 3.0  # While the disk refuses, or a cable is out, some moments never come.


@dataclass
class World:
    """has_own_disk: its state can be filled. nursery: where its daemons come from.

    start_s: how long the last start took. left: what still lasts from the life before.
    """

    site: Site
    broker: Mosquitto
    centre: Centre
    random: Random
    slow: SlowDisk
    has_own_disk: bool
    nursery: Nursery
    start_s: float = 2.0
    left: AsyncExitStack = field(default_factory=AsyncExitStack)
    inside: list[str] = field(default_factory=list)

    @property
    def lanes(self) -> list[Lane]:
        return list(self.site.lanes.values())

    def bodies(self, way: str, lane: Lane | None = None) -> int:
        """How many went this way, by what the turnstiles saw."""
        lanes = self.lanes if lane is None else [lane]
        return sum(len(each.turnstile.told("passed", direction=way)) for each in lanes)

    def launch(self, environment: Mapping[str, str]) -> None:
        """Start the daemon and return at once."""
        self.site.launch(self.nursery, **environment)

    async def start(self, environment: Mapping[str, str]) -> None:
        """Start the daemon, clear up what lasts when it answers, and return when all is ready."""
        began_s = time.monotonic()
        self.launch(environment)
        await until(lambda: "lanes" in self.site.status())
        self.start_s = time.monotonic() - began_s
        await self.left.aclose()
        await until(self.site.is_ready)

    async def a_drawn_moment(self) -> None:
        """Wait for any moment, or for one when a command or a report is on its way to the disk."""
        lane = self.random.choice(self.lanes)
        event = self.random.choice([None, "unlocked", "passed"])
        if event is None:
            await asyncio.sleep(self.random.uniform(0, RUN_S_MAX))
            return
        count = len(lane.turnstile.told(event))
        async with a_while(MOMENT_S_MAX):
            await until(lambda: len(lane.turnstile.told(event)) > count)
        await asyncio.sleep(self.random.uniform(0, STEP_S_MAX))

    async def come_and_go(self, lane: Lane) -> None:
        """Have people walk in, and while some are inside, some of them out, for ever.

        Some come twice, or are nobody's.
        """
        numbers = itertools.count()
        while True:
            has_some = self.bodies("entry") - self.bodies("exit") > 2 * len(self.lanes)
            way = self.random.choice(["entry", "exit"]) if has_some else "entry"
            is_new = way == "entry" and self.random.random() < 0.8
            if is_new or not self.inside:
                self.inside.append(issue(f"{lane.name} {next(numbers)}"))  # Read or not.
            code = self.inside[-1] if is_new else self.random.choice(self.inside)
            if self.random.random() < 0.05:
                code = "not a pass"
            count = len(lane.turnstile.told("passed"))
            if not lane.is_typing(way):
                lane.scan(code, way)
            async with a_while(WALK_S):
                while len(lane.turnstile.told("passed")) == count:
                    await asyncio.sleep(0.02)

    async def settle(self) -> None:
        """Return when everybody before has been served, and everything was told."""
        await until(lambda: self.site.status()["grants_in_force"] == 0)
        for lane in self.lanes:
            code = issue(f"LAST {lane.name}", "visitor")
            for way in ("entry", "exit"):
                await self._see_off(lane, code, way)
        await until(lambda: self.site.status()["grants_in_force"] == 0)
        await until(lambda: self.site.status()["broker"]["depth"] == 0)

    async def _see_off(self, lane: Lane, code: str, way: str) -> None:
        """Have the last one hold up their code until they are through: others may have waited."""
        last = {"lane": lane.name, "direction": way, "outcome": "completed", "category": "visitor"}
        while not self.site.log("passage", **last):
            lane.scan(code, way)
            async with a_while(LAST_S):
                await until(lambda: bool(self.site.log("passage", **last)))


@asynccontextmanager
async def a_while(seconds: float) -> AsyncIterator[None]:
    """Run the block for so long at the most: what it waits for may never come."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            yield


@asynccontextmanager
async def world(
    folder: Path, random: Random, *, module: str = MODULE, can_be_late: bool = True
) -> AsyncIterator[World]:
    """Run one, with the daemon up, until the block ends.

    module: whose `main` its later daemons are. can_be_late: so are the syncs of these, on demand.
    """
    loaded = {"LD_PRELOAD": str(library())} if can_be_late else {}
    with ExitStack() as stack:
        (folder / "s").mkdir()
        has_own_disk = stack.enter_context(small_disk(folder / "s", DISK_SIZE))
        nursery = stack.enter_context(Nursery(module, **loaded))
        broker = stack.enter_context(Mosquitto(folder))
        centre = stack.enter_context(Centre(broker.port))
        site = Site(folder, settings=SETTINGS, broker=broker.port, boards=["board_7e"])
        slow = SlowDisk(site.state, folder)
        async with site:
            made = World(site, broker, centre, random, slow, has_own_disk, nursery)
            try:
                yield made
            finally:
                await made.left.aclose()
