"""Another limit of people inside than the policy's, ordered by the centre for some time."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from gatewayd.core.events import parse_time
from gatewayd.core.policy import Policy
from gatewayd.core.words import Json


def read_order(row: Mapping[str, Json] | None, at: datetime) -> int | None:
    """Return the total that holds at a time by the row of the table; None: the policy's does."""
    if row is None:
        return None
    total, until = row.get("total"), row.get("until")
    assert isinstance(total, int)
    is_over = isinstance(until, str) and at >= parse_time(until)
    return None if is_over else total


def with_total(policy: Policy, total: int) -> Policy:
    """Return the policy with that total; its versions say so, since verdicts are read by them."""
    capacity = replace(policy.capacity, total=total)
    return replace(policy, capacity=capacity, versions=(*policy.versions, f"capacity:{total}"))
