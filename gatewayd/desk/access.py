"""The guard of the pages: who asks, by session or token, and which requests are not looked at.

A request is refused unread where its Host is not ours (DNS rebinding), where it comes too often, or
where another page sent it: by Sec-Fetch-Site and Origin, and for changes with a cookie by a header
that only our own pages know (OWASP CSRF Cheat Sheet). A program with a token in the header
`Authorization` needs none of the last: no browser sends that by itself.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from aiohttp import web

from gatewayd.core import refused_access
from gatewayd.core.accounts import ApiToken, read_token
from gatewayd.core.reasons import Locale
from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.roles import Who
from gatewayd.desk.hosts import is_known
from gatewayd.desk.rates import Rate, asker_of
from gatewayd.desk.server import no
from gatewayd.desk.sessions import Session, Sessions, csrf_token
from gatewayd.ports import Accounts, Clock

COOKIE, COOKIE_TLS = "gatewayd", "__Host-gatewayd"
CSRF_HEADER = "X-CSRF-Token"

OPEN: Final = frozenset({("POST", "/api/session"), ("POST", "/api/setup")})
"""Changes that nobody is signed in for yet; what they need is in their body."""

_SAFE = frozenset({"GET", "HEAD"})
_BEARER = "bearer "

# Twenty pages behind one address may be loaded at once, of fifty files each; nobody works faster.
ADDRESS_PER_S, ADDRESS_BURST = 100.0, 1000
SESSION_PER_S, SESSION_BURST = 20.0, 100

_STATUSES: Mapping[RefusedAccess, int] = {
    RefusedAccess.SIGNED_OUT: 401,
    RefusedAccess.WRONG: 401,
    RefusedAccess.SET_UP_TOKEN: 401,
    RefusedAccess.ROLE: 403,
    RefusedAccess.FORGED: 403,
    RefusedAccess.FOREIGN_PAGE: 403,
    RefusedAccess.MUST_CHANGE: 403,
    RefusedAccess.FOREIGN_HOST: 421,
    RefusedAccess.LOCKED: 429,
    RefusedAccess.BUSY: 429,
    RefusedAccess.TOO_MANY: 429,
    RefusedAccess.NOT_JSON: 415,
    RefusedAccess.TOO_LARGE: 413,
    RefusedAccess.TOO_SLOW: 408,
    RefusedAccess.BODY: 400,
    RefusedAccess.STORAGE: 503,
}
_STATUS = 409  # Of the rest: what was asked for does not fit.


@dataclass(frozen=True, slots=True)
class Site:
    """What the guard has to know of the site. names: by which people call this machine, now."""

    names: Callable[[], frozenset[str]]
    is_tls: bool
    locale: Locale


class Access:
    """Implements `desk.guard.Guard`."""

    def __init__(self, site: Site, accounts: Accounts, sessions: Sessions, clock: Clock) -> None:
        self._site = site
        self._accounts = accounts
        self._sessions = sessions
        self._clock = clock
        self._by_address = Rate(clock, ADDRESS_PER_S, ADDRESS_BURST)
        self._by_session = Rate(clock, SESSION_PER_S, SESSION_BURST)
        self.is_tls = site.is_tls
        self.cookie = COOKIE_TLS if site.is_tls else COOKIE

    def who(self, request: web.Request) -> Who | None:
        token = self._token(request)
        if token is not None:
            return Who(token.label, token.role, token.lane)
        session = self.session(request)
        return None if session is None else session.who

    def flaw(self, request: web.Request) -> web.Response | None:
        if not is_known(request.headers.get("Host", ""), self._site.names()):
            return self.refusal(RefusedAccess.FOREIGN_HOST)
        wait_s = self._by_address.wait_s(asker_of(request.remote))
        if wait_s > 0:
            return self.refusal(RefusedAccess.TOO_MANY, wait_s)
        if self._is_foreign(request):
            return self.refusal(RefusedAccess.FOREIGN_PAGE)
        if request.can_read_body and request.content_type != "application/json":
            return self.refusal(RefusedAccess.NOT_JSON)  # What a form of another page can send.
        token = self._token(request)
        if token is not None:
            self._accounts.note_use(token.label, self._clock.utc().date())
            return self._too_often(request, token.label)
        session = self.session(request)
        if session is None:
            return None
        if self._is_forged(request):
            return self.refusal(RefusedAccess.FORGED)
        if not _is_left_open(request):
            self._sessions.touch(session)
        return self._too_often(request, session.digest)

    def refusal(self, code: RefusedAccess, wait_s: float = 0.0) -> web.Response:
        headers = {}
        if wait_s > 0:
            headers["Retry-After"] = str(ceil(wait_s))
        if code is RefusedAccess.SIGNED_OUT:
            headers["WWW-Authenticate"] = "Bearer"
        text = refused_access.text(code, self._site.locale)
        return no(_STATUSES.get(code, _STATUS), str(code), text, headers)

    def session(self, request: web.Request) -> Session | None:
        """Return the session that the cookie stands for; a token in the header goes before it."""
        secret = self.secret(request)
        return None if secret is None else self._sessions.find(secret)

    def secret(self, request: web.Request) -> str | None:
        """Return the secret of the session, as the cookie has it."""
        return None if _bearer(request) is not None else request.cookies.get(self.cookie)

    def csrf(self, request: web.Request) -> str | None:
        """Return what the pages of this session send with each change."""
        secret = self.secret(request)
        return None if secret is None else csrf_token(secret)

    def _token(self, request: web.Request) -> ApiToken | None:
        shown = _bearer(request)
        secret = None if shown is None else read_token(shown)
        return None if secret is None else self._accounts.find_token(secret)

    def _too_often(self, request: web.Request, asker: str) -> web.Response | None:
        if not request.path.startswith("/api/"):
            return None  # The files of a page: they cost little, and the address counts them.
        wait_s = self._by_session.wait_s(asker)
        return self.refusal(RefusedAccess.TOO_MANY, wait_s) if wait_s > 0 else None

    def _is_foreign(self, request: web.Request) -> bool:
        """Tell whether a browser says that the page of somebody else asks.

        A link from elsewhere to a page of ours is none: the browser goes there, and nobody reads
        the answer but the person.
        """
        headers = request.headers
        fetched = headers.get("Sec-Fetch-Site", "none")
        is_followed = headers.get("Sec-Fetch-Mode") == "navigate" and request.method in _SAFE
        if fetched not in {"none", "same-origin"} and not is_followed:
            return True
        origin = headers.get("Origin")
        return origin is not None and origin.lower() not in self._origins(request)

    def _origins(self, request: web.Request) -> tuple[str, ...]:
        """Return what we are called in a browser; without TLS a proxy before us may have it."""
        host = request.headers.get("Host", "").lower()
        secure = f"https://{host}"
        return (secure,) if self._site.is_tls else (secure, f"http://{host}")

    def _is_forged(self, request: web.Request) -> bool:
        if request.method in _SAFE or (request.method, request.path) in OPEN:
            return False
        expected, given = self.csrf(request) or "", request.headers.get(CSRF_HEADER, "")
        return not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _bearer(request: web.Request) -> str | None:
    """Return what a program shows; a proxy's own Authorization (Basic) is none of ours."""
    header = request.headers.get("Authorization", "")
    is_bearer = header[: len(_BEARER)].lower() == _BEARER
    return header[len(_BEARER) :].strip() if is_bearer else None


def _is_left_open(request: web.Request) -> bool:
    """Tell whether the page asks by itself, with nobody at it."""
    return request.method in _SAFE and "text/event-stream" in request.headers.get("Accept", "")
