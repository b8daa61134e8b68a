"""Takes those who are still counted at closing time for outside, where the policy says so.

People forget to hold up their code when they leave, and turnstiles that stand open count nobody.
What is inferred is recorded as such: an exit for everybody known, a number for all others.
"""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Never

from gatewayd.core.events import (
    Audit,
    AuditSubject,
    Passage,
    PassageOutcome,
    format_time,
    parse_time,
)
from gatewayd.core.folded import CLOSED, COUNTS, HOLDERS, OCCUPANCY
from gatewayd.core.policy import ANONYMOUS, Policy
from gatewayd.core.words import Direction, HolderId, Json, LaneId
from gatewayd.ports import Clock
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.recorder import Recorder

LOOK_S = 10.0
REASON = "closing"


async def infer_exits(gate: Gate, lane: LaneId, recorder: Recorder, clock: Clock) -> Never:
    """Close each day once, for ever; a closing that no gateway saw is made up for at the start.

    lane: one of the gate's, by which all of them are taken to have left.
    """
    done: datetime | None = None
    while True:
        closed = last_closing(gate.policy, clock.utc())
        if closed is not None and closed != done and not _is_recorded(gate, closed):
            _close(gate, lane, recorder, closed)
            done = closed  # The record may be on its way for longer than until the next look.
        await asyncio.sleep(LOOK_S)


def last_closing(policy: Policy, at: datetime) -> datetime | None:
    """Return the latest closing time before or at `at`; None where nothing is inferred."""
    if policy.infer_exits_at is None:
        return None
    local = at.astimezone(policy.zone)
    closing = datetime.combine(local.date(), policy.infer_exits_at, policy.zone)
    if closing > at:
        closing = datetime.combine(
            local.date() - timedelta(days=1), policy.infer_exits_at, policy.zone
        )
    return closing


def _is_recorded(gate: Gate, closed: datetime) -> bool:
    row = gate.cache.get(COUNTS, CLOSED)
    return row is not None and parse_time(str(row["at"])) >= closed


def _close(gate: Gate, lane: LaneId, recorder: Recorder, closed: datetime) -> None:
    """Record the exits of those who came before the closing; who came since is still inside."""
    stayed: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for holder, row in gate.cache.items(HOLDERS):
        since = row.get("inside_since")
        if not isinstance(since, str):
            continue
        category = str(row.get("category") or ANONYMOUS)
        if parse_time(since) >= closed:
            stayed[category] += 1
            continue
        left[category] += 1
        recorder.keep(_exit(lane, HolderId(holder), category))
    gone: dict[str, Json] = {}
    for area in (None, *gate.area_names):
        inside = gate.occupancy(area)
        known = stayed + left if area is None else Counter[str]()
        nameless = {
            name: count - known[name]
            for name, count in inside.by_category.items()
            if count > known[name]
        }
        gone[area or OCCUPANCY] = {"by_category": {**nameless}, "uncertain": inside.uncertain}
    detail: dict[str, Json] = {"at": format_time(closed), "known": left.total(), "gone": gone}
    recorder.keep(Audit(subject=AuditSubject.GATEWAY, action="exits_inferred", detail=detail))


def _exit(lane: LaneId, holder: HolderId, category: str) -> Passage:
    return Passage(
        outcome=PassageOutcome.COMPLETED,
        lane=lane,
        direction=Direction.EXIT,
        reason=REASON,
        holder=holder,
        category=category,
        assumed=True,
    )
