"""Raises alarms before the house is full, at the parts of the limit that the policy names."""

import asyncio
from typing import Never

from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.gate import Gate

LOOK_S = 1.0  # Sooner than the next person is through.
SUBJECT = "gateway"

_ALARM = "occupancy_"


async def watch_occupancy(gate: Gate, alarms: Alarms) -> Never:
    """Compare the count with the limit, for ever. An alarm ends when enough people have left."""
    while True:
        await asyncio.sleep(LOOK_S)
        capacity = gate.policy.capacity
        total = gate.occupancy().total
        reached = {
            f"{_ALARM}{percent}"
            for percent in capacity.alarm_percents
            if capacity.total and total * 100 >= percent * capacity.total
        }
        for alarm in sorted(reached):
            alarms.raise_(alarm, SUBJECT, {"inside": total, "limit": capacity.total})
        for alarm in [key.partition("/")[0] for key in alarms.active()]:
            if alarm.startswith(_ALARM) and alarm not in reached:
                alarms.clear(alarm, SUBJECT)
