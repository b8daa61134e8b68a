"""Ends referrals that no officer settled in time."""

import asyncio
from datetime import timedelta
from typing import Never

from gatewayd.core.events import Audit, AuditSubject, parse_time
from gatewayd.core.projection import REFERRALS
from gatewayd.ports import Cache, Clock
from gatewayd.runtime.recorder import Recorder

DEADLINE = timedelta(minutes=5)  # After that nobody stands beside the gate any more.
LOOK_S = 1.0


async def end_referrals(cache: Cache, recorder: Recorder, clock: Clock) -> Never:
    """Record, once for each, that a referral's time is over."""
    ending: set[str] = set()
    while True:
        overdue = clock.utc() - DEADLINE
        open_now = {number: parse_time(str(row["at"])) for number, row in cache.items(REFERRALS)}
        ending &= open_now.keys()
        for number, at in open_now.items():
            if at < overdue and number not in ending:
                ending.add(number)
                recorder.keep(
                    Audit(
                        subject=AuditSubject.GATEWAY,
                        action="referral_lapsed",
                        detail={"referral": int(number)},
                    )
                )
        await asyncio.sleep(LOOK_S)
