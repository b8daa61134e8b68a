"""The events that a gateway records: their types, their data and their JSON.

One event is one row of the journal and one message to the centre. The JSON made here is what the
journal stores; `gatewayd.mqtt.payloads` only wraps it in a CloudEvents envelope.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar, cast

from gatewayd.core.words import ClockQuality, Direction, GrantId, HolderId, Json, LaneId, Status

GATEWAY = "gateway"
OFFICER = "officer"
DEADLINE = "deadline"
"""The sources of verdicts."""


class EventClass(StrEnum):
    """The last level of the event topics: `R/up/event/{class}`."""

    ACCESS = "access"
    PASSAGE = "passage"
    ALARM = "alarm"
    AUDIT = "audit"


class AccessOutcome(StrEnum):
    ADMITTED = "admitted"
    REFUSED = "refused"
    REFERRED = "referred"


class PassageOutcome(StrEnum):
    """How a grant or a body at the turnstile ended up.

    `EXPIRED` ends a grant nobody used; `BREACHED` is an entry without a grant; `UNATTRIBUTED` is a
    passage that stands for nobody we know (an exit without a scan, anyone during an emergency).
    """

    COMPLETED = "completed"
    EXPIRED = "expired"
    BREACHED = "breached"
    UNATTRIBUTED = "unattributed"


class AlarmOutcome(StrEnum):
    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"


class AuditSubject(StrEnum):
    OFFICER = "officer"
    POLICY = "policy"
    ROSTER = "roster"
    COMMAND = "command"
    GATEWAY = "gateway"
    LINK = "link"
    DOOR = "door"
    JOURNAL = "journal"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A verdict: one for each scan, and one for each admission or settlement by an officer."""

    outcome: AccessOutcome
    lane: LaneId
    direction: Direction
    reason: str
    """A stable code of `core.reasons`."""
    source: str
    """Who decided: `gateway` (a scan was decided here), `officer`, or `deadline` (none did)."""
    kind: str
    """What the person held up: `pass`, `roster`, `attestation`, `unreadable` ..."""
    holder: HolderId | None = None
    category: str | None = None
    status: Status | None = None
    status_until: datetime | None = None
    grant: GrantId | None = None
    policy: tuple[str, ...] = ()
    """The versions of the policy layers that were used, national first."""
    findings: tuple[str, ...] = ()
    """What was noticed without changing the verdict: `not_inside`, `would_refuse:capacity_full`."""
    referral: int | None = None
    """The number of the referral that this opens or, where it refers nobody, settles."""
    attestation: Mapping[str, Json] | None = None
    """What the officer declared: `officer`, `reason`, `healthy`, `protocol`."""
    purpose: str | None = None
    """What they came for, as a check-in says."""
    order: str | None = None
    """The id of the centre's message that asked for this."""
    pass_id: str | None = None
    """The pass held up, where it is good for a number of entries: they are counted by it."""
    area: str | None = None
    """The inner area that the lane leads to; None: it is a lane of the gate."""
    code_step: int | None = None
    """The step of the rotating code that was held up, in 30 s since 1970: it is used by this."""
    pass_until: datetime | None = None
    """Its end; from then on nobody needs the count."""
    cached: bool = False
    """The holder was known to the decision cache."""
    latency_us: int | None = None
    """From the last byte of the scan to the verdict, in microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What became of a grant, or a body that went through without one."""

    outcome: PassageOutcome
    lane: LaneId
    direction: Direction
    reason: str | None = None
    """Why a grant expired or what the breach was (`forced`, `tailgate`, `record_late` ...)."""
    grant: GrantId | None = None
    holder: HolderId | None = None
    category: str | None = None
    area: str | None = None
    """The inner area that the lane leads to: they went in and out of it, and not of the house."""
    device: str | None = None
    device_sequence: int | None = None
    """Position in the controller's own log; (device, device_sequence) is unique."""
    assumed: bool = False
    """Nobody saw it: the turnstile gives no feedback, or it was inferred at closing time."""
    uncertain: bool = False
    """The outcome of the grant never became known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    outcome: AlarmOutcome
    alarm: str
    """What is wrong: `link_lost`, `journal_refuses`, `fire`, `one_gate_broken` ..."""
    subject: str
    """Where: a lane, reader, door or `gateway`."""
    detail: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    subject: AuditSubject
    action: str
    """Past participle: `started`, `stopped`, `count_set`, `lane_locked` ..."""
    detail: Mapping[str, Json] = field(default_factory=dict)


Fact = Access | Passage | Alarm | Audit


@dataclass(frozen=True, slots=True)
class Draft:
    """A fact before the journal gave it a place: when it happened, and how sure that time is."""

    fact: Fact
    at: datetime
    clock: ClockQuality = ClockQuality.SYNCED

    def __post_init__(self) -> None:
        assert self.at.tzinfo is not None, "an event's time carries its zone"


@dataclass(frozen=True, slots=True)
class Event:
    """A fact with its place in the journal. `id` is unique in all epochs of all gateways' files."""

    epoch: str
    """16 lower-case hex digits, rising with each new journal file of a site."""
    seq: int
    """From 1, without gaps inside an epoch."""
    draft: Draft
    run: str
    """Names the process run that appended it; with `appended_s` tells live from late."""
    appended_s: float
    """Monotonic seconds of the append, meaningful only inside `run`."""

    @property
    def id(self) -> str:
        return f"{self.epoch}-{self.seq}"

    @property
    def fact(self) -> Fact:
        return self.draft.fact


