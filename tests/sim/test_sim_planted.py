"""Bugs planted in the gateway: the simulation finds each, and names the promise that it broke."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from drivers import base
from drivers.readers import scanning
from drivers.repeat_filter import RepeatFilter
from gatewayd.app import opened as app_opened
from gatewayd.core import decide
from gatewayd.core import lane as lane_machine
from gatewayd.core.lane import Windows
from gatewayd.core.received import Received
from gatewayd.core.rotating import CodeUse
from gatewayd.core.words import ClockQuality, Direction
from gatewayd.runtime import timekeeping
from gatewayd.runtime.centre_documents import CentreDocuments
from gatewayd.runtime.centre_orders import CentreOrders
from gatewayd.runtime.grants import Grants
from gatewayd.runtime.lane import LaneShell
from gatewayd.runtime.publisher_outbox import Outbox
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.reports import Reports
from tests.sim import building
from tests.sim.sample import play

pytestmark = pytest.mark.slow

Plant = Callable[[pytest.MonkeyPatch], None]


def the_lane_is_told_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    verdict = Recorder.verdict

    def told_at_once(self, fact, done):
        verdict(self, fact, lambda _: None)
        done(fact)

    patch.setattr(Recorder, "verdict", told_at_once)


def a_late_record_still_opens(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(building, "Windows", lambda: replace(Windows(), record_ms=10_000))


def an_exit_waits_for_its_record(patch: pytest.MonkeyPatch) -> None:
    def give_up(lane, state, windows):
        return lane_machine._serve_next(lane, windows)

    patch.setattr(lane_machine, "_open_unrecorded", give_up)


def whoever_starts_to_walk_frees_the_lane(patch: pytest.MonkeyPatch) -> None:
    in_force = lane_machine._in_force

    def walk(lane, what, windows):
        after, effects = in_force(lane, what, windows)
        if isinstance(after.state, lane_machine.Passing):
            return lane_machine._leave_in_force(lane, windows)
        return after, effects

    patch.setattr(lane_machine, "_in_force", walk)


def who_waits_at_the_end_has_no_verdict(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LaneShell, "_close", lambda self: None)


def an_unknown_outcome_is_guessed(patch: pytest.MonkeyPatch) -> None:
    reported = LaneShell._grant_reported

    def guess(self, report):
        if isinstance(report, base.OpenUnknown):
            report = base.NotOpened(report.grant, "not_opened")
        reported(self, report)

    patch.setattr(LaneShell, "_grant_reported", guess)


def grants_of_the_run_before_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    init = Grants.__init__
    patch.setattr(Grants, "__init__", lambda self, _, now_s: init(self, (), now_s))


def a_log_entry_that_comes_again_is_recorded_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Reports, "_is_new", lambda self, log: True)


def a_log_entry_is_acknowledged_before_its_record(patch: pytest.MonkeyPatch) -> None:
    keep = Reports._keep

    def acknowledge_first(self, fact, log, age_s):
        if log is not None:
            self._acknowledge(base.Acknowledge(log.device, log.sequence))
        keep(self, fact, log, age_s)

    patch.setattr(Reports, "_keep", acknowledge_first)


def who_leaves_is_not_taken_off_the_count(patch: pytest.MonkeyPatch) -> None:
    passed = Reports._passed

    def as_entry(self, report, *, is_free):
        return replace(passed(self, report, is_free=is_free), direction=Direction.ENTRY)

    patch.setattr(Reports, "_passed", as_entry)


def the_tables_do_not_catch_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(app_opened, "catch_up", lambda cache, journal: None)


def what_is_sent_counts_as_delivered(patch: pytest.MonkeyPatch) -> None:
    appended = Outbox.appended

    def delivered(self, events):
        appended(self, events)
        for event in events:
            self.receipted(event.seq)

    patch.setattr(Outbox, "appended", delivered)


def a_clock_that_is_set_is_taken_for_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timekeeping, "step", lambda before, now: None)


def the_time_is_what_the_machine_says(patch: pytest.MonkeyPatch) -> None:
    def believe(reading, known):
        return reading.wall, ClockQuality.SYNCED if reading.is_kept else ClockQuality.HOLDOVER

    patch.setattr(timekeeping, "judge", believe)


def a_start_goes_by_a_note_of_before(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(app_opened, "_last_time", lambda journal: None)


def who_is_on_the_way_in_holds_no_place(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Grants, "entering", lambda self, is_of: {})


def who_is_on_the_way_in_may_come_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Grants, "has", lambda self, holder, is_of: False)


def who_comes_too_late_is_let_in(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "_windows", lambda credential: [])


def a_code_counts_as_often_as_it_is_shown(patch: pytest.MonkeyPatch) -> None:
    judge = decide.judge
    patch.setattr(decide, "judge", lambda key, code, use, at: judge(key, code, CodeUse(), at))


def a_scan_is_a_repeat_for_ten_seconds(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(scanning, "RepeatFilter", lambda window_s: RepeatFilter(10.0))


def an_order_that_comes_again_is_done_again(patch: pytest.MonkeyPatch) -> None:
    now = CentreOrders._now
    patch.setattr(CentreOrders, "_now", lambda self: replace(now(self), counters={}))


def an_order_acts_before_its_record(patch: pytest.MonkeyPatch) -> None:
    async def at_once(self, order, centre):
        self._under_way[order.id] = order
        self._taken.put_nowait((order, centre))
        await asyncio.sleep(0.1)
        self._registry.recorder.keep(self._audit("order_taken", order, {"counter": order.counter}))

    patch.setattr(CentreOrders, "_record", at_once)


def an_older_document_takes_the_place_of_a_newer_one(patch: pytest.MonkeyPatch) -> None:
    take = Received.take
    patch.setattr(Received, "take", lambda self, one: take(replace(self, floors={}), one))


def a_document_is_in_force_before_it_is_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CentreDocuments, "_keep", lambda *_: None)


# With each a seed that shows it. A change elsewhere may end that: then others are tried.
SEEDS = range(1, 11)
PLANTED: dict[Plant, tuple[int, str]] = {
    the_lane_is_told_before_the_commit: (12, "no entry opens without a recorded verdict"),
    a_late_record_still_opens: (1, "no entry opens on a record that came late"),
    an_exit_waits_for_its_record: (6, "the exit always opens"),
    whoever_starts_to_walk_frees_the_lane: (1, "at most one grant is open at a lane"),
    who_waits_at_the_end_has_no_verdict: (3, "every scan leaves exactly one verdict"),
    an_unknown_outcome_is_guessed: (3, "what is recorded as never opened never opened"),
    grants_of_the_run_before_are_forgotten: (1, "each grant ends exactly once"),
    a_log_entry_that_comes_again_is_recorded_again: (7, "every body is recorded exactly once"),
    a_log_entry_is_acknowledged_before_its_record: (4, "every body is recorded exactly once"),
    who_leaves_is_not_taken_off_the_count: (12, "occupancy equals bodies in minus out"),
    the_tables_do_not_catch_up: (4, "the tables are what the journal makes"),
    a_clock_that_is_set_is_taken_for_kept: (3, "a clock that is kept is right"),
    the_time_is_what_the_machine_says: (3, "time goes back only where ntp says so"),
    a_start_goes_by_a_note_of_before: (4, "time goes back only where ntp says so"),
    who_is_on_the_way_in_holds_no_place: (5, "no visitor is admitted beyond the limit"),
    who_is_on_the_way_in_may_come_again: (1, "nobody is admitted again before they leave"),
    who_comes_too_late_is_let_in: (3, "nobody is admitted outside their time"),
    a_code_counts_as_often_as_it_is_shown: (27, "a rotating code lets in once"),
    a_scan_is_a_repeat_for_ten_seconds: (3, "every scan leaves exactly one verdict"),
    what_is_sent_counts_as_delivered: (12, "every event reaches the broker exactly once"),
    an_order_that_comes_again_is_done_again: (
        3,
        "no order opens twice or late or for a stranger",
    ),
    an_order_acts_before_its_record: (2, "an order is on disk before it acts"),
    an_older_document_takes_the_place_of_a_newer_one: (
        18,
        "no document takes the place of a newer one",
    ),
    a_document_is_in_force_before_it_is_kept: (
        18,
        "no verdict uses rules that are not kept or are replaced",
    ),
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_bug_breaks_its_promise(plant, monkeypatch):
    soonest, promise = PLANTED[plant]
    plant(monkeypatch)
    assert any(_breaks(seed, promise) for seed in (soonest, *SEEDS))


def _breaks(seed: int, promise: str) -> bool:
    return promise in {breach.promise for breach in play(seed).breaches}
