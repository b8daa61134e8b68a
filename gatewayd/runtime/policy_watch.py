"""Records when another policy comes into force by its date, and tells when none does any more."""

import asyncio
from collections.abc import Callable
from typing import Never

from gatewayd.core.events import Audit, AuditSubject
from gatewayd.core.words import Json
from gatewayd.ports import Clock
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.recorder import Recorder

LOOK_S = 1.0  # Decisions look for themselves; this is for people and for the centre.
ALARM = "policy_expired"
SUBJECT = "gateway"


async def watch_policy(
    gate: Gate, recorder: Recorder, alarms: Alarms, clock: Clock, changed: Callable[[], None]
) -> Never:
    """Compare the policy in force with that of a moment ago, for ever.

    The alarm is there for as long as everybody is answered by `when_expired`.
    """
    before, mode_before = gate.policy, gate.policy.mode_at(clock.utc())
    while True:
        await asyncio.sleep(LOOK_S)
        at, now = clock.utc(), gate.policy
        mode = now.mode_at(at)
        if now.is_in_force(at):
            alarms.clear(ALARM, SUBJECT)
        else:
            alarms.raise_(ALARM, SUBJECT, {"answer": str(now.when_expired)})
        # The same rules may have been laid together anew, since a roster came.
        if now == before and mode is mode_before:
            continue
        detail: dict[str, Json] = {
            "from": list[Json](before.versions),
            "to": list[Json](now.versions),
        }
        if now.legal_basis is not None:
            detail["legal_basis"] = now.legal_basis
        if mode is not mode_before:
            detail["mode"] = str(mode)
        recorder.keep(Audit(subject=AuditSubject.POLICY, action="changed", detail=detail))
        changed()
        before, mode_before = now, mode
