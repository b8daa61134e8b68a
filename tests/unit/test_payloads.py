"""Messages to the centre, held against their schemas."""

import json
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gatewayd.mqtt
from gatewayd.core.door import Door, DoorState
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
    event_type,
)
from gatewayd.core.lane_terms import Idle, Lane, Order
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.reasons import Reason
from gatewayd.core.sync_figures import SyncFigures
from gatewayd.core.words import ClockQuality, Direction, DoorId, GrantId, HolderId, LaneId, Status
from gatewayd.mqtt import payloads
from gatewayd.mqtt.payloads import AsOf, Birth, Offline, PublishStatus
from gatewayd.mqtt.topics import SitePath

SITE = SitePath("mojokerto", "dukcapil", "gmsc")
AT = datetime(2026, 11, 21, 8, 30, 0, 123456, tzinfo=UTC)
EPOCH = "0193f1c2a4b05d6e"
LANE = LaneId("lane-1")
HOLDER = HolderId("a1." + "0f" * 16)
GRANT = GrantId("5e" * 16)
AS_OF = AsOf(EPOCH, 7, AT)

FULL_ACCESS = Access(
    outcome=AccessOutcome.ADMITTED,
    lane=LANE,
    direction=Direction.ENTRY,
    reason=Reason.REFERRAL_ADMITTED,
    source="officer",
    kind="attestation",
    holder=HOLDER,
    category="visitor",
    status=Status.GREEN,
    status_until=AT,
    grant=GRANT,
    policy=("national@3", "site@12"),
    findings=("not_inside", "would_refuse:status_red"),
    referral=17,
    attestation={"officer": "uid:1000", "reason": "guest", "healthy": True, "protocol": True},
    cached=True,
    pass_id="0f1e2d3c4b5a6978",
    code_step=59_900_000,
    latency_us=1800,
)
FULL_PASSAGE = Passage(
    outcome=PassageOutcome.EXPIRED,
    lane=LANE,
    direction=Direction.EXIT,
    reason="timeout",
    grant=GRANT,
    holder=HOLDER,
    category="staff",
    device="1f2e3d4c",
    device_sequence=0,
    assumed=True,
    uncertain=True,
)


def every_fact() -> Iterator[Fact]:
    """Each type of event, once bare and once with every field."""
    for outcome in AccessOutcome:
        yield replace(FULL_ACCESS, outcome=outcome)
        yield Access(
            outcome=outcome,
            lane=LANE,
            direction=Direction.EXIT,
            reason=Reason.EXIT,
            source="gateway",
            kind="unreadable",
        )
    for how in PassageOutcome:
        yield replace(FULL_PASSAGE, outcome=how)
        yield Passage(outcome=how, lane=LANE, direction=Direction.ENTRY)
    for change in AlarmOutcome:
        yield Alarm(outcome=change, alarm="link_lost", subject="lane-1", detail={"port": "x"})
        yield Alarm(outcome=change, alarm="fire", subject="gateway")
    for subject in AuditSubject:
        yield Audit(subject=subject, action="started", detail={"version": "0.1.0"})
        yield Audit(subject=subject, action="stopped")


def an_event(fact: Fact, seq: int = 42) -> Event:
    return Event(EPOCH, seq, Draft(fact, AT, ClockQuality.HOLDOVER), "run-1", 12.5)


def sent(fact: Fact, publish: PublishStatus = PublishStatus.STATUS) -> dict[str, Any]:
    return json.loads(payloads.event(an_event(fact), SITE, publish))


def schema(name: str) -> dict[str, Any]:
    return json.loads((Path(gatewayd.mqtt.__file__).parent / "schemas" / name).read_text())


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(name))


@pytest.mark.parametrize("name", ["event", "state", "occupancy", "lane", "health"])
def test_each_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(f"{name}.json"))


# --- events --------------------------------------------------------------------------------------


