"""The file `clock`: the last time that was known, so that a lost date is noticed at the next start.

One line, `{unix seconds} {CRC-32}`, rewritten in place: it works on a full disk too, and a line
that a power cut tore is none.
"""

import os
import re
import zlib
from datetime import UTC, datetime
from pathlib import Path

from gatewayd.store.refusals import refusals_named

CLOCK_NOTE_NAME = "clock"
_LINE = re.compile(rb"([0-9]{12}) [0-9a-f]{8}\n")


def read_clock_note(directory: Path) -> datetime | None:
    """Return the last known time; None where the note is missing or damaged."""
    try:
        line = (directory / CLOCK_NOTE_NAME).read_bytes()
    except OSError:
        return None
    match = _LINE.fullmatch(line)
    if match is None or line != _line(int(match[1])):
        return None
    try:
        return datetime.fromtimestamp(int(match[1]), UTC)
    except (ValueError, OverflowError):
        return None


def write_clock_note(directory: Path, at: datetime) -> None:
    """Note a time durably. Raises StorageError."""
    path = directory / CLOCK_NOTE_NAME
    line = _line(int(at.timestamp()))
    with refusals_named(path):
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.pwrite(file, line, 0)
            os.ftruncate(file, len(line))
            os.fdatasync(file)
        finally:
            os.close(file)


def _line(unix_s: int) -> bytes:
    text = f"{unix_s:012d}".encode()
    return b"%b %08x\n" % (text, zlib.crc32(text))
