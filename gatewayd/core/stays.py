"""From when to when people were inside, paired from the passages in the records.

Times are seconds since 1970 here: a million of them are compared and sorted, and datetimes take
four times as long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from gatewayd.core.events import Audit, Draft, Passage, PassageOutcome
from gatewayd.core.policy import ANONYMOUS
from gatewayd.core.words import ClockQuality, Direction, HolderId

STAY_S_MAX = 12 * 3600.0
"""A stay of which only one end was seen is taken to be no longer: a long day at work."""

_ENTRY, _EXIT, _FORGIVEN = "entry", "exit", "forgiven"

# Looked up once: to look up a member of an enumeration takes as long as all else for a passage.
_IN, _THROUGH, _UNSYNCED = Direction.ENTRY, PassageOutcome.COMPLETED, ClockQuality.UNSYNCED

_Sight = tuple[float, str, bool]
"""When somebody was seen, to go which way, and whether that is certain."""


class Stay(NamedTuple):
    """Inside from `begin` until `end`.

    is_certain: both ends were seen, or somebody is inside still. An end that nobody saw is inferred
    from what else is known of the same person, at most `STAY_S_MAX` away from the other.
    """

    begin: float
    end: float
    is_certain: bool


@dataclass(frozen=True, slots=True)
class Attendance:
    """Everybody's stays in order, never overlapping; their last category; nameless entries."""

    stays: Mapping[HolderId, Sequence[Stay]]
    categories: Mapping[HolderId, str]
    nameless: Sequence[float] = ()


@dataclass(slots=True)
class Sights:
    """Fold records, in any order; then ask who was inside."""

    _seen: dict[HolderId, list[_Sight]] = field(default_factory=dict)
    _categories: dict[HolderId, str] = field(default_factory=dict)
    _nameless: list[float] = field(default_factory=list)

    def fold(self, draft: Draft) -> None:
        fact = draft.fact
        if isinstance(fact, Passage):
            if fact.area is not None:
                return  # Whoever goes into an inner area is in the house before and after.
            if fact.holder is not None:
                self._passed(fact.holder, fact, draft)
            elif fact.direction is _IN and fact.outcome is not PassageOutcome.EXPIRED:
                self._nameless.append(draft.at.timestamp())
        elif isinstance(fact, Audit) and fact.action == "forgiven":
            sights = self._seen.get(HolderId(str(fact.detail.get("holder"))), [])
            sights.append((draft.at.timestamp(), _FORGIVEN, False))

    def attendance(self, until: datetime) -> Attendance:
        """Return who was inside until then; who is inside by the records stays until then."""
        until_s = until.timestamp()
        stays = {holder: _pair(sights, until_s) for holder, sights in self._seen.items()}
        return Attendance(stays, self._categories, sorted(self._nameless))

    def _passed(self, holder: HolderId, fact: Passage, draft: Draft) -> None:
        is_through = fact.outcome is _THROUGH
        if not is_through and not fact.uncertain:
            return
        # Where nobody ever knew what became of a grant, they may have gone through on it.
        is_certain = is_through and not fact.assumed and draft.clock is not _UNSYNCED
        way = _ENTRY if fact.direction is _IN else _EXIT
        self._seen.setdefault(holder, []).append((draft.at.timestamp(), way, is_certain))
        self._categories[holder] = fact.category or ANONYMOUS


def _pair(sights: list[_Sight], until: float) -> list[Stay]:
    """Make stays of the sights of one person."""
    # A controller that was cut off tells later what it saw: records are not quite in order.
    sights.sort(key=itemgetter(0))
    stays: list[Stay] = []
    entered: _Sight | None = None
    left = 0.0
    for sight in sights:
        at, way, is_certain = sight
        if at > until:
            break
        if way is _ENTRY:
            if entered is not None:
                stays.append(Stay(entered[0], min(at, entered[0] + STAY_S_MAX), is_certain=False))
            entered = sight
            continue
        if entered is not None:
            stays.append(Stay(entered[0], at, is_certain and entered[2]))
        elif way is _EXIT:
            stays.append(Stay(max(left, at - STAY_S_MAX), at, is_certain=False))
        entered, left = None, at
    if entered is not None:
        latest = entered[0] + STAY_S_MAX
        stays.append(Stay(entered[0], min(until, latest), entered[2] and until <= latest))
    return stays
