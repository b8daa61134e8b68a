"""Staff who came in without a code of their own: by hand, or with a plain id that anybody can copy.

Where staff have to carry the app (or a signed pass), these are the people to talk to.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from gatewayd.core.credential import Kind
from gatewayd.core.events import Access, AccessOutcome, Draft
from gatewayd.core.words import Direction, HolderId, LaneId

_WITHOUT = frozenset({Kind.ATTESTATION, Kind.ROSTER, Kind.PLAIN_ID})


@dataclass(frozen=True, slots=True)
class WithoutApp:
    """An admission. kind: `attestation`, `roster` or `plain_id`.

    reason, officer: what the officer declared, and who that was; None where no officer was needed.
    """

    at: datetime
    lane: LaneId
    holder: HolderId | None
    category: str
    kind: str
    reason: str | None
    officer: str | None


def came_without_app(draft: Draft, staff: Collection[str]) -> WithoutApp | None:
    """Read an admission of staff (by these categories) without the app; None: it is none."""
    fact = draft.fact
    if not isinstance(fact, Access) or fact.outcome is not AccessOutcome.ADMITTED:
        return None
    category = fact.category
    if category is None or category not in staff or fact.direction is Direction.EXIT:
        return None
    if fact.area is not None or fact.kind not in _WITHOUT:
        return None
    declared = fact.attestation or {}
    reason, officer = declared.get("reason"), declared.get("officer")
    return WithoutApp(
        draft.at,
        fact.lane,
        fact.holder,
        category,
        fact.kind,
        None if reason is None else str(reason),
        None if officer is None else str(officer),
    )
