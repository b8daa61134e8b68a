"""Who is inside by number, and whether there is a place for one more."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatewayd.core.policy import Answer, Policy
from gatewayd.core.words import Json

OTHERS = "others"
"""Stands for everybody who is not staff and has no limit of their own."""


@dataclass(frozen=True, slots=True)
class Occupancy:
    """People inside by category, those on their way in, and how many of it is uncertain.

    pending: entries granted, or being written, whose end is not known yet. They hold a place, so
    that two lanes cannot both give the last one away.
    """

    by_category: Mapping[str, int] = field(default_factory=dict)
    pending: Mapping[str, int] = field(default_factory=dict)
    uncertain: int = 0

    @property
    def total(self) -> int:
        return sum(self.by_category.values())

    def taken(self, category: str) -> int:
        """Return the places that a category holds, those on their way in counted."""
        return self.by_category.get(category, 0) + self.pending.get(category, 0)

    @property
    def total_taken(self) -> int:
        return self.total + sum(self.pending.values())


def has_place(category: str, occupancy: Occupancy, policy: Policy) -> bool:
    """Return whether one more of the category may come in (staff: by the staff's own rule)."""
    left = _left(category, occupancy, policy)
    return left is None or left > 0


def answer_when_full(category: str, policy: Policy) -> Answer:
    """Return what happens to somebody for whom there is no place."""
    is_staff = category in policy.staff_categories
    return policy.capacity.staff_over_limit if is_staff else Answer.REFUSE


def places_left(occupancy: Occupancy, policy: Policy) -> dict[str, int]:
    """Return how many more may come in now: by category with a limit, and `others` than staff.

    All of them share the total, where there is one: the figures are not to be added.
    """
    left = {name: _left(name, occupancy, policy) for name in (*policy.capacity.by_category, OTHERS)}
    return {name: count for name, count in left.items() if count is not None}


def limits(policy: Policy) -> dict[str, Json]:
    """Return the limits in force, as the occupancy message shows them."""
    capacity = policy.capacity
    shown: dict[str, Json] = dict(capacity.by_category)
    if capacity.total is not None:
        shown["total"] = capacity.total
    if capacity.staff_reserve:
        shown["staff_reserve"] = capacity.staff_reserve
    return shown


def _left(category: str, occupancy: Occupancy, policy: Policy) -> int | None:
    """Return how many more of the category may come in; None is no limit."""
    capacity = policy.capacity
    left: list[int] = []
    if category in capacity.by_category:
        left.append(capacity.by_category[category] - occupancy.taken(category))
    if capacity.total is not None:
        staff = sum(occupancy.taken(name) for name in policy.staff_categories)
        is_staff = category in policy.staff_categories
        kept = 0 if is_staff else max(0, capacity.staff_reserve - staff)
        left.append(capacity.total - occupancy.total_taken - kept)
    return max(0, min(left)) if left else None
