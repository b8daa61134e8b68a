"""Folds events into the tables that the door decides from: holders, grants, counts, devices.

Pure: `project(event, look)` returns the documents that the event changes. Every field it needs is
in the event itself, so that the tables can be rebuilt from the journal alone, at any time, whatever
policy is in force by then. A body counts when a passage says so, never when it was granted.

| table | key | document |
|---|---|---|
| holders | holder | the last verdict (category, status, reason ...), inside_since, code_step |
| grants | grant | lane, direction, holder, category, pass, at ...: those not recorded as ended |
| passes | pass id | until, entries: how often somebody came in with one good for a number |
| counts | `occupancy`, inner area | by_category, uncertain |
| counts | `closed` | at: the last closing time at which exits were inferred |
| devices | device | sequence: the last of its log entries that is recorded |
| lanes | lane | order: what the officer ordered last |
| doors | door | state, since: those that are open |
| referrals | number | lane, holder, category, kind, reason, at |
| officers | label | since, how, caller: those who are signed on |
| assists | number | lane, cause, at: requests for help that nobody has answered |
| alarms | alarm/subject | at, detail: those not cleared |
| quarantine | event | reason, at: those that the centre's broker does not take |
| orders | kind/key id | counter: the last of the key; recent: ids, each with its result or None |
| capacity | `ordered` | total, until: what the centre ordered instead of the policy's |
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType

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
from gatewayd.core.words import Direction, HolderId, Json

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
    ALARMS,
    QUARANTINE,
    ORDERS,
    CAPACITY,
)

OCCUPANCY = "occupancy"
CLOSED = "closed"
ORDERED = "ordered"

RECENT_MAX = 32  # An order is good for 30 s; nobody asks after more of them.

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


def order_key(kind: str, key_id: bytes) -> str:
    return f"{kind}/{key_id.hex()}"


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


def entry_count(pass_id: str, look: Look) -> int:
    """Return how often somebody came in with a pass."""
    count = (look(PASSES, pass_id) or {}).get("entries", 0)
    assert isinstance(count, int)
    return count


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
    fold, needed = _AUDITS.get(fact.action, (_change_nothing, {}))
    # Another version may mean something else by the word: what does not fit changes nothing.
    fits = all(isinstance(fact.detail.get(name), kind) for name, kind in needed.items())
    return fold(fact.detail, at, look) if fits else []


def _change_nothing(_: Document, __: str, ___: Look) -> list[Change]:
    return []


def _set_count(detail: Document, _: str, look: Look) -> list[Change]:
    category, number = detail["category"], detail["to"]
    assert isinstance(category, str)
    by_category, _uncertain = read_counts(look)
    counted: dict[str, Json] = {**by_category, category: number}
    positive: dict[str, Json] = {name: n for name, n in counted.items() if n}
    return [Change(COUNTS, OCCUPANCY, {"by_category": positive, "uncertain": 0})]


def _infer_exits(detail: Document, _: str, look: Look) -> list[Change]:
    """Take out those whom nobody knows; the known ones had exits of their own before."""
    gone = detail["gone"]
    assert isinstance(gone, dict)
    changes = [Change(COUNTS, CLOSED, {"at": detail["at"]})]
    for place, left in gone.items():
        assert isinstance(left, dict)
        by_category, uncertain = read_counts(look, place)
        out, settled = left.get("by_category"), left.get("uncertain")
        assert isinstance(out, dict)
        assert isinstance(settled, int)
        counts: Counter[str] = Counter(by_category)
        counts.subtract({name: count for name, count in out.items() if isinstance(count, int)})
        positive: dict[str, Json] = {name: n for name, n in counts.items() if n > 0}
        row: Document = {"by_category": positive, "uncertain": max(0, uncertain - settled)}
        changes.append(Change(COUNTS, place, row))
    return changes


def _lose_log(detail: Document, _: str, look: Look) -> list[Change]:
    """Count entries of a device's log that nobody saw: each may have been somebody, in or out."""
    number = detail["count"]
    assert isinstance(number, int)
    return [_less_certain(number, look)]


def _order_lane(detail: Document, _: str, __: Look) -> list[Change]:
    return [Change(LANES, _text(detail, "lane"), {"order": detail["order"]})]


def _lapse(detail: Document, _: str, __: Look) -> list[Change]:
    return [Change(REFERRALS, str(detail["referral"]), None)]


def _sign_in(detail: Document, at: str, _: Look) -> list[Change]:
    row: Document = {"since": at, "how": detail["how"], "caller": detail["caller"]}
    return [Change(OFFICERS, _text(detail, "officer"), row)]


def _sign_out(detail: Document, _: str, __: Look) -> list[Change]:
    return [Change(OFFICERS, _text(detail, "officer"), None)]


