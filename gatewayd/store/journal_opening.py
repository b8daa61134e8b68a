"""The start of the journal: its database is checked, a damaged one moved aside, an epoch chosen.

The epoch goes on only where the database and `journal.head` agree on how far it had come. In any
doubt a new one begins: two events under one id would be taken for duplicates by the centre.
"""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from gatewayd.ports import Receipts
from gatewayd.store import journal_file, receipts
from gatewayd.store.files import sync_directory
from gatewayd.store.journal_file import DATABASE_NAME, DamagedError, damage_named
from gatewayd.store.journal_head import NOTE_NAME, HeadNote, is_epoch, next_epoch
from gatewayd.store.refusals import refusals_named

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenReport:
    """What the start found; a new epoch with a reason belongs into an event.

    reason: a sentence; "" where the journal just goes on or is the first of its directory.
    moved_aside: the damaged database that a new one took the place of.
    """

    is_new_epoch: bool
    reason: str = ""
    moved_aside: Path | None = None


@dataclass(frozen=True, slots=True)
class End:
    """Where the next event goes: `position` counts through all epochs, up to `base` the others."""

    epoch: str
    base: int
    position: int
    chain: bytes

    @property
    def seq(self) -> int:
        return self.position - self.base


@dataclass(frozen=True, slots=True)
class Opened:
    writer: sqlite3.Connection
    reader: sqlite3.Connection
    note: HeadNote
    end: End
    bases: list[tuple[int, str]]
    """Of all epochs of the file; see `journal_file.read_bases`."""
    receipts: dict[str, Receipts]
    """Of all epochs that have any."""
    report: OpenReport
    is_checked: bool
    """Else the file was too large for a start that waits for it, and something vouches for it."""


def open_files(directory: Path, epoch_ms: int, token: Callable[[int], bytes]) -> Opened:
    """Open or create the files of the journal in `directory`.

    Raises sqlite3.Error and OSError where the disk refuses; damage is no reason to refuse.
    """
    path = directory / DATABASE_NAME
    chance = token(2)
    moved_aside = None
    with ExitStack() as stack:
        note = stack.enter_context(closing(HeadNote(directory / NOTE_NAME)))
        noted = note.read()
        known = journal_file.epochs_moved_aside(directory) + ([noted[0]] if noted else [])
        try:
            writer, end, confirmed, is_checked = _open_sound(path, is_vouched=noted is not None)
            reason = _doubt(end, noted)
        except DamagedError as error:
            reason = f"the journal was damaged ({error}): it was moved aside and a new one begins"
            moved_aside = journal_file.move_aside(path, next_epoch(epoch_ms, chance, known))
            writer, end, confirmed, is_checked = _open_sound(path, is_vouched=False)
        stack.enter_context(closing(writer))
        reader = stack.enter_context(closing(journal_file.open_reader(path)))
        if reason is None:
            note.hold(end.epoch, end.seq)
        else:
            epoch = next_epoch(epoch_ms, chance, [*known, *_epochs(writer)])
            note.hold(epoch, 0)
            end = _begin(writer, epoch, end)
        sync_directory(directory)
        stack.pop_all()
        report = OpenReport(reason is not None, reason or "", moved_aside)
        bases = journal_file.read_bases(writer)
        return Opened(writer, reader, note, end, bases, confirmed, report, is_checked)


def read_receipts_of(directory: Path) -> dict[str, Receipts]:
    """Return the receipts of all epochs, also while a daemon runs. Raises StorageError."""
    path = directory / DATABASE_NAME
    with refusals_named(path), closing(journal_file.open_reader(path)) as reader:
        return _read_receipts(reader)


def _open_sound(
    path: Path, *, is_vouched: bool
) -> tuple[sqlite3.Connection, End, dict[str, Receipts], bool]:
    """Return also whether the whole file was looked at."""
    with ExitStack() as stack, damage_named():
        writer = stack.enter_context(closing(journal_file.open_database(path)))
        is_checked = not (is_vouched and journal_file.is_large(path))
        if is_checked:
            journal_file.check(writer)
        end = _read_end(writer)
        confirmed = _read_receipts(writer)
        stack.pop_all()
        return writer, end, confirmed, is_checked


def _read_end(writer: sqlite3.Connection) -> End:
    newest = "SELECT epoch, base FROM epochs ORDER BY base DESC, epoch DESC LIMIT 1"
    epoch, base = writer.execute(newest).fetchone() or ("", 0)
    position = journal_file.last_position(writer)
    if position == base:
        return End(epoch, base, position, journal_file.read_chain(writer, position))
    row = journal_file.read_rows(writer, position - 1, 1)[position]
    if row is None or (row.epoch, row.seq) != (epoch, position - base):
        raise DamagedError("its last row is none of its last epoch")
    return End(epoch, base, position, row.chain)


def _read_receipts(connection: sqlite3.Connection) -> dict[str, Receipts]:
    confirmed: dict[str, Receipts] = {}
    for epoch, *stored in connection.execute("SELECT epoch, state, checksum FROM receipts"):
        found = receipts.load(epoch, *stored)
        if found is None:
            # Without receipts everything is sent again; the centre removes the duplicates.
            log.warning("receipts_damaged", extra={"fields": {"epoch": epoch}})
        else:
            confirmed[epoch] = found
    return confirmed


def _doubt(end: End, noted: tuple[str, int] | None) -> str | None:
    """Tell why the epoch of the database cannot go on; "" when there was none; None if it can."""
    epoch, seq = noted or ("", 0)
    if not end.epoch:
        return f"{DATABASE_NAME} is gone, it had come to {epoch}-{seq}" if seq else ""
    if noted is None:
        return "journal.head is missing or damaged: the journal may come from another place or time"
    if epoch != end.epoch:
        return f"the journal ends in epoch {end.epoch}, but this directory had come to {epoch}"
    if seq > end.seq:
        return f"events {epoch}-{end.seq + 1} to {epoch}-{seq} were recorded and are gone"
    return None


def _epochs(writer: sqlite3.Connection) -> list[str]:
    found = writer.execute("SELECT epoch FROM epochs").fetchall()
    return [epoch for (epoch,) in found if is_epoch(epoch)]


def _begin(writer: sqlite3.Connection, epoch: str, end: End) -> End:
    writer.execute("INSERT INTO epochs (epoch, base) VALUES (?, ?)", (epoch, end.position))
    return End(epoch, end.position, end.position, end.chain)
