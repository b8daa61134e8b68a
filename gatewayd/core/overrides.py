"""How much of the entries is an officer's word, over the last hour and the last day."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gatewayd.core.events import OFFICER, Access, AccessOutcome, Fact
from gatewayd.core.words import Direction

ENTRIES_MIN = 20  # Of fewer, two guests without a phone are a tenth.

WINDOWS_S = {"hour": 3600, "day": 86_400}
_PART_S = 60  # Counted minute by minute: a day is 1440 numbers, whatever goes on at the gate.


@dataclass(frozen=True, slots=True)
class Share:
    """Of `entries` admitted in a window (`hour`, `day`), an officer admitted `by_officer`."""

    window: str
    by_officer: int
    entries: int

    @property
    def percent(self) -> int:
        """Rounded down."""
        return self.by_officer * 100 // self.entries


@dataclass(slots=True)
class Overrides:
    """Counts from the start of the run on."""

    _parts: dict[int, tuple[int, int]] = field(default_factory=dict)

    def note(self, fact: Fact, at_s: float) -> None:
        """Count a verdict that was recorded at `at_s`, in monotonic seconds."""
        if not isinstance(fact, Access) or fact.outcome is not AccessOutcome.ADMITTED:
            return
        if fact.direction is Direction.EXIT or fact.area is not None:
            return  # Whoever goes on into an inner area was counted at the gate.
        part = int(at_s // _PART_S)
        by_officer, entries = self._parts.get(part, (0, 0))
        self._parts[part] = (by_officer + (fact.source == OFFICER), entries + 1)
        oldest = part - max(WINDOWS_S.values()) // _PART_S
        self._parts = {one: counted for one, counted in self._parts.items() if one > oldest}

    def shares(self, now_s: float) -> Iterator[Share]:
        """Return the share of each window in which enough people came in to speak of one."""
        for window, size_s in WINDOWS_S.items():
            oldest = (now_s - size_s) // _PART_S
            counted = [counts for part, counts in self._parts.items() if part > oldest]
            entries = sum(count for _, count in counted)
            if entries >= ENTRIES_MIN:
                yield Share(window, sum(count for count, _ in counted), entries)
