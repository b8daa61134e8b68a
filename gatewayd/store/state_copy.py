"""Copies what a state directory holds into another one, as of one moment, while a daemon writes."""

import sqlite3
from contextlib import closing
from pathlib import Path

from gatewayd.ports import StorageError
from gatewayd.store import journal_file
from gatewayd.store.cache import CACHE_FILE_NAMES, TinyCache
from gatewayd.store.clock_note import CLOCK_NOTE_NAME, read_clock_note, write_clock_note
from gatewayd.store.journal_file import DATABASE_NAME
from gatewayd.store.received import copy_received
from gatewayd.store.refusals import refusals_named

COPIED_NAMES = (DATABASE_NAME, *CACHE_FILE_NAMES, CLOCK_NOTE_NAME)
"""The note of the journal is none of them: without it a copy begins a new epoch when it is opened,
so that no id is ever given twice."""


def copy_state(directory: Path, into: Path) -> None:
    """Copy into an empty directory. Raises StorageError.

    The cache first: a journal that is ahead of its cache is folded in, the other way round a count
    would be of events that never were. A damaged cache is left out, it is built anew.
    """
    try:
        with closing(TinyCache.peek(directory)) as cache:
            cache.copy_to(into)
    except StorageError:
        for name in CACHE_FILE_NAMES:
            (into / name).unlink(missing_ok=True)
    copy_received(directory, into)
    path = directory / DATABASE_NAME
    with (
        refusals_named(path),
        closing(journal_file.open_reader(path)) as source,
        closing(sqlite3.connect(into / DATABASE_NAME)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # One file, without companions.
    noted = read_clock_note(directory)
    if noted is not None:
        write_clock_note(into, noted)
