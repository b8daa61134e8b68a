"""A market day and night: what it does to one process of the gateway.

    python -m tests.sim.market --hours 24    in turns an hour of clear and an hour of mixed weather

The story of a day is too long to keep. So nobody comes for a while after every ten minutes: when
all has come to rest, each promise is checked on what was seen since the last such pause, and that is
forgotten. One process lives through all of it, so that whatever it keeps for ever is seen to grow;
kills and stops are what seeds are for. Exit code 1 if a promise was broken, or if memory grew.
"""

import argparse
import asyncio
import gc
import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers import base
from gatewayd.core.folded import alarm_key
from gatewayd.runtime.upkeep import JOURNAL_LARGE, Rules, Upkeep
from gatewayd.store.journal_file import DATABASE_NAME
from tests.sim import loop as sim
from tests.sim.checkers import bodies_inside, verdicts
from tests.sim.market_hours import HEAD, Hour, grown_from, line
from tests.sim.people import Crowd
from tests.sim.process import Outside, Process
from tests.sim.promises import Breach, broken
from tests.sim.rush import MIXED, Rush, market_site
from tests.sim.sample import garbage_kept
from tests.sim.story import Before, Ended, Executed, Recorded, Scanned, Started, Told
from tests.sim.weather import CLEAR, Weather
from tests.sim.world import FAST_DISK, World

HOLDERS = 24_000  # Each comes twenty times a day, so that the tables are full after two hours.
PAGE_S = 600.0
PAGES_IN_HOUR = 6
JOURNAL_SIZE_MAX = 128 << 20  # Of some 400 MB in a day: rows are removed several times.
BREACHES_MAX = 10  # To show of each hour.
ALLOWED = alarm_key(JOURNAL_LARGE, "gateway")  # Raised for a while before rows are removed.


class Market(World):
    crowd_of: type[Crowd] = Rush

    def __init__(self, directory: Path, holders: int = HOLDERS, page_s: float = PAGE_S) -> None:
        super().__init__(1, directory, (CLEAR, market_site(holders)))
        self._page_s = page_s
        self._page = 0

    async def open(self, hours: int, told: Callable[[Hour], None]) -> None:
        """Play them, and tell each when it is over."""
        asyncio.get_running_loop().set_exception_handler(self._callback_failed)
        outside, crowd = self._raise_site()
        main = asyncio.current_task()
        assert main is not None
        async with asyncio.TaskGroup() as tasks:
            host = tasks.create_task(self._host(tasks, outside), name="host")
            self.survivors |= {main, host}
            await asyncio.sleep(1.0)
            upkeep = tasks.create_task(_upkeep(self._running()).run(), name="upkeep")
            self._begin()
            for number in range(1, hours + 1):
                weather = CLEAR if number % 2 else MIXED
                hour = Hour(number, "clear" if weather is CLEAR else "mixed")
                begun_s = time.process_time()
                for _ in range(PAGES_IN_HOUR):
                    with garbage_kept():
                        await self._play_page(weather, crowd, outside, tasks)
                        self._close_page(hour)
                    gc.collect()
                hour.cpu_s = time.process_time() - begun_s
                self._weigh(hour)
                told(hour)
            upkeep.cancel()
            host.cancel()
            self._running().kill()

    async def _play_page(
        self, weather: Weather, crowd: Crowd, outside: Outside, tasks: asyncio.TaskGroup
    ) -> None:
        self._page += 1
        page = self._page
        self.sky.weather = weather
        faults = self._chaos(outside, lambda name: self.random(f"{name} {page}")).start(tasks)
        coming = tasks.create_task(crowd.come_and_go(self.site.gap_s, self._scan))
        self.survivors |= {coming, *faults}
        await asyncio.sleep(self._page_s)
        self.sky.clear()
        for task in (*faults, coming):
            task.cancel()
        self.survivors -= {coming, *faults}
        await self._come_to_rest()

    def _unrest(self) -> str:
        unrest = super()._unrest()
        if unrest and unrest != f"alarms: {ALLOWED}":
            return unrest
        journal = self._running().journal
        assert journal is not None
        # What the broker took is forgotten with the page: no receipt of it may be stored later.
        return "" if journal.receipts().upto == journal.head() else "receipts: not on the disk yet"

    # --- pages of the story ----------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin a page as if the process had just started, and its links come up."""
        process, now_s = self._running(), asyncio.get_running_loop().time()
        head = self._head()
        self.story.saw(Started(at_s=now_s, run=process.run, folded=head, head=head))
        for lane in self.site.lanes:
            up = base.LinkUp("Sim controller")
            self.story.saw(Told(at_s=now_s, run=process.run, lane=lane.id, report=up))

    def _close_page(self, hour: Hour) -> None:
        """Check each promise as if the process had just ended, add up, and forget."""
        story, left = self.story, self.story.left
        assert left is not None
        run = self._running().run
        story.saw(Ended(at_s=left.at_s, run=run, served_s=left.at_s, is_killed=False, in_force=()))
        hour.breaches += broken(story)
        hour.breaches += self._miscounted(left.at_s)
        hour.rest_s = max(hour.rest_s, left.after_s)
        hour.counts.update(
            scans=len(story.of(Scanned)),
            opened=len(story.of(Executed)),
            verdicts=len(verdicts(story)),
            recorded=len(story.of(Recorded)),
        )
        hour.counts.update(row.data["reason"] for row in verdicts(story))
        inside = bodies_inside(story)
        self.broker.taken.clear()
        self.disk.ledger.forget()
        story.turn(Before(self._head(), left.folded_anew, inside))
        self._begin()

    def _miscounted(self, at_s: float) -> Iterator[Breach]:
        """Rows go only after their receipt, and what is left is what was written less those."""
        for row in self.story.of(Recorded):
            if row.data.get("action") == "gap":
                yield Breach("every row that is removed had its receipt", at_s, str(row.data))
        journal = self._running().journal
        assert journal is not None
        file = f"file:{journal.directory / DATABASE_NAME}?mode=ro"
        with closing(sqlite3.connect(file, uri=True)) as database:
            (rows,) = database.execute("SELECT count(*) FROM events").fetchone()
        if rows != journal.row_count:
            how = f"{rows} rows in the file, {journal.row_count} by the journal"
            yield Breach("the journal knows its rows", at_s, how)

    def _head(self) -> int:
        journal = self._running().journal
        assert journal is not None
        return journal.head()

    def _weigh(self, hour: Hour) -> None:
        journal = self._running().journal
        assert journal is not None
        hour.blocks = sys.getallocatedblocks()
        hour.rss = _rss()
        hour.rows = journal.row_count
        hour.removed = journal.head() - journal.row_count
        hour.bytes = journal.used_size()