def event_class(fact: Fact) -> EventClass:
    match fact:
        case Access():
            return EventClass.ACCESS
        case Passage():
            return EventClass.PASSAGE
        case Alarm():
            return EventClass.ALARM
        case Audit():
            return EventClass.AUDIT


def event_type(fact: Fact) -> str:
    """Return the CloudEvents type, for example `onegate.access.admitted.v1`."""
    match fact:
        case Audit():
            return f"onegate.audit.{fact.subject}.v1"
        case Access() | Passage() | Alarm():
            return f"onegate.{event_class(fact)}.{fact.outcome}.v1"


def dump_draft(draft: Draft) -> bytes:
    """Return the stored form: compact JSON with `type`, `time`, `clockquality` and `data`."""
    body = {
        "type": event_type(draft.fact),
        "time": format_time(draft.at),
        "clockquality": str(draft.clock),
        "data": fact_data(draft.fact),
    }
    return _ENCODER.encode(body).encode()


def load_draft(body: bytes) -> Draft:
    """Read what `dump_draft` wrote; raises ValueError where it is something else."""
    try:
        document = json.loads(body)
        fact = _load_fact(document["type"], document["data"])
        return Draft(fact, parse_time(document["time"]), ClockQuality(document["clockquality"]))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not an event of this gateway: {error!r}") from error


def fact_data(fact: Fact) -> dict[str, Json]:
    """Return `data` of the event: the fields that are set; the outcome stands in the type."""
    data: dict[str, Json] = {}
    for name in _DATA_NAMES[type(fact)]:
        value = getattr(fact, name)
        if value is None:  # Most of the rest.
            continue
        if type(value) is str or type(value) is int:  # Most of them, in the way of each verdict.
            data[name] = value
        elif value:
            data[name] = _plain(value)
    return data


def format_time(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`."""
    at = at if at.tzinfo is UTC else at.astimezone(UTC)
    return f"{at.isoformat(timespec='milliseconds')[:-6]}Z"  # Its end is +00:00.


def parse_time(text: str) -> datetime:
    """Read a time with its zone; raises ValueError for what is none, in UTC too."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"time without zone: {text!r}")
    try:
        at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"time beyond those of UTC: {text!r}") from error
    return at


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


# What the type of the event tells already is not in its data.
_DATA_NAMES: Mapping[type, tuple[str, ...]] = {
    kind: tuple(item.name for item in fields(kind) if item.name != told)
    for kind, told in (
        (Access, "outcome"),
        (Passage, "outcome"),
        (Alarm, "outcome"),
        (Audit, "subject"),
    )
}


def _plain(value: object) -> Json:
    match value:
        case StrEnum():
            return str(value)
        case datetime():
            return format_time(value)
        case tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return dict(value)
        case bool() | int() | str():
            return value
        case _:
            raise AssertionError(f"no JSON form for {value!r}")


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "lane": LaneId,
    "direction": Direction,
    "holder": HolderId,
    "grant": GrantId,
    "status": Status,
    "status_until": parse_time,
    "pass_until": parse_time,
    "policy": tuple,
    "findings": tuple,
}


def _load_fact(type_name: str, data: Mapping[str, Any]) -> Fact:
    onegate, kind, verb, version = type_name.split(".")
    if (onegate, version) != ("onegate", "v1"):
        raise ValueError(f"unknown event type {type_name!r}")
    match EventClass(kind):
        case EventClass.ACCESS:
            return _load(Access, data, outcome=AccessOutcome(verb))
        case EventClass.PASSAGE:
            return _load(Passage, data, outcome=PassageOutcome(verb))
        case EventClass.ALARM:
            return _load(Alarm, data, outcome=AlarmOutcome(verb))
        case EventClass.AUDIT:
            return _load(Audit, data, subject=AuditSubject(verb))


_FactT = TypeVar("_FactT", Access, Passage, Alarm, Audit)


def _load(kind: Callable[..., _FactT], data: Mapping[str, Any], **head: StrEnum) -> _FactT:
    """Unknown fields are left out, so that an older gateway reads a newer journal."""
    known = {item.name for item in fields(cast(type[_FactT], kind))}
    values = {
        name: _PARSERS.get(name, _same)(value) for name, value in data.items() if name in known
    }
    return kind(**values, **head)


def _same(value: object) -> object:
    return value
