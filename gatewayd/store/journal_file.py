"""The SQLite file of the journal: its tables, its connections, and whether it is sound."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gatewayd.ports import StorageError
from gatewayd.store.files import sync_directory
from gatewayd.store.journal_head import is_epoch
from gatewayd.store.journal_rows import CHAIN_START, Row
from gatewayd.store.refusals import is_refusal

DATABASE_NAME = "journal.db"
_ASIDE_NAME = "journal.corrupt-"

_APPLICATION_ID = 0x676A726E  # "gjrn", so that a stranger's database is not taken for a journal

_TABLES_1 = (
    """CREATE TABLE events (
    position   INTEGER PRIMARY KEY,
    epoch      TEXT NOT NULL,
    seq        INTEGER NOT NULL,
    class      TEXT NOT NULL,
    body       BLOB,
    salt       BLOB,
    digest     BLOB,
    chain      BLOB NOT NULL,
    run        TEXT NOT NULL,
    appended_s REAL NOT NULL,
    CHECK ((body IS NULL) = (salt IS NULL) AND (body IS NULL) = (digest IS NOT NULL))
) STRICT""",
    """CREATE TABLE epochs (
    epoch TEXT PRIMARY KEY,
    base  INTEGER NOT NULL -- the event with `seq` stands at position base + seq
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE receipts (
    epoch    TEXT PRIMARY KEY,
    state    TEXT NOT NULL,
    checksum INTEGER NOT NULL
) STRICT, WITHOUT ROWID""",
)
_TABLES_2 = (
    """CREATE TABLE trimmed (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL, -- the last row that was removed, and all before it
    chain    BLOB NOT NULL
) STRICT""",
)

_TABLES_3 = (
    """CREATE TABLE remainders (
    position INTEGER PRIMARY KEY, -- of a row whose content was erased
    body     BLOB NOT NULL -- what is left of it: nobody's
) STRICT""",
)

_STEPS = (_TABLES_1, _TABLES_2, _TABLES_3)
"""What each version of the schema adds. An older file is brought up to date when it is opened, in
one transaction; a newer one is never met: the version of the state directory comes before it."""

BUSY_MS = 1000
"""How long to wait for another program's lock: as long as a lane may wait for its record."""

_LOG_PAGES_MAX = 10_000
"""40 MB. A commit that finds a longer write-ahead log moves it into the database first, which takes
tens of milliseconds; `move_log` does it beside commits long before."""

_CHECKED_SIZE_MAX = 32 << 20
"""A larger file (about 65,000 events) is checked at the start only when nothing vouches for it: the
check reads all of it, 500 MB/s here and 20 from a card, and the door should not wait for it."""


class DamagedError(Exception):
    """The file is no sound journal; the message tells why."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the connection that writes, and create the tables in a new file."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = _connect(path, "rwc")
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that only reads; it never holds up the one that writes."""
    return _connect(path, "ro")


def move_log(path: Path) -> None:
    """Move what is in the write-ahead log into the database; commits go on meanwhile."""
    with closing(_connect(path, "rw")) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def check_schema(connection: sqlite3.Connection) -> None:
    """Raise DamagedError for the database of a stranger, and one that is of no known version."""
    _version(connection)


def is_large(path: Path) -> bool:
    """Tell whether a check of the whole file is for later."""
    return path.stat().st_size > _CHECKED_SIZE_MAX


def check(connection: sqlite3.Connection) -> None:
    """Look for structural damage; reads the whole file."""
    (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if finding != "ok":
        raise DamagedError(str(finding))


@contextmanager
def damage_named() -> Iterator[None]:
    """Raise as DamagedError what SQLite finds wrong with a file that could be opened to write."""
    try:
        yield
    except UnicodeDecodeError as error:  # in a message of SQLite that quotes the file
        raise DamagedError("its tables are none of ours") from error
    except sqlite3.Error as error:
        if is_refusal(error):
            raise
        raise DamagedError(str(error)) from error


def move_aside(path: Path, epoch: str) -> Path:
    """Rename the database and its companions; return the new path, readable as it is.

    The write-ahead log goes first: left behind alone, it could be taken for part of a new file.
    """
    target = path.with_name(f"{_ASIDE_NAME}{epoch}")
    for suffix in ("-wal", "-shm", ""):
        source = Path(f"{path}{suffix}")
        if source.exists():
            source.rename(f"{target}{suffix}")
    sync_directory(path.parent)
    return target


def epochs_moved_aside(directory: Path) -> list[str]:
    """Return the epochs in whose names something was moved aside."""
    names = (found.name.removeprefix(_ASIDE_NAME) for found in directory.glob(f"{_ASIDE_NAME}*"))
    return [name for name in names if is_epoch(name)]


def read_rows(connection: sqlite3.Connection, after: int, limit: int) -> dict[int, Row | None]:
    """Return rows with position > after by position, rising; None for one that is no row.

    The body of an erased one is what is left of it; see `Row.is_erased`.
    """
    cursor = connection.execute(
        "SELECT position, epoch, seq, class, "
        "coalesce(body, (SELECT body FROM remainders WHERE position = events.position)), "
        "salt, digest, chain, run, appended_s "
        "FROM events WHERE position > ? ORDER BY position LIMIT ?",
        (after, limit),
    )
    with closing(cursor):
        return {values[0]: Row.parse(values) for values in cursor}


def read_rows_at(connection: sqlite3.Connection, positions: Iterable[int]) -> list[Row]:
    """Return the rows at these positions; what is gone or is no row is left out."""
    found = (read_rows(connection, position - 1, 1).get(position) for position in positions)
    return [row for row in found if row is not None]


def read_chain(connection: sqlite3.Connection, position: int) -> bytes:
    """Return the chain up to `position`; b"", from which nothing follows, where it is lost."""
    if position == 0:
        return CHAIN_START
    query = (
        "SELECT chain FROM events WHERE position = ?1 "
        "UNION ALL SELECT chain FROM trimmed WHERE position = ?1"
    )
    found = connection.execute(query, (position,))
    with closing(found):
        chain = next(found, (b"",))[0]
        return chain if isinstance(chain, bytes) else b""


def trimmed_position(connection: sqlite3.Connection) -> int:
    """Return up to which position the rows were removed; 0 where none ever was."""
    (position,) = connection.execute("SELECT max(position) FROM trimmed").fetchone()
    return position or 0


def read_bases(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    """Return (base, epoch) of all epochs of the file, in their order."""
    return connection.execute("SELECT base, epoch FROM epochs ORDER BY base, epoch").fetchall()


def last_position(connection: sqlite3.Connection) -> int:
    """Return the position of the newest row, which is never removed; 0 if there is none."""
    (position,) = connection.execute("SELECT max(position) FROM events").fetchone()
    return position or 0


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
    )
    # A damaged text is found by the chain; it must not stop the rows beside it from being read.
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (journal_mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if journal_mode != "wal":
        raise StorageError("no write-ahead log here: [storage] needs a local disk", path)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES_MAX}")
    connection.execute("BEGIN IMMEDIATE")
    version = _version(connection)
    for tables in _STEPS[version:]:
        for table in tables:
            connection.execute(table)
    if version < len(_STEPS):
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(_STEPS)}")
    # Writes nothing; refused where a changed header makes SQLite take the file for read-only.
    connection.execute("DELETE FROM receipts WHERE false")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    """Return how far the schema has come, 0 for a new file. Raises DamagedError."""
    found = tuple(
        sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema ORDER BY rowid")
    )
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (found, application_id, version) == ((), 0, 0):
        return 0
    expected = tuple(table for tables in _STEPS[: max(version, 0)] for table in tables)
    if (application_id, found) != (_APPLICATION_ID, expected) or version > len(_STEPS):
        raise DamagedError("it is no journal of this gateway")
    assert isinstance(version, int)
    return version
