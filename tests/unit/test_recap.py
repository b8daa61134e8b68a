"""A day in numbers: from its first moment on, and before the first of the next."""

from datetime import UTC, timedelta

from gatewayd.core.events import Draft, Passage, PassageOutcome
from gatewayd.core.recap import Recap
from gatewayd.core.words import Direction, LaneId
from tests.unit.doubles import START

DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)
ENTRY = Passage(
    outcome=PassageOutcome.COMPLETED,
    lane=LaneId("lane-1"),
    direction=Direction.ENTRY,
    category="visitor",
)


def test_a_day_ends_before_the_first_moment_of_the_next():
    recap = Recap(START, START + DAY, UTC)
    for at in (START - MOMENT, START, START + DAY - MOMENT, START + DAY):
        recap.fold(Draft(ENTRY, at))
    assert recap.entries == {"visitor": 2}
    assert recap.inside == [(START, 1), (START, 2), (START + DAY - MOMENT, 3)]
    assert recap.peak == 3
