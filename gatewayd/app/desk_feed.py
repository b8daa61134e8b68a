"""Rows of the feed that are older than what a page was told."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

from gatewayd.app.desk_reading import Reading
from gatewayd.core.custody import EVENT_ID
from gatewayd.core.events import Event, load_draft
from gatewayd.core.feed import feed_row, machine_row
from gatewayd.core.feed_filter import Wanted
from gatewayd.core.words import Json
from gatewayd.runtime.requests import Answer, RequestError
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.journal_rows import Row
from gatewayd.store.journal_walk import last_position, walk

PAGE_ROWS = 100
LOOK_ROWS = 500  # At a time, going back.
SCAN_MAX = 5000
"""Rows looked at for one page; where few are wanted, the page asks again from there."""
TEXT_MAX = 200

_ROWS: Mapping[str, Callable[[Event], dict[str, Json] | None]] = {
    "people": feed_row,
    "machine": machine_row,
}


class OlderRows:
    def __init__(self, reading: Reading, journal: SqliteJournal) -> None:
        self._reading = reading
        self._journal = journal

    async def tell(self, request: Mapping[str, Any], _: str) -> Answer:
        """Carry out the request `events`: newest first; `before` is where to go on, or null."""
        make = _ROWS.get(str(request.get("audience")))
        if make is None:
            raise RequestError(f"`audience` is one of: {', '.join(_ROWS)}")
        wanted = _wanted(request)
        end = await self._end(request)
        found: list[Json] = []
        stop = max(0, end - SCAN_MAX)
        last: str | None = None
        while end > stop and len(found) < PAGE_ROWS:
            begin = max(stop, end - LOOK_ROWS)
            rows = await self._reading.run(partial(_between, self._reading.directory, begin, end))
            for row in reversed(rows):
                end, last = row.position - 1, row.id
                shown = _shown(row, make)
                if shown is not None and wanted.holds(shown):
                    found.append(shown)
                    if len(found) >= PAGE_ROWS:
                        break
            else:
                end = begin
                if not rows:  # Removed for their age, as all before them.
                    end = stop = 0
        return {"ok": True, "rows": found, "before": last if end > 0 else None}

    async def _end(self, request: Mapping[str, Any]) -> int:
        """Return the position of the newest row that is asked for."""
        before = request.get("before")
        if before is None:
            return await self._reading.run(partial(last_position, self._reading.directory))
        match = EVENT_ID.fullmatch(str(before))
        if match is None:
            raise RequestError("`before` is the id of an event")
        return self._journal.place(match[1], int(match[2])) - 1


def _wanted(request: Mapping[str, Any]) -> Wanted:
    given = {
        name: str(request[name])[:TEXT_MAX]
        for name in ("kind", "lane", "direction", "who", "text")
        if request.get(name)
    }
    return Wanted(**given)


def _between(directory: Path, begin: int, end: int) -> list[Row]:
    return [*takewhile(lambda row: row.position <= end, walk(directory, begin))]


def _shown(row: Row, make: Callable[[Event], dict[str, Json] | None]) -> dict[str, Json] | None:
    if row.body is None:
        return None
    return make(Event(row.epoch, row.seq, load_draft(row.body), row.run, row.appended_s))
