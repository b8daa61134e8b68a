"""What a turnstile reports as facts: each log entry once, acknowledged only when it is on disk."""

from collections.abc import Callable
from datetime import UTC

import pytest

from drivers import base
from gatewayd.core.events import (
    Audit,
    AuditSubject,
    Draft,
    Event,
    Fact,
    Passage,
    PassageOutcome,
)
from gatewayd.core.lane_terms import Admitted, GateMode
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import Policy
from gatewayd.core.words import Direction, GrantId, LaneId
from gatewayd.runtime.asked import Place, Scan
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.reports import Reports, expire_removed
from tests.unit.doubles import SimCache, SimChance, SimClock, SimJournal, holder, knowledge

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
LANE = LaneId("lane-1")
DEVICE = "sim-1"
STRANGER = GrantId("0f" * 16)


class Post:
    """The reports of one lane; `commit` is when the disk has what was kept so far."""

    def __init__(self, before: "Post | None" = None) -> None:
        self.clock = SimClock()
        self.cache = before.cache if before else SimCache()
        self.journal = before.journal if before else SimJournal()
        policy = Policy(zone=UTC, anonymous_exit_category="patient")
        chance = SimChance(2 if before else 1)
        self.gate = Gate(knowledge(policy), self.cache, self.clock, chance)
        self.acknowledged: list[tuple[str, int]] = []
        self.ages_s: list[float] = []
        self._waiting: list[tuple[Fact, Callable[[Event | None], None] | None]] = []
        self.reports = Reports(LANE, self.gate, self, self._acknowledge)  # type: ignore[arg-type]

    def keep(
        self,
        fact: Fact,
        done: Callable[[Event | None], None] | None = None,
        *,
        age_s: float = 0.0,
    ) -> None:
        self._waiting.append((fact, done))
        self.ages_s.append(age_s)

    def _acknowledge(self, command: base.Acknowledge) -> None:
        self.acknowledged.append((command.device, command.upto))

    def commit(self) -> list[Fact]:
        """Write what was kept; return it."""
        facts = []
        for fact, done in self._waiting:
            facts.append(fact)
            (event,) = self.journal.commit([(Draft(fact, self.clock.utc()), 0.0)])
            self.gate.committed([event])
            if done is not None:
                done(event)
        self._waiting.clear()
        return facts

    def grant(self, person: str = "V-1", direction: Direction = ENTRY) -> GrantId:
        """Decide a scan, commit its verdict and open the gate."""
        place = Place(LANE, direction, GateMode.NORMAL)
        decision = self.gate.decide_scan(Scan(person.encode(), 0.0), place)
        assert isinstance(decision.outcome, Admitted)
        self.keep(decision.fact)
        self.commit()
        self.gate.grants.opened(decision.outcome.grant, self.clock.monotonic())
        return decision.outcome.grant

    def record(self, report: object, *, is_free: bool = False) -> None:
        self.reports.record(report, is_free=is_free)  # type: ignore[arg-type]

    def recorded(self, report: object, *, is_free: bool = False) -> Fact:
        self.record(report, is_free=is_free)
        (fact,) = self.commit()
        return fact


@pytest.fixture
def post() -> Post:
    return Post()


def at(sequence: int) -> base.LogPosition:
    return base.LogPosition(DEVICE, sequence)


def noted(kind: str, **detail: object) -> Audit:
    return Audit(
        subject=AuditSubject.LINK,
        action="device_noted",
        detail={"lane": "lane-1", "kind": kind, **detail},
    )


# --- what a report means ---


@pytest.mark.parametrize("direction", list(Direction))
def test_a_passage_on_a_grant_completes_it(post, direction):
    grant = post.grant(direction=direction)
    fact = post.recorded(base.Passed(base.Direction(direction), grant, at(1)))
    assert fact == Passage(
        outcome=PassageOutcome.COMPLETED,
        lane=LANE,
        direction=direction,
        grant=grant,
        holder=holder("V-1"),
        category="visitor",
        device=DEVICE,
        device_sequence=1,
    )


