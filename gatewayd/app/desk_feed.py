"""Rows of the feed that are older than what a page was told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

Make = Callable[[Event], dict[str, Json] | None]

_ROWS: Mapping[str, Make] = {
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
        stop = max(0, end - SCAN_MAX)
        found: list[Json] = []
        last: str | None = None
        while end > stop and len(found) < PAGE_ROWS:
            begin, room = max(stop, end - LOOK_ROWS), PAGE_ROWS - len(found)
            look = partial(_look, self._reading.directory, (begin, end), make, wanted, room)
            seen = await self._reading.run(look)
            found += seen.rows
            end, last = seen.position, seen.last or last
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


@dataclass(frozen=True, slots=True)
class _Seen:
    """rows: those wanted. position: where to go on. last: the id of the oldest looked at."""

    rows: list[Json]
    position: int
    last: str | None


def _look(directory: Path, span: tuple[int, int], make: Make, wanted: Wanted, room: int) -> _Seen:
    """Look back from the end of a span for as many rows as there is room for; in a thread."""
    begin, end = span
    rows = [*takewhile(lambda row: row.position <= end, walk(directory, begin))]
    found: list[Json] = []
    for row in reversed(rows):
        shown = _shown(row, make)
        if shown is not None and wanted.holds(shown):
            found.append(shown)
            if len(found) >= room:
                return _Seen(found, row.position - 1, row.id)
    # Where nothing is left, all before it was removed for its age too.
    return _Seen(found, begin, rows[0].id) if rows else _Seen(found, 0, None)


def _shown(row: Row, make: Make) -> dict[str, Json] | None:
    if row.body is None:
        return None
    return make(Event(row.epoch, row.seq, load_draft(row.body), row.run, row.appended_s))
