"""A TinyDB storage for rows with string keys: memory first, durable by group, safe in a crash.

Two files: `<path>.snapshot` holds all rows of one moment, `<path>.journal` what changed since, both
in the format of `keyed_groups`. A snapshot is written beside the old one and renamed; its number,
the generation, goes up by one, and older groups, which a crash may leave in the journal, are passed
over. Documents are kept encoded and decoded when read, so that copies are shallow and nobody can
change a row by accident. One thread reads and changes rows; `flush` may run in another meanwhile.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from json import dumps, loads
from pathlib import Path
from threading import Lock
from typing import Any

from tinydb.storages import Storage

from gatewayd.store.files import sync_directory
from gatewayd.store.keyed_groups import (
    BrokenGroupError,
    Change,
    Group,
    has_group,
    pack,
    read_group,
)

_SNAPSHOT_BYTES_MIN = 1 << 20
"""No snapshot for a smaller journal: it is read in milliseconds."""

_SNAPSHOT_FACTOR = 2
"""A journal this many times larger than the snapshot is worth a new one: each row is then written
about twice in all, and the start reads at most three times the data."""

_ROWS_PER_GROUP = 1000  # of a snapshot; bounds the memory that writing it takes

_Tables = dict[str, dict[str, bytes]]


class DamagedStorageError(Exception):
    """The files hold something that no crash can leave behind; the message tells where."""


class Rows(Mapping[str, dict[str, Any]]):
    """One table as TinyDB sees it: a view that decodes a document when it is asked for."""

    __slots__ = ("_encoded",)

    def __init__(self, encoded: Mapping[str, bytes]) -> None:
        self._encoded = encoded

    def __getitem__(self, key: str) -> dict[str, Any]:
        return _decode(self._encoded[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)


class KeyedStorage(Storage):
    """Rows by table and key. `cut_bytes` tells how much of an unfinished write was cut off.

    is_read_only: look at the files as they are, while another process may be writing them.
    Raises OSError where the disk refuses and DamagedStorageError.
    """

    def __init__(self, path: str | Path, *, is_read_only: bool = False) -> None:
        self._journal_path = Path(f"{path}.journal")
        self._snapshot_path = Path(f"{path}.snapshot")
        self._new_path = Path(f"{path}.snapshot.new")
        self._tables: _Tables = {}
        self._unwritten: dict[tuple[str, str], bytes | None] = {}
        self._memory = Lock()
        self._files = Lock()
        self._generation = 0
        self._snapshot_size = 0
        self._journal_size = 0
        self._is_snapshot_due = False
        self._is_read_only = is_read_only
        self.cut_bytes = 0
        flags = os.O_RDONLY if is_read_only else os.O_RDWR | os.O_CREAT
        self._journal = os.open(self._journal_path, flags, 0o600)
        try:
            self._load()
        except BaseException:
            self.close()
            raise

    # --- TinyDB's side ---------------------------------------------------------------------------

    def read(self) -> dict[str, Any]:
        """Return all tables as views; O(number of tables)."""
        return {name: Rows(rows) for name, rows in self._tables.items() if rows}

    def write(self, data: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """Make `data` the whole content, durably: what stock TinyDB does for every change.

        All rows are compared (O(N)), those that differ are written.
        """
        changes: list[tuple[str, str, Mapping[str, Any] | None]] = []
        for name in {**self._tables, **data}:
            old, new = self._tables.get(name, {}), data.get(name, {})
            if isinstance(new, Rows):  # as `read` gave it
                continue
            changes += [(name, key, None) for key in old if key not in new]
            changes += [(name, key, new[key]) for key in new if _encode(new[key]) != old.get(key)]
        self.stage(changes)
        self.flush()

    def close(self) -> None:
        """Close the files; what was staged and not flushed is lost."""
        with self._files:
            if self._journal >= 0:
                os.close(self._journal)
            self._journal = -1

    # --- rows by key -----------------------------------------------------------------------------

    def rows(self, table: str) -> Rows:
        """Return one table as a view; the one of a table without rows stays empty."""
        return Rows(self._tables.get(table, {}))

    def items(self, table: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Iterate over the rows as they are now, whatever changes meanwhile."""
        rows = self._tables.get(table, {}).copy()  # A tuple of all takes eight times as long.
        return ((key, _decode(encoded)) for key, encoded in rows.items())

    def stage(self, changes: Iterable[tuple[str, str, Mapping[str, Any] | None]]) -> None:
        """Change rows in memory at once; None drops one. `flush` makes it durable, all or nothing.

        Raises TypeError and ValueError for what JSON cannot hold, and changes nothing then.
        """
        assert not self._is_read_only
        encoded = [(table, key, _encode(document)) for table, key, document in changes]
        with self._memory:
            for table, key, document in encoded:
                self._unwritten[table, key] = document
                if document is None:
                    self._tables.get(table, {}).pop(key, None)
                else:
                    self._tables.setdefault(table, {})[key] = document

    def clear(self) -> None:
        """Drop all rows of all tables in memory; durable after `flush`."""
        with self._memory:
            self._tables.clear()
            self._unwritten.clear()
            self._is_snapshot_due = True

    def compact(self) -> None:
        """Make everything durable in a new snapshot: no file holds what was dropped or replaced.

        Raises OSError.
        """
        with self._memory:
            self._is_snapshot_due = True
        self.flush()

    def flush(self) -> None:
        """Make everything staged so far durable, in one group and with one sync.

        Raises OSError. Nothing is lost then: the next call writes all rows anew, for what a failed
        write or sync left in the file is not known.
        """
        assert not self._is_read_only
        with self._files:
            with self._memory:
                unwritten, self._unwritten = self._unwritten, {}
                is_snapshot_due = self._is_snapshot_due
            try:
                if unwritten and not is_snapshot_due:
                    self._append([(*place, document) for place, document in unwritten.items()])
                    is_snapshot_due = self._is_journal_large()
                if is_snapshot_due:
                    self._write_snapshot()
            except BaseException:
                self._is_snapshot_due = True
                raise

    # --- files -----------------------------------------------------------------------------------

    def _load(self) -> None:
        # The journal first: a writer in another process may put a newer snapshot in place between
        # the two, which then holds all of it; the other way round a change could be missed.
        groups = self._read_journal()
        while self._is_read_only and self._is_begun_anew(groups):
            groups = self._read_journal()
        self._read_snapshot()
        for group in groups:
            if group.generation > self._generation:
                raise DamagedStorageError(f"{self._snapshot_path} is older than its journal")
            if group.generation == self._generation:
                self._take(group)
        if not self._is_read_only:
            if groups and groups[-1].generation < self._generation:
                self._journal_size = 0  # All of it is in the snapshot; one file, one generation.
            os.ftruncate(self._journal, self._journal_size)
            self._new_path.unlink(missing_ok=True)
            sync_directory(self._journal_path.parent)

    def _is_begun_anew(self, groups: Sequence[Group]) -> bool:
        """Tell whether the writer began the journal anew meanwhile: here is a bit of both."""
        return len({group.generation for group in groups}) > 1

    def _read_journal(self) -> list[Group]:
        groups: list[Group] = []
        self._journal_size = 0
        with open(self._journal, "rb", closefd=False) as file:
            file.seek(0)
            size_max = os.fstat(self._journal).st_size
            try:
                while group := read_group(file, size_max):
                    groups.append(group)
                    self._journal_size = file.tell()
            except BrokenGroupError as error:
                file.seek(self._journal_size + 1)
                rest = file.read()
                # Each group is synced before the next is written: only the last one can be torn.
                if has_group(rest) and not self._is_read_only:
                    place = f"{self._journal_path}, byte {self._journal_size}"
                    raise DamagedStorageError(f"{place}: {error}, and others follow") from error
                self.cut_bytes = len(rest) + 1
        return groups

    def _read_snapshot(self) -> None:
        try:
            file = self._snapshot_path.open("rb")
        except FileNotFoundError:
            return
        with file:
            self._snapshot_size = os.fstat(file.fileno()).st_size
            is_ended = False
            try:
                while group := read_group(file, self._snapshot_size):
                    self._generation = group.generation
                    is_ended = not group.changes
                    self._take(group)
            except BrokenGroupError as error:
                raise DamagedStorageError(f"{self._snapshot_path}: {error}") from error
        if not is_ended:
            raise DamagedStorageError(f"{self._snapshot_path}: its end is missing")

    def _take(self, group: Group) -> None:
        tables = self._tables
        for table, key, document in group.changes:
            if document is None:
                tables.get(table, {}).pop(key, None)
            elif table in tables:
                tables[table][key] = document
            else:
                tables[table] = {key: document}

    def _append(self, changes: Sequence[Change]) -> None:
        data = pack(self._generation, changes)
        written = 0
        while written < len(data):
            written += os.pwrite(self._journal, data[written:], self._journal_size + written)
        os.fdatasync(self._journal)
        self._journal_size += len(data)

    def _is_journal_large(self) -> bool:
        limit = max(_SNAPSHOT_BYTES_MIN, _SNAPSHOT_FACTOR * self._snapshot_size)
        return self._journal_size > limit

    def _write_snapshot(self) -> None:
        with self._memory:  # for a moment only: a shallow copy of 100,000 rows takes some ms
            tables = {name: dict(rows) for name, rows in self._tables.items()}
            self._is_snapshot_due = False
        generation = self._generation + 1
        changes = ((name, key, row) for name, rows in tables.items() for key, row in rows.items())
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with os.fdopen(os.open(self._new_path, flags, 0o600), "wb") as file:
                while group := list(islice(changes, _ROWS_PER_GROUP)):
                    file.write(pack(generation, group))
                file.write(pack(generation, []))  # the end, so that a cut is noticed
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            self._new_path.replace(self._snapshot_path)
            sync_directory(self._snapshot_path.parent)
        except OSError:
            with suppress(OSError):
                self._new_path.unlink(missing_ok=True)
            raise
        self._generation = generation
        self._snapshot_size = size
        os.ftruncate(self._journal, 0)
        self._journal_size = 0


def _encode(document: Mapping[str, Any] | None) -> bytes | None:
    return None if document is None else dumps(dict(document), separators=(",", ":")).encode()


def _decode(encoded: bytes) -> dict[str, Any]:
    document: dict[str, Any] = loads(encoded)
    return document