@pytest.mark.parametrize(
    "report",
    [
        base.Passed(base.Direction.EXIT, None, at(1), age_s=42.5),
        base.NotPassed(STRANGER, at(1), age_s=42.5),
        base.Breached(base.BreachKind.FORCED, base.Direction.ENTRY, at(1), age_s=42.5),
        base.DeviceNoted("boot", at(1), age_s=42.5),
        base.DeviceNoted("settings_differ", age_s=42.5),
    ],
)
def test_what_the_log_tells_late_is_recorded_with_its_age(post, report):
    post.recorded(report)
    assert post.ages_s == [42.5]


def test_an_assumed_passage_says_so(post):
    fact = post.recorded(base.Passed(base.Direction.ENTRY, post.grant(), assumed=True))
    assert isinstance(fact, Passage)
    assert fact.assumed
    assert fact.outcome is PassageOutcome.COMPLETED


def test_a_grant_counts_one_body_only(post):
    grant = post.grant()
    post.recorded(base.Passed(base.Direction.ENTRY, grant, at(1)))
    second = post.recorded(base.Passed(base.Direction.ENTRY, grant, at(2)))
    assert isinstance(second, Passage)
    assert second.outcome is PassageOutcome.UNATTRIBUTED
    assert (second.grant, second.holder, second.reason) == (None, None, "late")
    assert post.gate.occupancy() == Occupancy({"visitor": 1, "unknown": 1}, {}, 1)


def test_a_grant_that_nobody_used_expires(post):
    grant = post.grant()
    fact = post.recorded(base.NotPassed(grant, at(1), "turned_back"))
    assert isinstance(fact, Passage)
    assert (fact.outcome, fact.grant, fact.reason) == (
        PassageOutcome.EXPIRED,
        grant,
        "turned_back",
    )
    assert not fact.uncertain
    assert post.gate.occupancy() == Occupancy()


def test_an_entry_without_a_grant_is_a_breach(post):
    """R33: one event for each."""
    fact = post.recorded(base.Passed(base.Direction.ENTRY, None, at(1)))
    assert fact == Passage(
        outcome=PassageOutcome.BREACHED,
        lane=LANE,
        direction=ENTRY,
        reason="no_grant",
        device=DEVICE,
        device_sequence=1,
    )


@pytest.mark.parametrize("kind", list(base.BreachKind))
def test_a_breach_is_told_with_its_kind(post, kind):
    fact = post.recorded(base.Breached(kind, base.Direction.ENTRY, at(1)))
    assert isinstance(fact, Passage)
    assert (fact.outcome, fact.reason) == (PassageOutcome.BREACHED, str(kind))


def test_an_exit_without_a_scan_is_unattributed_and_lowers_the_policys_category(post):
    fact = post.recorded(base.Passed(base.Direction.EXIT, None, at(1)))
    assert isinstance(fact, Passage)
    assert (fact.outcome, fact.reason, fact.category) == (
        PassageOutcome.UNATTRIBUTED,
        None,
        "patient",
    )


@pytest.mark.parametrize(
    ("report", "is_free"),
    [
        (base.Passed(base.Direction.ENTRY, None, at(1)), True),
        (base.Passed(base.Direction.ENTRY, None, at(1), free=True), False),
    ],
)
def test_a_passage_while_everybody_may_pass_is_no_breach(post, report, is_free):
    fact = post.recorded(report, is_free=is_free)
    assert isinstance(fact, Passage)
    assert (fact.outcome, fact.reason) == (PassageOutcome.UNATTRIBUTED, "free")


@pytest.mark.parametrize("direction", list(base.Direction))
def test_a_passage_on_a_grant_that_was_settled_already_is_late(post, direction):
    fact = post.recorded(base.Passed(direction, STRANGER, at(1)))
    assert isinstance(fact, Passage)
    assert (fact.outcome, fact.reason) == (PassageOutcome.UNATTRIBUTED, "late")


def test_an_unused_grant_that_was_settled_already_is_only_noted(post):
    assert post.recorded(base.NotPassed(STRANGER, at(1))) == noted(
        "not_passed", device=DEVICE, device_sequence=1
    )
    assert post.recorded(base.NotPassed(STRANGER)) == noted("not_passed")


def test_anything_else_of_the_devices_log_is_noted(post):
    fact = post.recorded(base.DeviceNoted("tamper", at(1)))
    assert fact == noted("tamper", device=DEVICE, device_sequence=1)