def test_an_event_becomes_a_cloudevent_in_structured_json() -> None:
    """R04: with the site that it is of."""
    fact = Access(
        outcome=AccessOutcome.REFUSED,
        lane=LANE,
        direction=Direction.ENTRY,
        reason=Reason.EXPIRED,
        source="gateway",
        kind="pass",
        latency_us=950,
    )
    assert payloads.event(an_event(fact), SITE, PublishStatus.STATUS) == (
        b'{"specversion":"1.0","id":"0193f1c2a4b05d6e-42","source":"/mojokerto/dukcapil/gmsc",'
        b'"type":"onegate.access.refused.v1","time":"2026-11-21T08:30:00.123Z",'
        b'"datacontenttype":"application/json","epoch":"0193f1c2a4b05d6e","sequence":42,'
        b'"clockquality":"holdover","subject":"lane-1","data":{"lane":"lane-1",'
        b'"direction":"entry","reason":"expired","source":"gateway","kind":"pass",'
        b'"latency_us":950}}'
    )


@pytest.mark.parametrize("publish", PublishStatus)
def test_every_type_of_event_is_valid_at_every_level_of_privacy(publish: PublishStatus) -> None:
    check = validator("event.json")
    types = set()
    for fact in every_fact():
        check.validate(sent(fact, publish))
        types.add(event_type(fact))
    assert types == set(schema("event.json")["properties"]["type"]["enum"])


def test_the_subject_is_the_lane_or_the_place_of_the_alarm() -> None:
    assert sent(FULL_ACCESS)["subject"] == "lane-1"
    assert sent(FULL_PASSAGE)["subject"] == "lane-1"
    assert sent(Alarm(outcome=AlarmOutcome.RAISED, alarm="fire", subject="gateway"))["subject"] == (
        "gateway"
    )
    assert "subject" not in sent(Audit(subject=AuditSubject.CLOCK, action="stepped"))


@pytest.mark.parametrize(
    ("kind", "name"), [(Access, "access"), (Passage, "passage"), (Alarm, "alarm"), (Audit, "audit")]
)
def test_the_schema_names_exactly_the_fields_of_the_fact(kind: type, name: str) -> None:
    in_type = {"subject"} if kind is Audit else {"outcome"}
    assert {item.name for item in fields(kind)} - in_type == set(
        schema("event.json")["$defs"][name]["properties"]
    )


def test_the_schema_knows_every_class_of_fact() -> None:
    assert len(get_args(Fact)) == len(schema("event.json")["allOf"])


@pytest.mark.parametrize(
    "breaking",
    [
        lambda body: body.pop("sequence"),
        lambda body: body.update(sequence="42"),
        lambda body: body.update(sequence=0),
        lambda body: body.update(type="onegate.access.opened.v1"),
        lambda body: body.update(type="onegate.access.admitted.v2"),
        lambda body: body.update(time="2026-11-21 08:30"),
        lambda body: body.update(source="mojokerto/dukcapil/gmsc"),
        lambda body: body.update(id="42"),
        lambda body: body.update(epoch="1"),
        lambda body: body.update(clockquality="good"),
        lambda body: body.update(specversion="0.3"),
        lambda body: body.pop("subject"),
        lambda body: body["data"].pop("lane"),
        lambda body: body["data"].update(direction="in"),
        lambda body: body["data"].update(status="purple"),
        lambda body: body["data"].update(grant="1"),
        lambda body: body["data"].update(latency_us=-1),
        lambda body: body["data"]["attestation"].update(healthy="yes"),
    ],
)
def test_a_broken_event_is_not_valid(breaking: Callable[[dict[str, Any]], object]) -> None:
    body = sent(FULL_ACCESS)
    breaking(body)
    with pytest.raises(jsonschema.ValidationError):
        validator("event.json").validate(body)


# --- privacy -------------------------------------------------------------------------------------


def refused_for(reason: str, findings: tuple[str, ...] = ()) -> Access:
    return replace(
        FULL_ACCESS, outcome=AccessOutcome.REFUSED, reason=reason, grant=None, findings=findings
    )


def test_with_status_everything_is_published() -> None:
    data = sent(refused_for(Reason.STATUS_RED), PublishStatus.STATUS)["data"]
    assert (data["status"], data["reason"]) == ("green", "status_red")
    assert data["status_until"] == "2026-11-21T08:30:00.123Z"
    assert data["attestation"]["healthy"] is True


