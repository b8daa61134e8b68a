"""The state directory: made for one user, held by one running gatewayd, of a known version."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatewayd.ports import StorageError
from gatewayd.store.before_upgrade import COPY_NAME, has_copy, keep_before_upgrade, put_back
from gatewayd.store.files import replace_durably, sync_directory
from gatewayd.store.refusals import is_full, refusals_named
from gatewayd.store.reserve import Reserve

STATE_VERSION = 3
"""Of the names and meanings of all files in the directory. Each file is brought up to date by
whoever opens it (`journal_file._STEPS`), after all were copied (`before_upgrade`); this number
keeps an older gatewayd away from then on."""

_PID_DIGITS = 10
"""The pid is written at a fixed width, in place: this works on a full disk too."""


class NewerStateError(StorageError):
    """A newer gatewayd wrote it: to try again does not help."""


@contextmanager
def state_directory(directory: Path) -> Iterator[Path]:
    """Hold `directory` for this process alone, from here to the end of the block.

    It is made where it is missing, for the owner only (0700); a mode that somebody chose stays,
    and every file in it is 0600. The kernel frees a killed process's hold. Raises StorageError: in
    use, made by a newer gatewayd (NewerStateError), or the disk refuses.
    """
    with _held(directory):
        with refusals_named(directory):
            _check_version(directory)
        yield directory


def go_back(directory: Path) -> Path:
    """Put the state from before an upgrade in place; return where that is which was there.

    Raises StorageError; NewerStateError where the copy too is of a newer gatewayd.
    """
    with _held(directory):
        found = _read_version(directory / COPY_NAME / "version")
        if found is not None and found > STATE_VERSION:
            raise NewerStateError(
                f"{directory / COPY_NAME}: of a newer gatewayd too (state version {found}, this "
                f"one knows up to {STATE_VERSION}): restore a backup from before it"
            )
        return put_back(directory)


@contextmanager
def _held(directory: Path) -> Iterator[None]:
    with refusals_named(directory):
        _make(directory)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with refusals_named(directory):
            _take(lock, directory)
        yield
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
            f"in use by another gatewayd, process {holder}: stop that one first "
            "(`systemctl stop gatewayd`), or give this one its own [storage] directory",
            directory,
        ) from error
    os.pwrite(lock, f"{os.getpid():<{_PID_DIGITS}}\n".encode(), 0)


def _check_version(directory: Path) -> None:
    path = directory / "version"
    found = _read_version(path)
    if found is not None and found > STATE_VERSION:
        raise NewerStateError(
            f"{directory}: made by a newer gatewayd (state version {found}, this one knows up to "
            f"{STATE_VERSION}): install the newer one again, or go back to "
            + (
                "the state before that upgrade: gatewayd restore --before-upgrade"
                if has_copy(directory)
                else "a backup from before it: gatewayd restore FILE"
            )
        )
    if found != STATE_VERSION:
        keep_before_upgrade(directory)
        _write_version(path)


def _read_version(path: Path) -> int | None:
    """Return the version; None where the file is missing or damaged: then it is the first one's."""
    try:
        text = path.read_bytes().strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() and len(text) <= 4 else None


def _write_version(path: Path) -> None:
    """Write it, on a full disk too: an upgrade there keeps nobody out."""
    draft, content = path.with_suffix(".new"), f"{STATE_VERSION}\n".encode()
    try:
        replace_durably(path, draft, content)
    except OSError as error:
        if not (is_full(error) and Reserve(path.parent).release_all()):
            raise
        replace_durably(path, draft, content)
