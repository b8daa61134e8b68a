"""The system's clocks: the one place that reads them."""

import ctypes
import struct
import time
from datetime import UTC, datetime

from gatewayd.core.words import ClockQuality

BEFORE_US = datetime(2026, 1, 1, tzinfo=UTC)
"""No gateway ran before this: a wall clock that says so has not been set since power-on."""

# adjtimex(2): the mode (0 only reads), four longs, the status; then what is of no interest here.
_TIMEX = struct.Struct("@I4li")
_TIMEX_SIZE = 512  # The kernel writes some 200 bytes.
_UNSYNCHRONISED = 0x40  # STA_UNSYNC: nothing keeps the kernel's clock at present.
_LIBC = ctypes.CDLL(None)


class SystemClock:
    """Implements `ports.Clock`. The monotonic time is the event loop's own."""

    def monotonic(self) -> float:
        return time.monotonic()

    def utc(self) -> datetime:
        return datetime.now(UTC)

    def quality(self) -> ClockQuality:
        return ClockQuality.UNSYNCED if self.utc() < BEFORE_US else ClockQuality.SYNCED

    def is_kept(self) -> bool:
        """Tell whether NTP keeps the clock at present, as far as the kernel knows and says."""
        answer = ctypes.create_string_buffer(_TIMEX_SIZE)
        if _LIBC.adjtimex(answer) < 0:
            return False
        *_, status = _TIMEX.unpack_from(answer)
        return not status & _UNSYNCHRONISED
