"""What the machine itself must have: a clock that is set, and room on the disk."""

import os
import shutil
from pathlib import Path
from typing import Protocol

from gatewayd.app.doctor_words import Finding, ill, well
from gatewayd.core.health import FREE_BYTES_MIN
from gatewayd.core.words import ClockQuality

MEGABYTE = 1_000_000


class KeptClock(Protocol):
    """The part of `runtime.clock.SystemClock` that is looked at."""

    def quality(self) -> ClockQuality: ...

    def is_kept(self) -> bool: ...


def look_at_clock(clock: KeptClock) -> Finding:
    if clock.quality() is ClockQuality.UNSYNCED:
        return ill("clock", "the clock of this machine was never set: set it, or let NTP (chrony)")
    if not clock.is_kept():
        return ill(
            "clock",
            "the clock of this machine is not kept by NTP, so that it drifts and passes end too "
            "early or too late: install chrony, or let systemd-timesyncd run",
        )
    return well("clock", "is kept by NTP")


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
