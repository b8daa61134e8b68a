"""What the machine itself must have: a clock that is set, and room on the disk."""

import ctypes
import os
import shutil
import sys
from pathlib import Path

from gatewayd.app.doctor_words import Finding, ill, well
from gatewayd.core.words import ClockQuality
from gatewayd.runtime.clock import SystemClock

# Three weeks of a busy gate take 200 MB, and the journal needs room to be written anew.
FREE_BYTES_MIN = 500_000_000
MEGABYTE = 1_000_000

# adjtimex(2): a mode, four longs, then the status; what follows is left alone.
TIMEX_SIZE_MAX = 512
_STATUS_AT = 5 * ctypes.sizeof(ctypes.c_long)
_UNSYNCHRONISED = 0x40  # STA_UNSYNC.


def look_at_clock() -> Finding:
    if SystemClock().quality() is ClockQuality.UNSYNCED:
        return ill("clock", "the clock of this machine was never set: set it, or let NTP (chrony)")
    if not _is_disciplined():
        return ill(
            "clock",
            "the clock of this machine is not kept by NTP, so that it drifts and passes end too "
            "early or too late: install chrony, or let systemd-timesyncd run",
        )
    return well("clock", "is kept by NTP")


def _is_disciplined() -> bool:
    """Ask the kernel, whatever program sets its clock; adjtimex with no mode only reads."""
    answer = ctypes.create_string_buffer(TIMEX_SIZE_MAX)
    state: int = ctypes.CDLL(None).adjtimex(answer)
    status = answer.raw[_STATUS_AT : _STATUS_AT + ctypes.sizeof(ctypes.c_int)]
    return state >= 0 and not int.from_bytes(status, sys.byteorder) & _UNSYNCHRONISED


def look_at_disk(directory: Path) -> Finding:
    """Look at where the state directory is, or is to be."""
    place = directory
    while not place.exists() and place != place.parent:
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        return ill(
            "storage",
            f"{place} is not writable by this user: nothing could be recorded, and so nobody be "
            "let in; give it to the user that runs gatewayd (chown), or run this as that user",
        )
    free = shutil.disk_usage(place).free
    if free < FREE_BYTES_MIN:
        return ill(
            "storage",
            f"only {free // MEGABYTE} MB are free at {place}, and the records need "
            f"{FREE_BYTES_MIN // MEGABYTE}: make room, or lower retention_days",
        )
    return well("storage", f"{free // MEGABYTE} MB are free at {directory}")
