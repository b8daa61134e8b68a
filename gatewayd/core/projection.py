"""Folds events into the tables that the door decides from: holders, grants, counts, devices.

Pure: `project(event, look)` returns the documents that the event changes. Every field it needs is
in the event itself, so that the tables can be rebuilt from the journal alone, at any time, whatever
policy is in force by then. A body counts when a passage says so, never when it was granted.

| table | key | document |
|---|---|---|
| holders | holder | the last verdict (category, status, reason ...), inside_since, code_step |
| grants | grant | lane, direction, holder, category, pass, at: those not recorded as ended |
| passes | pass id | entries: how often somebody came in with one that is good for a number |
| counts | `occupancy` | by_category, uncertain |
| devices | device | sequence: the last of its log entries that is recorded |
| lanes | lane | order: what the officer ordered last |
| doors | door | state, since: those that are open |
| referrals | number | lane, holder, category, kind, reason, at |
| alarms | alarm/subject | at, detail: those not cleared |
| quarantine | event | reason, at: those that the centre's broker does not take |
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gatewayd.core.events import (
    Access,
    AccessOutcome,
    Alarm,
    AlarmOutcome,
    Audit,
    Event,
    Passage,
    PassageOutcome,
    format_time,
)
from gatewayd.core.policy import ANONYMOUS
from gatewayd.core.words import Direction, Json

HOLDERS = "holders"
GRANTS = "grants"
COUNTS = "counts"
DEVICES = "devices"
PASSES = "passes"
LANES = "lanes"
DOORS = "doors"
REFERRALS = "referrals"
ALARMS = "alarms"
QUARANTINE = "quarantine"
TABLES = (HOLDERS, GRANTS, PASSES, COUNTS, DEVICES, LANES, DOORS, REFERRALS, ALARMS, QUARANTINE)

OCCUPANCY = "occupancy"

Document = Mapping[str, Json]
Look = Callable[[str, str], Document | None]


@dataclass(frozen=True, slots=True)
class Change:
    """One document of a table: its new content, or None where it goes."""

    table: str
    key: str
    document: Document | None


def project(event: Event, look: Look) -> Sequence[Change]:
    """Return what the event changes, given a way to look documents up as they were before it."""
    fact = event.fact
    match fact:
        case Access():
            return _access(fact, format_time(event.draft.at), look)
        case Passage():
            return _passage(fact, format_time(event.draft.at), look)
        case Alarm():
            return _alarm(fact, format_time(event.draft.at))
        case Audit():
            return _audit(fact, format_time(event.draft.at), look)


def alarm_key(alarm: str, subject: str) -> str:
    return f"{alarm}/{subject}"


# --- verdicts ---


def _access(fact: Access, at: str, look: Look) -> list[Change]:
    changes: list[Change] = []
    # An id that nothing is known of leaves no row: whoever holds up random ones fills no table.
    is_known = fact.category is not None
    told = _decision(fact, at) if is_known and fact.direction is Direction.ENTRY else {}
    if fact.code_step is not None:  # Used at an exit, it is used at every entry too.
        told["code_step"] = fact.code_step
    if fact.holder is not None and told:
        changes.append(Change(HOLDERS, fact.holder, {**(look(HOLDERS, fact.holder) or {}), **told}))
    if fact.grant is not None:
        grant: Document = {
            "lane": fact.lane,
            "direction": str(fact.direction),
            "holder": fact.holder,
            "category": fact.category,
            "pass": fact.pass_id,
            "at": at,
        }
        changes.append(Change(GRANTS, fact.grant, grant))
    if fact.referral is not None:
        changes.append(Change(REFERRALS, str(fact.referral), _referral(fact, at)))
    return changes


def _decision(fact: Access, at: str) -> dict[str, Json]:
    return {
        "category": fact.category,
        "kind": fact.kind,
        "status": None if fact.status is None else str(fact.status),
        "status_until": None if fact.status_until is None else format_time(fact.status_until),
        "source": fact.source,
        "reason": fact.reason,
        "policy": list(fact.policy),
        "seen": at,
    }


def _referral(fact: Access, at: str) -> Document | None:
    if fact.outcome is not AccessOutcome.REFERRED:
        return None  # The officer settled it.
    return {
        "lane": fact.lane,
        "holder": fact.holder,
        "category": fact.category,
        "kind": fact.kind,
        "reason": fact.reason,
        "at": at,
    }


# --- passages ---


def _passage(fact: Passage, at: str, look: Look) -> list[Change]:
    changes: list[Change] = []
    if fact.grant is not None:
        changes += _used_pass(fact, look)
        changes.append(Change(GRANTS, fact.grant, None))
    if fact.device is not None and fact.device_sequence is not None:
        changes.append(Change(DEVICES, fact.device, {"sequence": fact.device_sequence}))
    counted = _count(fact, look)
    if counted is not None:
        changes.append(counted)
    if fact.holder is not None and fact.outcome is PassageOutcome.COMPLETED:
        before = look(HOLDERS, fact.holder) or {}
        inside_since = at if fact.direction is Direction.ENTRY else None
        present = {**before, "category": fact.category, "inside_since": inside_since}
        changes.append(Change(HOLDERS, fact.holder, present))
    return changes


def _used_pass(fact: Passage, look: Look) -> list[Change]:
    """Count an entry on the pass that it was granted for; one of unknown outcome counts too."""
    assert fact.grant is not None
    used = (look(GRANTS, fact.grant) or {}).get("pass")
    is_in = fact.outcome is PassageOutcome.COMPLETED or fact.uncertain
    if not isinstance(used, str) or not is_in or fact.direction is not Direction.ENTRY:
        return []
    return [Change(PASSES, used, {"entries": entry_count(used, look) + 1})]


def entry_count(pass_id: str, look: Look) -> int:
    """Return how often somebody came in with a pass."""
    count = (look(PASSES, pass_id) or {}).get("entries", 0)
    assert isinstance(count, int)
    return count


def _count(fact: Passage, look: Look) -> Change | None:
    by_category, uncertain = read_counts(look)
    match fact.outcome:
        case PassageOutcome.EXPIRED:
            if not fact.uncertain:
                return None
            uncertain += 1
        case PassageOutcome.COMPLETED:
            missed = _move(by_category, fact.category or ANONYMOUS, fact.direction)
            uncertain += missed
        case PassageOutcome.BREACHED | PassageOutcome.UNATTRIBUTED:
            _move(by_category, fact.category or ANONYMOUS, fact.direction)
            uncertain += 1
    return Change(COUNTS, OCCUPANCY, {"by_category": dict(by_category), "uncertain": uncertain})


def _move(by_category: dict[str, int], category: str, direction: Direction) -> int:
    """Count one body in or out; return 1 where somebody left whom nobody saw come in.

    An exit with nobody of its category inside takes one of the largest other category: the body is
    out, whoever it was.
    """
    if direction is Direction.ENTRY:
        by_category[category] = by_category.get(category, 0) + 1
        return 0
    is_known = by_category.get(category, 0) > 0
    if not is_known:
        if not by_category:
            return 1
        category = max(by_category, key=lambda name: (by_category[name], name))
    by_category[category] -= 1
    if by_category[category] == 0:
        del by_category[category]
    return 0 if is_known else 1


def read_counts(look: Look) -> tuple[dict[str, int], int]:
    """Return the people inside by category (positive numbers only), and how many are uncertain."""
    document = look(COUNTS, OCCUPANCY) or {}
    by_category = document.get("by_category", {})
    uncertain = document.get("uncertain", 0)
    assert isinstance(by_category, dict)
    assert isinstance(uncertain, int)
    return {name: count for name, count in by_category.items() if isinstance(count, int)}, uncertain


# --- alarms and what officers did ---


def _alarm(fact: Alarm, at: str) -> list[Change]:
    key = alarm_key(fact.alarm, fact.subject)
    match fact.outcome:
        case AlarmOutcome.RAISED:
            return [Change(ALARMS, key, {"at": at, "detail": dict(fact.detail)})]
        case AlarmOutcome.ACKNOWLEDGED:
            return []
        case AlarmOutcome.CLEARED:
            return [Change(ALARMS, key, None)]


def _audit(fact: Audit, at: str, look: Look) -> list[Change]:
    detail = fact.detail
    match fact.action, detail:
        case "count_set", {"category": str(category), "to": int(number)}:
            by_category, _ = read_counts(look)
            counted = {**by_category, category: number}
            positive: dict[str, Json] = {name: n for name, n in counted.items() if n > 0}
            return [Change(COUNTS, OCCUPANCY, {"by_category": positive, "uncertain": 0})]
        case "forgiven", {"holder": str(holder)}:
            return _forgive(holder, look)
        case "device_log_lost", {"count": int(number)}:
            return [_less_certain(number, look)]  # Each entry may have been somebody, in or out.
        case (("door_opened" | "door_closed"), {"door": str(door)}):
            return _door(door, detail.get("state"), at, look)
        case "lane_ordered", {"lane": str(lane), "order": str(order)}:
            return [Change(LANES, lane, {"order": order})]
        case "referral_lapsed", {"referral": int(number)}:
            return [Change(REFERRALS, str(number), None)]
        case "event_quarantined", {"event": str(quarantined), "reason": str(reason)}:
            return [Change(QUARANTINE, quarantined, {"reason": reason, "at": at})]
        case "quarantined_delivered", {"event": str(delivered)}:
            return [Change(QUARANTINE, delivered, None)]
        case "device_noted", {"device": str(device), "device_sequence": int(sequence)}:
            return [Change(DEVICES, device, {"sequence": sequence})]
        case _:
            return []


def _door(door: str, state: Json, at: str, look: Look) -> list[Change]:
    """Keep a door while it is open (in a state); each opening may have been somebody."""
    if state is None:
        return [Change(DOORS, door, None)]
    return [Change(DOORS, door, {"state": state, "since": at}), _less_certain(1, look)]


def _forgive(holder: str, look: Look) -> list[Change]:
    """Take somebody for outside; they may be among those who were counted in and not out."""
    row = look(HOLDERS, holder)
    if row is None or row.get("inside_since") is None:
        return []
    return [Change(HOLDERS, holder, {**row, "inside_since": None}), _less_certain(1, look)]


def _less_certain(by: int, look: Look) -> Change:
    by_category, uncertain = read_counts(look)
    left: Document = {"by_category": dict(by_category), "uncertain": uncertain + by}
    return Change(COUNTS, OCCUPANCY, left)
