"""Looks after who is on duty: ends shifts that were forgotten, and tells when nobody is there."""

import asyncio
from typing import Never

from gatewayd.core.duty import Session, read_sessions
from gatewayd.core.events import Audit, AuditSubject
from gatewayd.core.folded import OFFICERS
from gatewayd.ports import Clock
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.recorder import Recorder

LOOK_S = 1.0  # An alarm that is over ends before the officer has put the phone away.
ALARM = "unattended"
SUBJECT = "gateway"


async def watch_duty(gate: Gate, recorder: Recorder, alarms: Alarms, clock: Clock) -> Never:
    """Look at the sessions, for ever. The wait for an officer begins anew with each opening."""
    ending: set[Session] = set()
    alone_since_s: float | None = None
    while True:
        await asyncio.sleep(LOOK_S)
        at, policy = clock.utc(), gate.policy
        sessions = read_sessions(gate.cache.items(OFFICERS))
        ending &= set(sessions)
        for one in sessions:
            if one.is_over(at, policy) and one not in ending:
                ending.add(one)
                recorder.keep(_shift_over(one))
        is_open = policy.is_open(policy.opening_hours, at)
        if sessions or not is_open or not policy.officer.is_required:
            alone_since_s = None
            alarms.clear(ALARM, SUBJECT)
            continue
        now_s = clock.monotonic()
        alone_since_s = now_s if alone_since_s is None else alone_since_s
        minutes = policy.officer.unattended_minutes
        if now_s - alone_since_s >= minutes * 60:
            alarms.raise_(ALARM, SUBJECT, {"minutes": minutes})


def _shift_over(session: Session) -> Audit:
    return Audit(
        subject=AuditSubject.OFFICER,
        action="signed_out",
        detail={"officer": session.officer, "how": "shift_over", "caller": "gateway"},
    )
