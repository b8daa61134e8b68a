"""Walks through the whole journal, all epochs, also while a daemon writes it: for commands.

Rows are fetched in batches, and no transaction stays open between them: memory stays constant, and
a walk that takes hours does not keep the write-ahead log from being emptied.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gatewayd.store import journal_file
from gatewayd.store.journal_file import DATABASE_NAME
from gatewayd.store.journal_rows import CHAIN_START, Row
from gatewayd.store.refusals import refusals_named

_BATCH_ROWS = 1000  # half a megabyte of memory


@dataclass(frozen=True, slots=True)
class Intact:
    """The chain holds over all rows; `chain` is its last link."""

    row_count: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row that is not what was appended there, or that is missing.

    after: id of the last good row; "" if there is none.
    """

    position: int
    after: str


def walk(directory: Path, after: int = 0) -> Iterator[Row]:
    """Yield the rows with position > after, in order; unsound ones are left out.

    Start again after the last position to see what came since. Raises StorageError.
    """
    return (row for _, row in _walk(directory, after) if row is not None)


def last_position(directory: Path) -> int:
    """Return the position of the newest row, 0 if there is none. Raises StorageError."""
    path = directory / DATABASE_NAME
    with refusals_named(path), closing(journal_file.open_reader(path)) as reader:
        return journal_file.last_position(reader)


def verify(directory: Path) -> Intact | Broken:
    """Hold every row against the hash chain; erased ones hold too. Raises StorageError."""
    count, previous, last_id = 0, CHAIN_START, ""
    for position, row in _walk(directory, 0):
        if row is None or position != count + 1 or not row.is_linked(previous):
            return Broken(count + 1, last_id)
        count, previous, last_id = position, row.chain, row.id
    return Intact(count, previous)


def _walk(directory: Path, after: int) -> Iterator[tuple[int, Row | None]]:
    path = directory / DATABASE_NAME
    with refusals_named(path), closing(journal_file.open_reader(path)) as reader:
        while rows := journal_file.read_rows(reader, after, _BATCH_ROWS):
            yield from rows.items()
            after = max(rows)