def test_every_passage_without_a_grant_leaves_a_breach_or_is_unattributed(post):
    for number, direction in enumerate(base.Direction):
        for grant in (None, STRANGER):
            for free in (False, True):
                report = base.Passed(direction, grant, at(1 + post.journal.head()), free=free)
                fact = post.recorded(report, is_free=bool(number))
                assert isinstance(fact, Passage)
                assert fact.outcome in {PassageOutcome.BREACHED, PassageOutcome.UNATTRIBUTED}


# --- the device's log ---


def test_an_entry_is_acknowledged_when_it_is_on_disk_and_not_before(post):
    post.record(base.Passed(base.Direction.ENTRY, None, at(1)))
    post.record(base.DeviceNoted("boot", at(2)))
    assert post.acknowledged == []
    post.commit()
    assert post.acknowledged == [(DEVICE, 1), (DEVICE, 2)]


def test_an_entry_that_comes_again_while_its_commit_is_on_the_way_is_recorded_once(post):
    grant = post.grant()
    for _ in range(3):
        post.record(base.Passed(base.Direction.ENTRY, grant, at(1)))
    assert post.acknowledged == []
    assert len(post.commit()) == 1
    assert post.acknowledged == [(DEVICE, 1)]


def test_an_entry_that_comes_again_later_is_acknowledged_up_to_what_is_recorded(post):
    post.recorded(base.DeviceNoted("boot", at(1)))
    post.recorded(base.DeviceNoted("tamper", at(2)))
    post.record(base.DeviceNoted("power", at(3)))  # Not on disk.
    post.acknowledged.clear()
    post.record(base.DeviceNoted("boot", at(1)))
    assert post.acknowledged == [(DEVICE, 2)]
    assert len(post.commit()) == 1


def test_the_log_of_another_device_counts_by_itself(post):
    post.recorded(base.DeviceNoted("boot", at(5)))
    other = base.LogPosition("sim-2", 1)
    assert post.recorded(base.DeviceNoted("boot", other)) == noted(
        "boot", device="sim-2", device_sequence=1
    )


def test_after_a_restart_the_recorded_entries_are_known(post):
    grant = post.grant()
    post.recorded(base.Passed(base.Direction.ENTRY, grant, at(1)))
    after = Post(before=post)
    after.record(base.Passed(base.Direction.ENTRY, grant, at(1)))
    assert after.commit() == []
    assert after.acknowledged == [(DEVICE, 1)]
    assert after.gate.occupancy() == Occupancy({"visitor": 1})


def test_a_passage_of_before_a_crash_that_was_not_recorded_is_taken_from_the_log(post):
    grant = post.grant()
    post.record(base.Passed(base.Direction.ENTRY, grant, at(1)))  # Killed before its commit.
    after = Post(before=post)
    assert after.gate.occupancy() == Occupancy({}, {"visitor": 1})
    fact = after.recorded(base.Passed(base.Direction.ENTRY, grant, at(1)))
    assert isinstance(fact, Passage)
    assert (fact.outcome, fact.holder) == (PassageOutcome.COMPLETED, holder("V-1"))
    assert after.gate.occupancy() == Occupancy({"visitor": 1})


def test_reports_without_a_log_are_recorded_each_time_and_acknowledged_never(post):
    for _ in range(2):
        post.recorded(base.Breached(base.BreachKind.FORCED, base.Direction.ENTRY))
    assert post.journal.head() == 2
    assert post.acknowledged == []


# --- grants that only we can end ---


def test_a_grant_expires_once(post):
    grant = post.grant()
    for _ in range(2):
        post.reports.expire(grant, "emergency")
    (fact,) = post.commit()
    assert isinstance(fact, Passage)
    assert (fact.outcome, fact.reason, fact.uncertain) == (
        PassageOutcome.EXPIRED,
        "emergency",
        False,
    )


def test_a_grant_of_somebody_else_does_not_expire_here(post):
    post.reports.expire(STRANGER, "emergency")
    assert post.commit() == []


def test_a_place_is_held_until_the_expiry_is_on_disk(post):
    grant = post.grant()
    post.reports.expire(grant, "emergency")
    assert post.gate.occupancy() == Occupancy({}, {"visitor": 1})
    post.commit()
    assert post.gate.occupancy() == Occupancy()


