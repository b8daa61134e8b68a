"""Who is inside by number, and whether there is a place for one more."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatewayd.core.policy import Answer, Policy
from gatewayd.core.words import Json


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
    capacity = policy.capacity
    limit = capacity.by_category.get(category)
    if limit is not None and occupancy.taken(category) >= limit:
        return False
    if capacity.total is None:
        return True
    staff = sum(occupancy.taken(name) for name in policy.staff_categories)
    others = occupancy.total_taken - staff
    if category in policy.staff_categories:
        return occupancy.total_taken < capacity.total
    return others + max(staff, capacity.staff_reserve) < capacity.total


def answer_when_full(category: str, policy: Policy) -> Answer:
    """Return what happens to somebody for whom there is no place."""
    is_staff = category in policy.staff_categories
    return policy.capacity.staff_over_limit if is_staff else Answer.REFUSE


def places_left(occupancy: Occupancy, policy: Policy) -> dict[str, int]:
    """Return, by category with a limit, how many more may come in now; `total` for all others."""
    capacity = policy.capacity
    left = {
        name: max(0, limit - occupancy.taken(name)) for name, limit in capacity.by_category.items()
    }
    if capacity.total is not None:
        left["total"] = max(0, capacity.total - occupancy.total_taken)
    return left


def limits(policy: Policy) -> dict[str, Json]:
    """Return the limits in force, as the occupancy message shows them."""
    capacity = policy.capacity
    shown: dict[str, Json] = dict(capacity.by_category)
    if capacity.total is not None:
        shown["total"] = capacity.total
    if capacity.staff_reserve:
        shown["staff_reserve"] = capacity.staff_reserve
    return shown
