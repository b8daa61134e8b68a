"""Walks through the whole journal, all epochs, also while a daemon writes it: for commands.

Rows are fetched in batches, and no transaction stays open between them: memory stays constant, and
a walk that takes hours does not keep the write-ahead log from being emptied.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

from gatewayd.store import journal_file
from gatewayd.store.journal_file import DATABASE_NAME
from gatewayd.store.journal_rows import Row
from gatewayd.store.refusals import refusals_named

_BATCH_ROWS = 1000  # half a megabyte of memory


def walk(directory: Path, after: int = 0) -> Iterator[Row]:
    """Yield the rows with position > after, in order; unsound ones are left out.

    Start again after the last position to see what came since. Raises StorageError.
    """
    path = directory / DATABASE_NAME
    with refusals_named(path), closing(journal_file.open_reader(path)) as reader:
        for _, row in walk_rows(reader, after):
            if row is not None:
                yield row


def last_position(directory: Path) -> int:
    """Return the position of the newest row, 0 if there is none. Raises StorageError."""
    path = directory / DATABASE_NAME
    with refusals_named(path), closing(journal_file.open_reader(path)) as reader:
        return journal_file.last_position(reader)


def walk_rows(reader: Connection, after: int) -> Iterator[tuple[int, Row | None]]:
    """Yield (position, row) of all rows there are after a position; None for an unsound one."""
    while rows := journal_file.read_rows(reader, after, _BATCH_ROWS):
        yield from rows.items()
        after = max(rows)
