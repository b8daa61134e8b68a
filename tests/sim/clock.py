"""The clocks of a simulated machine: a wall clock that NTP keeps, or that drifts, is set, or lost its date."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 29, 1, 0, tzinfo=UTC)
"""When a simulation begins, by the true time."""

POWER_ON = datetime(1970, 1, 1, tzinfo=UTC)


def true_time(now_s: float) -> datetime:
    return START + timedelta(seconds=now_s)


class SimSystem:
    """Outlives the gateway; its monotonic clock is the loop's."""

    def __init__(self) -> None:
        self._is_kept = True
        self._error_s = 0.0
        self._drift = 0.0
        self._since_s = 0.0

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def utc(self) -> datetime:
        now_s = self.monotonic()
        return true_time(now_s + self._error_s + self._drift * (now_s - self._since_s))

    def is_kept(self) -> bool:
        return self._is_kept

    def set_right(self) -> None:
        """Have NTP keep it, from now on."""
        self._is_kept, self._error_s, self._drift = True, 0.0, 0.0

    def drift(self, by: float) -> None:
        """Lose NTP; from now on it gains so many seconds in each."""
        self._settle()
        self._is_kept, self._drift = False, by

    def step(self, by_s: float) -> None:
        """Be set by somebody; the kernel says then that nobody keeps it."""
        self._settle()
        self._is_kept = False
        self._error_s += by_s

    def lose_date(self) -> None:
        """Begin at the epoch, as a machine does whose power was gone."""
        self._is_kept, self._drift = False, 0.0
        self._error_s = (POWER_ON - true_time(self.monotonic())).total_seconds()

    def _settle(self) -> None:
        now_s = self.monotonic()
        self._error_s += self._drift * (now_s - self._since_s)
        self._since_s, self._drift = now_s, 0.0
