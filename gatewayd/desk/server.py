"""The web server of a gate: looks at who asks, and hands what they may ask to what answers it."""

import asyncio
import json
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Never

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.roles import Who
from gatewayd.desk.behind import Ask, File, MakeFile
from gatewayd.desk.given import find_flaw
from gatewayd.desk.guard import Guard
from gatewayd.desk.listening import Connections, accept, listen
from gatewayd.desk.repeats import HEADER, Repeats
from gatewayd.desk.routes import PARAMETERS, Kind, Method, Route
from gatewayd.desk.stream import Channel

log = logging.getLogger(__name__)

BODY_SIZE_MAX = 64 * 1024  # A request is a few words.
BODY_S = 10.0  # A request of a few words; who dribbles it holds nobody else up, and is let go.
CONNECTION_IDLE_S = 75.0  # As browsers do; who connects and sends nothing is let go too.
LINE_SIZE_MAX = 4096  # Of the request and of each header; our longest has 200 bytes.
HEADERS_MAX = 64
STATIC = Path(__file__).parent / "static"

HEADERS: Final = {
    # Scripts, styles and pictures from the box only, none of them inside a page; framed by nobody.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; media-src 'self'; manifest-src 'self'; font-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}

WHO: Final = web.RequestKey("who", Who)

Own = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the server hands requests to.

    files, own: by the name that routes call them. channels: whose pages are let go at the end.
    """

    routes: tuple[Route, ...]
    guard: Guard
    ask: Ask
    files: Mapping[str, MakeFile]
    own: Mapping[str, Own]
    channels: Sequence[Channel]
    repeats: Repeats


def application(parts: Parts) -> web.Application:
    """Return the whole server, not yet listening."""
    app = web.Application(middlewares=[_guarded(parts)], client_max_size=BODY_SIZE_MAX)
    app.on_response_prepare.append(_add_headers)
    app.on_shutdown.append(_closing(parts.channels))
    for route in parts.routes:
        app.router.add_route(route.method, route.path, _handler(route, parts), name=route.name)
    for page, file in PAGES.items():
        app.router.add_get(page, _page(STATIC / file))
    app.router.add_static("/static", STATIC)
    return app


PAGES: Final = {
    "/": "index.html",
    "/desk": "desk.html",
    "/manager": "manager.html",
    "/display/{lane}": "display.html",
    "/setup": "setup.html",
}
"""Pages hold nothing by themselves: what they show comes by the API, as far as one may see it."""


async def serve(
    app: web.Application, host: str, port: int, tls: ssl.SSLContext | None = None
) -> Never:
    """Serve until cancelled. Raises OSError where the address is taken or not of this machine."""
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=1.0,
        keepalive_timeout=CONNECTION_IDLE_S,
        max_line_size=LINE_SIZE_MAX,
        max_field_size=LINE_SIZE_MAX,
        max_headers=HEADERS_MAX,
    )
    logging.getLogger("aiohttp.server").addFilter(_is_ours)
    await runner.setup()
    assert runner.server is not None, "it was set up"
    scheme = "http" if tls is None else "https"
    try:
        listening, connections = listen(host, port), Connections()
        log.info("pages_served", extra={"fields": {"address": f"{scheme}://{host}:{port}"}})
        try:
            async with asyncio.TaskGroup() as tasks:
                for one in listening:
                    waiting = accept(one, connections, runner.server, tls)
                    tasks.create_task(waiting, name="page connections")
        finally:
            for one in listening:
                one.close()
    finally:
        await runner.cleanup()
    raise AssertionError("a server serves until it is cancelled")


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell whether a record is of a fault of ours, and not of what anybody can send."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def no(status: int, code: str, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return an answer that is no, for programs and for people."""
    return web.json_response(
        {"ok": False, "code": code, "text": text}, status=status, headers=headers
    )


def _guarded(parts: Parts) -> Middleware:
    by_name = {route.name: route for route in parts.routes}

    @web.middleware
    async def guarded(request: web.Request, handler: Own) -> web.StreamResponse:
        flaw = parts.guard.flaw(request)
        if flaw is not None:
            return flaw
        route = by_name.get(request.match_info.route.name or "")
        if route is not None and route.roles is not None:
            who = parts.guard.who(request)
            if who is None:
                return parts.guard.refusal(RefusedAccess.SIGNED_OUT)
            if who.role not in route.roles:
                return parts.guard.refusal(RefusedAccess.ROLE)
            request[WHO] = who
        try:
            return await handler(request)
        except web.HTTPRequestEntityTooLarge:
            return parts.guard.refusal(RefusedAccess.TOO_LARGE)
        except web.HTTPRequestTimeout:
            return parts.guard.refusal(RefusedAccess.TOO_SLOW)
        except web.HTTPException as refusal:
            kept = {"Allow": refusal.headers[hdrs.ALLOW]} if hdrs.ALLOW in refusal.headers else {}
            return no(refusal.status, "http", refusal.reason, kept)

    return guarded


def _handler(route: Route, parts: Parts) -> Own:
    match route.kind:
        case Kind.OWN:
            return parts.own[route.does]
        case Kind.VERB:
            return _verb(route, parts)
        case Kind.FILE:
            return _file(route, parts.files[route.does])


def _verb(route: Route, parts: Parts) -> Own:
    async def answer(request: web.Request) -> web.StreamResponse:
        given = await arguments(route, request)
        if isinstance(given, web.Response):
            return given
        caller, key = request[WHO].caller, request.headers.get(HEADER)
        act = partial(parts.ask, {**given, "do": route.does}, caller)
        if route.method is Method.GET or key is None:
            answered = await act()
        else:
            what = request.path, json.dumps(given, sort_keys=True)
            answered = await parts.repeats.once(caller, key, what, act)
        return web.json_response(answered, status=200 if answered.get("ok") else 409)

    return answer


def _file(route: Route, make: MakeFile) -> Own:
    async def answer(request: web.Request) -> web.StreamResponse:
        given = await arguments(route, request)
        if isinstance(given, web.Response):
            return given
        made = await make(given, request[WHO])
        if not isinstance(made, File):
            return web.json_response(made, status=409)
        headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
        return web.Response(body=made.body, content_type=made.media_type, headers=headers)

    return answer


async def arguments(route: Route, request: web.Request) -> dict[str, Any] | web.Response:
    """Read what a request gives: the body, or the query of a GET; held to the route's schema."""
    properties: Mapping[str, Any] = route.takes.get("properties", {})
    if route.method is Method.GET:
        given: dict[str, Any] = {
            key: _of_query(value, properties.get(key, {})) for key, value in request.query.items()
        }
    else:
        body = await _body(request)
        try:
            given = json.loads(body, parse_float=_number) if body else {}
        except (ValueError, RecursionError):
            return no(400, "body", "expected one JSON object")
        if not isinstance(given, dict):
            return no(400, "body", "expected one JSON object")
    path = request.match_info
    flaws = (find_flaw(value, PARAMETERS[name], name) for name, value in path.items())
    flaw = find_flaw(given, {"type": "object", **route.takes}) or next(filter(None, flaws), None)
    if flaw is not None:
        return no(400, "argument", flaw)
    return {**given, **path, **route.fixed}


async def _body(request: web.Request) -> bytes:
    """Read the body; raises HTTPRequestTimeout where it does not come."""
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error


def _number(text: str) -> int | float:
    """Return a number; 2.0 is 2, as in JSON Schema."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _of_query(value: str, schema: Mapping[str, Any]) -> str | int:
    is_whole = schema.get("type") == "integer" and value.isascii() and value.isdigit()
    return int(value[:18]) if is_whole else value


def _page(path: Path) -> Own:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(path)

    return answer


def _closing(channels: Sequence[Channel]) -> Callable[[web.Application], Awaitable[None]]:
    async def close(_: web.Application) -> None:
        for channel in channels:
            channel.close()  # The end of the daemon does not wait for open pages.

    return close


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "gatewayd"
    if request.path.startswith("/static/"):
        response.headers["Cache-Control"] = (
            "no-cache"  # Kept, and asked for again: ETags are short.
        )
