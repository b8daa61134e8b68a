"""Rows of the live feed: what a page tells of an event. They name no holder."""

from gatewayd.core.events import (
    Access,
    Alarm,
    Audit,
    Event,
    Passage,
    event_class,
    fact_data,
    format_time,
)
from gatewayd.core.feed_kinds import feed_kinds
from gatewayd.core.words import Json

_HIDDEN = ("holder", "pass_id", "code_step", "status", "status_until", "pass_until")
"""What tells who it is, and what is health data."""


def feed_row(event: Event) -> dict[str, Json]:
    """Return the event for people who may see what happens at the gate."""
    data = {key: value for key, value in fact_data(event.fact).items() if key not in _HIDDEN}
    if isinstance(event.fact, Audit):
        data["detail"] = {
            key: value for key, value in event.fact.detail.items() if key not in _HIDDEN
        }
    return _row(event, data)


def machine_row(event: Event) -> dict[str, Json] | None:
    """Return the event for whoever looks after the machine: no people in it."""
    match event.fact:
        case Access() | Passage():
            return None
        case Alarm() | Audit():
            return feed_row(event)


def _row(event: Event, data: dict[str, Json]) -> dict[str, Json]:
    fact = event.fact
    return {
        "id": event.id,
        "at": format_time(event.draft.at),
        "class": str(event_class(fact)),
        "kinds": [str(kind) for kind in feed_kinds(fact)],
        **({} if isinstance(fact, Audit) else {"outcome": str(fact.outcome)}),
        **data,
    }
