"""A disk under the daemon that is late with its syncs, and from which power can be cut.

What slow_sync.c, loaded into the daemon, delays and keeps. A kill leaves what was written, synced
or not, in the memory of the kernel; only a power cut takes away what was not synced, and here it
takes any of the sectors.
"""

import functools
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

SOURCE = Path(__file__).with_name("slow_sync.c")
SECTOR_SIZE = 512
NOT_OF_A_DISK = ("journal.db-shm",)
"""It is memory of SQLite's, and begins anew when nobody has it open."""


@functools.cache
def library() -> Path:
    """Return the shim, built once in each run. Raises CalledProcessError."""
    target = Path(tempfile.mkdtemp(prefix="slow-sync-")) / "slow_sync.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", target, SOURCE, "-ldl"]
    subprocess.run(command, check=True)
    return target


class SlowDisk:
    """Of one state directory; what it keeps is in another folder. `lost_count`: of all sectors."""

    def __init__(self, state: Path, folder: Path) -> None:
        self._state = state
        self._log = folder / "syncs.log"
        self._kept = folder / "synced"
        self._kept.mkdir()
        self.lost_count = 0

    def begin(self, random: Random, permille: int, ms_max: int) -> Mapping[str, str]:
        """Return what to start a daemon with: so many of a thousand syncs are late, up to `ms_max`.

        Its process has the library loaded (LD_PRELOAD). All that is there by now is taken for synced, as it is after a while without writes.
        """
        self._log.unlink(missing_ok=True)
        for path in self._kept.iterdir():
            path.unlink()
        for path in self._files():
            (self._kept / str(path.stat().st_ino)).write_bytes(path.read_bytes())
        return {
            "SLOW_SYNC_ROOT": str(self._state),
            "SLOW_SYNC_LOG": str(self._log),
            "SLOW_SYNC_KEPT": str(self._kept),
            "SLOW_SYNC_PERMILLE": str(permille),
            "SLOW_SYNC_MS_MAX": str(ms_max),
            "SLOW_SYNC_SEED": str(random.randrange(1 << 31)),
        }

    def calls(self) -> Counter[tuple[str, str, str]]:
        """Count (begin or end, fsync or fdatasync, name of the file), since `begin`."""
        if not self._log.exists():
            return Counter()
        words = [line.split() for line in self._log.read_text().splitlines()]
        return Counter((what, call, name) for what, call, name in words)

    def is_syncing(self) -> bool:
        """Tell whether a sync of the journal's has begun and not ended, by now or for ever."""
        calls = self.calls()
        return any(
            count > calls["end", call, name]
            for (what, call, name), count in calls.items()
            if what == "begin" and name == "journal.db-wal"
        )

    def cut_power(self, random: Random) -> None:
        """Lose any of the sectors that were not synced."""
        self.lost_count += sum(self._cut(path, random) for path in list(self._files()))

    def _files(self) -> Iterator[Path]:
        return (path for path in self._state.rglob("*") if path.is_file() and path.name != "lock")

    def _cut(self, path: Path, random: Random) -> int:
        if path.name in NOT_OF_A_DISK:
            path.unlink()
            return 0
        synced = self._kept / str(path.stat().st_ino)
        before = synced.read_bytes() if synced.exists() else b""
        now = path.read_bytes()
        if before == now:
            return 0
        chance = random.choice([0.0, 0.5])  # Of each sector to be there.
        size = len(now) if random.random() < max(chance, 0.2) else len(before)
        left, lost = bytearray(size), 0
        for at in range(0, size, SECTOR_SIZE):
            place = slice(at, min(at + SECTOR_SIZE, size))
            is_new = before[place] == now[place] or random.random() < chance
            lost += not is_new
            sector = (now if is_new else before)[place]
            left[place] = sector.ljust(place.stop - place.start, b"\0")
        path.write_bytes(left)
        return lost
