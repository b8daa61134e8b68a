"""What each route answers, as schemas: for programs, and to hold the running server to.

Answers may grow: a program leaves out the fields that it does not know.
"""

from collections.abc import Mapping

from gatewayd.desk.routes import Schema

TEXT: Schema = {"type": "string"}
TIME: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {"type": "string", "format": "date"}
WHOLE: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
ANY: Schema = {}
COUNTS: Schema = {"type": "object", "additionalProperties": COUNT}
OBJECT: Schema = {"type": "object"}


def has(*optional: str, **properties: Schema) -> Schema:
    """Return the schema of an object with these properties, and maybe others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def rows(schema: Schema = OBJECT) -> Schema:
    return {"type": "array", "items": schema}


def by_id(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def maybe(schema: Schema) -> Schema:
    """Return the schema of what is null where there is none."""
    return {"anyOf": [schema, {"type": "null"}]}


WORDS: Schema = {**by_id(TEXT), "description": "The same in each language: id, en."}
"""A text in each of our languages."""

_LANE = has(
    state={
        "enum": ["idle", "faulted", "free", "exitonly", "deciding", "granted", "passing"],
    },
    order={"enum": ["normal", "exit_only", "free"]},
    fire=FLAG,
    linked=FLAG,
    fault=FLAG,
    waiting=COUNT,
    prompt=maybe(TEXT),
    device=TEXT,
)
_OCCUPANCY = has(
    total=WHOLE,
    uncertain=COUNT,
    by_category={"type": "object", "additionalProperties": WHOLE},
    entering=COUNTS,
    limit=COUNTS,
    places_left=COUNTS,
)
_DUTY = has(officer=TEXT, since=TIME, how=TEXT, caller=TEXT)
_STATUS = has(
    site=TEXT,
    version=TEXT,
    run=TEXT,
    uptime_s=COUNT,
    lanes=by_id(_LANE),
    doors=by_id(has(name=TEXT, state=TEXT, seen=FLAG, allowed=FLAG)),
    fire=rows(TEXT),
    occupancy=_OCCUPANCY,
    areas=by_id(_OCCUPANCY),
    officer_required=FLAG,
    on_duty=rows(_DUTY),
    alarms=rows(TEXT),
    broker=maybe(OBJECT),
    policy=rows(TEXT),
    mode={"enum": ["enforce", "observe"]},
    clockquality={"enum": ["synced", "holdover", "unsynced"]},
    health=has(ready=FLAG, colour=TEXT, parts=rows()),
)
_SITE = {"name": TEXT, "locale": {"enum": ["id", "en"]}}
_ME = has(
    "on_duty",
    label=TEXT,
    role=TEXT,
    lane=maybe(TEXT),
    csrf=maybe(TEXT),
    ends=maybe(TIME),
    on_duty=FLAG,
    **_SITE,
)
_ACCOUNT = has("secret", label=TEXT, role=TEXT, secret=TEXT)
_TOKEN = has(
    "token", label=TEXT, role=TEXT, lane=maybe(TEXT), made=DAY, used=maybe(DAY), token=TEXT
)
_EVENT = has("outcome", **{"id": TEXT, "at": TIME, "class": TEXT, "outcome": TEXT})
_PAGE_OF_ROWS = has(rows=rows(_EVENT), before=maybe(TEXT))
_NUMBERED = has(assist=COUNT)

ANSWERS: Mapping[str, Schema] = {
    "session_begin": _ME,
    "session_end": has("off_duty", "text", off_duty=FLAG, text=TEXT),
    "set_up": _ME,
    "me": _ME,
    "live": has(),
    "ready": has(),
    "site": has(set_up_needed=FLAG, **_SITE),
    "status": _STATUS,
    "terms": has(
        policy=rows(TEXT),
        required=rows(TEXT),
        purposes=rows(TEXT),
        categories=rows(TEXT),
        staff=rows(TEXT),
        anonymous=TEXT,
        origins=rows(TEXT),
        group_max=COUNT,
    ),
    "referrals": has(referrals=rows(has(referral=COUNT, lane=TEXT, at=TIME))),
    "admit": has("referral", admitted=COUNT, referral=COUNT),
    "refuse": has(referral=COUNT),
    "assists": has(assists=rows(has(assist=COUNT, lane=TEXT, cause=TEXT, at=TIME))),
    "assist_request": has(assist=COUNT, already=FLAG),
    "assist_take": _NUMBERED,
    "assist_done": has(assist=COUNT, seconds=COUNT),
    "lane": has(lanes=rows(TEXT), order=TEXT),
    "door": has(door=TEXT, state=TEXT),
    "count": has("from", "to", "by", **{"category": TEXT, "from": WHOLE, "to": WHOLE, "by": WHOLE}),
    "forgive": has("holder", holder=TEXT),
    "officers": has(on_duty=rows(_DUTY), officers=rows(TEXT), required=FLAG),
    "officer": has("already", officer=TEXT, since=TIME, already=FLAG),
    "hand_over": has(),
    "alarm_acknowledge": has(alarm=TEXT, subject=TEXT, seen=OBJECT),
    "day": has(
        begins=TIME,
        ends=TIME,
        verdicts=COUNTS,
        reasons=COUNTS,
        inside=rows(rows(ANY)),
        limit=maybe(COUNT),
        as_of=TIME,
    ),
    "events": _PAGE_OF_ROWS,
    "explain": OBJECT,
    "what_if": has(day=DAY),
    "matrix": has(versions=rows(TEXT), mode=TEXT, in_force=FLAG),
    "reload": OBJECT,
    "muster": has(
        muster=COUNT,
        at=TIME,
        total=WHOLE,
        uncertain=COUNT,
        by_category={"type": "object", "additionalProperties": WHOLE},
        people=rows(),
        more=COUNT,
        nameless={"type": "object", "additionalProperties": WHOLE},
    ),
    "trace": OBJECT,
    "user_list": has(
        accounts=rows(has(label=TEXT, role=TEXT, kind=TEXT, must_change=FLAG)),
        tokens=rows(_TOKEN),
        set_up_needed=FLAG,
    ),
    "user_add": _ACCOUNT,
    "user_password": _ACCOUNT,
    "user_remove": has(label=TEXT),
    "user_token": _TOKEN,
    "user_untoken": has(label=TEXT),
}
"""By what the route does; each has `ok: true` besides."""

FILES: Mapping[str, tuple[str, ...]] = {
    "muster_list": ("text/csv", "application/pdf"),
    "report": ("application/json", "text/csv", "application/pdf"),
    "export": ("text/csv",),
}
"""The media types of what is downloaded, by what the route does."""
