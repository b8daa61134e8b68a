"""The simulated disk: the real stores on a real directory, slow, refusing, or dead with its process.

A killed process writes nothing more, whatever its tasks still try while they are cancelled: what
they call is gone. The next one boots from a copy of the files, as the kill left them (`crash`).
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import TypeVar

from gatewayd.ports import StorageError
from tests.sim.crash import Log, Loss, Written, outlast
from tests.sim.ledger import Ledger
from tests.sim.story import Story
from tests.sim.weather import Sky

T = TypeVar("T")

STALL_S = (0.8, 4.0)  # Around and far beyond the second that a lane waits for its record.


class SimDisk:
    """Survives the gateway; `refuses` and `is_full` are changed from outside."""

    def __init__(self, directory: Path, random: Random, sky: Sky, story: Story) -> None:
        self.state = directory / "state-0"
        self.refuses = False
        self.is_full = False
        self.story = story
        self.ledger = Ledger(story)
        self.random = random
        self.sky = sky
        self._kills = 0

    def draw_s(self) -> float:
        weather = self.sky.weather
        if self.random.random() < weather.disk_stall:
            return self.random.uniform(*STALL_S)
        return self.random.expovariate(1 / weather.disk_mean_s)

    def crash(self, log: Log, unanswered: list[Written]) -> Loss:
        """Go on with what a kill leaves of the state."""
        self._kills += 1
        old, self.state = self.state, self.state.with_name(f"state-{self._kills}")
        return outlast(old, self.state, log, unanswered, self.random)


class Mount:
    """The disk as one process has it. written: by the call that runs now."""

    def __init__(self, disk: SimDisk, run: str, is_taken: Callable[[str], bool]) -> None:
        """is_taken: tells whether the broker has an event."""
        self.disk = disk
        self.directory = disk.state
        self.run = run
        self.is_dead = False
        self.is_taken = is_taken
        self.log = Log(disk.state)
        self.written = Written()

    def check(self) -> None:
        """Raise StorageError where the disk takes nothing."""
        self.check_alive()
        if self.disk.refuses:
            raise StorageError("the simulated disk refuses")

    def check_alive(self) -> None:
        if self.is_dead:
            raise StorageError("the process was killed")

    def fails(self) -> bool:
        """Draw whether a write fails by itself."""
        disk = self.disk
        is_failing = disk.random.random() < disk.sky.weather.write_fails
        if is_failing:
            disk.story.note("write_failed")
        return is_failing

    def kill(self, unanswered: list[Written]) -> None:
        self.is_dead = True
        loss = self.disk.crash(self.log, unanswered)
        for name in ("wal", "cache", "files"):
            if getattr(loss, name):
                self.disk.story.note(f"{name}_cut: {getattr(loss, name)}")
        for written in unanswered:
            if written.shelved is not None and not (self._copy(written.files[0][0])).exists():
                self.disk.story.withdraw([written.shelved])

    def _copy(self, path: Path) -> Path:
        return self.disk.state / path.relative_to(self.directory)

    def leave(self) -> None:
        """Tidy up where a process was that is closed now."""
        if self.is_dead:
            rmtree(self.directory)


class SimBlocking:
    """Runs a call at the begin or the end of its time: a kill comes after it or before it.

    Like a thread it goes on when whoever waits for it is cancelled, but not when it is killed.
    """

    def __init__(self, mount: Mount, random: Random) -> None:
        self._mount = mount
        self._random = random
        self._running = 0
        self._unanswered: dict[asyncio.Future[object], Written] = {}

    @property
    def unanswered(self) -> list[Written]:
        """What calls wrote whose answer is still to come."""
        return list(self._unanswered.values())

    async def run(self, call: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        takes_s = self._mount.disk.draw_s()
        done: asyncio.Future[T] = loop.create_future()
        self._running += 1
        if self._random.random() < 0.5:
            loop.call_later(takes_s, self._answer, done, self._call(done, call))
        else:
            loop.call_later(takes_s, lambda: self._answer(done, self._call(done, call)))
        return await done

    async def join(self) -> None:
        """Wait for the calls that run, as the end of a process does for its threads."""
        while self._running:
            await asyncio.sleep(0.01)

    def _call(self, done: asyncio.Future[T], call: Callable[[], T]) -> T | Exception:
        written = self._mount.written = self._unanswered[done] = Written()
        try:
            self._mount.check_alive()
            return call()
        except Exception as error:  # noqa: BLE001 - it goes to whoever waits
            return error
        finally:
            if written.wal is None and written.cache is None and not written.files:
                del self._unanswered[done]

    def _confirm(self, written: Written) -> None:
        """Take what a call wrote, and what stands before it in the same file, for confirmed."""
        if written.wal is not None:
            self._mount.log.confirm(written.wal)
        if written.cache is not None:
            for other in self._unanswered.values():
                if other.cache is not None and other.cache < written.cache:
                    other.cache = None

    def _answer(self, done: asyncio.Future[T], result: T | Exception) -> None:
        self._running -= 1
        written = self._unanswered.pop(done, None)
        if written is not None:
            self._confirm(written)
        if done.done():
            return
        if isinstance(result, Exception):
            done.set_exception(result)
        else:
            done.set_result(result)
