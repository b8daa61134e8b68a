"""The system's clocks: the one place that reads them."""

import time
from datetime import UTC, datetime

from gatewayd.core.words import ClockQuality

BEFORE_US = datetime(2026, 1, 1, tzinfo=UTC)
"""No gateway ran before this: a wall clock that says so has not been set since power-on."""


class SystemClock:
    """Implements `ports.Clock`. The monotonic time is the event loop's own."""

    def monotonic(self) -> float:
        return time.monotonic()

    def utc(self) -> datetime:
        return datetime.now(UTC)

    def quality(self) -> ClockQuality:
        return ClockQuality.UNSYNCED if self.utc() < BEFORE_US else ClockQuality.SYNCED
