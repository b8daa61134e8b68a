"""What the audit trail changes in the tables of the door: orders of officers and of the centre."""

from collections import Counter
from collections.abc import Callable, Mapping
from types import UnionType

from gatewayd.core.events import Audit
from gatewayd.core.folded import (
    ASSISTS,
    CAPACITY,
    CLOSED,
    COUNTS,
    DEVICES,
    DOORS,
    HANDOVER,
    HOLDERS,
    LANES,
    NOTES,
    OCCUPANCY,
    OFFICERS,
    ORDERED,
    ORDERS,
    QUARANTINE,
    REFERRALS,
    Change,
    Document,
    Look,
    read_counts,
)
from gatewayd.core.words import Json

RECENT_MAX = 32  # An order is good for 30 s; nobody asks after more of them.


def fold_audit(fact: Audit, at: str, look: Look) -> list[Change]:
    """Return what an audit event changes, that happened at `at`."""
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


def _change_count(detail: Document, _: str, look: Look) -> list[Change]:
    """Count so many more or fewer: a correction of one makes the others no surer."""
    category, by = detail["category"], detail["by"]
    assert isinstance(category, str)
    assert isinstance(by, int)
    by_category, uncertain = read_counts(look)
    counted = {**by_category, category: by_category.get(category, 0) + by}
    positive: dict[str, Json] = {name: n for name, n in counted.items() if n > 0}
    return [Change(COUNTS, OCCUPANCY, {"by_category": positive, "uncertain": uncertain})]


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


def _order_lane(detail: Document, at: str, _: Look) -> list[Change]:
    told = {name: detail[name] for name in ("officer", "caller", "reason") if name in detail}
    return [Change(LANES, _text(detail, "lane"), {"order": detail["order"], "since": at, **told})]


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


def _take_help(detail: Document, _: str, look: Look) -> list[Change]:
    number = str(detail["assist"])
    row = look(ASSISTS, number)
    return [] if row is None else [Change(ASSISTS, number, {**row, "by": detail["officer"]})]


def _hand_over(detail: Document, at: str, _: Look) -> list[Change]:
    row: Document = {"note": detail["note"], "officer": detail["officer"], "at": at}
    return [Change(NOTES, HANDOVER, row)]


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
    "count_changed": (_change_count, {"category": str, "by": int}),
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
    "assist_taken": (_take_help, {"assist": int, "officer": str}),
    "handed_over": (_hand_over, {"note": str, "officer": str}),
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
