"""The messages to the centre as bytes: events in their envelope, present states, figures.

Events are CloudEvents 1.0 in structured JSON, so that MQTT 5, MQTT 3.1.1, bridges and queues behind
the broker all carry the same body. States and figures are plain JSON. The schemas beside this file
(`schemas/*.json`) are the contract; a reader leaves out fields that it does not know.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatewayd.core.documents import Document, Withdrawn
from gatewayd.core.door import Door
from gatewayd.core.events import (
    Access,
    Alarm,
    Audit,
    Event,
    Fact,
    Passage,
    event_type,
    fact_data,
    format_time,
)
from gatewayd.core.lane import rest_state
from gatewayd.core.lane_terms import ExitOnly, Faulted, Free, Idle, Lane, Rest
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import Enforcement
from gatewayd.core.reasons import Reason
from gatewayd.core.roster_documents import FullRoster
from gatewayd.core.sync_figures import SyncFigures
from gatewayd.core.words import ClockQuality, Direction, DoorId, HolderId, Json, LaneId
from gatewayd.mqtt.topics import SitePath

EVENT_CONTENT_TYPE = "application/cloudevents+json"
STATE_CONTENT_TYPE = "application/json"


class PublishStatus(StrEnum):
    """How much of what a verdict says about somebody's health leaves the site (`[privacy]`).

    STATUS: all of it. OUTCOME: no status, and health reasons only as `health_rule`. NONE: no status
    and no reason at all, so that a missing one tells nothing either. The journal keeps the whole.
    """

    STATUS = "status"
    OUTCOME = "outcome"
    NONE = "none"


HEALTH_RULE = "health_rule"
HEALTH_REASONS = frozenset(
    {
        Reason.STATUS_YELLOW,
        Reason.STATUS_RED,
        Reason.STATUS_BLACK,
        Reason.STATUS_UNKNOWN,
        Reason.REGION_TEST,
    }
)


@dataclass(frozen=True, slots=True)
class AsOf:
    """The last event that a state takes account of, and when the state was made."""

    epoch: str
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """What a gateway says of itself when it comes online."""

    run: str
    version: str
    epoch: str
    next_seq: int
    policy: tuple[str, ...]
    clock: ClockQuality
    depth: int
    """Events that wait for their receipt."""
    at: datetime
    nonce: str | None = None
    """What orders must echo while the clock is not synchronised."""
    documents: tuple[Document, ...] = ()
    """Those of the centre that are in force."""
    registration_id: str = ""
    """What the authority calls the site."""
    mode: Enforcement = Enforcement.ENFORCE


class Offline(StrEnum):
    STOPPED = "stopped"
    LOST = "lost"


def event(one: Event, site: SitePath, publish: PublishStatus) -> bytes:
    """Return the CloudEvent of an event: schemas/event.json."""
    envelope: dict[str, Json] = {
        "specversion": "1.0",
        "id": one.id,
        "source": site.source,
        "type": event_type(one.fact),
        "time": format_time(one.draft.at),
        "datacontenttype": "application/json",
        "epoch": one.epoch,
        "sequence": one.seq,
        "clockquality": str(one.draft.clock),
    }
    subject = _subject(one.fact)
    if subject is not None:
        envelope["subject"] = subject
    envelope["data"] = event_data(one, publish)
    return _dump(envelope)


def event_data(one: Event, publish: PublishStatus) -> dict[str, Json]:
    """Return what leaves the site of what an event says."""
    data = fact_data(one.fact)
    return _reduced(data, publish) if isinstance(one.fact, Access) else data


def online(birth: Birth) -> bytes:
    """Return the birth message: schemas/state.json."""
    told: dict[str, Json] = {
        "state": "online",
        "run": birth.run,
        "version": birth.version,
        "epoch": birth.epoch,
        "next_sequence": birth.next_seq,
        "policy": list(birth.policy),
        "mode": str(birth.mode),
        "clockquality": str(birth.clock),
        "queue_depth": birth.depth,
        "documents": [document_state(one) for one in birth.documents],
        "time": format_time(birth.at),
    }
    if birth.registration_id:
        told["registration_id"] = birth.registration_id
    if birth.nonce is not None:
        told["nonce"] = birth.nonce
    return _dump(told)


def document_state(document: Document) -> dict[str, Json]:
    """Return what a document of the centre is, for the birth message, records and answers."""
    slot = document.slot
    told: dict[str, Json] = {"kind": str(slot.kind), "path": slot.path}
    if slot.name:
        told["name"] = slot.name
    told |= {
        "version": document.version,
        "issued_at": format_time(document.issued_at),
        "hash": document.digest,
    }
    if isinstance(document.content, Withdrawn):
        told["withdrawn"] = True
    if isinstance(document.content, FullRoster):
        told["people"] = len(document.content.rows)
    return told


def offline(run: str, reason: Offline) -> bytes:
    """Return the will, or the goodbye of a run that ends in order: schemas/state.json."""
    return _dump({"state": "offline", "run": run, "reason": str(reason)})


Counted = tuple[Occupancy, Mapping[str, Json]]
"""Who is inside, and the limits there as `core.occupancy.limits` shows them."""


def occupancy(house: Counted, areas: Mapping[str, Counted], as_of: AsOf) -> bytes:
    """Return the count of the house and of its inner areas: schemas/occupancy.json."""
    told = _count(house)
    if areas:
        told["areas"] = {name: _count(area) for name, area in areas.items()}
    return _dump({**told, "as_of": _as_of(as_of)})


def lane(lane_id: LaneId, now: Lane, as_of: AsOf) -> bytes:
    """Return what a lane can do: schemas/lane.json. Who is served at the moment is left out."""
    return _dump(
        {
            "lane": lane_id,
            "state": _condition(rest_state(now)),
            "order": str(now.order),
            "fire": now.in_fire,
            "linked": now.is_linked,
            "as_of": _as_of(as_of),
        }
    )


def door(door_id: DoorId, name: str, now: Door, as_of: AsOf) -> bytes:
    """Return whether a door is shut: schemas/door.json."""
    return _dump(
        {
            "door": door_id,
            "name": name,
            "state": str(now.state),
            "seen": now.is_seen,
            "as_of": _as_of(as_of),
        }
    )


def health(
    sync: SyncFigures, *, run: str, uptime_s: float, clock: ClockQuality, at: datetime
) -> bytes:
    """Return the figures of the minute: schemas/health.json."""
    return _dump(
        {
            "run": run,
            "time": format_time(at),
            "clockquality": str(clock),
            "uptime_s": round(uptime_s),
            "connected_s": _whole(sync.connected_s),
            "queue_depth": sync.depth,
            "oldest_s": _whole(sync.oldest_s),
            "hours_left": _whole(sync.hours_left),
            "published": sync.published,
            "receipts": sync.receipts,
            "refused": sync.refused,
            "quarantined": sync.quarantined,
            "is_heard": sync.is_heard,
            "centre_upto": sync.centre_upto,
        }
    )


def reply(
    order_id: str,
    result: str,
    at: datetime,
    *,
    text: str | None = None,
    detail: Mapping[str, Json] | None = None,
) -> bytes:
    """Return what became of a signed message: schemas/reply.json."""
    told: dict[str, Json] = {"id": order_id, "result": result, "time": format_time(at)}
    if text is not None:
        told["text"] = text
    if detail:
        told["detail"] = dict(detail)
    return _dump(told)


def check(question_id: str, holder: HolderId, lane_id: LaneId, at: datetime, wait_ms: int) -> bytes:
    """Return the question who somebody at a lane's entry is: schemas/check.json."""
    return _dump(
        {
            "id": question_id,
            "holder": holder,
            "lane": lane_id,
            "direction": str(Direction.ENTRY),
            "wait_ms": wait_ms,
            "time": format_time(at),
        }
    )


