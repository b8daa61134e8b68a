"""Records when another policy comes into force by its date, and has it shown."""

import asyncio
from collections.abc import Callable
from typing import Never

from gatewayd.core.events import Audit, AuditSubject
from gatewayd.core.words import Json
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.recorder import Recorder

LOOK_S = 1.0  # Decisions look for themselves; this is for people and for the centre.


async def watch_policy(gate: Gate, recorder: Recorder, changed: Callable[[], None]) -> Never:
    """Compare the policy in force with that of a moment ago, for ever."""
    before = gate.policy
    while True:
        await asyncio.sleep(LOOK_S)
        now = gate.policy
        if now == before:  # Laid together anew, perhaps, since a roster came.
            continue
        detail: dict[str, Json] = {
            "from": list[Json](before.versions),
            "to": list[Json](now.versions),
        }
        if now.legal_basis is not None:
            detail["legal_basis"] = now.legal_basis
        recorder.keep(Audit(subject=AuditSubject.POLICY, action="changed", detail=detail))
        changed()
        before = now
