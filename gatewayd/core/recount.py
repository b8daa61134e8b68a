"""Folds records again, up to some time, to tell who was inside then."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gatewayd.core.events import Draft, Event, Passage, PassageOutcome, parse_time
from gatewayd.core.folded import HOLDERS, Document, read_counts
from gatewayd.core.policy import ANONYMOUS
from gatewayd.core.projection import project
from gatewayd.core.words import HolderId, LaneId


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is inside, by their pseudonym."""

    holder: HolderId
    category: str
    lane: LaneId | None
    since: datetime


@dataclass(slots=True)
class Recount:
    """The tables of the door as they were; fold events in their order."""

    _tables: dict[str, dict[str, Document]] = field(default_factory=dict)
    _lanes: dict[HolderId, LaneId] = field(default_factory=dict)

    def fold(self, draft: Draft) -> None:
        # Where an event stood in the journal plays no part in what it means.
        event = Event(epoch="", seq=0, draft=draft, run="", appended_s=0.0)
        for change in project(event, self._look):
            rows = self._tables.setdefault(change.table, {})
            if change.document is None:
                rows.pop(change.key, None)
            else:
                rows[change.key] = change.document
        fact = draft.fact
        if isinstance(fact, Passage) and fact.holder is not None:
            is_through = fact.outcome is PassageOutcome.COMPLETED
            if is_through and fact.area is None:
                self._lanes[fact.holder] = fact.lane

    def counts(self) -> tuple[Mapping[str, int], int]:
        """Return the people inside by category, and how many of it is uncertain."""
        return read_counts(self._look)

    def present(self) -> list[Present]:
        """Return those who are inside by name of their pseudonyms, longest first."""
        found = [
            Present(
                HolderId(holder),
                str(row.get("category") or ANONYMOUS),
                self._lanes.get(HolderId(holder)),
                parse_time(str(row["inside_since"])),
            )
            for holder, row in self._tables.get(HOLDERS, {}).items()
            if row.get("inside_since") is not None
        ]
        return sorted(found, key=lambda one: one.since)

    def nameless(self) -> dict[str, int]:
        """Return how many more are inside whom no pseudonym stands for, by category."""
        return nameless(self.counts()[0], self.present())

    def _look(self, table: str, key: str) -> Document | None:
        return self._tables.get(table, {}).get(key)


def nameless(by_category: Mapping[str, int], present: Sequence[Present]) -> dict[str, int]:
    """Return how many are counted beyond those whom pseudonyms stand for, by category."""
    known = Counter(one.category for one in present)
    left = {name: count - known[name] for name, count in by_category.items()}
    return {name: count for name, count in left.items() if count > 0}
