"""Takes one person out of the records and tables of a site, for good, at their own request.

The tables forget them first, then the journal, page by page: whatever stops it halfway, asking
again finishes it. What comes to be recorded of them meanwhile is erased too. In the end nothing of
them is in any file of the state directory that the gateway itself reads or writes.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from gatewayd.core.erasure import forgotten
from gatewayd.core.events import Access, load_draft
from gatewayd.core.words import HolderId, Json
from gatewayd.ports import Blocking, Cache, StorageError
from gatewayd.runtime.recorder import Recorder
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.journal_erasure import ERASED_AT_ONCE, list_erased
from gatewayd.store.journal_rows import Row

log = logging.getLogger(__name__)

LOG_TRIES = 50
LOG_PAUSE_S = 0.1
"""Five seconds for whoever reads the journal at the moment; a page of theirs takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """records: the ids of those that were erased. listed_by: the ids of the events that say so.

    rows: how many rows of the tables there were.
    """

    records: tuple[str, ...]
    listed_by: tuple[str, ...]
    rows: int

    def document(self) -> dict[str, Json]:
        return {
            "records": list[Json](self.records),
            "listed_by": list[Json](self.listed_by),
            "rows": self.rows,
        }


@dataclass(frozen=True, slots=True)
class Erasure:
    """forget: has what is in memory about a holder's passages forgotten."""

    journal: SqliteJournal
    cache: Cache
    recorder: Recorder
    blocking: Blocking
    forget: Callable[[HolderId], None]

    async def erase(self, holder: HolderId, officer: str) -> Forgotten:
        """Erase all there is. Raises StorageError: it is not finished then, and says what to do."""
        run, journal = self.blocking.run, self.journal
        records: list[str] = []
        listed_by: list[str] = []
        row_count, after = 0, 0
        while positions := await run(partial(journal.positions_about, holder, after)):
            after = positions[-1]
            for start in range(0, len(positions), ERASED_AT_ONCE):
                page = positions[start : start + ERASED_AT_ONCE]
                rows = await run(partial(journal.rows_at, page))
                row_count += await self._drop(holder, _passes(rows))
                said = list_erased(rows, officer)
                if said.ids:
                    listed_by.append((await self.recorder.record(said.fact())).id)
                    records += said.ids
        row_count += await self._drop(holder, ())
        await run(self.cache.compact)
        await self._empty_log()
        log.info("holder_erased", extra={"fields": {"records": len(records)}})
        return Forgotten(tuple(records), tuple(listed_by), row_count)

    async def _drop(self, holder: HolderId, passes: Iterable[str]) -> int:
        """Have the tables forget somebody, durably; return how many rows knew them."""
        self.forget(holder)
        changes = forgotten(holder, passes, self.cache.get, self.cache.items)
        if changes:
            self.cache.apply(changes, *self.cache.folded())
            await self.blocking.run(self.cache.flush)
        return len(changes)

    async def _empty_log(self) -> None:
        for _ in range(LOG_TRIES):
            if await self.blocking.run(self.journal.empty_log):
                return
            await asyncio.sleep(LOG_PAUSE_S)
        raise StorageError(
            "erased, but old bytes are still in journal.db-wal, since another program reads the "
            "journal all the time: end it (`fuser -v` names it), and ask again"
        )


def _passes(rows: Iterable[Row]) -> set[str]:
    """Return the passes that were held up, those that are good for a number of entries."""
    found: set[str] = set()
    for row in rows:
        try:
            fact = load_draft(row.body or b"").fact
        except ValueError:
            continue  # Of a newer version, or damaged.
        if isinstance(fact, Access) and fact.pass_id is not None:
            found.add(fact.pass_id)
    return found
