"""The real stores on a simulated disk: what they write is told, and fails where the weather says so."""

import asyncio
import errno
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from gatewayd.core.events import Draft, Event
from gatewayd.ports import Receipts, StorageError
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.journal_head import NOTE_NAME
from gatewayd.store.keyed_groups import pack
from gatewayd.store.received import FLOORS_NAME, Shelves
from tests.sim.disk import Mount
from tests.sim.story import Confirmed, Shelved, Unrecorded


class SimJournal(SqliteJournal):
    """The real journal on a mount."""

    mount: Mount

    def on(self, mount: Mount) -> Self:
        self.mount = mount
        self._writer = _Writer(self._writer, mount)
        mount.log.confirm(mount.log.look())
        mount.log.confirmed = mount.log.end  # What was there at the start is on the disk.
        return self

    def commit(self, drafts: Sequence[tuple[Draft, float]]) -> list[Event]:
        mount = self.mount
        mount.check_alive()
        note = (self.directory / NOTE_NAME).read_bytes()
        try:
            events = super().commit(drafts)
        except StorageError:
            now_s = asyncio.get_running_loop().time()
            for draft, made_s in drafts:
                refused = Unrecorded(at_s=now_s, run=mount.run, made_s=made_s, fact=draft.fact)
                mount.disk.story.saw(refused)
            raise
        mount.written.note = note
        mount.disk.ledger.look()
        return events

    def head(self) -> int:
        self.mount.log.show()
        return super().head()

    def read_from(self, position: int, limit: int) -> list[Event]:
        self.mount.check()
        self.mount.log.show()
        return super().read_from(position, limit)

    def confirm(self, seqs: Sequence[int]) -> Receipts:
        mount = self.mount
        mount.check_alive()
        untaken = tuple(seq for seq in seqs if not mount.is_taken(f"{self.epoch}-{seq}"))
        receipts = super().confirm(seqs)
        now_s = asyncio.get_running_loop().time()
        seen = Confirmed(at_s=now_s, epoch=self.epoch, count=len(seqs), untaken=untaken)
        mount.disk.story.saw(seen)
        return receipts

    def _write(self, *statements: Any) -> None:
        super()._write(*statements)
        self.mount.written.wal = self.mount.log.look()


class _Writer:
    """A connection whose commits may fail: the disk is full, or reports an error."""

    def __init__(self, connection: sqlite3.Connection, mount: Mount) -> None:
        self._connection = connection
        self._mount = mount

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *more: Any) -> sqlite3.Cursor:
        if statement == "COMMIT":
            disk = self._mount.disk
            if disk.is_full:
                raise _error(sqlite3.SQLITE_FULL, "database or disk is full")
            if disk.refuses or self._mount.fails():
                raise _error(sqlite3.SQLITE_IOERR_FSYNC, "disk I/O error")
        return self._connection.execute(statement, *more)


class SimCache(TinyCache):
    """The real cache on a mount."""

    mount: Mount

    def on(self, mount: Mount) -> Self:
        self.mount = mount
        storage = self._database.storage
        append = storage._append

        def append_or_fail(changes: Any) -> None:
            code = _errno(mount)
            if code:
                data = pack(storage._generation, changes)
                part = data[: mount.disk.random.randrange(len(data))]
                _overwrite(storage._journal_path, storage._journal_size, part)
                raise OSError(code, "the simulated disk refuses")
            append(changes)

        storage._append = append_or_fail
        return self

    def flush(self) -> None:
        mount, storage = self.mount, self._database.storage
        mount.check_alive()
        if mount.disk.refuses and storage._is_snapshot_due:
            raise StorageError("the simulated disk refuses")
        before = storage._generation, storage._journal_size
        super().flush()
        if storage._generation == before[0] and storage._journal_size > before[1]:
            mount.written.cache = before[1], storage._journal_size


class SimShelves(Shelves):
    """The real folder of documents on a mount."""

    def __init__(self, directory: Path, mount: Mount) -> None:
        super().__init__(directory)
        self._mount = mount

    def keep(self, *what: Any, **named: Any) -> Path:
        self._mount.check_alive()
        return super().keep(*what, **named)

    def _write(self, name: str, content: bytes) -> None:
        path, code = self.folder / name, _errno(self._mount)
        if code:
            draft = self.folder / f".{name}.draft"
            draft.write_bytes(content[: self._mount.disk.random.randrange(len(content))])
            raise OSError(code, "the simulated disk refuses")
        before = path.read_bytes() if path.exists() else None
        super()._write(name, content)
        self._mount.written.files.append((path, before))
        if name != FLOORS_NAME:
            self._tell(name, content)

    def _tell(self, name: str, content: bytes) -> None:
        shelf, _, version = name.removesuffix(".jws").removesuffix(".change").rpartition(".")
        seen = Shelved(
            at_s=asyncio.get_running_loop().time(),
            run=self._mount.run,
            shelf=shelf,
            version=int(version),
            payload=content,
        )
        self._mount.disk.story.saw(seen)
        self._mount.written.shelved = seen


def _errno(mount: Mount) -> int:
    """Return with what a write fails now; 0 where it does not."""
    if mount.disk.is_full:
        return errno.ENOSPC
    return errno.EIO if mount.disk.refuses or mount.fails() else 0


def _error(code: int, text: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_FULL" if code == sqlite3.SQLITE_FULL else "SQLITE_IOERR_FSYNC"
    return error


def _overwrite(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)
