"""The tables that the door decides from: their names, their rows, how a row is looked up.

| table | key | document |
|---|---|---|
| holders | holder | the last verdict (category, status, reason ...), inside_since, code_step |
| grants | grant | lane, direction, holder, category, pass, at ...: those not recorded as ended |
| passes | pass id | until, entries: how often somebody came in with one good for a number |
| counts | `occupancy`, inner area | by_category, uncertain |
| counts | `closed` | at: the last closing time at which exits were inferred |
| devices | device | sequence: the last of its log entries that is recorded |
| lanes | lane | order: what the officer ordered last; since, officer, reason |
| doors | door | state, since: those that are open |
| referrals | number | lane, holder, category, kind, reason, at |
| officers | label | since, how, caller: those who are signed on |
| assists | number | lane, cause, at, by: requests for help that are not over; who is on the way |
| notes | `handover` | note, officer, at: what the officer before left for the next |
| alarms | alarm/subject | at, detail: those not cleared; seen: who acknowledged it, and when |
| quarantine | event | reason, at: those that the centre's broker does not take |
| orders | kind/key id | counter: the last of the key; recent: ids, each with its result or None |
| capacity | `ordered` | total, until: what the centre ordered instead of the policy's |
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gatewayd.core.words import Json

HOLDERS = "holders"
GRANTS = "grants"
COUNTS = "counts"
DEVICES = "devices"
PASSES = "passes"
LANES = "lanes"
DOORS = "doors"
REFERRALS = "referrals"
OFFICERS = "officers"
ASSISTS = "assists"
NOTES = "notes"
ALARMS = "alarms"
QUARANTINE = "quarantine"
ORDERS = "orders"
CAPACITY = "capacity"
TABLES = (
    HOLDERS,
    GRANTS,
    PASSES,
    COUNTS,
    DEVICES,
    LANES,
    DOORS,
    REFERRALS,
    OFFICERS,
    ASSISTS,
    NOTES,
    ALARMS,
    QUARANTINE,
    ORDERS,
    CAPACITY,
)

OCCUPANCY = "occupancy"
CLOSED = "closed"
HANDOVER = "handover"
ORDERED = "ordered"

Document = Mapping[str, Json]
Look = Callable[[str, str], Document | None]


@dataclass(frozen=True, slots=True)
class Change:
    """One document of a table: its new content, or None where it goes."""

    table: str
    key: str
    document: Document | None


def order_key(kind: str, key_id: bytes) -> str:
    return f"{kind}/{key_id.hex()}"


def alarm_key(alarm: str, subject: str) -> str:
    return f"{alarm}/{subject}"


def entry_count(pass_id: str, look: Look) -> int:
    """Return how often somebody came in with a pass."""
    count = (look(PASSES, pass_id) or {}).get("entries", 0)
    assert isinstance(count, int)
    return count


def read_counts(look: Look, place: str = OCCUPANCY) -> tuple[dict[str, int], int]:
    """Return the people inside by category (positive numbers only), and how many are uncertain.

    place: an inner area instead of the whole house.
    """
    document = look(COUNTS, place) or {}
    by_category = document.get("by_category", {})
    uncertain = document.get("uncertain", 0)
    assert isinstance(by_category, dict)
    assert isinstance(uncertain, int)
    return {name: count for name, count in by_category.items() if isinstance(count, int)}, uncertain
