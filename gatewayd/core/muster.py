"""Who was inside, for the meeting point: at a time, or when the last alarm began."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from gatewayd.core.events import Alarm, AlarmOutcome, Audit, Draft
from gatewayd.core.lane_terms import Order
from gatewayd.core.recount import Present, Recount

FIRE, LOCK_DOWN, FREED = "fire", "lock_down", "freed"
USUAL_ALARMS = frozenset({FIRE, LOCK_DOWN, FREED})
"""Why people gather outside: a fire input, or an officer who locked or freed the lanes."""

_ORDERS = {Order.EXIT_ONLY: LOCK_DOWN, Order.FREE: FREED}


@dataclass(frozen=True, slots=True)
class Muster:
    """People inside at a time. nameless: how many more, by category; no pseudonym stands for them.

    alarm: what began at that time, None where the time was chosen.
    """

    at: datetime
    present: tuple[Present, ...]
    nameless: tuple[tuple[str, int], ...]
    by_category: tuple[tuple[str, int], ...]
    uncertain: int
    alarm: str | None = None

    @property
    def total(self) -> int:
        return sum(count for _, count in self.by_category)


def call_muster(recount: Recount, at: datetime, alarm: str | None = None) -> Muster:
    """Take down who is inside as the records stand now."""
    by_category, uncertain = recount.counts()
    return Muster(
        at,
        tuple(recount.present()),
        tuple(sorted(recount.nameless().items())),
        tuple(sorted(by_category.items())),
        uncertain,
        alarm,
    )


@dataclass(slots=True)
class FrozenMuster:
    """Fold all records in order; `taken` is the muster as it was when the last alarm began.

    An alarm begins when the first input or lane tells of it, and is not over before all are clear.
    """

    alarms: Collection[str] = USUAL_ALARMS
    taken: Muster | None = None
    _recount: Recount = field(default_factory=Recount)
    _on: set[tuple[str, str]] = field(default_factory=set)

    def fold(self, draft: Draft) -> None:
        self._recount.fold(draft)
        was_quiet = not self._on
        began = self._heard(draft)
        if began is not None and was_quiet:
            self.taken = call_muster(self._recount, draft.at, began)

    def _heard(self, draft: Draft) -> str | None:
        """Note which alarms are on, and where; return the one that this record begins."""
        match draft.fact:
            case Alarm(alarm=alarm, subject=subject, outcome=outcome) if alarm in self.alarms:
                if outcome is AlarmOutcome.CLEARED:
                    self._on.discard((alarm, subject))
                elif outcome is AlarmOutcome.RAISED:
                    self._on.add((alarm, subject))
                    return alarm
            case Audit(action="lane_ordered", detail={"lane": str(lane), "order": str(order)}):
                self._on -= {(alarm, lane) for alarm in _ORDERS.values()}
                ordered = _ORDERS.get(Order(order)) if order in set(Order) else None
                if ordered in self.alarms:
                    self._on.add((str(ordered), lane))
                    return ordered
            case _:
                pass
        return None