def _ask_help(detail: Document, at: str, _: Look) -> list[Change]:
    row: Document = {"lane": detail["lane"], "cause": detail["cause"], "at": at}
    return [Change(ASSISTS, str(detail["assist"]), row)]


def _end_help(detail: Document, _: str, __: Look) -> list[Change]:
    return [Change(ASSISTS, str(detail["assist"]), None)]


def _quarantine(detail: Document, at: str, _: Look) -> list[Change]:
    row: Document = {"reason": detail["reason"], "at": at}
    return [Change(QUARANTINE, _text(detail, "event"), row)]


def _deliver(detail: Document, _: str, __: Look) -> list[Change]:
    return [Change(QUARANTINE, _text(detail, "event"), None)]


def _note_device(detail: Document, _: str, __: Look) -> list[Change]:
    return [Change(DEVICES, _text(detail, "device"), {"sequence": detail["device_sequence"]})]


def _take_order(detail: Document, _: str, look: Look) -> list[Change]:
    key = _text(detail, "order")
    recent: list[Json] = [*_recent(look(ORDERS, key)), [detail["id"], None]]
    row: Document = {"counter": detail["counter"], "recent": recent[-RECENT_MAX:]}
    return [Change(ORDERS, key, row)]


def _end_order(detail: Document, _: str, look: Look) -> list[Change]:
    key = _text(detail, "order")
    ended: list[Json] = [
        [detail["id"], detail["result"]]
        if isinstance(one, list) and one[0] == detail["id"]
        else one
        for one in _recent(look(ORDERS, key))
    ]
    return [Change(ORDERS, key, {**(look(ORDERS, key) or {}), "recent": ended})]


def _order_capacity(detail: Document, _: str, __: Look) -> list[Change]:
    ordered: Document = {"total": detail["total"], "until": detail["until"]}
    return [Change(CAPACITY, ORDERED, None if detail["total"] is None else ordered)]


def _recent(row: Document | None) -> list[Json]:
    recent = [] if row is None else row.get("recent")
    return list(recent) if isinstance(recent, list) else []


def _door(detail: Document, at: str, look: Look) -> list[Change]:
    """Keep a door while it is open (in a state); each opening may have been somebody."""
    door, state = _text(detail, "door"), detail.get("state")
    if state is None:
        return [Change(DOORS, door, None)]
    return [Change(DOORS, door, {"state": state, "since": at}), _less_certain(1, look)]


def _forgive(detail: Document, _: str, look: Look) -> list[Change]:
    """Take somebody for outside; they may be among those who were counted in and not out."""
    holder = detail.get("holder")
    if not isinstance(holder, str):  # Erased since: it was somebody inside.
        return [_less_certain(1, look)]
    row = look(HOLDERS, holder)
    if row is None or row.get("inside_since") is None:
        return []
    return [Change(HOLDERS, holder, {**row, "inside_since": None}), _less_certain(1, look)]


def _less_certain(by: int, look: Look) -> Change:
    by_category, uncertain = read_counts(look)
    left: Document = {"by_category": dict(by_category), "uncertain": uncertain + by}
    return Change(COUNTS, OCCUPANCY, left)


def _text(detail: Document, name: str) -> str:
    value = detail[name]
    assert isinstance(value, str), f"{name} of an audit event of ours is a text"
    return value


_AUDITS: Mapping[
    str, tuple[Callable[[Document, str, Look], list[Change]], Mapping[str, type | UnionType]]
] = {
    "count_set": (_set_count, {"category": str, "to": int}),
    "forgiven": (_forgive, {}),
    "exits_inferred": (_infer_exits, {"at": str, "gone": dict}),
    "device_log_lost": (_lose_log, {"count": int}),
    "door_opened": (_door, {"door": str}),
    "door_closed": (_door, {"door": str}),
    "lane_ordered": (_order_lane, {"lane": str, "order": str}),
    "referral_lapsed": (_lapse, {"referral": int}),
    "signed_in": (_sign_in, {"officer": str, "how": str, "caller": str}),
    "signed_out": (_sign_out, {"officer": str}),
    "assist_requested": (_ask_help, {"assist": int, "lane": str, "cause": str}),
    "assist_done": (_end_help, {"assist": int}),
    "assist_lapsed": (_end_help, {"assist": int}),
    "event_quarantined": (_quarantine, {"event": str, "reason": str}),
    "quarantined_delivered": (_deliver, {"event": str}),
    "device_noted": (_note_device, {"device": str, "device_sequence": int}),
    "order_taken": (_take_order, {"id": str, "order": str, "counter": int}),
    "order_done": (_end_order, {"id": str, "order": str, "result": str}),
    "capacity_ordered": (_order_capacity, {"total": int | None, "until": str | None}),
}
"""What an audit event changes by its action, and which details it must have for that."""
