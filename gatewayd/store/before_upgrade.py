"""The copy of a state directory from before its files were brought up to a newer version.

It lies in the directory itself, file by file as they were, so that no release has to understand
them. The way back puts them in place again and keeps what was there since. `journal.head` is left
out: without it the journal begins a new epoch, and no id is given a second time.
"""

import logging
import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from gatewayd.ports import StorageError
from gatewayd.store.files import give_to_owner, sync_directory
from gatewayd.store.journal_file import DATABASE_NAME
from gatewayd.store.journal_head import NOTE_NAME
from gatewayd.store.refusals import refusals_named
from gatewayd.store.reserve import RESERVE_NAME

log = logging.getLogger(__name__)

COPY_NAME = "before-upgrade"
_SINCE_NAME = "after-upgrade-"
_LEFT_OUT = frozenset(
    {"lock", "control.sock", "backups", f"{DATABASE_NAME}-shm", NOTE_NAME, RESERVE_NAME}
)
"""What belongs to the running process, to the directory, or to an epoch that must not go on."""


def keep_before_upgrade(directory: Path) -> None:
    """Copy the state of a directory that nobody else holds, in the place of the copy before.

    Without room for it the gate is more important: then it goes on without a copy, and says so.
    """
    if not (directory / DATABASE_NAME).exists():
        return
    copy, new = directory / COPY_NAME, directory / f"{COPY_NAME}.new"
    try:
        shutil.rmtree(new, ignore_errors=True)
        _copy(directory, new)
        shutil.rmtree(copy, ignore_errors=True)
        new.rename(copy)
        sync_directory(directory)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        reason = f"{error}: without it, the way back is a backup from before the upgrade"
        log.warning("upgrade_without_copy", extra={"fields": {"reason": reason}})


def has_copy(directory: Path) -> bool:
    return (directory / COPY_NAME).is_dir()


def put_back(directory: Path) -> Path:
    """Put the copy in place; return where that is which was there. Nobody else may hold it.

    An end in the middle is mended by doing it again. Raises StorageError.
    """
    copy = directory / COPY_NAME
    if not has_copy(directory):
        raise StorageError(
            "there is no copy from before an upgrade: restore a backup from before it", copy
        )
    with refusals_named(directory):
        numbers = (directory / f"{_SINCE_NAME}{number}" for number in count(1))
        since = next(path for path in numbers if not path.exists())
        since.mkdir(mode=0o700)
        # The journal goes first, so that a start in between begins a new one and mixes none.
        for path in sorted(_files(directory), key=lambda path: path.name != DATABASE_NAME):
            path.rename(since / path.name)
        (directory / NOTE_NAME).unlink(missing_ok=True)
        _copy(copy, directory)
        give_to_owner(directory)
        sync_directory(directory)
    return since


def drop_copies(directory: Path, before_s: float) -> list[str]:
    """Delete the copies made before a time (POSIX); return their names. Raises StorageError."""
    with refusals_named(directory):
        found = [directory / COPY_NAME, *sorted(directory.glob(f"{_SINCE_NAME}*"))]
        old = [path for path in found if path.is_dir() and path.stat().st_mtime < before_s]
        for path in old:
            shutil.rmtree(path)
    return [path.name for path in old]


def _files(directory: Path) -> Iterator[Path]:
    """Yield the files and folders that are the state."""
    for path in directory.iterdir():
        is_copy = path.name.startswith((COPY_NAME, _SINCE_NAME))
        if not is_copy and path.name not in _LEFT_OUT and ".corrupt" not in path.name:
            yield path


def _copy(source: Path, target: Path) -> None:
    """Copy durably; the journal last, since it says that all is there."""
    target.mkdir(mode=0o700, exist_ok=True)
    for path in sorted(_files(source), key=lambda path: path.name == DATABASE_NAME):
        if path.is_dir():
            _copy(path, target / path.name)
            continue
        if not path.is_file():
            continue
        with path.open("rb") as old, (target / path.name).open("xb") as new:
            os.fchmod(new.fileno(), path.stat().st_mode & 0o777)
            shutil.copyfileobj(old, new, 1 << 20)
            new.flush()
            os.fsync(new.fileno())
    sync_directory(target)
