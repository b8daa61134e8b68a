"""What the manager's page asks of the records: days, older rows, musters, why, what if."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from gatewayd.app import desk_feed
from gatewayd.app.desk_days import FRESH_S, Days
from gatewayd.app.desk_feed import OlderRows
from gatewayd.app.desk_policy import PolicyDesk
from gatewayd.app.desk_reading import WAITING_MAX, Reading
from gatewayd.core.events import Draft
from gatewayd.core.policy import Capacity, Policy
from gatewayd.runtime.requests import RequestError
from tests.unit.doubles import START, InlineBlocking, SimClock
from tests.unit.journal_facts import opened
from tests.unit.test_cli_policy_diff import access, passage

ZONE_POLICY = Policy(START.tzinfo, capacity=Capacity(total=50))
PEOPLE = [
    access(number=1),
    passage(1),
    access("blocked", number=2),
    access(number=3),
    passage(3),
    passage(3, "exit"),
]


class StoppedClock(SimClock):
    """Goes on only as a test says."""

    def monotonic(self) -> float:
        return self.passed_s


class Desk:
    def __init__(self, directory, journal) -> None:
        self.clock = StoppedClock()
        self.journal = journal
        self.reading = Reading(directory, InlineBlocking(0))
        self.days = Days(self.reading, lambda: ZONE_POLICY, self.clock)
        self.rows = OlderRows(self.reading, journal)
        self.rules = PolicyDesk(self.reading, self.days, journal, lambda: ZONE_POLICY, self.clock)

    def commit(self, facts, at=START):
        drafts = [(Draft(fact, at + timedelta(minutes=n)), 0.0) for n, fact in enumerate(facts)]
        return self.journal.commit(drafts)


@contextmanager
def desk_in(tmp_path):
    tmp_path.mkdir(exist_ok=True)
    with opened(tmp_path) as journal:
        yield Desk(tmp_path, journal)


async def test_a_day_is_told_with_its_curve_and_read_on_from_where_it_was(tmp_path):
    with desk_in(tmp_path) as desk:
        desk.commit(PEOPLE)
        day = await desk.days.tell({}, "")
        begun = (START.hour * 60) + START.minute
        assert day["inside"] == [[0, 0], [begun + 1, 1], [begun + 4, 2], [begun + 5, 1]]
        assert (day["peak"], day["limit"], day["reasons"]) == (2, 50, {"blocked": 1})
        desk.commit([access(number=4), passage(4)], START + timedelta(minutes=9))
        assert (await desk.days.tell({}, ""))["peak"] == 2, "it is fresh enough"
        desk.clock.passed_s += FRESH_S
        assert (await desk.days.tell({}, ""))["entries"] == {"visitor": 3}


@pytest.mark.parametrize("day", ["2999-01-01", "yesterday", ""])
async def test_a_day_that_is_none_is_refused(tmp_path, day):
    with desk_in(tmp_path) as desk, pytest.raises(RequestError):
        await desk.days.tell({"day": day}, "")


async def test_older_rows_come_in_pages_and_lead_on_to_the_beginning(tmp_path, monkeypatch):
    monkeypatch.setattr(desk_feed, "PAGE_ROWS", 4)
    monkeypatch.setattr(desk_feed, "LOOK_ROWS", 3)
    with desk_in(tmp_path) as desk:
        events = desk.commit(PEOPLE)
        first = await desk.rows.tell({"audience": "people"}, "")
        assert [row["id"] for row in first["rows"]] == [event.id for event in events[:1:-1]]
        rest = await desk.rows.tell({"audience": "people", "before": first["before"]}, "")
        assert [row["id"] for row in rest["rows"]] == [events[1].id, events[0].id]
        assert rest["before"] is None
        assert "holder" not in str(first) + str(rest)


async def test_rows_are_found_by_what_they_are_and_a_technician_finds_no_people(tmp_path):
    with desk_in(tmp_path) as desk:
        desk.commit(PEOPLE)
        refused = await desk.rows.tell({"audience": "people", "kind": "refused"}, "")
        assert [row["reason"] for row in refused["rows"]] == ["blocked"]
        assert (await desk.rows.tell({"audience": "machine"}, ""))["rows"] == []


async def test_a_long_way_back_is_gone_in_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(desk_feed, "SCAN_MAX", 2)
    with desk_in(tmp_path) as desk:
        events = desk.commit(PEOPLE)
        asked = {"audience": "people", "text": "nothing like it"}
        ways = []
        while (answer := await desk.rows.tell(asked, ""))["before"] is not None:
            ways.append(answer["before"])
            asked["before"] = answer["before"]
        assert ways == [events[4].id, events[2].id]


@pytest.mark.parametrize("asked", [{}, {"audience": "people", "before": "yesterday"}])
async def test_rows_of_nothing_are_refused(tmp_path, asked):
    with desk_in(tmp_path) as desk, pytest.raises(RequestError):
        await desk.rows.tell(asked, "")


async def test_why_somebody_was_held_is_told_check_by_check_and_without_who(tmp_path):
    with desk_in(tmp_path) as desk:
        events = desk.commit(PEOPLE)
        why = await desk.rules.verbs["explain"]({"event": events[0].id}, "")
        assert why["verdict"] == "admit"
        assert why["checks"][-1]["outcome"] == "passed"
        assert "0000000" not in str(why)
        with pytest.raises(RequestError):
            await desk.rules.verbs["explain"]({"event": events[1].id}, "")


async def test_what_if_runs_a_day_and_leaves_the_days_before_as_they_were(tmp_path):
    with desk_in(tmp_path) as desk:
        yesterday = START - timedelta(days=1)
        desk.commit([access(number=9), passage(9)], yesterday - timedelta(days=1))
        desk.commit(PEOPLE, yesterday)
        answer = await desk.rules.verbs["what_if"]({"total": 1}, "")
        assert answer["day"] == str(yesterday.date())
        assert (answer["replayed"], answer["left_alone"]) == (2, 1)
        assert [one["count"] for one in answer["changes"]] == [2], "one was inside from before"


@pytest.mark.parametrize(
    "asked", [{}, {"statuses": {"pink": "refuse"}}, {"statuses": 3}, {"unknown_holder": "maybe"}]
)
async def test_what_if_of_nothing_is_refused(tmp_path, asked):
    with desk_in(tmp_path) as desk, pytest.raises(RequestError):
        await desk.rules.verbs["what_if"](asked, "")


async def test_the_matrix_is_asked_when_the_house_is_open(tmp_path):
    with desk_in(tmp_path) as desk:
        told = await desk.rules.verbs["matrix"]({}, "")
        assert told["by_status"][0][1:] == ["admit"] * 5
        assert told["versions"] == ["default"]


async def test_not_everybody_can_wait_for_the_records_at_once(tmp_path):
    with desk_in(tmp_path) as desk:
        desk.reading._waiting = WAITING_MAX
        with pytest.raises(RequestError, match="others"):
            await desk.days.tell({}, "")


def test_a_limit_in_force_is_the_policys_of_that_day(tmp_path):
    later = replace(ZONE_POLICY, capacity=Capacity(total=9))
    policy = replace(ZONE_POLICY, changes=((START + timedelta(days=1), later),))
    days = Days(Reading(tmp_path, InlineBlocking(0)), lambda: policy, StoppedClock())
    assert days.limit(START.date()) == 50
    assert days.limit(START.date() + timedelta(days=2)) == 9
