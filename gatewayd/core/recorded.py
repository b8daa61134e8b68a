"""What somebody held up and how full it was, as far as the record of the verdict tells.

Evidence is not kept: the status stands as recorded. Where the reason itself tells what was wrong
with a code, one with that wrong stands for it; what cannot be told so is a plain id of a list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gatewayd.core.check_ins import FLAWS
from gatewayd.core.credential import (
    Attested,
    CheckIn,
    Credential,
    Inauthentic,
    Kind,
    RosterId,
    UnknownId,
    Unreadable,
)
from gatewayd.core.described import HOLDER
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import Policy
from gatewayd.core.reasons import INAUTHENTIC, Reason
from gatewayd.core.roster import RosterEntry

_MOMENT = timedelta(minutes=1)
_INSIDE = frozenset({Reason.ALREADY_INSIDE, Reason.ALREADY_GRANTED})


@dataclass(frozen=True, slots=True)
class Circumstances:
    credential: Credential
    occupancy: Occupancy
    inside_since: datetime | None


def circumstances(policy: Policy, at: datetime, data: Mapping[str, Any]) -> Circumstances:
    """Return them for the data of an access event; the policy is that of its time."""
    known = {str(reason): reason for reason in Reason}
    reason = known.get(str(data.get("reason")), Reason.OK)
    category = str(data.get("category") or policy.anonymous_exit_category)
    return Circumstances(
        _credential(data, reason, category, at),
        _full(policy, category) if reason is Reason.CAPACITY_FULL else Occupancy(),
        at - _MOMENT if reason in _INSIDE else None,
    )


def _credential(data: Mapping[str, Any], reason: Reason, category: str, at: datetime) -> Credential:
    kinds = {str(kind): kind for kind in Kind}
    kind = kinds.get(str(data.get("kind")), Kind.ROSTER)
    if kind is Kind.UNREADABLE:
        return Unreadable(reason)
    if kind is Kind.CHECKIN:
        flaw = reason if reason in FLAWS else None
        holder = HOLDER if "holder" in data else None
        return CheckIn(order=str(data.get("order")), holder=holder, category=category, flaw=flaw)
    if isinstance(data.get("attestation"), dict):
        return _attested(
            data["attestation"], category, is_on_duty=reason is not Reason.OFFICER_ABSENT
        )
    if reason in INAUTHENTIC:
        return Inauthentic(kind, reason)
    if reason is Reason.UNKNOWN_HOLDER:
        return UnknownId(HOLDER)
    begins = at + _MOMENT if reason is Reason.NOT_YET_VALID else None
    ends = at if reason is Reason.EXPIRED else None
    entry = RosterEntry(category, begins, ends, blocked=reason is Reason.BLOCKED)
    return RosterId(HOLDER, "recorded", entry)


def _attested(declared: Mapping[str, Any], category: str, *, is_on_duty: bool) -> Attested:
    return Attested(
        officer=str(declared.get("officer")),
        reason=str(declared.get("reason") or ""),
        category=category,
        healthy=declared.get("healthy") is True,
        protocol=declared.get("protocol") is True,
        purpose=declared.get("purpose"),
        origin=declared.get("origin"),
        certificate=declared.get("certificate") is True,
        is_on_duty=is_on_duty,
    )


def _full(policy: Policy, category: str) -> Occupancy:
    """Return a house with no place left for the category, by the limits of now."""
    limit = policy.capacity.by_category.get(category, policy.capacity.total)
    return Occupancy({category: limit} if limit else {})
