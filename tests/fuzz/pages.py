"""Fuzz targets: what browsers and programs send to the pages, and people to the control socket."""

import asyncio
import json
from datetime import date
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from aiohttp import web
from yarl import URL

from gatewayd.app.desk import ROUTES
from gatewayd.app.desk_feed import _wanted
from gatewayd.core.accounts import canonical, flaw_of, read_token
from gatewayd.core.custody import EVENT_ID
from gatewayd.core.recap import day_bounds
from gatewayd.core.roles import Role
from gatewayd.desk.access import _bearer
from gatewayd.desk.hosts import host_name, is_known
from gatewayd.desk.rates import asker_of
from gatewayd.desk.repeats import Repeats
from gatewayd.desk.routes import Method, Route
from gatewayd.desk.server import arguments
from gatewayd.desk.sessions import csrf_token
from gatewayd.runtime.control import _parse
from tests.fuzz import keys
from tests.fuzz.centre import carry_out
from tests.fuzz.json_trees import dumps, mutate_json
from tests.fuzz.lines import mutate_words
from tests.fuzz.target import Given, Target
from tests.sim.loop import SimLoop
from tests.unit.centre_documents import ZONE
from tests.unit.doubles import SimClock


class _Request:
    """As much of a request as its arguments are read from."""

    def __init__(self, body: bytes, query: str, path: dict[str, str]) -> None:
        self._body = body
        self.query = URL.build(path="/", query_string=query, encoded=True).query
        self.match_info = path

    async def read(self) -> bytes:
        return self._body


_POSTS = [route for route in ROUTES if route.method is not Method.GET]
_GETS = [route for route in ROUTES if route.method is Method.GET]


def _arguments(route: Route, request: _Request) -> dict[str, Any] | web.Response:
    async def main() -> dict[str, Any] | web.Response:
        return await arguments(route, cast("web.Request", request))

    return _loop().run_until_complete(main())


@cache
def _loop() -> SimLoop:
    return SimLoop()


def _body(data: bytes) -> None:
    """Send a body to any route: what it gives is refused in words, or can be passed on."""
    given = Given(data)
    route = _POSTS[given.byte() % len(_POSTS)]
    path = {"lane": "lane-1", "label": "dewi"}
    path = {name: value for name, value in path.items() if f"{{{name}}}" in route.path}
    _look_at(_arguments(route, _Request(given.rest(), "", path)))


def _query(data: bytes) -> None:
    given = Given(data)
    route = _GETS[given.byte() % len(_GETS)]
    text = given.rest().decode("latin-1")
    path = {name: text[:40] for name in ("lane", "locale") if f"{{{name}}}" in route.path}
    try:
        request = _Request(b"", text.partition("#")[0], path)
    except ValueError:
        return  # aiohttp answers that.
    found = _arguments(route, request)
    _look_at(found)
    if not isinstance(found, web.Response):
        _cursor(found)


def _cursor(given: dict[str, Any]) -> None:
    """Use what the feed and the reports are asked for, as they do."""
    wanted = _wanted(given)
    row = {"kinds": ["access"], "lane": "lane-1", "detail": {"officer": "dewi"}, "text": "é"}
    assert wanted.holds(row) in {True, False}
    if given.get("before") is not None:
        match = EVENT_ID.fullmatch(str(given["before"]))
        assert match is None or int(match[2]) < 10**19
    if given.get("day") is not None:
        try:
            day = date.fromisoformat(str(given["day"]))
        except ValueError:
            return
        if day <= keys.AT.date():
            day_bounds(day, ZONE)


def _look_at(found: dict[str, Any] | web.Response) -> None:
    if isinstance(found, web.Response):
        assert found.status == 400
        assert isinstance(found.text, str)
        json.loads(found.text)
        return
    json.dumps(found, sort_keys=True, allow_nan=False)
    json.dumps(found, ensure_ascii=False).encode()


_BODIES = (
    {"label": "dewi", "secret": "correct horse"}, {"lane": "lane-1", "order": "lock", "reason": "late"},
    {"category": "visitor", "reason": "a guest", "healthy": True, "lane": "lane-1", "count": 2.0},
    {"codes": ["one", "two"], "id": "S-1", "days": 14}, {"statuses": {"red": "admit"}, "total": 5},
)  # fmt: skip


