"""The state directory: made for one user, held by one running gatewayd, of a known version."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatewayd.ports import StorageError
from gatewayd.store.files import sync_directory
from gatewayd.store.refusals import refusals_named

STATE_VERSION = 3
"""Of the names and meanings of all files in the directory. Each file is brought up to date by
whoever opens it (`journal_file._STEPS`); this number keeps an older gatewayd away from then on."""

_PID_DIGITS = 10
"""The pid is written at a fixed width, in place: this works on a full disk too."""


@contextmanager
def state_directory(directory: Path) -> Iterator[Path]:
    """Hold `directory` for this process alone, from here to the end of the block.

    It is made where it is missing, for the owner only (0700); a mode that somebody chose stays,
    and every file in it is 0600. The kernel frees a killed process's hold. Raises StorageError: in
    use, made by a newer gatewayd, or the disk refuses.
    """
    with refusals_named(directory):
        _make(directory)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with refusals_named(directory):
            _take(lock, directory)
            _check_version(directory)
        yield directory
    finally:
        os.close(lock)


def _make(directory: Path) -> None:
    if not directory.is_dir():
        directory.mkdir(mode=0o700, parents=True)
        sync_directory(directory.parent)


def _take(lock: int, directory: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(lock, _PID_DIGITS, 0).decode("ascii", "replace").strip() or "unknown"
        raise StorageError(
            f"{directory}: in use by another gatewayd, process {holder}: stop that one first "
            "(`systemctl stop gatewayd`), or give this one its own [storage] directory"
        ) from error
    os.pwrite(lock, f"{os.getpid():<{_PID_DIGITS}}\n".encode(), 0)


def _check_version(directory: Path) -> None:
    path = directory / "version"
    found = _read_version(path)
    if found is not None and found > STATE_VERSION:
        raise StorageError(
            f"{directory}: made by a newer gatewayd (state version {found}, this one knows up to "
            f"{STATE_VERSION}): install the newer one again, or restore a backup from before it"
        )
    if found != STATE_VERSION:
        _write_version(path)


def _read_version(path: Path) -> int | None:
    """Return the version; None where the file is missing or damaged: then it is the first one's."""
    try:
        text = path.read_bytes().strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() and len(text) <= 4 else None


def _write_version(path: Path) -> None:
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(f"{STATE_VERSION}\n")
    new.replace(path)
    sync_directory(path.parent)
