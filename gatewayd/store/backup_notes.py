"""The file `backups`: where backups of a state directory were written, as far as it knows.

A gateway cannot change a backup: whoever erases somebody, or deletes what has served its time, is
told which there are.
"""

import os
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from json import dumps, loads
from pathlib import Path

from gatewayd.store.refusals import refusals_named

BACKUPS_NAME = "backups"
NOTES_MAX = 1000  # Daily ones of some three years; the oldest go first.


@dataclass(frozen=True, slots=True)
class BackupNote:
    """at: when it was made, as text. path: where it was written to."""

    at: str
    path: str


def read_backup_notes(directory: Path) -> list[BackupNote]:
    """Return them, oldest first; lines that are damaged are left out. Raises StorageError."""
    path = directory / BACKUPS_NAME
    with refusals_named(path):
        if not path.exists():
            return []
        lines = path.read_bytes().splitlines()
    return [note for note in map(_parse, lines) if note is not None]


def note_backup(directory: Path, note: BackupNote) -> None:
    """Add one. Raises StorageError."""
    _write(directory, [*read_backup_notes(directory), note][-NOTES_MAX:])


def forget_backups(directory: Path, paths: AbstractSet[str]) -> None:
    """Drop those that were deleted. Raises StorageError."""
    notes = read_backup_notes(directory)
    left = [note for note in notes if note.path not in paths]
    if left != notes:
        _write(directory, left)


def _write(directory: Path, notes: Sequence[BackupNote]) -> None:
    new = directory / f"{BACKUPS_NAME}.new"
    with refusals_named(directory / BACKUPS_NAME):
        owner = directory.stat()
        new.touch(mode=0o600)
        new.write_text("".join(dumps([one.at, one.path]) + "\n" for one in notes))
        if os.geteuid() == 0:  # It belongs to whoever runs the gateway, as all else there.
            os.chown(new, owner.st_uid, owner.st_gid)
        new.replace(directory / BACKUPS_NAME)


def _parse(line: bytes) -> BackupNote | None:
    try:
        at, path = loads(line)
    except (ValueError, TypeError, RecursionError):
        return None
    return BackupNote(str(at), str(path))