def _body_seeds() -> list[bytes]:
    seeds = []
    for number, route in enumerate(_POSTS):
        names = route.takes.get("properties", {})
        for one in _BODIES:
            fitting = {name: value for name, value in one.items() if name in names}
            if fitting:
                seeds.append(dumps(fitting) + bytes([number]))
    return [*seeds, b"[]\0", b"\0"]


def _mutate_body(data: bytes, random: Any) -> bytes:
    return mutate_json(data[:-1], random) + (data[-1:] or b"\0")


_QUERIES = (
    b"before=0000017d69e0a000-12&kind=access&text=%C3%A9", b"day=2021-11-28&format=csv", b"muster=3&format=pdf",
    b"lane=lane-1&direction=entry&who=dewi", b"event=0000017d69e0a000-1", b"locale=id", b"first=2021-11-01&last=x",
)  # fmt: skip


# --- headers ---


def _headers(data: bytes) -> None:
    """Use what a stranger writes into headers, before anybody is known."""
    text = data.decode("utf-8", "surrogateescape")
    bare = text.replace("\r", "").replace("\n", "").replace("\0", "")
    name = host_name(bare)
    assert name is None or host_name(name) in {name, name.removesuffix("."), None} or name
    assert not is_known(bare, ("gate.example", "*.gate.example")) or name is not None
    asker_of(bare)
    read_token(bare)
    csrf_token(bare.encode("utf-8", "replace").decode())
    for role in Role:
        flaw_of("dewi", role, bare)
    canonical(bare)
    _bearer(cast("web.Request", SimpleNamespace(headers={"Authorization": bare})))


def _repeat(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")

    async def act() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"ok": True}

    async def main() -> None:
        repeats = Repeats("run-1", SimClock())
        first = await repeats.once("x", text, ("/api/lane", "{}"), act)
        again = await repeats.once("x", text, ("/api/lane", "{}"), act)
        assert first == again or first.get("code") == "late"

    _loop().run_until_complete(main())


# --- the control socket ---


def _control(data: bytes) -> None:
    request = _parse(data)
    if request is not None and request.get("do") != "erase":  # The double cannot do that.
        carry_out(dict(request), "uid:0")


_REQUESTS = (
    {"do": "status"}, {"do": "admit", "lane": "lane-1", "category": "visitor", "reason": "a guest",
     "healthy": True, "protocol": True, "badge": [1, 2]}, {"do": "lane", "lane": "lane-1", "order": "lock", "reason": "x"},
    {"do": "count", "category": "visitor", "to": 3, "reason": "counted"},
    {"do": "count", "category": "visitor", "by": 1, "reason": "counted"},
    {"do": "forgive", "id": "S-1", "reason": "left"}, {"do": "cache", "table": "holders", "key": "x"},
    {"do": "refuse", "referral": 1, "reason": "x"},
    {"do": "release", "action": "trace_released", "detail": {"by": "a"}}, {"do": "referrals"},
)  # fmt: skip


TARGETS = (
    Target("body", "bodies of HTTP requests, of all routes", _body, _body_seeds, _mutate_body,
           size_max=70_000),
    Target("query", "queries, cursors and filters of the API", _query,
           lambda: [query + bytes([n]) for query in _QUERIES for n in range(len(_GETS))],
           mutate_words((b"&", b"=", b"%00", b"%ED%A0%80", b"%D9%A3", b"9999-12-31", b"0001-01-01",
                         b"-", b"%", b"+", b"day=", b"before=", b"9" * 30))),
    Target("headers", "Host, tokens and secrets", _headers,
           lambda: [b"gate.example:8080", b"[::1]:80", b"Bearer gatewayd_AAAA", b"10.0.0.1", b"fe80::1%eth0"],
           mutate_words((b":", b"[", b"]", b".", b"%", b"::", b"\xff", b"\xc2\xb2", b"gatewayd_", b"9" * 5000))),
    Target("repeat-key", "keys of requests that come twice", _repeat,
           lambda: [b"run-1.0.abcdefgh", b"run-1.99999999999999999999.abcdefgh"],
           mutate_words((b".", b"0", b"-", b"\xd9\xa3", b"9" * 4400))),
    Target("control", "requests at the control socket, carried out", _control,
           lambda: [*map(dumps, _REQUESTS)], mutate_json, is_slow=True, size_max=8000),
)  # fmt: skip
