"""Another policy than the one in force, to ask what a day would have been like under it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gatewayd.core.events import Draft, Passage, PassageOutcome
from gatewayd.core.policy import Answer, AntiPassback, Capacity, Policy
from gatewayd.core.recount import Recount
from gatewayd.core.replay import Replay
from gatewayd.core.what_if import WhatIf, changed
from gatewayd.core.words import Direction, HolderId, LaneId, Status
from tests.unit.test_cli_policy_diff import access

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
POLICY = Policy(
    UTC,
    capacity=Capacity(total=50),
    statuses={Status.RED: Answer.REFUSE},
    category_statuses={"staff": {Status.RED: Answer.ADMIT, Status.BLACK: Answer.REFUSE}},
)


def test_a_limit_is_a_number_or_a_part_of_the_one_in_force():
    assert changed(POLICY, WhatIf(total=40)).capacity.total == 40
    assert changed(POLICY, WhatIf(percent=40)).capacity.total == 20
    unlimited = replace(POLICY, capacity=Capacity())
    assert changed(unlimited, WhatIf(percent=40)).capacity.total is None


def test_a_status_is_answered_so_for_everybody():
    other = changed(POLICY, WhatIf(statuses={Status.RED: Answer.REFER}))
    assert other.answer_to(Status.RED, "staff") is Answer.REFER
    assert other.answer_to(Status.RED, "visitor") is Answer.REFER
    assert other.answer_to(Status.BLACK, "staff") is Answer.REFUSE, "it was not named"


def test_unknown_ids_and_passback_too_and_what_is_not_named_stays():
    other = changed(POLICY, WhatIf(unknown_holder=Answer.REFER, anti_passback=AntiPassback.HARD))
    assert (other.unknown_holder, other.anti_passback) == (Answer.REFER, AntiPassback.HARD)
    assert other.capacity == POLICY.capacity
    assert changed(POLICY, WhatIf()) == POLICY


def test_it_holds_for_what_replaces_the_policy_later():
    both = replace(POLICY, changes=((AT, replace(POLICY, capacity=Capacity(total=10))),))
    assert changed(both, WhatIf(percent=50)).at(AT).capacity.total == 5


def test_nothing_asked_is_empty():
    assert WhatIf().is_empty
    assert not WhatIf(total=0).is_empty
    assert not WhatIf(statuses={Status.RED: Answer.REFER}).is_empty


def test_a_replay_begins_with_who_was_inside():
    """Somebody from yesterday holds a place: the first of today finds none."""
    recount = Recount()
    went_in = Passage(
        outcome=PassageOutcome.COMPLETED,
        lane=LaneId("lane-1"),
        direction=Direction.ENTRY,
        holder=HolderId("00000000.00000000000000000000000000000001"),
        category="visitor",
    )
    recount.fold(Draft(went_in, AT - timedelta(hours=12)))
    replay = Replay(POLICY, changed(POLICY, WhatIf(total=1)))
    replay.begin_with(recount.counts()[0], recount.present())
    replay.run([Draft(access(number=2), AT)])
    (change,) = replay.document()["changes"]
    assert (change["before"], change["after"]) == ("admitted", "refused capacity_full")
