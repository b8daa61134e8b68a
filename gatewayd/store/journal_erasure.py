"""Takes a person out of the rows of the journal, and leaves in each that somebody was counted.

An event that lists what is erased erases it in its own commit: there is no moment at which one of
both is on the disk and the other is not.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection

from gatewayd.core.custody import Erased, read_listed
from gatewayd.core.erasure import without_person
from gatewayd.core.events import Audit, AuditSubject, Draft, dump_draft, load_draft
from gatewayd.core.words import ClockQuality, HolderId
from gatewayd.store import journal_file
from gatewayd.store.journal_file import DATABASE_NAME
from gatewayd.store.journal_head import epoch_time
from gatewayd.store.journal_rows import Row
from gatewayd.store.refusals import refusals_named

ERASED_AT_ONCE = 100
"""Rows, listed by one event of some 10 kB: a commit of milliseconds with their content
overwritten."""

_SPAN = 10_000  # Positions in one query: no transaction stays open for long.

Statement = tuple[str, Sequence[tuple[object, ...]]]

_LEAVE = "INSERT OR REPLACE INTO remainders VALUES (?, ?)"
_ERASE = "UPDATE events SET body = NULL, salt = NULL, digest = ? WHERE position = ?"


def positions_about(reader: Connection, holder: HolderId, after: int, last: int) -> Iterator[int]:
    """Yield the positions, after one and up to another, whose content names a holder."""
    query = (
        "SELECT position FROM events WHERE position > ? AND position <= ? "
        "AND instr(body, ?) > 0 ORDER BY position"
    )
    for start in range(after, last, _SPAN):
        end = min(start + _SPAN, last)
        for (position,) in reader.execute(query, (start, end, holder.encode())).fetchall():
            yield position


def walk_about(directory: Path, holder: HolderId) -> Iterator[Row]:
    """Yield the rows that name a holder, also while a daemon runs. Raises StorageError."""
    path = directory / DATABASE_NAME
    with refusals_named(path), closing(journal_file.open_reader(path)) as reader:
        last = journal_file.last_position(reader)
        for position in positions_about(reader, holder, 0, last):
            yield from journal_file.read_rows_at(reader, [position])


def list_erased(rows: Iterable[Row], officer: str) -> Erased:
    """Say what is to be erased, and what will be left of it."""
    listed = [(row.id, sha256(_left(row)).digest()) for row in rows if not row.is_erased]
    ids, left = zip(*listed, strict=True) if listed else ((), ())
    return Erased(tuple(ids), tuple(left), officer)


def listed_in(facts: Iterable[Audit]) -> list[str]:
    """Return the ids of the events that these erase."""
    said = map(read_listed, facts)
    return [each for one in said if isinstance(one, Erased) for each in one.ids]


def statements(writer: Connection, places: Mapping[int, str]) -> list[Statement]:
    """Return what erases these events, by their positions; those that are gone are passed over."""
    rows = [
        row
        for row in journal_file.read_rows_at(writer, places)
        if row.id == places[row.position] and not row.is_erased
    ]
    left = [(row.position, _left(row)) for row in rows]
    return [
        (_LEAVE, left),
        (_ERASE, [(row.erased().digest, row.position) for row in rows]),
    ]


def _left(row: Row) -> bytes:
    """Return what is left of a row; of one that cannot be read, that there was one."""
    try:
        left = without_person(load_draft(row.body or b""))
    except ValueError:
        fact = Audit(subject=AuditSubject.JOURNAL, action="row_erased")
        left = Draft(fact, epoch_time(row.epoch), ClockQuality.UNSYNCED)
    return dump_draft(left)
