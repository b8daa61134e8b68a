"""Ends referrals that no officer settled in time: they are refused."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Never

from gatewayd.core.events import DEADLINE, Access, AccessOutcome, Event, parse_time
from gatewayd.core.folded import REFERRALS, Document
from gatewayd.core.reasons import Reason
from gatewayd.core.words import Direction, HolderId, LaneId
from gatewayd.ports import Clock
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.recorder import Recorder

LOOK_S = 1.0


async def end_referrals(gate: Gate, recorder: Recorder, clock: Clock) -> Never:
    """Settle with a refusal, once for each, what is open for longer than the policy gives it."""
    while True:
        overdue = clock.utc() - timedelta(minutes=gate.policy.officer.referral_minutes)
        for key, row in gate.cache.items(REFERRALS):
            number = int(key)
            is_overdue = parse_time(str(row["at"])) < overdue
            if is_overdue and gate.claim_referral(number) is not None:
                recorded = partial(_release, gate, number)
                recorder.keep(settle_by_refusal(gate, number, row), recorded)
        await asyncio.sleep(LOOK_S)


def settle_by_refusal(gate: Gate, number: int, row: Document) -> Access:
    """Return the verdict on a referred person whom nobody answered."""
    holder, category = row["holder"], row["category"]
    lane = LaneId(str(row["lane"]))
    return Access(
        outcome=AccessOutcome.REFUSED,
        lane=lane,
        direction=Direction.ENTRY,
        reason=Reason.REFERRAL_LAPSED,
        source=DEADLINE,
        kind=str(row["kind"]),
        holder=None if holder is None else HolderId(str(holder)),
        category=None if category is None else str(category),
        referral=number,
        policy=gate.policy.versions,
        area=gate.areas.get(lane),
    )


def _release(gate: Gate, number: int, _: Event) -> None:
    gate.release_referral(number)