@pytest.mark.parametrize(
    "reason",
    [Reason.STATUS_YELLOW, Reason.STATUS_RED, Reason.STATUS_BLACK, Reason.STATUS_UNKNOWN],
)
def test_with_outcome_a_health_rule_is_told_but_not_which(reason: Reason) -> None:
    fact = refused_for(reason, (f"would_refuse:{reason}", reason, "not_inside"))
    data = sent(fact, PublishStatus.OUTCOME)["data"]
    assert data["reason"] == "health_rule"
    assert data["findings"] == ["would_refuse:health_rule", "health_rule", "not_inside"]
    assert "status" not in data
    assert "status_until" not in data
    assert data["attestation"] == {"officer": "uid:1000", "reason": "guest", "protocol": True}


def test_with_outcome_other_reasons_stay() -> None:
    data = sent(refused_for(Reason.CAPACITY_FULL), PublishStatus.OUTCOME)["data"]
    assert data["reason"] == "capacity_full"
    assert "findings" not in data


@pytest.mark.parametrize("reason", Reason)
def test_with_none_no_verdict_tells_its_reason(reason: Reason) -> None:
    data = sent(refused_for(reason, (f"would_refuse:{reason}",)), PublishStatus.NONE)["data"]
    assert not {"status", "status_until", "reason", "findings"} & set(data)
    assert data["attestation"] == {"officer": "uid:1000", "protocol": True}
    assert data["holder"] == HOLDER


@pytest.mark.parametrize("publish", [PublishStatus.OUTCOME, PublishStatus.NONE])
def test_no_word_of_a_status_is_left_below_status(publish: PublishStatus) -> None:
    fact = refused_for(Reason.STATUS_BLACK, ("would_refuse:status_black",))
    body = payloads.event(an_event(replace(fact, status=Status.BLACK)), SITE, publish)
    assert b"black" not in body
    assert b"healthy" not in body


@pytest.mark.parametrize("publish", PublishStatus)
def test_passages_keep_their_reason(publish: PublishStatus) -> None:
    assert sent(FULL_PASSAGE, publish)["data"]["reason"] == "timeout"


def test_every_reason_that_names_a_status_or_a_test_counts_as_a_health_reason() -> None:
    named = {reason for reason in Reason if reason.startswith("status_") or "test" in reason}
    assert named - {Reason.ATTESTED, Reason.ATTESTATION_INCOMPLETE} == payloads.HEALTH_REASONS


# --- states and figures --------------------------------------------------------------------------

BIRTH = Birth(
    run="run-1",
    version="0.1.0",
    epoch=EPOCH,
    next_seq=43,
    policy=("site@12",),
    clock=ClockQuality.SYNCED,
    depth=3,
    at=AT,
)
SYNC = SyncFigures(
    connected_s=61.4,
    depth=3,
    oldest_s=2.6,
    hours_left=2159.4,
    published=40,
    receipts=37,
    refused=1,
    quarantined=2,
    is_heard=False,
    error=None,
)


def test_the_birth_tells_where_the_events_stand() -> None:
    body = json.loads(payloads.online(BIRTH))
    validator("state.json").validate(body)
    assert body == {
        "state": "online",
        "run": "run-1",
        "version": "0.1.0",
        "epoch": EPOCH,
        "next_sequence": 43,
        "policy": ["site@12"],
        "mode": "enforce",
        "documents": [],
        "clockquality": "synced",
        "queue_depth": 3,
        "time": "2026-11-21T08:30:00.123Z",
    }


def test_the_birth_tells_what_the_authority_calls_the_site() -> None:
    """R04: beside the path, which every event carries as its source."""
    body = json.loads(payloads.online(replace(BIRTH, registration_id="KEMENKES-0117")))
    validator("state.json").validate(body)
    assert body["registration_id"] == "KEMENKES-0117"


@pytest.mark.parametrize("reason", Offline)
def test_an_offline_state_says_which_run_ended_and_how(reason: Offline) -> None:
    body = json.loads(payloads.offline("run-1", reason))
    validator("state.json").validate(body)
    assert body == {"state": "offline", "run": "run-1", "reason": str(reason)}