def read(post: Post, *in_force: str, watched: GrantId | None = None) -> list[Fact]:
    """Read the log to its end ten seconds after everything that happened so far."""
    post.clock.passed_s += 10
    post.reports.log_read(base.LogRead(DEVICE, in_force), post.clock.monotonic(), watched)
    return post.commit()


def test_a_grant_that_the_whole_log_does_not_tell_never_opened(post):
    grant = post.grant()
    (fact,) = read(post)
    assert isinstance(fact, Passage)
    assert (fact.outcome, fact.grant, fact.reason, fact.uncertain) == (
        PassageOutcome.EXPIRED,
        grant,
        "not_opened",
        False,
    )
    assert post.gate.occupancy() == Occupancy()


def test_a_grant_in_force_or_watched_is_not_settled(post):
    grant = post.grant()
    assert read(post, grant) == []
    assert read(post, watched=grant) == []
    assert len(read(post)) == 1


def test_what_was_never_answered_is_settled_by_the_log_on_the_same_link(post):
    grant = post.grant()
    post.reports.open_unknown(grant)
    linked_s = post.clock.monotonic() - 60
    assert post.reports.log_read(base.LogRead(DEVICE, ()), linked_s, grant) == [grant]
    (fact,) = post.commit()
    assert isinstance(fact, Passage)
    assert (fact.grant, fact.reason, fact.uncertain) == (grant, "not_opened", False)
    assert post.reports.log_read(base.LogRead(DEVICE, ()), linked_s, None) == []


@pytest.mark.parametrize("is_reported", [True, False])
def test_what_was_never_answered_and_opened_all_the_same_is_not_settled(post, is_reported):
    grant = post.grant()
    post.reports.open_unknown(grant)
    if is_reported:
        post.record(base.Passed(base.Direction.ENTRY, grant, at(1)))
    in_force = () if is_reported else (grant,)
    post.reports.log_read(base.LogRead(DEVICE, in_force), post.clock.monotonic() - 60, grant)
    outcomes = [fact.outcome for fact in post.commit() if isinstance(fact, Passage)]
    assert outcomes == [PassageOutcome.COMPLETED] * is_reported


def test_a_grant_whose_entry_was_in_the_log_is_not_settled_twice(post):
    grant = post.grant()
    post.record(base.Passed(base.Direction.ENTRY, grant, at(1)))
    (fact,) = read(post)
    assert isinstance(fact, Passage)
    assert fact.outcome is PassageOutcome.COMPLETED


def test_what_a_gap_in_the_log_may_have_told_is_uncertain(post):
    grant = post.grant()
    post.reports.log_lost(base.LogLost(DEVICE, 3))
    told, settled = read(post)
    assert told == Audit(
        subject=AuditSubject.LINK,
        action="device_log_lost",
        detail={"lane": "lane-1", "count": 3, "device": DEVICE},
    )
    assert isinstance(settled, Passage)
    assert (settled.grant, settled.uncertain) == (grant, True)
    assert post.gate.occupancy() == Occupancy({}, {}, 4)  # The grant, and three lost entries.


def test_a_gap_is_over_when_the_log_was_read(post):
    post.reports.log_lost(base.LogLost(DEVICE, 3))
    read(post)
    post.grant()
    (fact,) = read(post)
    assert isinstance(fact, Passage)
    assert not fact.uncertain


@pytest.mark.parametrize("direction", list(Direction))
def test_a_grant_of_a_lane_that_is_no_more_ends_at_the_start_as_uncertain(direction):
    before = Post()
    grant = before.grant(direction=direction)
    after = Post(before)
    expire_removed({LANE}, after.gate, after)  # type: ignore[arg-type]
    assert after.commit() == []
    expire_removed({LaneId("lane-2")}, after.gate, after)  # type: ignore[arg-type]
    assert after.commit() == [
        Passage(
            outcome=PassageOutcome.EXPIRED,
            lane=LANE,
            direction=direction,
            reason="lane_removed",
            grant=grant,
            holder=holder("V-1"),
            category="visitor",
            uncertain=True,
        )
    ]
    assert len(after.gate.grants) == 0
    assert after.gate.occupancy() == Occupancy({}, {}, 1)
