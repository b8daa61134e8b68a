"""How many people went by since the last reading of a turnstile's own counters (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from drivers.base import Direction

# Nobody walks through faster; more than this is no turnstile's work but another counter's.
PASSAGES_PER_S_MAX: Final = 2
# A group that runs through an open gate between two readings.
PASSAGES_AT_ONCE_MAX: Final = 10
# A day of the busiest lane; after a longer outage a bigger number is not believed either.
PASSAGES_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Risen:
    """passages: those that are known. is_gap: there were others, perhaps, that nobody knows of."""

    passages: Mapping[Direction, int]
    is_gap: bool


class Watermarks:
    """Where the counters stood at the last reading, however long ago that was.

    A rise that no crowd can have made is none: the counter began again at zero, as the device was
    reset, or another device stands in the place of the one before. The first reading tells nothing.
    """

    def __init__(self, bits: int) -> None:
        """bits: after 2**bits - 1 a counter goes on with zero."""
        self._size = 1 << bits
        self._counts: Mapping[Direction, int] | None = None
        self._read_s = 0.0

    def advance(self, counts: Mapping[Direction, int], now_s: float) -> Risen:
        before, self._counts = self._counts, counts
        in_the_time = PASSAGES_AT_ONCE_MAX + PASSAGES_PER_S_MAX * (now_s - self._read_s)
        possible = min(in_the_time, PASSAGES_MAX)
        self._read_s = now_s
        if before is None:
            return Risen({}, is_gap=False)
        passages: dict[Direction, int] = {}
        is_gap = False
        for direction, count in counts.items():
            risen = (count - before[direction]) % self._size
            if risen > possible:
                risen = count if count <= possible else 0
                is_gap = True
            passages[direction] = risen
        return Risen(passages, is_gap)
