"""The decision cache on TinyDB: what the door decides from, and how far the journal is in it."""

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Self, cast

from gatewayd.core.centre_statuses import RECEIVED
from gatewayd.core.folded import Change
from gatewayd.core.words import Json
from gatewayd.ports import StorageError
from gatewayd.store.keyed_storage import DamagedStorageError
from gatewayd.store.keyed_table import KeyedDB
from gatewayd.store.refusals import refusals_named

_NAME = "cache"
CACHE_FILE_NAMES = (f"{_NAME}.snapshot", f"{_NAME}.journal")

_FOLDED_TABLE = "folded"
"""The watermark is a row beside the others, so that both are always of the same moment."""
_FOLDED_KEY = "journal"


class TinyCache:
    """The port Cache; made by `open`, or by `peek` to look on while a daemon runs.

    `flush` may run in a thread while the loop calls everything else.
    damage: a sentence that tells why the cache began empty; "" where it went on, or is new.
    """

    def __init__(self, path: Path, database: KeyedDB, damage: str = "") -> None:
        self.damage = damage
        self._path = path
        self._database = database

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open the cache of a state directory; it is empty if it is new or was damaged.

        Damaged files are kept as `*.corrupt`, in the place of the ones before. Raises StorageError
        where the disk refuses.
        """
        path = directory / _NAME
        with refusals_named(path):
            try:
                return cls(path, _open_sound(path))
            except DamagedStorageError as error:
                for name in CACHE_FILE_NAMES:
                    _move_aside(directory / name)
                damage = f"the decision cache was damaged ({error}): it is built anew"
                return cls(path, _open_sound(path), damage)

    @classmethod
    def peek(cls, directory: Path) -> Self:
        """Look at what was made durable last; no `apply` and no `flush`. Raises StorageError."""
        path = directory / _NAME
        with refusals_named(path):
            try:
                return cls(path, KeyedDB(path, is_read_only=True))
            except DamagedStorageError as error:
                raise StorageError(f"{error}: the next start of gatewayd builds it anew") from error

    def get(self, table: str, key: str) -> Mapping[str, Json] | None:
        # TinyDB types an id as int, its default class.
        return self._database.table(table).get(doc_id=cast("int", key))

    def items(self, table: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
        return self._database.storage.items(table)

    def size(self, table: str) -> int:
        return len(self._database.table(table))

    def apply(self, changes: Sequence[Change], epoch: str, upto: int) -> None:
        rows = [(change.table, change.key, change.document) for change in changes]
        folded = {"epoch": epoch, "upto": upto}
        self._database.storage.stage([*rows, (_FOLDED_TABLE, _FOLDED_KEY, folded)])

    def keep(self, changes: Sequence[Change]) -> None:
        rows = [(change.table, change.key, change.document) for change in changes]
        assert all(table in RECEIVED for table, _, _ in rows), "the others are of the journal"
        self._database.storage.stage(rows)

    def folded(self) -> tuple[str, int]:
        row = self._database.table(_FOLDED_TABLE).get(doc_id=cast("int", _FOLDED_KEY))
        return (row["epoch"], row["upto"]) if row else ("", 0)

    def flush(self) -> None:
        with refusals_named(self._path):
            self._database.storage.flush()

    def compact(self) -> None:
        with refusals_named(self._path):
            self._database.storage.compact()

    def clear(self) -> None:
        storage = self._database.storage
        received = [(table, key, row) for table in RECEIVED for key, row in storage.items(table)]
        storage.clear()
        storage.stage(received)

    def copy_to(self, directory: Path) -> None:
        """Write all rows into the files of another directory, durably. Raises StorageError."""
        path = directory / _NAME
        with refusals_named(path), closing(KeyedDB(path)) as copy:
            tables = self._database.storage.read()
            copy.storage.write({name: dict(rows) for name, rows in tables.items()})

    def close(self) -> None:
        """Close the files; what was applied and not flushed is folded again at the next start."""
        self._database.close()


def _open_sound(path: Path) -> KeyedDB:
    try:
        return KeyedDB(path)
    except OSError as error:
        if error.errno == errno.EIO:  # a bad block; the file can still be renamed
            raise DamagedStorageError(f"{path} cannot be read") from error
        raise


def _move_aside(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.replace(f"{path}.corrupt")
