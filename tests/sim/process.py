"""One process of the gateway in a simulated world: booted from the disk, killed or stopped."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from random import Random
from typing import Any

from gatewayd.app import opened as app_opened
from gatewayd.app.opened import Opened
from gatewayd.app.received_documents import set_aside
from gatewayd.app.site import Delivered, Rules, read_delivered
from gatewayd.app.sync import Line
from gatewayd.core.lane_terms import Idle
from gatewayd.core.words import Direction, LaneId
from gatewayd.runtime.timekeeping import SiteClock
from gatewayd.store.clock_note import read_clock_note, write_clock_note
from gatewayd.store.state_directory import state_directory
from tests.sim.broker import SimBroker, SimConnector
from tests.sim.building import Built, Devices, World, build
from tests.sim.clock import SimSystem
from tests.sim.disk import Mount, SimBlocking, SimDisk
from tests.sim.line import Cable
from tests.sim.officer import SimOfficer
from tests.sim.reader import ReaderPort, SimReader
from tests.sim.site import SimSite
from tests.sim.stores import SimCache, SimJournal, SimShelves
from tests.sim.story import Ended, Failed, Started, Story
from tests.sim.wire import Wire
from tests.unit.doubles import SimChance

STOP_S_MAX = 15.0  # Two on a good disk; calls that stall come on top.


@dataclass(frozen=True, slots=True)
class Outside:
    """What outlives every process."""

    site: SimSite
    rules: Rules
    story: Story
    disk: SimDisk
    broker: SimBroker
    cables: Mapping[str, Cable | Wire]
    readers: Mapping[tuple[str, Direction], ReaderPort]
    officer: SimOfficer
    system: SimSystem
    random: Random
    survivors: set[asyncio.Task[Any]]
    """The tasks that are of no process."""


@dataclass(frozen=True, slots=True)
class _Accounts:
    """Nobody signs on here."""

    moved_aside: None = None


class Process:
    def __init__(self, outside: Outside, number: int) -> None:
        self.run = f"{number:012x}"
        self.built: Built | None = None
        self.journal: SimJournal | None = None
        self.cache: SimCache | None = None
        self.clock: SiteClock | None = None
        self._outside = outside
        self._stop = asyncio.Event()
        self._stopped_s: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._mount = Mount(outside.disk, self.run, outside.broker.taken.__contains__)
        self.blocking = SimBlocking(self._mount, outside.random)
        self._connector = SimConnector(outside.broker, self.run)
        self._turnstiles = {lane: it.driver(self.run) for lane, it in outside.cables.items()}
        self._readers = {
            at: SimReader(line, (self.run, *at), outside.story, partial(self._state, at[0]))
            for at, line in outside.readers.items()
        }

    @property
    def is_dead(self) -> bool:
        return self._mount.is_dead

    async def live(self) -> None:
        """Boot from the disk, and run until it is killed or stopped. Raises StorageError."""
        self._task = asyncio.current_task()
        with ExitStack() as stack:
            stack.callback(self._mount.leave)
            self._open(stack)
            assert self.journal is not None
            assert self.cache is not None
            built = self.built = build(self._world(self.journal, self.cache))
            await built.gateway.run(self._stop)
            await self.blocking.join()
        self._ended(is_killed=False)

    def kill(self) -> None:
        """End it now: nothing that its tasks still try leaves it."""
        if self.built is None or self._mount.is_dead:
            return
        self._mount.kill(self.blocking.unanswered)
        self._connector.die()
        for turnstile in self._turnstiles.values():
            turnstile.die()
        for reader in self._readers.values():
            reader.die()
        self._ended(is_killed=True)
        self._cancel()

    def stop(self) -> None:
        """Ask it to end in order; it has a while for that."""
        loop = asyncio.get_running_loop()
        if not self._stop.is_set():
            self._stopped_s = loop.time()
        self._stop.set()
        loop.call_later(STOP_S_MAX, self._check_end)

    def unrest(self) -> str:
        """Say what has not come to rest; "" if all has."""
        built = self.built
        if built is None or self._stop.is_set() or self.is_dead:
            return "no gateway runs"
        unrest = {
            "outbox": built.publisher.figures().depth,
            "quarantine": built.publisher.figures().quarantined,
            "grants": len(built.gate.grants),
            "alarms": " ".join(built.alarms.active()),
            "disk": built.recorder.refusal,
            "lanes": " ".join(
                f"{lane}:{shell.state}"
                for lane, shell in built.lanes.items()
                if not isinstance(shell.state.state, Idle) or shell.state.waiting
            ),
            "controllers": " ".join(
                lane
                for lane, cable in self._outside.cables.items()
                if cable.controller.in_force is not None
                or (cable.controller.keeps_log and cable.controller.memory.entries)
            ),
        }
        return ", ".join(f"{name}: {what}" for name, what in unrest.items() if what)

    def _state(self, lane: str) -> str:
        assert self.built is not None, "readers are built before they run"
        return type(self.built.lanes[LaneId(lane)].state.state).__name__

    def _open(self, stack: ExitStack) -> None:
        self._mount.check()
        outside = self._outside
        directory = stack.enter_context(state_directory(self._mount.directory))
        noted, now = read_clock_note(directory), outside.system.utc()
        epoch_ms = round(max(now, noted or now).timestamp() * 1000)
        journal = SimJournal.open(directory, self.run, epoch_ms, outside.random.randbytes)
        self.journal = stack.enter_context(closing(journal)).on(self._mount)
        self.cache = stack.enter_context(closing(SimCache.open(directory))).on(self._mount)
        outside.disk.ledger.open(directory)
        epoch, folded = self.cache.folded()
        outside.story.saw(
            Started(
                at_s=asyncio.get_running_loop().time(),
                run=self.run,
                folded=folded if epoch == journal.epoch else 0,
                head=journal.head(),
            )
        )
        app_opened.catch_up(self.cache, self.journal)
        self.clock = app_opened.site_clock(outside.system, noted, self.journal)

    def _world(self, journal: SimJournal, cache: SimCache) -> World:
        outside = self._outside
        chance = SimChance(outside.random.getrandbits(64))
        rules, delivered = self._read_site()
        return World(
            rules=rules,
            delivered=delivered,
            opened=Opened(
                run=self.run,
                directory=self._mount.directory,
                journal=journal,
                cache=cache,
                control=None,
                clock=self.clock,
                checkpoint_key=None,
                accounts=_Accounts(),
            ),
            line=Line(self._connector, self.blocking, chance),
            note_time=self._note_time,
            on_record_failure=outside.site.on_record_failure,
            devices={
                lane: Devices(
                    turnstile,
                    {at: reader for (where, at), reader in self._readers.items() if where == lane},
                )
                for lane, turnstile in self._turnstiles.items()
            },
            officer=outside.officer,
            weigh=outside.story.weigh,
        )

    def _note_time(self, at: datetime) -> None:
        self._mount.check()
        write_clock_note(self._mount.directory, at)

    def _read_site(self) -> tuple[Rules, Delivered]:
        """Read what stands in files, and what the centre sent: as `gatewayd.app.run` does."""
        directory, rules = self._mount.directory, self._outside.rules
        storage = replace(rules.settings.storage, directory=directory)
        rules = replace(rules, settings=replace(rules.settings, storage=storage))
        delivered = read_delivered(rules, makes_key=False)
        set_aside(delivered.loaded, directory)
        return rules, replace(delivered, shelves=SimShelves(directory, self._mount))

    def _cancel(self) -> None:
        """Cancel all that it started until it is gone: a task group forgets to be cancelled.

        It does where an error of one of its tasks comes at the same time (CPython before 3.13).
        """
        victims = asyncio.all_tasks() - self._outside.survivors
        for task in victims:
            task.cancel()
        if victims:
            asyncio.get_running_loop().call_soon(self._cancel)

    def _check_end(self) -> None:
        if self._task is not None and not self._task.done() and not self._mount.is_dead:
            now_s = asyncio.get_running_loop().time()
            what = f"asked to stop, it goes on: {sorted(map(str, asyncio.all_tasks()))}"
            self._outside.story.saw(Failed(at_s=now_s, what=what))
            self.kill()

    def _ended(self, *, is_killed: bool) -> None:
        controllers = [cable.controller for cable in self._outside.cables.values()]
        in_force = tuple(one.in_force for one in controllers if one.in_force is not None)
        now_s = asyncio.get_running_loop().time()
        served_s = now_s if self._stopped_s is None else self._stopped_s
        self._outside.story.saw(
            Ended(
                at_s=now_s,
                run=self.run,
                served_s=served_s,
                is_killed=is_killed,
                in_force=in_force,
            )
        )
