"""Events: their types, their JSON, and reading what an older or newer gateway wrote."""

import json
from datetime import UTC, datetime, timedelta, timezone

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
    EventClass,
    Fact,
    Passage,
    PassageOutcome,
    dump_draft,
    event_class,
    event_type,
    fact_data,
    format_time,
    load_draft,
    parse_time,
)
from gatewayd.core.words import ClockQuality, Direction, GrantId, HolderId, LaneId, Status

AT = datetime(2021, 11, 29, 1, 0, 0, 123000, tzinfo=UTC)
LANE = LaneId("lane-1")
HOLDER = HolderId("00000000.11111111111111111111111111111111")
GRANT = GrantId("01" * 16)

ADMITTED = Access(
    outcome=AccessOutcome.ADMITTED,
    lane=LANE,
    direction=Direction.ENTRY,
    reason="ok",
    source="gateway",
    kind="pass",
    holder=HOLDER,
    category="visitor",
    status=Status.GREEN,
    status_until=AT + timedelta(days=1),
    grant=GRANT,
    policy=("national-3", "site-1"),
    findings=("already_inside",),
    cached=True,
    latency_us=0,
)
GOLDEN = (
    '{"type":"onegate.access.admitted.v1","time":"2021-11-29T01:00:00.123Z",'
    '"clockquality":"synced","data":{"lane":"lane-1","direction":"entry","reason":"ok",'
    '"source":"gateway","kind":"pass","holder":"00000000.11111111111111111111111111111111",'
    '"category":"visitor","status":"green","status_until":"2021-11-30T01:00:00.123Z",'
    '"grant":"01010101010101010101010101010101","policy":["national-3","site-1"],'
    '"findings":["already_inside"],"cached":true,"latency_us":0}}'
)


# --- types ---


@pytest.mark.parametrize(
    ("fact", "kind", "name"),
    [
        (ADMITTED, EventClass.ACCESS, "onegate.access.admitted.v1"),
        (
            Passage(outcome=PassageOutcome.BREACHED, lane=LANE, direction=Direction.ENTRY),
            EventClass.PASSAGE,
            "onegate.passage.breached.v1",
        ),
        (
            Alarm(outcome=AlarmOutcome.RAISED, alarm="fire", subject="lane-1"),
            EventClass.ALARM,
            "onegate.alarm.raised.v1",
        ),
        (
            Audit(subject=AuditSubject.OFFICER, action="count_set"),
            EventClass.AUDIT,
            "onegate.audit.officer.v1",
        ),
    ],
)
def test_each_fact_has_its_class_and_type(fact, kind, name):
    assert event_class(fact) is kind
    assert event_type(fact) == name


def test_an_event_is_named_by_epoch_and_place():
    event = Event("0000017d69e0a000", 7, Draft(ADMITTED, AT), "run", 1.5)
    assert event.id == "0000017d69e0a000-7"
    assert event.fact is ADMITTED


def test_a_time_without_a_zone_is_our_own_mistake():
    with pytest.raises(AssertionError, match="zone"):
        Draft(ADMITTED, AT.replace(tzinfo=None))


# --- JSON ---


def test_the_stored_form_is_the_golden_one():
    assert dump_draft(Draft(ADMITTED, AT)).decode() == GOLDEN
    assert load_draft(GOLDEN.encode()) == Draft(ADMITTED, AT)


def test_only_what_is_set_is_told_and_zero_is_set():
    fact = Passage(
        outcome=PassageOutcome.EXPIRED, lane=LANE, direction=Direction.EXIT, device_sequence=0
    )
    assert fact_data(fact) == {"lane": "lane-1", "direction": "exit", "device_sequence": 0}


def test_an_audit_keeps_its_subject_in_the_type_and_an_alarm_in_the_data():
    audit = Audit(subject=AuditSubject.CLOCK, action="stepped", detail={"by_s": 2.5})
    assert fact_data(audit) == {"action": "stepped", "detail": {"by_s": 2.5}}
    alarm = Alarm(outcome=AlarmOutcome.CLEARED, alarm="fire", subject="lane-1")
    assert fact_data(alarm) == {"alarm": "fire", "subject": "lane-1"}


def test_what_has_no_json_form_is_our_own_mistake():
    bad = Passage(
        outcome=PassageOutcome.EXPIRED,
        lane=LANE,
        direction=Direction.EXIT,
        reason=b"bytes",  # type: ignore[arg-type]
    )
    with pytest.raises(AssertionError, match="no JSON form"):
        fact_data(bad)


def test_fields_of_a_newer_gateway_are_left_out():
    document = json.loads(GOLDEN)
    document["data"]["mood"] = {"deep": [1]}
    document["more"] = 1
    assert load_draft(json.dumps(document).encode()) == Draft(ADMITTED, AT)