def told_reason(reason: str, publish: PublishStatus) -> str | None:
    """Return the reason of a verdict as far as it leaves the site; None where it does not."""
    match publish:
        case PublishStatus.STATUS:
            return reason
        case PublishStatus.OUTCOME:
            return _neutral(reason)
        case PublishStatus.NONE:
            return None


def _subject(fact: Fact) -> str | None:
    match fact:
        case Access() | Passage():
            return fact.lane
        case Alarm():
            return fact.subject
        case Audit():
            return None


def _reduced(data: Mapping[str, Json], publish: PublishStatus) -> dict[str, Json]:
    """Leave out of an access event what `publish` keeps at the site."""
    match publish:
        case PublishStatus.STATUS:
            return dict(data)
        case PublishStatus.OUTCOME:
            kept = _without(data, "status", "status_until")
            kept["reason"] = _neutral(str(data["reason"]))
            findings = data.get("findings")
            if isinstance(findings, list):
                kept["findings"] = [_neutral(str(finding)) for finding in findings]
        case PublishStatus.NONE:
            kept = _without(data, "status", "status_until", "reason", "findings")
    attestation = data.get("attestation")
    if isinstance(attestation, Mapping):
        health = ("healthy", "certificate")
        hidden = health if publish is PublishStatus.OUTCOME else (*health, "reason")
        kept["attestation"] = _without(attestation, *hidden)
    return kept


def _neutral(code: str) -> str:
    """Return a reason or a finding (`would_refuse:{reason}`) without what it says of health."""
    finding, colon, reason = code.rpartition(":")
    return f"{finding}{colon}{HEALTH_RULE}" if reason in HEALTH_REASONS else code


def _without(data: Mapping[str, Json], *names: str) -> dict[str, Json]:
    return {name: value for name, value in data.items() if name not in names}


def _count(counted: Counted) -> dict[str, Json]:
    now, limit = counted
    return {
        "total": now.total,
        "uncertain": now.uncertain,
        "by_category": dict(now.by_category),
        "limit": dict(limit),
    }


def _condition(rest: Rest) -> str:
    match rest:
        case Idle():
            return "ready"
        case Faulted():
            return "faulted"
        case Free():
            return "free"
        case ExitOnly():
            return "exit_only"


def _as_of(as_of: AsOf) -> dict[str, Json]:
    return {"epoch": as_of.epoch, "sequence": as_of.seq, "time": format_time(as_of.at)}


def _whole(amount: float | None) -> int | None:
    return None if amount is None else round(amount)


def _dump(document: Mapping[str, Json]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
