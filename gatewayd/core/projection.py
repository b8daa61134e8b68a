"""Folds events into the tables that the door decides from (`core.folded`).

Pure: `project(event, look)` returns the documents that the event changes. Every field it needs is
in the event itself, so that the tables can be rebuilt from the journal alone, at any time, whatever
policy is in force by then. A body counts when a passage says so, never when it was granted.
"""

from collections.abc import Sequence

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
from gatewayd.core.folded import (
    ALARMS,
    COUNTS,
    DEVICES,
    GRANTS,
    HOLDERS,
    OCCUPANCY,
    PASSES,
    REFERRALS,
    Change,
    Document,
    Look,
    alarm_key,
    entry_count,
    read_counts,
)
from gatewayd.core.policy import ANONYMOUS
from gatewayd.core.projection_audits import fold_audit
from gatewayd.core.words import Direction, HolderId, Json


def project(event: Event, look: Look) -> Sequence[Change]:
    """Return what the event changes, given a way to look documents up as they were before it."""
    fact = event.fact
    match fact:
        case Access():
            return _access(fact, format_time(event.draft.at), look)
        case Passage():
            return _passage(fact, format_time(event.draft.at), look)
        case Alarm():
            return _alarm(fact, format_time(event.draft.at), look)
        case Audit():
            return fold_audit(fact, format_time(event.draft.at), look)


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
            "pass_until": None if fact.pass_until is None else format_time(fact.pass_until),
            "at": at,
        }
        changes.append(Change(GRANTS, fact.grant, grant))
    if fact.referral is not None:
        changes.append(Change(REFERRALS, str(fact.referral), _referral(fact, at)))
    return changes


def _decision(fact: Access, at: str) -> dict[str, Json]:
    if fact.referral is not None and fact.outcome is AccessOutcome.REFUSED:
        # What settles a referral knows no more of anybody's status than the scan did.
        return {"reason": fact.reason, "seen": at}
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
        changes.append(_present(fact, fact.holder, at, look))
    return changes


def _present(fact: Passage, holder: HolderId, at: str, look: Look) -> Change:
    """Note since when somebody is in the house, or in the inner area of the lane."""
    before = look(HOLDERS, holder) or {}
    since = at if fact.direction is Direction.ENTRY else None
    if fact.area is None:
        kept = {name: value for name, value in before.items() if since or name != "areas"}
        row = {**kept, "category": fact.category, "inside_since": since}
        return Change(HOLDERS, holder, row)
    areas = before.get("areas")
    known = dict(areas) if isinstance(areas, dict) else {}
    return Change(HOLDERS, holder, {**before, "areas": {**known, fact.area: since}})


def _used_pass(fact: Passage, look: Look) -> list[Change]:
    """Count an entry on the pass that it was granted for; one of unknown outcome counts too."""
    assert fact.grant is not None
    if fact.area is not None:
        return []  # They came in at the gate.
    grant = look(GRANTS, fact.grant) or {}
    used = grant.get("pass")
    is_in = fact.outcome is PassageOutcome.COMPLETED or fact.uncertain
    if not isinstance(used, str) or not is_in or fact.direction is not Direction.ENTRY:
        return []
    row: Document = {
        "entries": entry_count(used, look) + 1,
        "until": grant.get("pass_until"),
    }
    return [Change(PASSES, used, row)]


def _count(fact: Passage, look: Look) -> Change | None:
    place = fact.area or OCCUPANCY
    by_category, uncertain = read_counts(look, place)
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
    return Change(COUNTS, place, {"by_category": dict(by_category), "uncertain": uncertain})


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


def _alarm(fact: Alarm, at: str, look: Look) -> list[Change]:
    key = alarm_key(fact.alarm, fact.subject)
    match fact.outcome:
        case AlarmOutcome.RAISED:
            return [Change(ALARMS, key, {"at": at, "detail": dict(fact.detail)})]
        case AlarmOutcome.ACKNOWLEDGED:
            row = look(ALARMS, key)
            if row is None:  # It was over before somebody saw it.
                return []
            return [Change(ALARMS, key, {**row, "seen": {**fact.detail, "at": at}})]
        case AlarmOutcome.CLEARED:
            return [Change(ALARMS, key, None)]
