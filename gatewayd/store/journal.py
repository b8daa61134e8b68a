"""The journal in SQLite: every event, committed before anything follows from it."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock
from typing import Self

from gatewayd.core.custody import EVENT_ID
from gatewayd.core.events import (
    Audit,
    AuditSubject,
    Draft,
    Event,
    dump_draft,
    event_class,
    load_draft,
)
from gatewayd.core.words import ClockQuality, HolderId
from gatewayd.ports import Receipts, StorageError
from gatewayd.store import journal_erasure, journal_file, journal_retention, receipts
from gatewayd.store.journal_file import DATABASE_NAME, DamagedError
from gatewayd.store.journal_head import epoch_time
from gatewayd.store.journal_opening import End, Opened, open_files
from gatewayd.store.journal_retention import Limits, Plan
from gatewayd.store.journal_rows import SALT_SIZE, Row
from gatewayd.store.refusals import is_damage, is_full, refusal, refusals_named
from gatewayd.store.reserve import Reserve

log = logging.getLogger(__name__)

Token = Callable[[int], bytes]
_Rows = Sequence[tuple[object, ...]]

_INSERT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_REMOVE = "DELETE FROM events WHERE position <= ?"
_KEEP_LINK = (
    "INSERT OR REPLACE INTO trimmed SELECT 1, position, chain FROM events WHERE position = ?"
)
_REMOVE_LEFT = "DELETE FROM remainders WHERE position <= ?"
_LOG_BUSY_MS = 50  # A verdict may wait meanwhile.
_REMOVED_AT_ONCE = 200
"""Rows: some milliseconds with their content overwritten; a commit may wait that long."""


class SqliteJournal:
    """The port Journal; made by `open`.

    One connection writes and one reads, so that a long read does not hold up a commit. What cannot
    be trusted any more (its chain does not fit) or cannot be understood is read as an audit event
    `row_unreadable` in its place: the sequence stays without gaps, and nothing false is told.
    Where the disk is full, room is taken from the reserve before anything is refused.
    """

    def __init__(self, directory: Path, run: str, token: Token, opened: Opened) -> None:
        self.report = opened.report
        self.directory = directory
        self.reserve = Reserve(directory)
        self._path = directory / DATABASE_NAME
        self._run = run
        self._token = token
        self._note = opened.note
        self._end = opened.end
        self._bases = opened.bases
        self._writer = opened.writer
        self._writing = Lock()
        self._reader = opened.reader
        self._reading = Lock()
        self._is_checked = opened.is_checked
        self._trimmed = journal_file.trimmed_position(opened.writer)
        self._receipts = {
            epoch: receipts.passed(opened.receipts.get(epoch, Receipts(0)), self._gone(epoch))
            for _, epoch in opened.bases
        }

    @classmethod
    def open(cls, directory: Path, run: str, epoch_ms: int, token: Token) -> Self:
        """Open the journal of a state directory; `report` tells what was found.

        run: names this process run. epoch_ms: unix time. token: returns so many bytes of chance.
        A damaged journal is moved aside. Raises StorageError where the disk refuses.
        """
        with refusals_named(directory / DATABASE_NAME):
            try:
                opened = open_files(directory, epoch_ms, token)
            except (sqlite3.Error, OSError) as error:
                if not (is_full(error) and Reserve(directory).release_all()):
                    raise
                opened = open_files(directory, epoch_ms, token)
            return cls(directory, run, token, opened)

    @property
    def epoch(self) -> str:
        return self._end.epoch

    def commit(self, drafts: Sequence[tuple[Draft, float]]) -> list[Event]:
        """Store drafts; what one of them lists as erased is erased with it."""
        if not drafts:
            return []
        bodies = [(str(event_class(draft.fact)), dump_draft(draft)) for draft, _ in drafts]
        with self._writing:
            end, run = self._end, self._run
            chain = end.chain
            rows: list[Row] = []
            for count, ((name, body), (_, at_s)) in enumerate(zip(bodies, drafts, strict=True), 1):
                place = (end.position + count, end.epoch, end.seq + count)
                content = (name, body, self._token(SALT_SIZE), run, float(at_s))
                row = Row.appended(chain, place, content)
                chain = row.chain
                rows.append(row)
            self._write(_INSERT, rows, *self._erasures(drafts))
            self._end = End(end.epoch, end.base, rows[-1].position, chain)
            self._note.note(rows[-1].seq)
        return [
            Event(row.epoch, row.seq, draft, row.run, row.appended_s)
            for row, (draft, _) in zip(rows, drafts, strict=True)
        ]

    def _erasures(self, drafts: Sequence[tuple[Draft, float]]) -> list[journal_erasure.Statement]:
        """Return what erases the events that these drafts list as erased."""
        audits = [draft.fact for draft, _ in drafts if isinstance(draft.fact, Audit)]
        ids = journal_erasure.listed_in(audits) if audits else []
        if not ids:
            return []
        with refusals_named(self._path):
            places = {self._position(each): each for each in ids}
            return journal_erasure.statements(self._writer, places)

    def head(self) -> int:
        return self._end.seq

    def head_link(self) -> tuple[str, bytes]:
        """Return the id of the newest event and its link in the chain; ("", ...) in a new epoch."""
        end = self._end
        return (f"{end.epoch}-{end.seq}" if end.seq else "", end.chain)

    def read(self, after: int, limit: int) -> list[Event]:
        return self.read_from(self.place(self.epoch, after), limit)

    # --- all epochs of the file ------------------------------------------------------------------

    def place(self, epoch: str, seq: int) -> int:
        """Return the position of an event, counted through all epochs; 0 for an unknown epoch.

        What lies beyond the end of an older epoch is taken for its end.
        """
        for index, (base, name) in enumerate(self._bases):
            if name == epoch:
                ends = [base for base, _ in self._bases[index + 1 :]]
                return min([base + seq, *ends])
        return 0

    def read_from(self, position: int, limit: int) -> list[Event]:
        """Return up to `limit` events of all epochs from after a position, in order."""
        assert limit > 0
        start, last = max(position, self._trimmed), self._end.position
        with self._reading:
            try:
                previous = journal_file.read_chain(self._reader, start)
                rows = journal_file.read_rows(self._reader, start, limit)
            except sqlite3.Error as error:
                raise self._refusal(error) from error
        events: list[Event] = []
        for place in range(start + 1, min(start + limit, last) + 1):
            row = rows.get(place)
            events.append(_event(*self._at(place), row, previous))
            previous = row.chain if row is not None else b""
        return events

    def find(self, event_id: str) -> Event | None:
        """Return an event of any epoch of the file; None where it is not there, or not any more."""
        after = max(0, self._position(event_id) - 1)
        return next((event for event in self.read_from(after, 1) if event.id == event_id), None)

    def earlier(self) -> list["EarlierEpoch"]:
        """Return the older epochs of the file in which events have no receipt yet."""
        ends = [base for base, _ in self._bases[1:]]
        found = [
            EarlierEpoch(self, epoch, base, end - base)
            for (base, epoch), end in zip(self._bases, ends, strict=False)
        ]
        return [each for each in found if each.receipts().upto < each.head()]

    # --- receipts --------------------------------------------------------------------------------

    def receipts(self) -> Receipts:
        return self.receipts_of(self.epoch)

    def receipts_of(self, epoch: str) -> Receipts:
        return self._receipts[epoch]

    def confirm(self, seqs: Sequence[int]) -> Receipts:
        assert all(1 <= seq <= self._end.seq for seq in seqs), "a receipt for no event of ours"
        return self.confirm_of(self.epoch, seqs)

    def confirm_of(self, epoch: str, seqs: Sequence[int]) -> Receipts:
        with self._writing:
            merged = receipts.merge(self._receipts[epoch], seqs)
            if merged != self._receipts[epoch]:
                values = (epoch, *receipts.dump(epoch, merged))
                self._write("INSERT OR REPLACE INTO receipts VALUES (?, ?, ?)", [values])
                self._receipts[epoch] = merged
            return merged

    # --- retention -------------------------------------------------------------------------------

    @property
    def row_count(self) -> int:
        """The rows that were not removed, of all epochs."""
        return self._end.position - self._trimmed

    def check_rest(self) -> str | None:
        """Look for damage where the start had no time to; tell what to do where there is some.

        The note is revoked then, so that the next start moves the file aside. Raises StorageError.
        """
        if self._is_checked:
            return None
        with refusals_named(self._path), closing(journal_file.open_reader(self._path)) as reader:
            try:
                with journal_file.damage_named():
                    journal_file.check(reader)
            except DamagedError as error:
                self._note.revoke()
                what = f"it is damaged ({error}): restart gatewayd, which moves it aside"
                return f"{self._path}: {what}"
        self._is_checked = True
        return None

    def used_size(self) -> int:
        """Return the bytes in use."""
        with self._reading, refusals_named(self._path):
            return journal_retention.used_size(self._reader)

    def plan_removal(self, folded: tuple[str, int], limits: Limits) -> Plan | None:
        """Find rows that can go; the newest stays, and so does what is not `folded` durably.

        folded: epoch and seq up to which the decision cache has everything. Raises StorageError.
        """
        last = min(self.place(*folded), self._end.position - 1)
        with closing(journal_file.open_reader(self._path)) as reader, refusals_named(self._path):
            return journal_retention.plan(reader, self._bases, last, dict(self._receipts), limits)

    def remove(self, upto: int) -> bool:
        """Remove some rows up to a position; tell whether there are more. Raises StorageError.

        Say first that they go: `Plan.trimmed`. Commits have their turn between two calls.
        """
        with self._writing:
            assert upto < self._end.position, "the newest row stays"
            position = min(self._trimmed + _REMOVED_AT_ONCE, upto)
            if position <= self._trimmed:
                return False
            place = [(position,)]
            self._write(_KEEP_LINK, place, (_REMOVE, place), (_REMOVE_LEFT, place))
            self._trimmed = position
            for _, epoch in self._bases:
                self._receipts[epoch] = receipts.passed(self._receipts[epoch], self._gone(epoch))
            return position < upto

    # --- erasure ---------------------------------------------------------------------------------

    def positions_about(self, holder: HolderId, after: int = 0) -> list[int]:
        """Return where something of a holder is recorded, after a position. Raises StorageError."""
        last = self._end.position
        with closing(journal_file.open_reader(self._path)) as reader, refusals_named(self._path):
            return [*journal_erasure.positions_about(reader, holder, after, last)]

    def rows_at(self, positions: Sequence[int]) -> list[Row]:
        """Return the rows at these positions, those that can be read. Raises StorageError."""
        with closing(journal_file.open_reader(self._path)) as reader, refusals_named(self._path):
            return journal_file.read_rows_at(reader, positions)

    def empty_log(self) -> bool:
        """Move all from the write-ahead log into the database, and cut the log to nothing.

        False: somebody reads from it at the moment. Raises StorageError.
        """
        with self._writing, refusals_named(self._path):
            self._writer.execute(f"PRAGMA busy_timeout = {_LOG_BUSY_MS}")
            try:
                (busy, *_) = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                self._writer.execute(f"PRAGMA busy_timeout = {journal_file.BUSY_MS}")
            return not busy

    def move_log(self) -> None:
        """Move the write-ahead log into the database beside commits, so that none of them has to.

        Raises StorageError.
        """
        with refusals_named(self._path):
            journal_file.move_log(self._path)

    def close(self) -> None:
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()
            self._note.close()

    def _at(self, position: int) -> tuple[str, int]:
        """Return epoch and seq of a position."""
        base, epoch = next(each for each in reversed(self._bases) if each[0] < position)
        return epoch, position - base

    def _position(self, event_id: str) -> int:
        """Return where an event stands; 0, where none does, for the id of no event."""
        match = EVENT_ID.fullmatch(event_id)
        return 0 if match is None else self.place(match[1], int(match[2]))

    def _gone(self, epoch: str) -> int:
        """Return up to which seq the rows of an epoch are removed."""
        base = self.place(epoch, 0)
        return max(0, min(self._trimmed, self.place(epoch, self._end.position)) - base)

    def _write(self, statement: str, rows: _Rows, *more: tuple[str, _Rows]) -> None:
        """Run each statement for all its rows, all in one synchronous commit, or nothing."""
        while True:
            try:
                self._transact((statement, rows), *more)
            except sqlite3.Error as error:
                if is_full(error) and self.reserve.release():
                    log.warning("reserve_used")
                    continue
                raise self._refusal(error) from error
            return

    def _transact(self, *statements: tuple[str, _Rows]) -> None:
        writer = self._writer
        try:
            writer.execute("BEGIN IMMEDIATE")
            for statement, rows in statements:
                writer.executemany(statement, rows)
            writer.execute("COMMIT")
        finally:
            if writer.in_transaction:
                with suppress(sqlite3.Error):
                    writer.execute("ROLLBACK")

    def _refusal(self, error: sqlite3.Error) -> StorageError:
        if is_damage(error):
            self._note.revoke()
        return refusal(self._path, error)


class EarlierEpoch:
    """An older epoch of the file as a journal that is read and confirmed, and takes no events."""

    def __init__(self, journal: SqliteJournal, epoch: str, base: int, last_seq: int) -> None:
        self.epoch = epoch
        self._journal = journal
        self._base = base
        self._last_seq = last_seq

    def commit(self, drafts: Sequence[tuple[Draft, float]]) -> list[Event]:
        raise AssertionError(f"epoch {self.epoch} is closed: {len(drafts)} events came too late")

    def head(self) -> int:
        return self._last_seq

    def read(self, after: int, limit: int) -> list[Event]:
        events = self._journal.read_from(self._base + after, limit)
        return [event for event in events if event.epoch == self.epoch]

    def receipts(self) -> Receipts:
        return self._journal.receipts_of(self.epoch)

    def confirm(self, seqs: Sequence[int]) -> Receipts:
        assert all(1 <= seq <= self._last_seq for seq in seqs), "a receipt for no event of ours"
        return self._journal.confirm_of(self.epoch, seqs)


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
