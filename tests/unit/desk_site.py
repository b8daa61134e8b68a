"""The pages' server over doubles: real sockets, the real guard and sign-in, and nothing behind."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from aiohttp import ClientSession, DummyCookieJar, web

from gatewayd.app.desk import ROUTES
from gatewayd.core.accounts import Account, ApiToken, Denied, write_token
from gatewayd.core.reasons import Locale
from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.roles import Role, Who
from gatewayd.core.words import LaneId
from gatewayd.desk.access import CSRF_HEADER, Access, Site
from gatewayd.desk.behind import File
from gatewayd.desk.repeats import Repeats
from gatewayd.desk.routes import Kind
from gatewayd.desk.server import (
    CONNECTION_IDLE_S,
    HEADERS_MAX,
    LINE_SIZE_MAX,
    Parts,
    application,
)
from gatewayd.desk.sessions import Around as SessionAround
from gatewayd.desk.sessions import Sessions, csrf_token
from gatewayd.desk.sign_in import Around, SignIn
from gatewayd.ports import StorageError
from tests.unit.doubles import InlineBlocking, SimAccounts, SimChance, SimClock

PASSWORD = "kapal laut biru"
TOKENS = {role: bytes([number]) * 32 for number, role in enumerate(Role, 1)}


class SimSessionFile:
    """Keeps what was written as JSON, as a file does; `refusal` is what the disk says instead."""

    def __init__(self) -> None:
        self.text: str | None = None
        self.write_count = 0
        self.refusal: str | None = None

    def read(self, parse):
        self._look()
        return [] if self.text is None else parse(json.loads(self.text))

    def write(self, document) -> None:
        self._look()
        self.write_count += 1
        self.text = json.dumps(document)

    def _look(self) -> None:
        if self.refusal is not None:
            raise StorageError(self.refusal)


class SimUsers:
    """Answers like `runtime.users`, at once: the secret is right where it is the account's."""

    def __init__(self, accounts: SimAccounts) -> None:
        self.accounts = accounts
        self.noted: list[tuple[str, str]] = []
        self.answer: Account | Denied | None = None
        self.refusal: str | None = None
        self.is_set_up_needed = False

    async def sign_in(self, label: str, secret: str, new: str | None) -> Account | Denied:
        if self.refusal is not None:
            raise StorageError(self.refusal)
        if self.answer is not None:
            return self.answer
        is_right = self.accounts.is_right(label, secret)
        return self.accounts.known[label] if is_right else Denied(RefusedAccess.WRONG)

    async def set_up(self, token: str, label: str, password: str) -> Account | Denied:
        return self.answer or Denied(RefusedAccess.SET_UP)

    def note_sign_in(self, who: Who) -> None:
        self.noted.append(("in", who.label))

    def note_sign_out(self, who: Who) -> None:
        self.noted.append(("out", who.label))


@dataclass
class DeskSite:
    """One account and one token for each role, called by it and `t-` and it."""

    is_tls: bool = False
    clock: SimClock = field(default_factory=SimClock)
    file: SimSessionFile = field(default_factory=SimSessionFile)
    asked: list[str] = field(default_factory=list)
    on_duty: set[str] = field(default_factory=set)
    refuses_duty: bool = False

    def __post_init__(self) -> None:
        people = {str(role): (role, PASSWORD) for role in Role if role is not Role.DISPLAY}
        self.accounts = SimAccounts(**people)
        for role, secret in TOKENS.items():
            lane = LaneId("lane-1") if role is Role.DISPLAY else None
            self.accounts.add_token(ApiToken(f"t-{role}", role, lane, date(2026, 11, 22)), secret)
        self.users = SimUsers(self.accounts)
        self.restart()

    def restart(self) -> None:
        """Begin anew with what is on disk."""
        around = SessionAround(
            self.accounts,
            self.clock,
            SimChance(),
            InlineBlocking(0.0),
            self.file,
            lambda: timedelta(hours=12),
        )
        self.sessions = Sessions(around)
        site = Site(lambda: frozenset({"gate.lan"}), is_tls=self.is_tls, locale=Locale.EN)
        self.access = Access(site, self.accounts, self.sessions, self.clock)

    async def ask(self, request: Mapping[str, Any], caller: str) -> dict[str, Any]:
        """Answer as the gateway does about duty; all else is only noted."""
        do = str(request["do"])
        label = caller.removeprefix("user:")
        if do == "officers":
            return {"ok": True, "on_duty": [{"officer": one} for one in sorted(self.on_duty)]}
        sign = str(request.get("sign", ""))
        self.asked.append(f"{do} {sign}".rstrip())
        if do == "officer":
            if self.refuses_duty:
                return {"ok": False, "text": "the disk is full"}
            change = self.on_duty.add if sign == "in" else self.on_duty.discard
            change(label)
        return {"ok": True}

    def application(self) -> web.Application:
        async def seen(request: web.Request) -> web.StreamResponse:
            self.asked.append(request.path)
            return web.json_response({"ok": True})

        async def made(given, who):
            self.asked.append(who.caller)
            return File("list.csv", "text/csv", b"a,b")

        sign_in = SignIn(
            Around(
                self.access,
                self.sessions,
                self.accounts,
                self.users,
                self.ask,
                self.clock,
                {"name": "GMSC", "lanes": ["lane-1"]},
            )
        )
        own = {route.does: seen for route in ROUTES if route.kind is Kind.OWN}
        files = {route.does: made for route in ROUTES if route.kind is Kind.FILE}
        parts = Parts(
            routes=ROUTES,
            guard=self.access,
            ask=self.ask,
            files=files,
            own={**own, **sign_in.own},
            channels=(),
            repeats=Repeats("run", self.clock),
        )
        return application(parts)

    @asynccontextmanager
    async def served(self) -> AsyncIterator["Caller"]:
        runner = web.AppRunner(
            self.application(),
            access_log=None,
            keepalive_timeout=CONNECTION_IDLE_S,
            max_line_size=LINE_SIZE_MAX,
            max_field_size=LINE_SIZE_MAX,
            max_headers=HEADERS_MAX,
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            async with ClientSession(cookie_jar=DummyCookieJar()) as client:
                yield Caller(self, client, port)
        finally:
            await runner.cleanup()

    async def signed_in(self, role: Role) -> dict[str, str]:
        """Return the headers that a page of a new session of this role sends."""
        if role is Role.DISPLAY:
            who = Who("t-display", role, LaneId("lane-1"))
        else:
            who = Who(str(role), role)
        secret, _ = await self.sessions.begin(who)
        return {"Cookie": f"{self.access.cookie}={secret}", CSRF_HEADER: csrf_token(secret)}


def shown(role: Role) -> dict[str, str]:
    """Return the header of a program with the token of this role."""
    return {"Authorization": f"Bearer {write_token(TOKENS[role])}"}


@dataclass
class Caller:
    """Sends requests; a second passes before each, so that rates do not count."""

    site: DeskSite
    client: ClientSession
    port: int

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        self.site.clock.passed_s += 1.0
        data = None if body is None else json.dumps(body)
        more = {} if body is None else {"Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.client.request(
            method, url, headers={**more, **(headers or {})}, data=data
        ) as answer:
            text = await answer.text()
            told = json.loads(text) if answer.content_type == "application/json" else {"text": text}
            return answer.status, told, answer.headers
