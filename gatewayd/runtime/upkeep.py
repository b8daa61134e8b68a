"""Looks after the records: a signed checkpoint each day, retention, and room on the disk.

Nothing goes in silence: what is to be removed is recorded first, and only then removed, a few rows
at a time, so that no verdict waits long for its record. What the tables know of people goes with
their time too. Of neither is anything left in the files.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Never

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core.custody import Checkpoint
from gatewayd.core.folded import Change
from gatewayd.core.health_terms import DiskSeen
from gatewayd.core.served import TABLES_OF_PEOPLE, has_served
from gatewayd.core.words import ClockQuality
from gatewayd.ports import Blocking, Cache, Clock, StorageError
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.recorder import Recorder
from gatewayd.store.before_upgrade import drop_copies
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.journal_retention import Limits, Plan

log = logging.getLogger(__name__)

DISK_FULL = "disk_full"
JOURNAL_LARGE = "journal_large"
JOURNAL_DAMAGED = "journal_damaged"

LOOK_S = 10.0  # As long as the alarm of a full disk may take.
DAY_S = 24 * 3600.0
PAUSE_S = 0.05  # Between two steps of a removal: most of the time belongs to the gate.
RECORDED_S_MAX = 60.0  # A disk that refuses for so long has other troubles; the next round tries.
ROWS_AT_ONCE = 25  # Half a millisecond; then the gate goes first.
LARGE = 0.85
"""Of the allowed size: from here on the alarm, weeks before anything is removed for it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """retention: how long events are kept that have their receipt; outbox_max: those that do not.

    size_max: bytes of the whole journal. has_centre: somebody is there to give receipts.
    """

    retention: timedelta
    outbox_max: timedelta
    size_max: int
    has_centre: bool


@dataclass(slots=True)
class Room:
    """What the last look at the disk found; None before the first."""

    seen: DiskSeen | None = None


@dataclass(frozen=True, slots=True)
class Upkeep:
    rules: Rules
    journal: SqliteJournal
    cache: Cache
    recorder: Recorder
    alarms: Alarms
    blocking: Blocking
    clock: Clock
    key: Ed25519PrivateKey
    room: Room = field(default_factory=Room)

    async def run(self) -> Never:
        due_s = self.clock.monotonic()
        refused = ""
        while True:
            is_due = self.clock.monotonic() >= due_s
            try:
                await self._round(is_due=is_due)
                refused = ""
            except StorageError as error:  # The recorder raises the alarm when it matters.
                if str(error) != refused:
                    log.warning("upkeep_refused", extra={"fields": {"what_to_do": str(error)}})
                refused = str(error)
            if is_due:
                due_s = self.clock.monotonic() + DAY_S
            await asyncio.sleep(LOOK_S)

    async def _round(self, *, is_due: bool) -> None:
        is_large = await self._look()
        if is_due:
            self._mark()
        if is_due or is_large:
            await self._trim()
        if is_due:
            await self._forget()
            await self._check()
        await self.blocking.run(self.journal.move_log)

    async def _look(self) -> bool:
        """Raise or clear the alarms about room; tell whether the journal is larger than allowed."""
        is_whole = await self.blocking.run(self.journal.reserve.fill)
        self._tell(DISK_FULL, {"what_to_do": _FREE}, is_raised=not is_whole)
        used = await self.blocking.run(self.journal.used_size)
        self.room.seen = await self.blocking.run(partial(self._room, used))
        is_near = used >= LARGE * self.rules.size_max
        self._tell(JOURNAL_LARGE, {"bytes": used, "max": self.rules.size_max}, is_raised=is_near)
        return used > self.rules.size_max

    def _room(self, used: int) -> DiskSeen | None:
        try:
            free = self.journal.reserve.room_beside()
        except OSError:
            return None  # What is wrong with the disk the next commit tells.
        return DiskSeen(free, used, self.rules.size_max, self.journal.row_count)

    def _tell(
        self, alarm: str, detail: dict[str, str] | dict[str, int], *, is_raised: bool
    ) -> None:
        if is_raised:
            self.alarms.raise_(alarm, "gateway", dict(detail))
        else:
            self.alarms.clear(alarm, "gateway")

    def _mark(self) -> None:
        event_id, link = self.journal.head_link()
        if event_id:
            self.recorder.keep(Checkpoint.sign(event_id, link, self.key).fact())

    async def _trim(self) -> None:
        folded = self.cache.folded()
        await self.blocking.run(self.cache.flush)  # From here on `folded` is durable.
        limits = self._limits()
        plan = await self.blocking.run(lambda: self.journal.plan_removal(folded, limits))
        if plan is None or not await self._recorded(plan):
            return
        upto = plan.trimmed.position
        while await self.blocking.run(lambda: self.journal.remove(upto)):  # noqa: ASYNC110 - it works
            await asyncio.sleep(PAUSE_S)
        await self.blocking.run(self.journal.empty_log)  # If not now, it is overwritten by itself.
        log.info("journal_trimmed", extra={"fields": {"rows": plan.trimmed.row_count}})

    async def _forget(self) -> None:
        """Drop what the tables know of people who were not seen for the retention time."""
        if self.clock.quality() is ClockQuality.UNSYNCED:
            return
        now = self.clock.utc()
        kept_since_s = (now - self.rules.retention).timestamp()
        dropped = await self.blocking.run(lambda: drop_copies(self.journal.directory, kept_since_s))
        if dropped:
            log.info("copies_dropped", extra={"fields": {"names": dropped}})
        served = partial(has_served, kept_since=now - self.rules.retention, now=now)
        count = 0
        for table in TABLES_OF_PEOPLE:
            rows = self.cache.items(table)
            while page := list(islice(rows, ROWS_AT_ONCE)):
                old = [
                    key
                    for key, row in page
                    # Somebody may have come since the rows were taken.
                    if served(table, row) and served(table, self.cache.get(table, key) or row)
                ]
                if old:
                    changes = [Change(table, key, None) for key in old]
                    self.cache.apply(changes, *self.cache.folded())
                count += len(old)
                await asyncio.sleep(0)
        if count:
            await self.blocking.run(self.cache.compact)
            log.info("rows_forgotten", extra={"fields": {"rows": count}})

    async def _check(self) -> None:
        """Check what the start left out, now that the lanes are open."""
        what_to_do = await self.blocking.run(self.journal.check_rest)
        if what_to_do is not None:
            log.error("journal_damaged", extra={"fields": {"what_to_do": what_to_do}})
            self.alarms.raise_(JOURNAL_DAMAGED, "gateway", {"what_to_do": what_to_do})

    def _limits(self) -> Limits:
        rules = self.rules
        if self.clock.quality() is ClockQuality.UNSYNCED:
            return Limits(None, None, rules.size_max, rules.has_centre)
        now = self.clock.utc()
        kept = max(rules.retention, rules.outbox_max) if rules.has_centre else rules.retention
        return Limits(now - rules.retention, now - kept, rules.size_max, rules.has_centre)

    async def _recorded(self, plan: Plan) -> bool:
        """Record what goes; tell whether that is on disk."""
        done = asyncio.Event()
        for gap in plan.gaps:
            log.error("events_lost", extra={"fields": dict(gap.fact().detail)})
            self.recorder.keep(gap.fact())
        self.recorder.keep(plan.trimmed.fact(), lambda _: done.set())
        try:
            async with asyncio.timeout(RECORDED_S_MAX):
                await done.wait()
        except TimeoutError:
            return False
        return True


_FREE = (
    "the disk is nearly full: free some space (see `df -h`); the reserve for the last events is "
    "used up or could not be made"
)