def test_occupancy_has_counts_limits_and_the_event_it_includes() -> None:
    now = Occupancy({"staff": 4, "visitor": 9}, {"visitor": 1}, uncertain=2)
    body = json.loads(payloads.occupancy((now, {"total": 60, "visitor": 50}), {}, AS_OF))
    validator("occupancy.json").validate(body)
    assert body == {
        "total": 13,
        "uncertain": 2,
        "by_category": {"staff": 4, "visitor": 9},
        "limit": {"total": 60, "visitor": 50},
        "as_of": {"epoch": EPOCH, "sequence": 7, "time": "2026-11-21T08:30:00.123Z"},
    }


@pytest.mark.parametrize(
    ("lane", "state"),
    [
        (Lane(), "faulted"),
        (Lane(Idle(), is_linked=True), "ready"),
        (Lane(Idle(), is_linked=True, has_fault=True), "faulted"),
        (Lane(Idle(), is_linked=True, order=Order.EXIT_ONLY), "exit_only"),
        (Lane(Idle(), is_linked=True, order=Order.FREE), "free"),
        (Lane(Idle(), is_linked=True, order=Order.EXIT_ONLY, is_fire=True), "free"),
    ],
)
def test_a_lane_tells_what_it_can_do(lane: Lane, state: str) -> None:
    body = json.loads(payloads.lane(LANE, lane, AS_OF))
    validator("lane.json").validate(body)
    assert body["state"] == state
    assert (body["order"], body["fire"], body["linked"]) == (
        str(lane.order),
        lane.is_fire,
        lane.is_linked,
    )


@pytest.mark.parametrize("state", DoorState)
def test_a_door_tells_whether_it_is_shut(state: DoorState) -> None:
    body = json.loads(payloads.door(DoorId("back"), "Back door", Door(state, is_seen=True), AS_OF))
    validator("door.json").validate(body)
    assert (body["door"], body["name"], body["state"]) == ("back", "Back door", str(state))
    assert body["seen"] is True


def test_figures_are_rounded_to_seconds() -> None:
    body = json.loads(
        payloads.health(SYNC, run="run-1", uptime_s=99.6, clock=ClockQuality.SYNCED, at=AT)
    )
    validator("health.json").validate(body)
    assert (body["uptime_s"], body["connected_s"], body["oldest_s"]) == (100, 61, 3)
    assert (body["queue_depth"], body["refused"], body["is_heard"]) == (3, 1, False)
    assert (body["quarantined"], body["hours_left"]) == (2, 2159)


def test_figures_without_a_queue_are_valid() -> None:
    idle = replace(SYNC, oldest_s=None, hours_left=None, connected_s=None, depth=0)
    body = json.loads(
        payloads.health(idle, run="run-1", uptime_s=0.0, clock=ClockQuality.UNSYNCED, at=AT)
    )
    validator("health.json").validate(body)
    assert body["oldest_s"] is None


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("state", {"state": "online", "run": "r"}),
        ("state", {"state": "offline", "run": "r"}),
        ("state", {"state": "offline", "run": "r", "reason": "bored"}),
        ("state", {"state": "away", "run": "r", "reason": "lost"}),
        ("occupancy", {"total": -1, "uncertain": 0, "by_category": {}, "limit": {}, "as_of": {}}),
        ("lane", {"lane": "lane-1", "state": "granted"}),
        ("health", {"run": "r"}),
    ],
)
def test_broken_states_and_figures_are_not_valid(name: str, body: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator(f"{name}.json").validate(body)


@settings(max_examples=50)
@given(
    seq=st.integers(min_value=1, max_value=2**53),
    text=st.text(max_size=40),
    number=st.integers(min_value=0),
)
def test_any_detail_travels_as_one_json_document(seq: int, text: str, number: int) -> None:
    fact = Audit(subject=AuditSubject.OFFICER, action="noted", detail={"text": text, "n": number})
    body = json.loads(payloads.event(an_event(fact, seq), SITE, PublishStatus.STATUS))
    validator("event.json").validate(body)
    assert body["sequence"] == seq
    assert body["data"]["detail"] == {"text": text, "n": number}
