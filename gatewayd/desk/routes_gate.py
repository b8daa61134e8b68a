"""The routes of the officer's desk: who passes, what waits, lanes, doors and the count."""

from gatewayd.desk.routes import (
    EVENT,
    FLAG,
    GATE,
    PEOPLE,
    STAFF,
    TEXT,
    WORD,
    Method,
    number,
    takes,
    verb,
)

_ATTESTED = {
    "category": WORD,
    "reason": TEXT,
    "healthy": FLAG,
    "protocol": FLAG,
    "certificate": FLAG,
    "purpose": WORD,
    "origin": WORD,
}

ROUTES = (
    verb(
        Method.GET,
        "status",
        STAFF,
        "How the gate is: lanes, doors, count, alarms, link to the centre",
    ),
    verb(
        Method.GET,
        "terms",
        PEOPLE,
        "What has to be declared for a guest, and what there is to choose from",
    ),
    verb(
        Method.GET,
        "referrals",
        PEOPLE,
        "Who was sent to the officer and waits, by number",
    ),
    verb(
        Method.POST,
        "admit",
        GATE,
        "Let a guest in by attestation, or somebody who was referred",
        takes=takes(
            **_ATTESTED,
            lane=WORD,
            referral=number(1, 9999),
            count=number(1, 60),
            badge=number(1, 9999),
        ),
    ),
    verb(
        Method.POST,
        "refuse",
        GATE,
        "Turn away somebody who was referred",
        takes=takes("referral", "reason", referral=number(1, 9999), reason=TEXT),
    ),
    verb(
        Method.GET,
        "assists",
        PEOPLE,
        "Who needs help, at which lane",
    ),
    verb(
        Method.POST,
        "assist_request",
        GATE,
        "Ask for an officer at a lane",
        takes=takes("lane", lane=WORD),
    ),
    verb(
        Method.POST,
        "assist_take",
        GATE,
        "Say that one is on the way to somebody who needs help",
        takes=takes("assist", assist=number(1, 9999)),
    ),
    verb(
        Method.POST,
        "assist_done",
        GATE,
        "Say that somebody was helped",
        takes=takes("assist", assist=number(1, 9999), note=TEXT),
    ),
    verb(
        Method.POST,
        "lane",
        GATE,
        "Order one lane, or all where none is named: lock the entry, free, resume",
        takes=takes("order", lane=WORD, order={"enum": ["free", "lock", "resume"]}, reason=TEXT),
    ),
    verb(
        Method.POST,
        "door",
        GATE,
        "Allow a door to be open for some minutes, or watch it again",
        takes=takes(
            "door",
            "order",
            door=WORD,
            order={"enum": ["allow", "watch"]},
            minutes=number(1, 480),
            reason=TEXT,
        ),
    ),
    verb(
        Method.POST,
        "count",
        GATE,
        "Set how many of a category are inside, or count so many more or fewer",
        takes=takes(
            "reason", category=WORD, to=number(0, 100_000), by=number(-60, 60), reason=TEXT
        ),
    ),
    verb(
        Method.POST,
        "forgive",
        GATE,
        "Take somebody for outside who is inside by the records",
        takes=takes("reason", id=TEXT, holder=TEXT, event=EVENT, reason=TEXT),
    ),
    verb(
        Method.GET,
        "officers",
        PEOPLE,
        "Who is on duty",
    ),
    verb(
        Method.POST,
        "officer",
        GATE,
        "Go on duty or off duty",
        takes=takes("sign", sign={"enum": ["in", "out"]}, note=TEXT),
    ),
    verb(
        Method.POST,
        "hand_over",
        GATE,
        "Leave a note for the officer who comes next",
        takes=takes("note", note=TEXT),
    ),
)
