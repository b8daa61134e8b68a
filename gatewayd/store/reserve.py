"""A file that keeps room on the disk, and gives it back in steps, so that the last events fit."""

import contextlib
import os
from pathlib import Path

RESERVE_NAME = "journal.reserve"
RESERVE_SIZE = 8 << 20  # Some ten thousand events: an hour of rush at the largest gate.
_STEP_SIZE = 1 << 20  # As much as the database needs at a time, and its log when it starts.


class Reserve:
    """The reserve of a state directory; a disk that refuses changes nothing, and raises nothing."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / RESERVE_NAME

    @property
    def is_whole(self) -> bool:
        return self._size() >= RESERVE_SIZE

    def fill(self) -> bool:
        """Make the reserve whole if there is room for twice as much; tell whether it is.

        Half of that room stays free: what was given back is not taken away again at once.
        """
        with contextlib.suppress(OSError):
            missing = RESERVE_SIZE - self._size()
            if missing > 0 and self.room_beside() >= 2 * missing:
                self._allocate()
        return self.is_whole

    def room_beside(self) -> int:
        """Return the bytes that are free on the disk. Raises OSError."""
        room = os.statvfs(self._path.parent)
        return room.f_bavail * room.f_frsize

    def release(self) -> bool:
        """Give one step back; the last one is kept for the next start. False: nothing was left."""
        size = self._size()
        return size > _STEP_SIZE and self._cut(size - _STEP_SIZE)

    def release_all(self) -> bool:
        """Give everything back; False: nothing was left."""
        return self._size() > 0 and self._cut(0)

    def _size(self) -> int:
        with contextlib.suppress(OSError):
            return self._path.stat().st_size
        return 0

    def _cut(self, size: int) -> bool:
        with contextlib.suppress(OSError):
            os.truncate(self._path, size)
            return True
        return False

    def _allocate(self) -> None:
        before = self._size()
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(handle, 0, RESERVE_SIZE)
        except OSError:
            os.ftruncate(handle, before)  # It may have come a part of the way.
            raise
        finally:
            os.close(handle)
