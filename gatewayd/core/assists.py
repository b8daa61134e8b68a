"""Requests for help at a lane: what asks for an officer, and which scans count as failed."""

from dataclasses import dataclass, field
from enum import StrEnum

from gatewayd.core.events import GATEWAY, Access, AccessOutcome, Fact
from gatewayd.core.reasons import Reason
from gatewayd.core.words import Direction, LaneId

FAILED_WITHIN_S = 60.0
"""Two failed scans at a lane within this time: somebody stands there and does not get on."""

LAPSE_MINUTES = 10  # After that nobody waits any more; the next failed scans ask again.
ASSISTS_MAX = 999  # A number that an officer can call out; then they start again.

NO_HELP = frozenset(
    {
        Reason.EMERGENCY,
        Reason.LOCKED_DOWN,
        Reason.CLOSED_NOW,
        Reason.TURNSTILE_NOT_READY,
        Reason.LANE_BUSY,
        Reason.CAPACITY_FULL,
        Reason.ALREADY_GRANTED,
    }
)
"""Refusals that are not the person's trouble with their code: everybody gets them then."""


class Cause(StrEnum):
    """What asked for an officer."""

    FAILED_SCANS = "failed_scans"
    BUTTON = "button"
    DESK = "desk"
    """Somebody at the gate, by page or command."""


@dataclass(slots=True)
class FailedScans:
    """Counts failed scans lane by lane."""

    _last_s: dict[LaneId, float] = field(default_factory=dict)

    def note(self, fact: Fact, at_s: float) -> LaneId | None:
        """Return the lane where help is needed, if this was the second failed scan in time.

        at_s: when it was recorded, in monotonic seconds.
        """
        if not _is_failed(fact):
            return None
        assert isinstance(fact, Access)
        before_s = self._last_s.pop(fact.lane, None)
        if before_s is not None and at_s - before_s <= FAILED_WITHIN_S:
            return fact.lane
        self._last_s[fact.lane] = at_s
        return None


def _is_failed(fact: Fact) -> bool:
    return (
        isinstance(fact, Access)
        and fact.source == GATEWAY
        and fact.outcome is AccessOutcome.REFUSED
        and fact.direction is Direction.ENTRY
        and fact.reason not in {str(reason) for reason in NO_HELP}
    )
