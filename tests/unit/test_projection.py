"""The tables that events fold into: holders, grants, counts, devices, lanes, doors, referrals, alarms."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.events import (
    Access,
    AccessOutcome,
    Alarm,
    AlarmOutcome,
    Audit,
    AuditSubject,
    Draft,
    Event,
    Fact,
    Passage,
    PassageOutcome,
    format_time,
)
from gatewayd.core.folded import (
    ALARMS,
    ASSISTS,
    DEVICES,
    DOORS,
    GRANTS,
    HOLDERS,
    LANES,
    PASSES,
    REFERRALS,
    TABLES,
    entry_count,
    read_counts,
)
from gatewayd.core.projection import project
from gatewayd.core.words import Direction, GrantId, HolderId, LaneId, Status
from tests.unit.doubles import EPOCH, START, SimCache, SimJournal

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
LANE = LaneId("lane-1")
HOLDER = HolderId("00000000.11111111111111111111111111111111")
GRANT = GrantId("01" * 16)
AT = "2021-11-29T01:00:00.000Z"


def fold(*facts: Fact, cache: SimCache | None = None) -> SimCache:
    """Fold facts that happened at START, one second after another."""
    cache = cache or SimCache()
    for fact in facts:
        seq = cache.folded()[1] + 1
        draft = Draft(fact, START + timedelta(seconds=seq - 1))
        apply([Event(EPOCH, seq, draft, "run", float(seq))], cache)
    return cache


def apply(events: Iterable[Event], cache: SimCache) -> None:
    for event in events:
        cache.apply(project(event, cache.get), event.epoch, event.seq)


def access(outcome: AccessOutcome = AccessOutcome.ADMITTED, **changed: object) -> Access:
    fields: dict[str, object] = {
        "lane": LANE,
        "direction": ENTRY,
        "reason": "ok",
        "source": "gateway",
        "kind": "pass",
    }
    return Access(outcome=outcome, **{**fields, **changed})


def passage(outcome: PassageOutcome, direction: Direction = ENTRY, **changed: object) -> Passage:
    return Passage(outcome=outcome, lane=LANE, direction=direction, **changed)


def completed(direction: Direction, category: str = "visitor", **changed: object) -> Passage:
    return passage(PassageOutcome.COMPLETED, direction, category=category, **changed)


def counts(cache: SimCache) -> tuple[dict[str, int], int]:
    return read_counts(cache.get)


# --- verdicts ---


@pytest.mark.parametrize("direction", Direction)
def test_a_rotating_code_that_was_used_either_way_is_used(direction):
    cache = fold(access(holder=HOLDER, direction=direction, category="staff", code_step=77))
    assert cache.get(HOLDERS, HOLDER)["code_step"] == 77


def test_a_verdict_on_an_entry_is_what_the_door_knows_of_a_holder():
    fact = access(
        holder=HOLDER,
        category="visitor",
        status=Status.GREEN,
        status_until=START + timedelta(hours=1),
        policy=("site-1",),
    )
    cache = fold(fact)
    assert cache.tables == {
        HOLDERS: {
            HOLDER: {
                "category": "visitor",
                "kind": "pass",
                "status": "green",
                "status_until": "2021-11-29T02:00:00.000Z",
                "source": "gateway",
                "reason": "ok",
                "policy": ["site-1"],
                "seen": AT,
            }
        }
    }


def test_a_verdict_on_an_exit_or_on_nobody_changes_no_holder():
    exit_verdict = access(direction=EXIT, holder=HOLDER, category="visitor")
    assert fold(exit_verdict, access(AccessOutcome.REFUSED)).tables == {}


def test_an_id_that_nothing_is_known_of_leaves_no_row():
    assert fold(access(AccessOutcome.REFUSED, holder=HOLDER, kind="plain_id")).tables == {}


def test_a_new_verdict_leaves_the_presence_as_it_was():
    refused = access(AccessOutcome.REFUSED, holder=HOLDER, category="visitor")
    cache = fold(completed(ENTRY, holder=HOLDER), refused)
    row = cache.get(HOLDERS, HOLDER)
    assert row is not None
    assert row["inside_since"] == AT
    assert row["seen"] == "2021-11-29T01:00:01.000Z"


@pytest.mark.parametrize("direction", list(Direction))
def test_a_grant_stands_in_the_table_until_its_end(direction):
    admitted = access(direction=direction, holder=HOLDER, category="visitor", grant=GRANT)
    cache = fold(admitted)
    assert cache.get(GRANTS, GRANT) == {
        "lane": "lane-1",
        "direction": str(direction),
        "holder": HOLDER,
        "category": "visitor",
        "pass": None,
        "pass_until": None,
        "at": AT,
    }
    for outcome in (PassageOutcome.COMPLETED, PassageOutcome.EXPIRED):
        after = fold(admitted, passage(outcome, direction, grant=GRANT))
        assert after.get(GRANTS, GRANT) is None


def test_granted_is_not_entered():
    cache = fold(access(holder=HOLDER, category="visitor", grant=GRANT))
    assert counts(cache) == ({}, 0)
    row = cache.get(HOLDERS, HOLDER)
    assert row is not None
    assert "inside_since" not in row


# --- referrals ---

REFERRED = access(
    AccessOutcome.REFERRED,
    reason="unknown_holder",
    kind="plain_id",
    holder=HOLDER,
    referral=7,
)


def test_a_referral_is_open_until_it_is_settled_or_lapses():
    assert fold(REFERRED).get(REFERRALS, "7") == {
        "lane": "lane-1",
        "holder": HOLDER,
        "category": None,
        "kind": "plain_id",
        "reason": "unknown_holder",
        "at": AT,
    }
    lapsed = Audit(subject=AuditSubject.GATEWAY, action="referral_lapsed", detail={"referral": 7})
    for end in (access(referral=7), access(AccessOutcome.REFUSED, referral=7), lapsed):
        assert fold(REFERRED, end).get(REFERRALS, "7") is None


# --- passages and counts ---


def test_an_entry_counts_in_and_its_exit_out_again():
    cache = fold(completed(ENTRY, holder=HOLDER))
    assert counts(cache) == ({"visitor": 1}, 0)
    assert cache.get(HOLDERS, HOLDER) == {"category": "visitor", "inside_since": AT}
    fold(completed(EXIT, holder=HOLDER), cache=cache)
    assert counts(cache) == ({}, 0)
    assert cache.get(HOLDERS, HOLDER) == {"category": "visitor", "inside_since": None}


def test_an_expired_grant_counts_nobody():
    assert counts(fold(passage(PassageOutcome.EXPIRED, grant=GRANT, category="visitor"))) == ({}, 0)


def test_a_grant_whose_end_nobody_knows_makes_the_count_uncertain():
    unknown = passage(PassageOutcome.EXPIRED, grant=GRANT, category="visitor", uncertain=True)
    assert counts(fold(unknown)) == ({}, 1)


@pytest.mark.parametrize("outcome", [PassageOutcome.BREACHED, PassageOutcome.UNATTRIBUTED])
def test_a_body_without_a_grant_counts_as_unknown_and_uncertain(outcome):
    assert counts(fold(passage(outcome, ENTRY))) == ({"unknown": 1}, 1)


def test_an_exit_without_a_reader_takes_one_of_the_category_of_the_policy():
    cache = fold(completed(ENTRY), completed(ENTRY, "staff"), completed(ENTRY, "staff"))
    fold(passage(PassageOutcome.UNATTRIBUTED, EXIT, category="visitor"), cache=cache)
    assert counts(cache) == ({"staff": 2}, 1)


def test_an_exit_of_a_category_with_nobody_inside_takes_one_of_the_largest():
    inside = [completed(ENTRY, "patient"), *[completed(ENTRY, "staff")] * 2]
    cache = fold(*inside, completed(EXIT, "visitor"))
    assert counts(cache) == ({"patient": 1, "staff": 1}, 1)


def test_equal_categories_are_told_apart_by_their_name():
    forth = fold(completed(ENTRY, "patient"), completed(ENTRY, "staff"), completed(EXIT, "x"))
    back = fold(completed(ENTRY, "staff"), completed(ENTRY, "patient"), completed(EXIT, "x"))
    assert counts(forth) == counts(back) == ({"patient": 1}, 1)


@pytest.mark.parametrize(
    "leaves", [completed(EXIT), passage(PassageOutcome.UNATTRIBUTED, EXIT, category="visitor")]
)
def test_nobody_leaves_an_empty_house(leaves):
    assert counts(fold(leaves)) == ({}, 1)


def test_somebody_whose_category_is_not_known_counts_as_unknown():
    assert counts(fold(completed(ENTRY, category=None))) == ({"unknown": 1}, 0)


def test_the_log_of_a_device_is_known_up_to_its_last_recorded_entry():
    position = {"device": "sim-1", "device_sequence": 4}
    cache = fold(passage(PassageOutcome.BREACHED, **position))
    assert cache.get(DEVICES, "sim-1") == {"sequence": 4}
    noted = Audit(
        subject=AuditSubject.LINK, action="device_noted", detail={**position, "device_sequence": 5}
    )
    assert fold(noted, cache=cache).get(DEVICES, "sim-1") == {"sequence": 5}


# --- alarms, orders and corrections ---


def test_an_alarm_stands_until_it_is_cleared_and_not_when_it_is_seen():
    raised = Alarm(outcome=AlarmOutcome.RAISED, alarm="fire", subject="lane-1", detail={"input": 3})
    seen = Alarm(outcome=AlarmOutcome.ACKNOWLEDGED, alarm="fire", subject="lane-1")
    cleared = Alarm(outcome=AlarmOutcome.CLEARED, alarm="fire", subject="lane-1")
    cache = fold(raised, seen)
    row = cache.get(ALARMS, "fire/lane-1")
    assert (row["at"], row["detail"], set(row["seen"])) == (AT, {"input": 3}, {"at"})
    assert fold(cleared, cache=cache).tables == {}
    assert fold(seen, cache=cache).tables == {}, "seen when it was over"


def test_the_last_order_of_a_lane_is_remembered():
    orders = [
        Audit(
            subject=AuditSubject.OFFICER,
            action="lane_ordered",
            detail={"lane": "lane-1", "order": order},
        )
        for order in ("exit_only", "free")
    ]
    assert fold(*orders).get(LANES, "lane-1")["order"] == "free"


def forgiven(holder: str) -> Audit:
    return Audit(subject=AuditSubject.OFFICER, action="forgiven", detail={"holder": holder})


def count_set(category: str, number: int) -> Audit:
    detail = {"category": category, "to": number}
    return Audit(subject=AuditSubject.OFFICER, action="count_set", detail=detail)


def test_a_correction_sets_one_category_and_ends_the_uncertainty():
    cache = fold(completed(ENTRY, "staff"), completed(EXIT), passage(PassageOutcome.BREACHED))
    assert counts(cache) == ({"unknown": 1}, 2)
    fold(count_set("visitor", 1), count_set("unknown", 0), cache=cache)
    assert counts(cache) == ({"visitor": 1}, 0)


def officer_did(action: str, **detail: object) -> Audit:
    return Audit(subject=AuditSubject.OFFICER, action=action, detail=detail)


def test_a_change_of_the_count_is_added_to_what_it_is_by_then_and_settles_nothing():
    cache = fold(completed(ENTRY), passage(PassageOutcome.BREACHED))
    uncertain = counts(cache)[1]
    fold(officer_did("count_changed", category="visitor", by=-1), cache=cache)
    assert counts(cache) == ({"unknown": 1}, uncertain)
    fold(officer_did("count_changed", category="visitor", by=-1), cache=cache)
    assert counts(cache) == ({"unknown": 1}, uncertain), "fewer than nobody are not inside"


def test_help_that_is_over_is_taken_by_nobody():
    cache = fold(officer_did("assist_taken", assist=1, officer="petugas-1"))
    assert cache.get(ASSISTS, "1") is None


def test_who_is_forgiven_is_outside_and_the_count_less_certain_once():
    cache = fold(completed(ENTRY, holder=HOLDER), forgiven(HOLDER))
    assert cache.get(HOLDERS, HOLDER)["inside_since"] is None
    assert counts(cache) == ({"visitor": 1}, 1)
    assert counts(fold(forgiven(HOLDER), forgiven("nobody"), cache=cache)) == ({"visitor": 1}, 1)


def log_lost(count: int) -> Audit:
    detail = {"lane": "lane-1", "device": "sim-1", "count": count}
    return Audit(subject=AuditSubject.LINK, action="device_log_lost", detail=detail)


def test_each_entry_that_a_device_lost_makes_the_count_less_certain():
    cache = fold(completed(ENTRY), log_lost(3))
    assert counts(cache) == ({"visitor": 1}, 3)
    assert counts(fold(log_lost(1), cache=cache)) == ({"visitor": 1}, 4)
    assert counts(fold(count_set("visitor", 2), cache=cache)) == ({"visitor": 2}, 0)


def door_noted(action, **detail):
    return Audit(subject=AuditSubject.DOOR, action=action, detail={"door": "back", **detail})


def test_a_door_is_kept_while_it_is_open_and_makes_the_count_uncertain_once():
    inside = passage(PassageOutcome.COMPLETED, direction=ENTRY)
    opened = fold(inside, door_noted("door_opened", state="forced"))
    assert opened.get(DOORS, "back")["state"] == "forced"
    assert counts(opened)[1] == 1
    shut = fold(door_noted("door_closed"), cache=opened)
    assert shut.get(DOORS, "back") is None
    assert counts(shut)[1] == 1
    assert counts(fold(count_set("visitor", 4), cache=shut))[1] == 0


@pytest.mark.parametrize(
    "audit",
    [
        Audit(subject=AuditSubject.GATEWAY, action="started"),
        Audit(subject=AuditSubject.OFFICER, action="count_set", detail={"category": "visitor"}),
        Audit(subject=AuditSubject.LINK, action="device_noted", detail={"kind": "boot"}),
        Audit(subject=AuditSubject.LINK, action="device_log_lost", detail={"lane": "lane-1"}),
    ],
)
def test_other_audits_change_no_table(audit):
    assert fold(audit).tables == {}


# --- any sequence of events ---

holders = st.sampled_from([None, HolderId("a"), HolderId("b"), HolderId("c")])
grant_ids = st.sampled_from([None, *(GrantId(f"{number:032x}") for number in range(3))])
categories = st.sampled_from([None, "visitor", "staff", "patient"])
devices = st.sampled_from([{}, {"device": "sim-1", "device_sequence": 3}])
verdicts = st.builds(
    access,
    st.sampled_from(AccessOutcome),
    direction=st.sampled_from(Direction),
    holder=holders,
    category=categories,
    grant=grant_ids,
    referral=st.sampled_from([None, 1, 2]),
)
passages = st.builds(
    lambda device, **fields: passage(**fields, **device),
    devices,
    outcome=st.sampled_from(PassageOutcome),
    direction=st.sampled_from(Direction),
    grant=grant_ids,
    holder=holders,
    category=categories,
    uncertain=st.booleans(),
)
corrections = st.builds(count_set, st.sampled_from(["visitor", "staff"]), st.integers(0, 3))
alarms = st.builds(
    Alarm, outcome=st.sampled_from(AlarmOutcome), alarm=st.just("fire"), subject=st.just("lane-1")
)
losses = st.builds(log_lost, st.integers(1, 9))
facts = st.one_of(verdicts, passages, passages, corrections, losses, alarms)


def body(fact: Fact) -> int:
    """Return what a fact does to the number of people inside, before the house is empty."""
    if not isinstance(fact, Passage) or fact.outcome is PassageOutcome.EXPIRED:
        return 0
    return 1 if fact.direction is ENTRY else -1


@settings(max_examples=100)
@given(st.lists(st.one_of(verdicts, passages), max_size=30))
def test_people_inside_are_passages_in_minus_passages_out(history):
    """R03."""
    cache, total, uncertain = SimCache(), 0, 0
    for fact in history:
        was_empty = total == 0
        total = max(0, total + body(fact))
        before = uncertain
        fold(fact, cache=cache)
        by_category, uncertain = counts(cache)
        assert sum(by_category.values()) == total
        assert all(number > 0 for number in by_category.values())
        assert uncertain in {before, before + 1}
        if was_empty and body(fact) < 0:
            assert uncertain == before + 1


@settings(max_examples=100)
@given(st.lists(facts, max_size=30))
def test_who_is_inside_is_whose_last_passage_was_an_entry(history):
    cache = fold(*history)
    for name in ("a", "b", "c"):
        walked = [
            fact
            for fact in history
            if isinstance(fact, Passage)
            and fact.holder == name
            and fact.outcome is PassageOutcome.COMPLETED
        ]
        row = cache.get(HOLDERS, name) or {}
        is_inside = bool(walked) and walked[-1].direction is ENTRY
        assert (row.get("inside_since") is not None) is is_inside


@settings(max_examples=100)
@given(st.lists(facts, max_size=30), st.data())
def test_after_a_crash_the_tables_catch_up_from_the_journal(history, data):
    """Everything that a table needs is in the event, read from the disk or not."""
    journal, cache = SimJournal(), SimCache()
    flushed = data.draw(st.integers(0, len(history)))
    for number, fact in enumerate(history):
        at = START + timedelta(milliseconds=number, microseconds=7)
        apply(journal.commit([(Draft(fact, at), float(number))]), cache)
        if number + 1 == flushed:
            cache.flush()
    as_it_came = cache.tables
    cache.crash()
    epoch, seq = cache.folded()
    assert epoch in {"", EPOCH}
    apply(journal.read(seq, 1000), cache)
    assert cache.tables == as_it_came
    afresh = SimCache()
    apply(journal.read(0, 1000), afresh)
    assert afresh.tables == as_it_came
    assert set(as_it_came) <= set(TABLES)


# --- passes for a number of entries ---


@pytest.mark.parametrize(
    ("direction", "outcome", "is_uncertain", "count"),
    [
        (ENTRY, PassageOutcome.COMPLETED, False, 1),
        (ENTRY, PassageOutcome.EXPIRED, True, 1),
        (ENTRY, PassageOutcome.EXPIRED, False, 0),
        (EXIT, PassageOutcome.COMPLETED, False, 0),
    ],
)
def test_a_pass_is_used_when_somebody_came_in_with_it(direction, outcome, is_uncertain, count):
    cache = fold(
        access(
            direction=direction, category="visitor", grant=GRANT, pass_id="01", pass_until=START
        ),
        passage(outcome, direction, grant=GRANT, uncertain=is_uncertain),
    )
    assert entry_count("01", cache.get) == count
    assert (cache.get(PASSES, "01") or {"until": None})["until"] == (
        format_time(START) if count else None
    )
    assert entry_count("02", cache.get) == 0


def test_entries_on_one_pass_add_up():
    cache = SimCache()
    for number in range(1, 4):
        granted = access(category="visitor", grant=GRANT, pass_id="01")
        fold(granted, completed(ENTRY, grant=GRANT), cache=cache)
        assert entry_count("01", cache.get) == number
