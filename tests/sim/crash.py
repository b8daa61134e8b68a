"""What a kill leaves on the disk: everything that was confirmed, and a drawn part of what was not.

A call confirms what it wrote when its answer is given. Up to there the files are kept to the byte;
what was written behind it ends at a drawn byte, or in noise, as after a power cut. No file goes
back on what SQLite synced itself: a checkpoint is preceded by a sync of the log, and no reader sees
a commit before the log is synced with it.
"""

import struct
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from shutil import copytree, ignore_patterns

from gatewayd.store.journal_file import DATABASE_NAME
from gatewayd.store.journal_head import NOTE_NAME
from tests.sim.story import Shelved

WAL_NAME = f"{DATABASE_NAME}-wal"
_HEADER_SIZE, _FRAME_HEAD_SIZE = 32, 24
_BACKFILLED_AT = 96  # https://www.sqlite.org/walformat.html: nBackfill of the shared memory.
_NOISE_SIZE_MAX = 5000


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a write-ahead log ends. round: how often it began anew."""

    round: int
    offset: int


@dataclass(slots=True)
class Written:
    """What one call wrote. note: as it stood before; files: in order, as they stood before.

    shelved: what was told of the files.
    """

    wal: Place | None = None
    note: bytes | None = None
    cache: tuple[int, int] | None = None
    files: list[tuple[Path, bytes | None]] = field(default_factory=list)
    shelved: Shelved | None = None


class Log:
    """Follows the write-ahead log of one process' database."""

    def __init__(self, directory: Path) -> None:
        self.confirmed = Place(0, 0)
        self.end = Place(0, 0)
        self._wal = directory / WAL_NAME
        self._shared = directory / f"{DATABASE_NAME}-shm"
        self._salts = b""
        self._backfilled = -1

    def look(self) -> Place:
        """Follow it to the end of the last commit; what SQLite synced for itself is confirmed."""
        with self._wal.open("rb") as file:
            head = file.read(_HEADER_SIZE)
            if len(head) < _HEADER_SIZE:
                return self.end
            if head[16:24] != self._salts:
                self._salts = head[16:24]
                self.end = self.confirmed = Place(self.end.round + 1, _HEADER_SIZE)
            (page_size,) = struct.unpack(">I", head[8:12])
            offset = self.end.offset
            while True:
                file.seek(offset)
                frame = file.read(_FRAME_HEAD_SIZE)
                if len(frame) < _FRAME_HEAD_SIZE or frame[8:16] != self._salts:
                    break
                offset += _FRAME_HEAD_SIZE + page_size
                if frame[4:8] != bytes(4):
                    self.end = Place(self.end.round, offset)
        backfilled = self._read_backfilled()
        if backfilled != self._backfilled:
            self._backfilled, self.confirmed = backfilled, self.end
        return self.end

    def confirm(self, place: Place) -> None:
        if place.round == self.end.round:
            self.confirmed = max(self.confirmed, place)

    def show(self) -> None:
        """Have somebody see all commits: the log is synced before its index shows one of them.

        So with synchronous=FULL: sqlite3WalFrames in https://sqlite.org/src/file/src/wal.c.
        """
        self.confirmed = self.end

    def _read_backfilled(self) -> int:
        with self._shared.open("rb") as file:
            file.seek(_BACKFILLED_AT)
            (count,) = struct.unpack("=I", file.read(4))
            return int(count)


@dataclass(frozen=True, slots=True)
class Loss:
    """What a kill took from the files, in bytes; files: how many were put back."""

    wal: int = 0
    cache: int = 0
    files: int = 0


def outlast(old: Path, new: Path, log: Log, unanswered: list[Written], random: Random) -> Loss:
    """Copy what a kill leaves of a directory."""
    copytree(old, new, ignore=ignore_patterns("*-shm", "*.sock", "journal.reserve"))
    return Loss(
        wal=_cut_log(new, log, unanswered, random),
        cache=_cut_cache(new, unanswered, random),
        files=_put_back(old, new, unanswered, random),
    )


def _cut_log(new: Path, log: Log, unanswered: list[Written], random: Random) -> int:
    notes = [one.note for one in unanswered if one.note is not None]
    lost = 0
    if log.confirmed < log.end and log.confirmed.round == log.end.round:
        start = random.randint(log.confirmed.offset, log.end.offset)
        lost = log.end.offset - start
        if lost:
            _spoil(new / WAL_NAME, start, lost, random)
    if notes and (lost or random.random() < 0.5):  # It is written behind the log, and not synced.
        (new / NOTE_NAME).write_bytes(notes[0])
    return lost


def _cut_cache(new: Path, unanswered: list[Written], random: Random) -> int:
    ranges = [written.cache for written in unanswered if written.cache is not None]
    if not ranges:
        return 0
    end = max(after for _, after in ranges)
    start = random.randint(min(before for before, _ in ranges), end)
    if start < end:
        _spoil(new / "cache.journal", start, end - start, random)
    return end - start


def _put_back(old: Path, new: Path, unanswered: list[Written], random: Random) -> int:
    """Undo the last of the files that were put in place, from a drawn one on."""
    files = [one for written in unanswered for one in written.files]
    undone = files[random.randint(0, len(files)) :]
    for path, before in reversed(undone):
        name = new / path.relative_to(old)
        name.with_name(f".{name.name}.draft").write_bytes(
            name.read_bytes()[: random.randint(0, 90)]
        )
        if before is None:
            name.unlink()
        else:
            name.write_bytes(before)
    return len(undone)


def _spoil(path: Path, start: int, size: int, random: Random) -> None:
    """End a file at a byte, or leave noise there."""
    with path.open("r+b") as file:
        if random.random() < 0.5:
            file.truncate(start)
        else:
            file.seek(start)
            file.write(random.randbytes(min(size, _NOISE_SIZE_MAX)))
            file.truncate(start + min(size, _NOISE_SIZE_MAX))
