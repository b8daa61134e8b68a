"""The journal in SQLite: every event, committed before anything follows from it."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Self

from gatewayd.core.events import (
    Audit,
    AuditSubject,
    Draft,
    Event,
    dump_draft,
    event_class,
    load_draft,
)
from gatewayd.core.words import ClockQuality
from gatewayd.ports import Receipts, StorageError
from gatewayd.store import journal_file, receipts
from gatewayd.store.journal_file import DATABASE_NAME
from gatewayd.store.journal_head import epoch_time
from gatewayd.store.journal_opening import End, Opened, open_files
from gatewayd.store.journal_rows import SALT_SIZE, Row
from gatewayd.store.refusals import is_damage, refusal, refusals_named

log = logging.getLogger(__name__)

_INSERT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class SqliteJournal:
    """The port Journal; made by `open`.

    One connection writes and one reads, so that a long read does not hold up a commit. What cannot
    be trusted any more (its chain does not fit) or cannot be understood is read as an audit event
    `row_unreadable` in its place: the sequence stays without gaps, and nothing false is told.
    """

    def __init__(self, path: Path, run: str, token: Callable[[int], bytes], opened: Opened) -> None:
        self.report = opened.report
        self._path = path
        self._run = run
        self._token = token
        self._note = opened.note
        self._end = opened.end
        self._writer = opened.writer
        self._writing = Lock()
        self._reader = opened.reader
        self._reading = Lock()
        self._receipts = opened.receipts

    @classmethod
    def open(cls, directory: Path, run: str, epoch_ms: int, token: Callable[[int], bytes]) -> Self:
        """Open the journal of a state directory; `report` tells what was found.

        run: names this process run. epoch_ms: unix time. token: returns so many bytes of chance.
        A damaged journal is moved aside. Raises StorageError where the disk refuses.
        """
        path = directory / DATABASE_NAME
        with refusals_named(path):
            return cls(path, run, token, open_files(directory, epoch_ms, token))

    @property
    def epoch(self) -> str:
        return self._end.epoch

    def commit(self, drafts: Sequence[tuple[Draft, float]]) -> list[Event]:
        if not drafts:
            return []
        bodies = [(str(event_class(draft.fact)), dump_draft(draft)) for draft, _ in drafts]
        with self._writing:
            end = self._end
            chain = end.chain
            rows: list[Row] = []
            for (name, body), (_, appended_s) in zip(bodies, drafts, strict=True):
                row = Row(
                    position=end.position + len(rows) + 1,
                    epoch=end.epoch,
                    seq=end.seq + len(rows) + 1,
                    event_class=name,
                    body=body,
                    salt=self._token(SALT_SIZE),
                    digest=None,
                    chain=b"",
                    run=self._run,
                    appended_s=float(appended_s),
                ).linked(chain)
                chain = row.chain
                rows.append(row)
            self._write(_INSERT, rows)
            self._end = End(end.epoch, end.base, rows[-1].position, chain)
            self._note.note(rows[-1].seq)
        return [
            Event(row.epoch, row.seq, draft, row.run, row.appended_s)
            for row, (draft, _) in zip(rows, drafts, strict=True)
        ]

    def head(self) -> int:
        return self._end.seq

    def read(self, after: int, limit: int) -> list[Event]:
        assert after >= 0
        assert limit > 0
        end = self._end
        start = end.base + after
        with self._reading:
            try:
                previous = journal_file.read_chain(self._reader, start)
                rows = journal_file.read_rows(self._reader, start, limit)
            except sqlite3.Error as error:
                raise self._refusal(error) from error
        events: list[Event] = []
        for position in range(start + 1, min(start + limit, end.position) + 1):
            row = rows.get(position)
            events.append(_event(end.epoch, position - end.base, row, previous))
            previous = row.chain if row is not None else b""
        return events

    def receipts(self) -> Receipts:
        return self._receipts

    def confirm(self, seqs: Sequence[int]) -> Receipts:
        with self._writing:
            assert all(1 <= seq <= self._end.seq for seq in seqs), "a receipt for no event of ours"
            merged = receipts.merge(self._receipts, seqs)
            if merged != self._receipts:
                values = (self.epoch, *receipts.dump(self.epoch, merged))
                self._write("INSERT OR REPLACE INTO receipts VALUES (?, ?, ?)", [values])
                self._receipts = merged
            return merged

    def close(self) -> None:
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()
            self._note.close()

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Run `statement` for all rows in one synchronous commit, or for none."""
        writer = self._writer
        try:
            writer.execute("BEGIN IMMEDIATE")
            writer.executemany(statement, rows)
            writer.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._refusal(error) from error
        finally:
            if writer.in_transaction:
                with suppress(sqlite3.Error):
                    writer.execute("ROLLBACK")

    def _refusal(self, error: sqlite3.Error) -> StorageError:
        if is_damage(error):
            self._note.revoke()
        return refusal(self._path, error)


def _event(epoch: str, seq: int, row: Row | None, previous: bytes) -> Event:
    """Return the event that `row` holds, or the audit event that stands in for it."""
    if row is None or not row.is_linked(previous) or (row.epoch, row.seq) != (epoch, seq):
        return _stand_in(epoch, seq, "it does not fit into the hash chain")
    if row.body is None:
        return _stand_in(epoch, seq, "it was erased")
    try:
        draft = load_draft(row.body)
    except ValueError as error:
        return _stand_in(epoch, seq, str(error))
    return Event(epoch, seq, draft, row.run, row.appended_s)


def _stand_in(epoch: str, seq: int, reason: str) -> Event:
    """Make an event that is of no run, thus late, and of the time when its epoch began."""
    log.warning("row_unreadable", extra={"fields": {"id": f"{epoch}-{seq}", "reason": reason}})
    fact = Audit(subject=AuditSubject.JOURNAL, action="row_unreadable", detail={"reason": reason})
    draft = Draft(fact, epoch_time(epoch), ClockQuality.UNSYNCED)
    return Event(epoch, seq, draft, run="", appended_s=0.0)