def test_fields_that_an_older_gateway_did_not_write_have_their_defaults():
    document = json.loads(GOLDEN)
    for name in ("holder", "status", "status_until", "policy", "findings", "cached", "latency_us"):
        del document["data"][name]
    loaded = load_draft(json.dumps(document).encode()).fact
    assert isinstance(loaded, Access)
    assert (loaded.holder, loaded.status, loaded.policy, loaded.cached) == (None, None, (), False)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b"[" * 5000,
        GOLDEN.replace("2021-11-29T01:00:00.123Z", "9999-12-31T23:59:59-12:00").encode(),
        GOLDEN.replace(".v1", ".v2").encode(),
        GOLDEN.replace("onegate.", "twogate.").encode(),
        GOLDEN.replace("access.admitted", "access.waved").encode(),
        GOLDEN.replace("access.admitted", "gossip.heard").encode(),
        GOLDEN.replace("access.admitted", "access").encode(),
        GOLDEN.replace('"lane":"lane-1",', "").encode(),
        GOLDEN.replace('"entry"', '"sideways"').encode(),
        GOLDEN.replace("29T01:00:00.123Z", "29T01:00:00.123").encode(),
        GOLDEN.replace('"synced"', '"guessed"').encode(),
        GOLDEN.replace('["already_inside"]', "5").encode(),
        b'{"type":"onegate.audit.clock.v1","time":"2021-11-29T01:00:00Z","data":[]}',
        b'{"type":5,"time":"2021-11-29T01:00:00Z","clockquality":"synced","data":{}}',
    ],
)
def test_what_is_not_an_event_is_a_value_error_and_nothing_else(body):
    with pytest.raises(ValueError):
        load_draft(body)


# --- times ---


def test_times_are_utc_with_milliseconds():
    at = datetime(2021, 11, 29, 8, 0, 0, 999999, tzinfo=timezone(timedelta(hours=7)))
    assert format_time(at) == "2021-11-29T01:00:00.999Z"
    assert parse_time("2021-11-29T01:00:00.999Z") == at.replace(microsecond=999000)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        parse_time("2021-11-29T01:00:00")


# --- any event ---

zones = st.sampled_from([UTC, timezone(timedelta(hours=7)), timezone(timedelta(hours=-3.5))])
times = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=zones,
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
names = st.text(min_size=1, max_size=8)
lanes = names.map(LaneId)
holders = st.none() | names.map(HolderId)
grants = st.none() | names.map(GrantId)
leaves = st.none() | st.booleans() | st.integers() | names
details = st.dictionaries(names, leaves | st.lists(leaves, max_size=2), max_size=3)
facts: st.SearchStrategy[Fact] = st.one_of(
    st.builds(
        Access,
        outcome=st.sampled_from(AccessOutcome),
        lane=lanes,
        direction=st.sampled_from(Direction),
        reason=names,
        source=names,
        kind=names,
        holder=holders,
        category=st.none() | names,
        status=st.none() | st.sampled_from(Status),
        status_until=st.none() | times,
        grant=grants,
        policy=st.lists(names, max_size=2).map(tuple),
        findings=st.lists(names, max_size=2).map(tuple),
        referral=st.none() | st.integers(1, 999),
        attestation=st.none() | details.filter(bool),
        cached=st.booleans(),
        code_step=st.none() | st.integers(0, 10**9),
        latency_us=st.none() | st.integers(0, 10**7),
    ),
    st.builds(
        Passage,
        outcome=st.sampled_from(PassageOutcome),
        lane=lanes,
        direction=st.sampled_from(Direction),
        reason=st.none() | names,
        grant=grants,
        holder=holders,
        category=st.none() | names,
        device=st.none() | names,
        device_sequence=st.none() | st.integers(0, 2**63),
        assumed=st.booleans(),
        uncertain=st.booleans(),
    ),
    st.builds(
        Alarm, outcome=st.sampled_from(AlarmOutcome), alarm=names, subject=names, detail=details
    ),
    st.builds(Audit, subject=st.sampled_from(AuditSubject), action=names, detail=details),
)


@settings(max_examples=100)
@given(facts, times, st.sampled_from(ClockQuality))
def test_an_event_is_read_back_as_it_was_written(fact, at, quality):
    draft = Draft(fact, at, quality)
    body = dump_draft(draft)
    assert load_draft(body) == draft
    assert dump_draft(load_draft(body)) == body


@settings(max_examples=100)
@given(facts, st.sampled_from(ClockQuality), st.data())
def test_a_damaged_event_is_refused_and_raises_nothing_else(fact, quality, data):
    body = bytearray(dump_draft(Draft(fact, AT, quality)))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] = data.draw(st.integers(0, 255))
    try:
        load_draft(bytes(body))
    except ValueError:
        return
