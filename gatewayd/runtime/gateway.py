"""The running gateway: what keeps its parts going, and how they come to an end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Never

from gatewayd.core.events import Audit, AuditSubject
from gatewayd.core.words import Json
from gatewayd.ports import Blocking, Cache, StorageError
from gatewayd.runtime.duty_watch import watch_duty
from gatewayd.runtime.lane import Shared
from gatewayd.runtime.occupancy_watch import watch_occupancy
from gatewayd.runtime.policy_watch import watch_policy
from gatewayd.runtime.referrals import end_referrals
from gatewayd.runtime.service import Service
from gatewayd.runtime.supervisor import keep_running

log = logging.getLogger(__name__)

FLUSH_S = 1.0  # As much as a crash leaves to be folded again from the journal.
CANCEL_AGAIN_S = 1.0  # A part takes half of it at most to say goodbye.
LAST_RECORD_S = 0.5  # For the record of the end; the disk may hang.


@dataclass(frozen=True, slots=True)
class Part:
    """Something that runs as long as the gateway, and is started again if it fails."""

    name: str
    run: Callable[[], Awaitable[Never]]


@dataclass(frozen=True, slots=True)
class Gateway:
    """gate: the parts that act (lanes, control); they end first. sync: those that tell others.

    last_words: waits, for a bounded time, until what is recorded has been told. started: what
    the start is to be remembered by.
    """

    shared: Shared
    cache: Cache
    blocking: Blocking
    service: Service
    gate: Sequence[Part]
    sync: Sequence[Part]
    last_words: Callable[[], Awaitable[None]]
    status: Callable[[], str]
    started: dict[str, Json]

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, then end in order. A recorder that fails ends it at once."""
        shared = self.shared
        shared.recorder.keep(_audit("started", self.started))
        shared.alarms.end_earlier_runs()
        async with asyncio.TaskGroup() as tasks:
            recording = tasks.create_task(shared.recorder.run(), name="recorder")
            gate = [self._start(tasks, part) for part in self.gate]
            others = [self._start(tasks, part) for part in (*self.sync, *self._chores())]
            pulse = self.service.run(self.status, lambda: not shared.recorder.is_stuck)
            others.append(tasks.create_task(pulse, name="service"))
            self.service.tell(READY="1")
            log.info("started", extra={"fields": self.started})
            await stop.wait()
            self.service.tell(STOPPING="1")
            await _cancel(gate)
            await self._record_end()
            await self.last_words()
            await _cancel([recording, *others])
        with suppress(StorageError):  # What is not in the tables is folded again from the journal.
            await self.blocking.run(self.cache.flush)
        log.info("stopped")

    def _start(self, tasks: asyncio.TaskGroup, part: Part) -> asyncio.Task[Never]:
        running = keep_running(part.name, part.run, self.shared.alarms)
        return tasks.create_task(running, name=part.name)

    def _chores(self) -> tuple[Part, ...]:
        shared = self.shared
        return (
            Part("cache", self._keep_cache),
            Part("referrals", lambda: end_referrals(shared.gate, shared.recorder, shared.clock)),
            Part(
                "duty",
                lambda: watch_duty(shared.gate, shared.recorder, shared.alarms, shared.clock),
            ),
            Part(
                "policy",
                lambda: watch_policy(
                    shared.gate, shared.recorder, shared.alarms, shared.clock, shared.changed
                ),
            ),
            Part("occupancy", lambda: watch_occupancy(shared.gate, shared.alarms)),
        )

    async def _keep_cache(self) -> Never:
        is_refused = False
        while True:
            await asyncio.sleep(FLUSH_S)
            try:
                await self.blocking.run(self.cache.flush)
            except StorageError as error:
                if not is_refused:
                    fields = {"what_to_do": str(error)}
                    log.error("cache_refused", extra={"fields": fields})  # noqa: TRY400, foreseen
                is_refused = True
            else:
                is_refused = False

    async def _record_end(self) -> None:
        written = asyncio.Event()
        detail: dict[str, Json] = {"grants_in_force": len(self.shared.gate.grants)}
        self.shared.recorder.keep(_audit("stopped", detail), lambda _: written.set())
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_RECORD_S):
                await written.wait()


def _audit(action: str, detail: dict[str, Json]) -> Audit:
    return Audit(subject=AuditSubject.GATEWAY, action=action, detail=detail)


async def _cancel(tasks: Sequence[asyncio.Task[Never]]) -> None:
    """Cancel until all have ended.

    A task group forgets its own cancellation where one of its tasks fails at the same time (CPython
    before 3.13), and the part goes on: when the broker stops with us, say.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
