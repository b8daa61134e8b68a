"""What time it is, as far as a wall clock can be believed that nobody may be keeping.

Time never goes back behind what was known, unless NTP says so: a credential that has expired does
not become good because a box lost its power, and with it the date.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gatewayd.core.words import ClockQuality

STEP_MIN = timedelta(seconds=1)  # Less is drift, or NTP at work.
BACK_MAX = timedelta(seconds=2)  # So much behind what was known is drift as well.
LEAP_MAX = timedelta(days=30)
"""A clock that nobody keeps and that is so far ahead of what was known is believed no more than one
that is behind: a box is rarely without power for a month, a date lost to a flat cell is common."""


@dataclass(frozen=True, slots=True)
class Reading:
    """wall: what the system says. monotonic_s: at the same moment. is_kept: by NTP."""

    wall: datetime
    monotonic_s: float
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Known:
    """It was `at` or later when the monotonic time was `monotonic_s`.

    is_first: nothing was noted before, or somebody took the note away: no time is too far ahead.
    """

    at: datetime
    monotonic_s: float
    is_first: bool = False

    def after(self, monotonic_s: float) -> datetime:
        return self.at + timedelta(seconds=max(0.0, monotonic_s - self.monotonic_s))


def judge(reading: Reading, known: Known) -> tuple[datetime, ClockQuality]:
    """Return the time to go by, and how far it can be believed."""
    expected = known.after(reading.monotonic_s)
    if reading.is_kept:
        return reading.wall, ClockQuality.SYNCED
    if reading.wall < expected - BACK_MAX:
        return expected, ClockQuality.UNSYNCED
    if reading.wall > expected + LEAP_MAX and not known.is_first:
        return reading.wall, ClockQuality.UNSYNCED
    return reading.wall, ClockQuality.HOLDOVER


def step(before: Reading, now: Reading) -> timedelta | None:
    """Return by how much the wall clock was set between two readings; None if it was not."""
    passed = timedelta(seconds=now.monotonic_s - before.monotonic_s)
    moved = now.wall - before.wall - passed
    return moved if abs(moved) >= STEP_MIN else None
