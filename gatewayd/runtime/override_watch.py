"""Tells when officers admit more of the people than the policy expects of them."""

import asyncio
from collections.abc import Sequence
from typing import Never

from gatewayd.core.events import Event
from gatewayd.core.overrides import Overrides
from gatewayd.core.words import Json
from gatewayd.ports import Clock
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.gate import Gate

LOOK_S = 10.0
ALARM = "override_rate"
SUBJECT = "gateway"


class OverrideWatch:
    """One for each daemon. It counts from the start of the run on."""

    def __init__(self, gate: Gate, alarms: Alarms, clock: Clock) -> None:
        self._gate = gate
        self._alarms = alarms
        self._clock = clock
        self._overrides = Overrides()

    def committed(self, events: Sequence[Event]) -> None:
        for event in events:
            self._overrides.note(event.fact, event.appended_s)

    async def run(self) -> Never:
        """Hold the shares against the policy, for ever; the shortest window that is over counts."""
        while True:
            await asyncio.sleep(LOOK_S)
            limit = self._gate.policy.officer.override_alarm_percent
            shares = self._overrides.shares(self._clock.monotonic())
            high = next((one for one in shares if limit is not None and one.percent >= limit), None)
            if high is None:
                self._alarms.clear(ALARM, SUBJECT)
            else:
                detail: dict[str, Json] = {
                    "window": high.window,
                    "percent": high.percent,
                    "entries": high.entries,
                }
                self._alarms.raise_(ALARM, SUBJECT, {**detail, "limit": limit})
