"""How long to wait before the next try: longer after each failure, never the same for all sites."""

from collections.abc import Callable
from dataclasses import dataclass

DOUBLINGS_MAX = 32  # Beyond any limit in use; keeps the arithmetic small after weeks of failures.


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubles from `first_s` to `most_s`, in seconds; each delay is drawn from its upper half.

    A thousand gateways that lost the same broker at the same moment come back spread out. fraction:
    draws from [0, 1).
    """

    first_s: float
    most_s: float
    fraction: Callable[[], float]

    def __post_init__(self) -> None:
        assert 0 < self.first_s <= self.most_s, "a backoff grows from above 0"

    def delay_s(self, failures: int) -> float:
        """Return the wait after `failures` tries in a row failed, from 1."""
        assert failures >= 1, "the first try needs no wait"
        whole_s = min(self.first_s * 2.0 ** min(failures - 1, DOUBLINGS_MAX), self.most_s)
        return whole_s * (1.0 + self.fraction()) / 2.0
