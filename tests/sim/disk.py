"""The simulated disk: the real stores on a real directory, slow, refusing, or dead with its process.

A killed process writes nothing more, whatever its tasks still try while they are cancelled: what
they call is gone. What was committed stays, and rows of the cache that were not flushed are lost.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

from gatewayd.core.events import Draft, Event
from gatewayd.ports import Receipts, StorageError
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.journal_file import DATABASE_NAME
from tests.sim.story import Confirmed, Recorded, Story, Unrecorded
from tests.sim.weather import Sky

T = TypeVar("T")

STALL_S = (0.8, 4.0)  # Around and far beyond the second that a lane waits for its record.


class SimDisk:
    """Survives the gateway; `refuses` is changed from outside."""

    def __init__(self, directory: Path, random: Random, sky: Sky, story: Story) -> None:
        self.directory = directory
        self.refuses = False
        self.story = story
        self.ledger = Ledger(directory / DATABASE_NAME, story)
        self._random = random
        self._sky = sky

    def draw_s(self) -> float:
        weather = self._sky.weather
        if self._random.random() < weather.disk_stall:
            return self._random.uniform(*STALL_S)
        return self._random.expovariate(1 / weather.disk_mean_s)


class Mount:
    """The disk as one process has it."""

    def __init__(self, disk: SimDisk, run: str, is_taken: Callable[[str], bool]) -> None:
        """is_taken: tells whether the broker has an event."""
        self.disk = disk
        self.run = run
        self.is_dead = False
        self.is_taken = is_taken

    def check(self) -> None:
        """Raise StorageError where the disk takes nothing."""
        self.check_alive()
        if self.disk.refuses:
            raise StorageError("the simulated disk refuses")

    def check_alive(self) -> None:
        if self.is_dead:
            raise StorageError("the process was killed")


class SimBlocking:
    """Runs a call at the begin or the end of its time: a kill comes after it or before it.

    Like a thread it goes on when whoever waits for it is cancelled, but not when it is killed.
    """

    def __init__(self, mount: Mount, random: Random) -> None:
        self._mount = mount
        self._random = random
        self._running = 0

    async def run(self, call: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        takes_s = self._mount.disk.draw_s()
        done: asyncio.Future[T] = loop.create_future()
        self._running += 1
        if self._random.random() < 0.5:
            loop.call_later(takes_s, self._answer, done, self._call(call))
        else:
            loop.call_later(takes_s, lambda: self._answer(done, self._call(call)))
        return await done

    async def join(self) -> None:
        """Wait for the calls that run, as the end of a process does for its threads."""
        while self._running:
            await asyncio.sleep(0.01)

    def _call(self, call: Callable[[], T]) -> T | Exception:
        try:
            self._mount.check_alive()
            return call()
        except Exception as error:  # noqa: BLE001 - it goes to whoever waits
            return error

    def _answer(self, done: asyncio.Future[T], result: T | Exception) -> None:
        self._running -= 1
        if done.done():
            return
        if isinstance(result, Exception):
            done.set_exception(result)
        else:
            done.set_result(result)


class SimJournal(SqliteJournal):
    """The real journal on a mount."""

    mount: Mount

    def commit(self, drafts: Sequence[tuple[Draft, float]]) -> list[Event]:
        mount = self.mount
        try:
            mount.check()
        except StorageError:
            if not mount.is_dead:
                now_s = asyncio.get_running_loop().time()
                for draft, _ in drafts:
                    mount.disk.story.saw(Unrecorded(at_s=now_s, run=mount.run, fact=draft.fact))
            raise
        events = super().commit(drafts)
        mount.disk.ledger.look()
        return events

    def read(self, after: int, limit: int) -> list[Event]:
        self.mount.check()
        return super().read(after, limit)

    def confirm(self, seqs: Sequence[int]) -> Receipts:
        mount = self.mount
        mount.check()
        untaken = tuple(seq for seq in seqs if not mount.is_taken(f"{self.epoch}-{seq}"))
        now_s = asyncio.get_running_loop().time()
        mount.disk.story.saw(Confirmed(at_s=now_s, count=len(seqs), untaken=untaken))
        return super().confirm(seqs)


class SimCache(TinyCache):
    """The real cache on a mount."""

    mount: Mount

    def flush(self) -> None:
        self.mount.check()
        super().flush()


class Ledger:
    """What stands in the database file, read by a connection of our own and by no code of theirs."""

    def __init__(self, path: Path, story: Story) -> None:
        self.grants: set[str] = set()
        """Of admitted verdicts."""
        self.ids: set[str] = set()
        self._path = path
        self._story = story
        self._position = 0
        self._database: sqlite3.Connection | None = None

    def look(self) -> None:
        """Read what is new."""
        if self._database is None:
            self._database = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
        columns = "position, epoch, seq, run, appended_s, body"
        query = f"SELECT {columns} FROM events WHERE position > ?"
        now_s = asyncio.get_running_loop().time()
        for row in self._database.execute(query, (self._position,)):
            self._position, epoch, seq, run, made_s, body = row
            event = json.loads(body)
            recorded = Recorded(
                at_s=now_s,
                epoch=epoch,
                seq=seq,
                run=run,
                made_s=made_s,
                type=event["type"],
                time=event["time"],
                data=event["data"],
            )
            self.ids.add(recorded.id)
            if event["type"] == "onegate.access.admitted.v1" and "grant" in event["data"]:
                self.grants.add(event["data"]["grant"])
            self._story.saw(recorded)

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
