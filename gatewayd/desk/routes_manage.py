"""The routes of the manager's page: days, records, alarms, rules, people inside, files."""

from gatewayd.core.roles import Role
from gatewayd.core.words import Status
from gatewayd.desk.routes import (
    EVENT,
    FLAG,
    GATE,
    MANAGER,
    PEOPLE,
    STAFF,
    TEXT,
    WORD,
    Kind,
    Method,
    Route,
    Schema,
    number,
    takes,
    verb,
)

OVERSEERS = frozenset({Role.MANAGER, Role.AUDITOR})
"""Who looks back at what people did."""
KEEPERS = frozenset({Role.MANAGER, Role.TECHNICIAN})
"""Who keeps the machine going."""

_DAY: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}
_LOCALE: Schema = {"enum": ["id", "en"]}
_ANSWER: Schema = {"enum": ["admit", "refuse", "refer"]}
_SOUGHT: Schema = {"type": "string", "maxLength": 100}
"""What rows are searched for: two of them fit into the line of a request in any script."""
_ROWS = {
    "before": EVENT,
    "kind": WORD,
    "lane": WORD,
    "direction": {"enum": ["entry", "exit"]},
    "who": _SOUGHT,
    "text": _SOUGHT,
}
_CODE: Schema = {"type": "string", "minLength": 1, "maxLength": 128}

ROUTES = (
    verb(
        Method.POST,
        "alarm_acknowledge",
        GATE | {Role.TECHNICIAN},
        "Say that somebody saw an alarm; it stands until its cause is gone",
        takes=takes("alarm", "subject", alarm=WORD, subject=TEXT, note=TEXT),
    ),
    verb(
        Method.GET,
        "day",
        OVERSEERS,
        "A day at the gate in numbers, and how many were inside from when on",
        takes=takes(day=_DAY),
    ),
    verb(
        Method.GET,
        "events",
        PEOPLE,
        "Rows of the feed, newest first, before an event",
        fixed={"audience": "people"},
        takes=takes(**_ROWS),
    ),
    verb(
        Method.GET,
        "events",
        STAFF,
        "The same without people: alarms, orders, devices",
        path="/api/machine_events",
        fixed={"audience": "machine"},
        takes=takes(**_ROWS),
    ),
    verb(
        Method.GET,
        "explain",
        PEOPLE,
        "Each check of a recorded verdict by the rules of now, with the layer it is from",
        takes=takes("event", event=EVENT),
    ),
    verb(
        Method.POST,
        "what_if",
        OVERSEERS,
        "Who would have been answered differently on a day, yesterday by default",
        takes=takes(
            day=_DAY,
            total=number(0, 100_000),
            percent=number(0, 100),
            statuses={
                "type": "object",
                "properties": dict.fromkeys(map(str, Status), _ANSWER),
                "additionalProperties": False,
            },
            unknown_holder=_ANSWER,
            anti_passback={"enum": ["off", "soft", "hard", "timed"]},
        ),
    ),
    verb(
        Method.GET,
        "matrix",
        STAFF,
        "What the policy in force makes of each category and status",
    ),
    verb(
        Method.POST,
        "reload",
        KEEPERS,
        "Read policy, lists and keys anew, all of it or nothing",
    ),
    verb(
        Method.POST,
        "muster",
        PEOPLE,
        "Take down who is inside, or was when the last alarm began; nobody by name",
        takes=takes(frozen=FLAG),
    ),
    Route(
        method=Method.GET,
        path="/api/muster_list",
        kind=Kind.FILE,
        does="muster_list",
        roles=PEOPLE,
        summary="A muster that was taken, to tick on paper or for a spreadsheet",
        takes=takes(
            "muster",
            "format",
            muster=number(1, 1_000_000_000),
            format={"enum": ["csv", "pdf"]},
            locale=_LOCALE,
        ),
        media_type="application/pdf",
    ),
    Route(
        method=Method.GET,
        path="/api/report",
        kind=Kind.FILE,
        does="report",
        roles=OVERSEERS,
        summary="The recap of a day: numbers that name nobody",
        takes=takes("format", day=_DAY, format={"enum": ["json", "csv", "pdf"]}, locale=_LOCALE),
        media_type="application/pdf",
    ),
    Route(
        method=Method.GET,
        path="/api/export",
        kind=Kind.FILE,
        does="export",
        roles=OVERSEERS,
        summary="The records of some days as a table, without whom they are of",
        takes=takes(first=_DAY, last=_DAY),
        media_type="text/csv",
    ),
    verb(
        Method.POST,
        "trace",
        MANAGER,
        "Who met somebody, once two people released it with their codes",
        takes=takes(
            "codes",
            id={"type": "string", "minLength": 1, "maxLength": 64},
            badge=number(1, 9999),
            days=number(1, 90),
            minutes=number(1, 1440),
            generations=number(1, 2),
            codes={"type": "array", "items": _CODE, "minItems": 2, "maxItems": 2},
        ),
    ),
)
