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
        for area in (None, *gate.area_names):
            _compare(gate, area, alarms)


def _compare(gate: Gate, area: str | None, alarms: Alarms) -> None:
    capacity = gate.policy.of_area(area).capacity
    total, subject = gate.occupancy(area).total, area or SUBJECT
    reached = {
        f"{_ALARM}{percent}"
        for percent in capacity.alarm_percents
        if capacity.total and total * 100 >= percent * capacity.total
    }
    for alarm in sorted(reached):
        alarms.raise_(alarm, subject, {"inside": total, "limit": capacity.total})
    for alarm, _, where in [key.partition("/") for key in alarms.active()]:
        if alarm.startswith(_ALARM) and where == subject and alarm not in reached:
            alarms.clear(alarm, subject)
