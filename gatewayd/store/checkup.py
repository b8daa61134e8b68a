"""Looks over the files of a state directory as they are, and changes nothing: for commands."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gatewayd.ports import StorageError
from gatewayd.store import journal_file, receipts
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal_file import DATABASE_NAME, DamagedError, damage_named
from gatewayd.store.journal_head import NOTE_NAME, HeadNote
from gatewayd.store.refusals import refusals_named
from gatewayd.store.reserve import RESERVE_NAME, Reserve


@dataclass(frozen=True, slots=True)
class Looked:
    """file: its name. what: how it stands, in a sentence."""

    file: str
    is_good: bool
    what: str


def look_over(directory: Path) -> list[Looked]:
    """Look at each file, also while a daemon runs. Raises StorageError where none can be read."""
    with refusals_named(directory):
        asides = sorted(path.name for path in directory.glob("*corrupt*"))
    return [
        _look_at_journal(directory / DATABASE_NAME),
        *_look_at_receipts(directory / DATABASE_NAME),
        _look_at_note(directory),
        _look_at_cache(directory),
        _look_at_reserve(directory),
        *(Looked(name, is_good=True, what=_ASIDE) for name in asides),
    ]


_ASIDE = "was damaged and moved aside; nothing reads it: keep it for an expert, or delete it"


def _look_at_journal(path: Path) -> Looked:
    with refusals_named(path), closing(journal_file.open_reader(path)) as reader:
        try:
            with damage_named():
                journal_file.check_schema(reader)
                journal_file.check(reader)
                count, epochs = reader.execute(
                    "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM epochs)"
                ).fetchone()
        except DamagedError as error:
            what = f"is damaged ({error}); the next start moves it aside and begins a new one"
            return Looked(path.name, is_good=False, what=what)
    return Looked(path.name, is_good=True, what=f"is sound: events {count}, epochs {epochs}")


def _look_at_receipts(path: Path) -> Iterator[Looked]:
    query = "SELECT epoch, state, checksum FROM receipts"
    with closing(journal_file.open_reader(path)) as reader:
        try:
            rows = reader.execute(query).fetchall()
        except sqlite3.DatabaseError:
            return  # Told of the file as a whole.
    for epoch, *stored in rows:
        if receipts.load(epoch, *stored) is None:
            what = f"has damaged receipts of epoch {epoch}: all its events are sent again"
            yield Looked(path.name, is_good=False, what=what)


def _look_at_note(directory: Path) -> Looked:
    noted = HeadNote(directory / NOTE_NAME).read()
    if noted is None:
        what = "is missing or damaged: the next start begins a new epoch"
        return Looked(NOTE_NAME, is_good=False, what=what)
    return Looked(NOTE_NAME, is_good=True, what=f"vouches for all up to {noted[0]}-{noted[1]}")


def _look_at_reserve(directory: Path) -> Looked:
    if Reserve(directory).is_whole:
        return Looked(RESERVE_NAME, is_good=True, what="is whole")
    what = "is used up or could not be made: free some space (see `df -h`)"
    return Looked(RESERVE_NAME, is_good=False, what=what)


def _look_at_cache(directory: Path) -> Looked:
    try:
        with closing(TinyCache.peek(directory)) as cache:
            epoch, upto = cache.folded()
    except StorageError as error:
        return Looked("cache", is_good=False, what=str(error))
    return Looked("cache", is_good=True, what=f"is sound, and has the journal up to {epoch}-{upto}")
