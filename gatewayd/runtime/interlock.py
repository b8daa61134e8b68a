"""Two lanes of which only one is open for an entry at a time, as where one leads to the other.

It delays entries and nothing else: an exit is served at any time, and in a fire everybody goes.
"""

from gatewayd.core.lane_terms import Deciding, Granted, InterlockChanged, Passing
from gatewayd.core.words import Direction
from gatewayd.runtime.lane import LaneShell


class Interlock:
    """Lives in the two lanes: each of their steps may hold the other one, or let it go on."""

    def __init__(self, one: LaneShell, other: LaneShell) -> None:
        self._lanes = (one, other)
        for lane in self._lanes:
            lane.stepped = self._look

    def _look(self) -> None:
        """Hold whoever must wait. Lanes take turns: who was in use last is looked at last."""
        one, other = self._lanes
        if _is_busy(one) and not _is_busy(other):
            self._lanes = (other, one)
        for lane, partner in ((self._lanes[0], self._lanes[1]), (self._lanes[1], self._lanes[0])):
            is_held = _is_busy(partner) or (_is_busy(lane) and _has_entry_waiting(partner))
            if is_held is not lane.state.is_held:
                lane.put(InterlockChanged(is_held))


def _is_busy(lane: LaneShell) -> bool:
    return isinstance(lane.state.state, Deciding | Granted | Passing)


def _has_entry_waiting(lane: LaneShell) -> bool:
    return any(ticket.direction is Direction.ENTRY for ticket in lane.state.waiting)
