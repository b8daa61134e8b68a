"""Reads the records and tables of a site from its files, also while the gateway is running."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from gatewayd.app.errors import told_plainly
from gatewayd.core.events import Draft, load_draft
from gatewayd.core.words import Json
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal_rows import Row
from gatewayd.store.journal_walk import last_position, walk


def read_events(directory: Path, last: int | None = None) -> Iterator[dict[str, Json]]:
    """Yield the events with their ids, oldest first: all of them, or the last ones."""
    with told_plainly():
        after = 0 if last is None else max(0, last_position(directory) - last)
        for row in walk(directory, after):
            yield _shown(row)


def read_drafts(
    directory: Path, is_wanted: Callable[[bytes], bool] = lambda _body: True
) -> Iterator[Draft]:
    """Yield what the events say, oldest first; erased ones are left out, and unwanted bodies."""
    with told_plainly():
        for row in walk(directory):
            if row.body is not None and is_wanted(row.body):
                yield load_draft(row.body)


def read_table(directory: Path, table: str) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield the rows of a table of the decision cache, as they were made durable last."""
    with told_plainly():
        cache = TinyCache.peek(directory)
        try:
            for key, document in cache.items(table):
                yield key, dict(document)
        finally:
            cache.close()


def _shown(row: Row) -> dict[str, Json]:
    """Return the event of a row; one that was erased keeps its place."""
    head: dict[str, Json] = {"id": row.id, "epoch": row.epoch, "sequence": row.seq}
    if row.body is None:
        return {**head, "type": "erased", "data": {}}
    body = json.loads(row.body)
    return {**head, **body}
