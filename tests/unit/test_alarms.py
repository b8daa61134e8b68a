"""Alarms: raised once, cleared once, remembered over a restart."""

import logging
from datetime import timedelta

import pytest

from gatewayd.core.events import Alarm, AlarmOutcome, Draft, Event, Fact
from gatewayd.core.projection import project
from gatewayd.runtime.alarms import Alarms
from tests.unit.doubles import EPOCH, START, SimCache


class Kept:
    """Stands for the recorder: what alarms want to keep, folded into the tables at once."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.refusal: str | None = None
        self.cache = SimCache()

    def keep(self, fact: Fact) -> None:
        self.facts.append(fact)
        seq = len(self.facts)
        draft = Draft(fact, START + timedelta(seconds=seq))
        event = Event(EPOCH, seq, draft, "run", float(seq))
        self.cache.apply(project(event, self.cache.get), EPOCH, seq)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def alarms_over(kept: Kept) -> Alarms:
    return Alarms(kept.cache, kept)  # type: ignore[arg-type]


def raised(alarm: str, subject: str, **detail: str) -> Alarm:
    return Alarm(outcome=AlarmOutcome.RAISED, alarm=alarm, subject=subject, detail=detail)


def cleared(alarm: str, subject: str) -> Alarm:
    return Alarm(outcome=AlarmOutcome.CLEARED, alarm=alarm, subject=subject)


def test_an_alarm_is_raised_once_and_cleared_once(kept):
    alarms = alarms_over(kept)
    for _ in range(2):
        alarms.raise_("link_lost", "lane-1", {"reason": "unplugged"})
    for _ in range(2):
        alarms.clear("link_lost", "lane-1")
    assert kept.facts == [
        raised("link_lost", "lane-1", reason="unplugged"),
        cleared("link_lost", "lane-1"),
    ]


def test_what_was_never_raised_is_not_cleared(kept):
    alarms_over(kept).clear("link_lost", "lane-1")
    assert kept.facts == []


def test_the_same_alarm_of_two_lanes_is_two(kept):
    alarms = alarms_over(kept)
    alarms.raise_("link_lost", "lane-2")
    alarms.raise_("link_lost", "lane-1")
    alarms.raise_("fire", "lane-1")
    alarms.clear("link_lost", "lane-2")
    assert alarms.active() == ["fire/lane-1", "link_lost/lane-1"]


def test_an_alarm_is_remembered_over_a_restart(kept):
    alarms_over(kept).raise_("link_lost", "lane-1")
    after = alarms_over(kept)
    assert after.active() == ["link_lost/lane-1"]
    after.raise_("link_lost", "lane-1")
    after.clear("link_lost", "lane-1")
    assert kept.facts == [raised("link_lost", "lane-1"), cleared("link_lost", "lane-1")]
    assert alarms_over(kept).active() == []


def test_what_a_killed_run_left_behind_ends_with_the_next_start(kept):
    before = alarms_over(kept)
    left = [("journal_refuses", "gateway"), ("part_failed", "sync"), ("passage_stuck", "lane-1")]
    for alarm, subject in left:
        before.raise_(alarm, subject)
    before.raise_("fire", "lane-1")
    after = alarms_over(kept)
    after.end_earlier_runs()
    assert after.active() == ["fire/lane-1"]
    assert kept.facts[4:] == [cleared(alarm, subject) for alarm, subject in left]


def test_what_was_told_of_a_device_that_is_no_more_ends_with_the_next_start(kept):
    before = alarms_over(kept)
    gone = [("fire", "lane-2"), ("link_lost", "lane-1/exit_reader"), ("turnstile_fault", "lane-2")]
    left = [("centre_unreachable", "gateway"), ("link_lost", "lane-1")]
    for alarm, subject in gone + left:
        before.raise_(alarm, subject)
    after = alarms_over(kept)
    after.end_removed(["lane-1", "lane-1/entry_reader"])
    assert kept.facts[5:] == [cleared(alarm, subject) for alarm, subject in gone]
    assert after.active() == ["centre_unreachable/gateway", "link_lost/lane-1"]


def test_a_disk_that_refuses_is_an_alarm_although_no_disk_has_it(kept):
    alarms = alarms_over(kept)
    kept.refusal = "the disk is full"
    assert alarms.active() == ["journal_refuses/gateway"]
    kept.refusal = None
    assert alarms.active() == []


def test_changes_are_logged_and_states_are_not(kept, caplog):
    alarms = alarms_over(kept)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            alarms.raise_("fire", "lane-1", {"input": "3"})
        alarms.clear("fire", "lane-1")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "alarm_raised"),
        ("INFO", "alarm_cleared"),
    ]
    assert caplog.records[0].fields == {"alarm": "fire", "subject": "lane-1", "input": "3"}
