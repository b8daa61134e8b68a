"""How far the journal of a state directory has come: its epochs, and the note that vouches for it.

`journal.head` is one line, `{epoch} {seq} {CRC-32}`, rewritten in place after each commit. It is
not synced (a power cut may leave it behind, never ahead), costs microseconds, and tells at the next
start when somebody put an older journal in place, or confirmed rows went missing with a lost
write-ahead log: going on would give the same id to a second event.
"""

import contextlib
import os
import re
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

NOTE_NAME = "journal.head"

_MS_DIGITS = 12
_CHANCE_DIGITS = 4
_EPOCH = re.compile(r"[0-9a-d][0-9a-f]{15}")  # so that its time is one that `datetime` knows
_LINE = re.compile(r"([0-9a-f]{16}) (\d{20}) [0-9a-f]{8}\n")


def next_epoch(epoch_ms: int, chance: bytes, known: Iterable[str]) -> str:
    """Name a new epoch: 12 hex digits of unix milliseconds, then 4 of chance (2 bytes).

    It is greater than all `known` ones also while the clock stands in the past.
    """
    newest_ms = max((int(epoch[:_MS_DIGITS], 16) for epoch in known), default=-1)
    ms = max(epoch_ms, newest_ms + 1)
    return f"{ms:0{_MS_DIGITS}x}{chance.hex()[:_CHANCE_DIGITS]}"


def is_epoch(text: str) -> bool:
    return _EPOCH.fullmatch(text) is not None


def epoch_time(epoch: str) -> datetime:
    """Return when the clock of the gateway said that the epoch began."""
    return datetime.fromtimestamp(int(epoch[:_MS_DIGITS], 16) / 1000, UTC)


class HeadNote:
    """The file `journal.head`. Call `hold` before `note`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._epoch = ""

    def read(self) -> tuple[str, int] | None:
        """Return (epoch, seq); None where the note is missing or damaged."""
        try:
            text = self._path.read_bytes().decode("ascii", "replace")
        except FileNotFoundError:
            return None
        match = _LINE.fullmatch(text)
        if match is None or not is_epoch(match[1]) or text != _line(match[1], int(match[2])):
            return None
        return match[1], int(match[2])

    def hold(self, epoch: str, seq: int) -> None:
        """Write the note durably and keep it open, once. Raises OSError."""
        self._epoch = epoch
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        line = _line(epoch, seq).encode()
        os.pwrite(self._file, line, 0)
        os.ftruncate(self._file, len(line))
        os.fsync(self._file)

    def note(self, seq: int) -> None:
        """Write how far the present epoch has come; a refusal of the disk changes nothing."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.pwrite(self._file, _line(self._epoch, seq).encode(), 0)

    def revoke(self) -> None:
        """Vouch no longer: the next start checks the whole journal and begins a new epoch.

        The file stays open, so that a `note` in another thread still has a place to write to.
        """
        with contextlib.suppress(OSError):
            self._path.unlink()

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _line(epoch: str, seq: int) -> str:
    line = f"{epoch} {seq:020d}"
    return f"{line} {zlib.crc32(line.encode()):08x}\n"
