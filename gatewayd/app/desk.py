"""Builds the pages and the HTTP API of a gate."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Never

from aiohttp import web

from config.schema import Desk, Settings
from gatewayd.app.desk_access import build_entrance
from gatewayd.app.opened import Opened
from gatewayd.app.pages import Behind, Pages
from gatewayd.core.events import Event
from gatewayd.core.feed import feed_row, machine_row
from gatewayd.core.roles import Role
from gatewayd.core.words import Json
from gatewayd.desk import (
    routes_access,
    routes_gate,
    routes_manage,
    routes_users,
    routes_watch,
)
from gatewayd.desk.open_pages import OpenPages
from gatewayd.desk.openapi import document
from gatewayd.desk.repeats import Repeats
from gatewayd.desk.routes import PEOPLE
from gatewayd.desk.server import Parts, application, serve
from gatewayd.desk.stream import ROWS_KEPT, Channel, Snapshot
from gatewayd.desk.texts import tell_texts
from gatewayd.desk.watched import watched
from gatewayd.runtime.displays import Displays, Venue
from gatewayd.runtime.gateway import Part
from gatewayd.runtime.metrics import CONTENT_TYPE
from gatewayd.runtime.requests import Answer

DISPLAY_LOOK_S = 0.1  # The arrow is there before the person looks up.

ROUTES = (
    *routes_access.ROUTES,
    *routes_gate.ROUTES,
    *routes_manage.ROUTES,
    *routes_users.ROUTES,
    *routes_watch.ROUTES,
)


def build_pages(settings: Settings, desk: Desk, opened: Opened, behind: Behind) -> Pages:
    """Build the server; it does not listen yet."""
    displays = _build_displays(settings, desk, behind)
    entrance = build_entrance(
        settings, opened, behind.people, behind.shared.gate, behind.blocking, behind.ask
    )
    journal, clock = opened.journal, opened.clock
    snapshot = partial(_lasting, behind.status)
    people = Channel(snapshot, feed_row, clock)
    machine = Channel(partial(_of_machine, snapshot), machine_row, clock)
    channels = {role: people if role in PEOPLE else machine for role in Role}
    before = journal.read(max(0, journal.head() - ROWS_KEPT), ROWS_KEPT)
    for channel in (people, machine):
        channel.remember(before)

    lanes = {
        lane: Channel(partial(displays.snapshot, lane), _nothing, clock, DISPLAY_LOOK_S)
        for lane in displays.lanes
    }
    pages = OpenPages(entrance.guard, clock, channels, lanes)

    def committed(events: Sequence[Event]) -> None:
        displays.committed(events)
        people.committed(events)
        machine.committed(events)

    parts = Parts(
        routes=ROUTES,
        guard=entrance.guard,
        ask=behind.ask,
        files=behind.files,
        own={
            "stream": pages.stream,
            "display": pages.display,
            "texts": tell_texts,
            "openapi": _tell_api,
            **entrance.own,
            **watched(behind.is_ready, behind.metrics, CONTENT_TYPE),
        },
        channels=(people, machine, *lanes.values()),
        repeats=Repeats(opened.run, clock),
    )

    async def run() -> Never:
        await serve(application(parts), desk.host, desk.port, await entrance.tls())

    return Pages(
        (
            Part("pages", run),
            *entrance.parts,
            Part("pages of people", people.run),
            Part("pages of the machine", machine.run),
            *(Part(f"display of {lane}", channel.run) for lane, channel in lanes.items()),
        ),
        committed,
    )


def _build_displays(settings: Settings, desk: Desk, behind: Behind) -> Displays:
    """Return what the lanes' displays show."""
    site = settings.site
    name, address = site.name or site.id, desk.check_in_address
    venue = Venue(str(site.path), name, str(site.locale), address)
    return Displays(venue, behind.lanes, behind.shared)


async def _tell_api(_: web.Request) -> web.StreamResponse:
    return web.json_response(_API)


_API = document(ROUTES)


def _nothing(_: Event) -> None:
    """Make no row: displays have no feed, since events are of people."""


def _of_machine(snapshot: Snapshot) -> Mapping[str, Json]:
    """Return the state without what officers tell each other of people."""
    return {key: value for key, value in snapshot().items() if key not in _OF_PEOPLE}


_OF_PEOPLE = frozenset({"referred", "assists", "handover"})


def _lasting(status: Callable[[], Answer]) -> Mapping[str, Json]:
    """Return the state without what changes by itself, so that it is told when it changed.

    Ages of the link to the centre are told in whole minutes: else each look would find a change.
    """
    told = {key: value for key, value in status().items() if key != "uptime_s"}
    link = told.get("broker")
    if isinstance(link, dict):
        told["broker"] = {key: _coarse(key, value) for key, value in link.items()}
    return told


def _coarse(key: str, value: Json) -> Json:
    if not isinstance(value, float):
        return value
    return round(value) if key == "hours_left" else round(value / 60) * 60