def _upkeep(process: Process) -> Upkeep:
    built, journal, cache = process.built, process.journal, process.cache
    assert built is not None
    assert journal is not None
    assert cache is not None
    weeks, quarter = timedelta(days=21), timedelta(days=90)
    return Upkeep(
        rules=Rules(weeks, quarter, JOURNAL_SIZE_MAX, has_centre=True),
        journal=journal,
        cache=cache,
        recorder=built.recorder,
        alarms=built.alarms,
        blocking=process.blocking,
        clock=process.clock,
        key=Ed25519PrivateKey.from_private_bytes(bytes(32)),
    )


def _rss() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


# --- the command -------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim.market")
    parser.add_argument("--hours", type=int, default=24, help="virtual ones (24)")
    asked = parser.parse_args()
    begun_s = time.perf_counter()
    hours: list[Hour] = []

    def told(hour: Hour) -> None:
        hours.append(hour)
        print(line(hour), flush=True)
        for breach in hour.breaches[:BREACHES_MAX]:
            print(f"BROKEN at {breach.at_s:.4f} s: {breach.promise}: {breach.how}", flush=True)

    print(HEAD, flush=True)
    play(asked.hours, told)
    takes_s = time.perf_counter() - begun_s
    total = sum((hour.counts for hour in hours), Counter[str]())
    grown = grown_from(hours)
    breaches = sum(len(hour.breaches) for hour in hours)
    print(
        f"{total['scans']} scans, {total['opened']} openings, {total['recorded']} events in "
        f"{len(hours)} hours, played in {takes_s:.0f} s; {breaches} breaches; verdicts:",
        ", ".join(f"{count} {name}" for name, count in sorted(total.items()) if name not in _FIXED),
    )
    for what in grown:
        print(f"GREW: {what}")
    return 1 if breaches or grown else 0


def play(
    hours: int, told: Callable[[Hour], None], holders: int = HOLDERS, page_s: float = PAGE_S
) -> None:
    """Play so many hours; one has six pages."""
    where = FAST_DISK if FAST_DISK.is_dir() else None
    with TemporaryDirectory(prefix="gatewayd-market-", dir=where) as directory:
        market = Market(Path(directory), holders, page_s)
        with market.failures_seen():
            try:
                sim.run(market.open(hours, told))
            finally:
                market.disk.ledger.close()


_FIXED = frozenset({"scans", "opened", "verdicts", "recorded"})
if __name__ == "__main__":
    sys.exit(main())
