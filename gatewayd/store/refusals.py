"""What a disk says, turned into StorageError with a sentence that tells a person what to do."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatewayd.ports import StorageError

_FULL = "the disk is full: free some space (see `df -h`); gatewayd goes on when there is room"
_READ_ONLY = (
    "the disk is read-only: mount it writable again; a card that fails often turns read-only, "
    "`dmesg` tells"
)
_FAILING = "the disk reports an error: look at `dmesg`, and replace the card or disk if it fails"
_FORBIDDEN = (
    "access is denied: the state directory and all files in it must belong to the user that runs "
    "gatewayd (`chown -R`)"
)
_ABSENT = (
    "it is not there or cannot be opened: gatewayd makes it when it runs for the first time; check "
    "[storage] directory and its owner"
)
_NO_DIRECTORY = "there is a file in the way: give [storage] directory another path"
_BUSY = "another program holds the file: find it with `fuser -v` and close it"
_DAMAGED = "the file is damaged: restart gatewayd, which moves it aside and starts a new one"
_OTHER = "the disk refuses"

_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EIO: _FAILING,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.ENOENT: _ABSENT,
    errno.ENOTDIR: _NO_DIRECTORY,
    errno.EEXIST: _NO_DIRECTORY,
}

_BY_SQLITE_CODE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_IOERR: _FAILING,
    sqlite3.SQLITE_PERM: _FORBIDDEN,
    sqlite3.SQLITE_AUTH: _FORBIDDEN,
    sqlite3.SQLITE_CANTOPEN: _ABSENT,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}

_DAMAGE_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_UNREADABLE_CODES = frozenset({sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ})
_REFUSAL_CODES = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOMEM,
    }
)

# The shared memory beside the write-ahead log is a file too, and it is made at the start.
_NO_ROOM_CODES = frozenset({sqlite3.SQLITE_IOERR_SHMSIZE})


def refusal(path: Path, error: sqlite3.Error | OSError) -> StorageError:
    """Say what the disk answered about `path`, and what to do about it."""
    if isinstance(error, OSError):
        sentence = _BY_ERRNO.get(error.errno or 0, _OTHER)
        return StorageError(f"{sentence} ({os.strerror(error.errno or 0)})", path)
    code = _sqlite_code(error)
    assert code is not None, f"the disk was never asked: {error!r}"
    sentence = _BY_SQLITE_CODE.get(code & 0xFF, _OTHER)
    return StorageError(f"{sentence} ({error.sqlite_errorname}: {error})", path)


@contextmanager
def refusals_named(path: Path) -> Iterator[None]:
    """Raise what the disk refuses inside as StorageError."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise refusal(path, error) from error


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether the file is broken or unreadable, and not just refused for the moment."""
    code = _sqlite_code(error)
    return code is not None and (code & 0xFF in _DAMAGE_CODES or code in _UNREADABLE_CODES)


def is_full(error: sqlite3.Error | OSError) -> bool:
    """Tell whether there is no room on the disk."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    code = _sqlite_code(error)
    return code is not None and (code & 0xFF == sqlite3.SQLITE_FULL or code in _NO_ROOM_CODES)


def is_refusal(error: sqlite3.Error) -> bool:
    """Tell whether the disk or another program is in the way, which says nothing of the file."""
    code = _sqlite_code(error)
    return code is None or (code & 0xFF in _REFUSAL_CODES and code not in _UNREADABLE_CODES)


def _sqlite_code(error: sqlite3.Error) -> int | None:
    """Return SQLite's extended code; None where Python, not SQLite, raised the error."""
    return getattr(error, "sqlite_errorcode", None)
