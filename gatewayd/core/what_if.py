"""Another policy than the one in force, to ask what a day would have been like under it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gatewayd.core.policy import Answer, AntiPassback, Policy
from gatewayd.core.words import Status


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What is to be different; None, and statuses that are not named, stay as they are.

    statuses: for everybody, whatever a category has of its own.
    """

    total: int | None = None
    percent: int | None = None
    """Of the limit in force; nothing where there is none."""
    statuses: Mapping[Status, Answer] = field(default_factory=dict)
    unknown_holder: Answer | None = None
    anti_passback: AntiPassback | None = None

    @property
    def is_empty(self) -> bool:
        given = (self.total, self.percent, self.unknown_holder, self.anti_passback)
        return not self.statuses and all(one is None for one in given)


def changed(policy: Policy, asked: WhatIf) -> Policy:
    """Return the policy with that difference, also in what replaces it at its time."""
    total = policy.capacity.total if asked.total is None else asked.total
    if total is not None and asked.percent is not None:
        total = total * asked.percent // 100
    own = {
        category: {status: one for status, one in rules.items() if status not in asked.statuses}
        for category, rules in policy.category_statuses.items()
    }
    return replace(
        policy,
        capacity=replace(policy.capacity, total=total),
        statuses={**policy.statuses, **asked.statuses},
        category_statuses=own,
        unknown_holder=asked.unknown_holder or policy.unknown_holder,
        anti_passback=asked.anti_passback or policy.anti_passback,
        changes=tuple((at, changed(one, asked)) for at, one in policy.changes),
    )
