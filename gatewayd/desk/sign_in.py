"""Signing in and out at the pages, and the first manager: the handlers of those routes."""

import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from gatewayd.core.accounts import Account, Denied, read_token
from gatewayd.core.events import format_time
from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.roles import Role, Who
from gatewayd.core.words import Json
from gatewayd.desk.access import Access
from gatewayd.desk.behind import Ask
from gatewayd.desk.rates import Rate, asker_of
from gatewayd.desk.routes import Route
from gatewayd.desk.routes_access import BEGIN, END, SET_UP
from gatewayd.desk.server import WHO, Own, arguments
from gatewayd.desk.sessions import Session, Sessions, csrf_token
from gatewayd.ports import Accounts, Clock, StorageError

log = logging.getLogger(__name__)

TRIES_PER_S, TRIES_BURST = 1.0, 6  # For each address: two people who mistype at once.


class Users(Protocol):
    """What knows the accounts. The calls that wait raise StorageError."""

    @property
    def is_set_up_needed(self) -> bool: ...

    async def sign_in(self, label: str, secret: str, new: str | None) -> Account | Denied: ...

    async def set_up(self, token: str, label: str, password: str) -> Account | Denied: ...

    def note_sign_in(self, who: Who) -> None: ...

    def note_sign_out(self, who: Who) -> None: ...


@dataclass(frozen=True, slots=True)
class Around:
    """about: what everybody may know of the site: its name, its language, its lanes."""

    access: Access
    sessions: Sessions
    accounts: Accounts
    users: Users
    ask: Ask
    clock: Clock
    about: Mapping[str, Json]


class SignIn:
    """own: the handlers, by the names that routes call them."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._tries = Rate(around.clock, TRIES_PER_S, TRIES_BURST)
        self.own: Mapping[str, Own] = {
            "session_begin": self._begin,
            "session_end": self._end,
            "set_up": self._set_up,
            "me": self._tell_me,
            "site": self._tell_site,
        }

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        given = await self._given(BEGIN, request)
        if isinstance(given, web.Response):
            return given
        if "token" in given:
            who = self._screen(str(given["token"]))
            if who is None:
                return self._denied(Denied(RefusedAccess.WRONG))
            return await self._begun(request, who)
        new = given.get("new")
        signing_in = self._around.users.sign_in(
            str(given.get("label")), str(given.get("secret")), None if new is None else str(new)
        )
        return await self._answered(request, signing_in)

    async def _set_up(self, request: web.Request) -> web.StreamResponse:
        given = await self._given(SET_UP, request)
        if isinstance(given, web.Response):
            return given
        setting_up = self._around.users.set_up(
            str(given.get("token")), str(given.get("label")), str(given.get("password"))
        )
        return await self._answered(request, setting_up)

    async def _end(self, request: web.Request) -> web.StreamResponse:
        given = await arguments(END, request)
        if isinstance(given, web.Response):
            return given
        access, session = self._around.access, self._around.access.session(request)
        if session is None:  # A program with a token: it is never signed in.
            return access.refusal(RefusedAccess.NO_SESSION)
        await self._ended(session)  # Whatever the disk says of the duty: they are leaving.
        duty = await self._go_off_duty(session.who, given)
        response = web.json_response({"ok": True, **duty})
        self._set_cookie(response, "", 0)
        return response

    async def _tell_me(self, request: web.Request) -> web.StreamResponse:
        access = self._around.access
        return web.json_response(
            self._me(request[WHO], access.session(request), access.csrf(request))
        )

    async def _tell_site(self, _: web.Request) -> web.StreamResponse:
        needed = self._around.users.is_set_up_needed
        return web.json_response({"ok": True, **self._around.about, "set_up_needed": needed})

    # --- in and out ---

    async def _given(self, route: Route, request: web.Request) -> dict[str, Any] | web.Response:
        wait_s = self._tries.wait_s(asker_of(request.remote))
        if wait_s > 0:
            return self._denied(Denied(RefusedAccess.TOO_MANY, wait_s))
        return await arguments(route, request)

    async def _answered(
        self, request: web.Request, proving: Awaitable[Account | Denied]
    ) -> web.Response:
        try:
            found = await proving
        except StorageError as error:
            log.warning("sign_in_failed", extra={"fields": {"what_to_do": str(error)}})
            return self._denied(Denied(RefusedAccess.STORAGE))
        match found:
            case Denied():
                return self._denied(found)
            case Account(label=label, role=role):
                return await self._begun(request, Who(label, role))

    async def _begun(self, request: web.Request, who: Who) -> web.Response:
        around = self._around
        before = around.access.session(request)
        if before is not None:
            await self._ended(before)
            if before.label != who.label and not around.sessions.has(before.label):
                await self._go_off_duty(before.who, {})
        secret, session = await around.sessions.begin(who)
        around.users.note_sign_in(who)
        answer = self._me(who, session, csrf_token(secret))
        if who.role is Role.OFFICER:
            duty = await around.ask({"do": "officer", "sign": "in"}, who.caller)
            answer["on_duty"] = duty.get("ok") is True
        response = web.json_response(answer)
        self._set_cookie(response, secret, round((session.ends - session.begun).total_seconds()))
        return response

    async def _ended(self, session: Session) -> None:
        await self._around.sessions.end(session)
        self._around.users.note_sign_out(session.who)

    async def _go_off_duty(self, who: Who, given: Mapping[str, Any]) -> dict[str, Json]:
        """End the duty of somebody who leaves; return what the page is told of it."""
        if who.role not in {Role.OFFICER, Role.MANAGER}:
            return {}
        told = await self._around.ask({"do": "officers"}, who.caller)
        on_duty = told.get("on_duty")
        assert isinstance(on_duty, list), "the gateway tells who is on duty"
        if not any(isinstance(one, dict) and one["officer"] == who.label for one in on_duty):
            return {}
        request = {"do": "officer", "sign": "out", "officer": who.label, "note": given.get("note")}
        answered = await self._around.ask(request, who.caller)
        if answered.get("ok") is True:
            return {"off_duty": True}
        return {"off_duty": False, "text": answered.get("text")}

    def _screen(self, text: str) -> Who | None:
        """Return the screen whose token this is: at a lane, or on a wall, where it only reads.

        Other tokens are for programs: a browser that could change something has a person at it.
        """
        secret = read_token(text)
        token = None if secret is None else self._around.accounts.find_token(secret)
        if token is None or token.role not in {Role.DISPLAY, Role.AUDITOR}:
            return None
        return Who(token.label, token.role, token.lane)

    def _me(self, who: Who, session: Session | None, csrf: str | None) -> dict[str, Json]:
        return {
            "ok": True,
            "label": who.label,
            "role": str(who.role),
            "lane": who.lane,
            "csrf": csrf,
            "ends": None if session is None else format_time(session.ends),
            **self._around.about,
        }

    def _denied(self, denied: Denied) -> web.Response:
        return self._around.access.refusal(denied.code, denied.wait_s)

    def _set_cookie(self, response: web.Response, secret: str, seconds: int) -> None:
        access = self._around.access
        response.set_cookie(
            access.cookie,
            secret,
            max_age=seconds,
            path="/",
            secure=access.is_tls,
            httponly=True,
            samesite="Strict",
        )
