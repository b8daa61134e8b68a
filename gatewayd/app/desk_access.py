"""Builds what lets people in at the pages: sessions, guard and sign-in."""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from config.schema import Settings
from gatewayd.app.accounts import People
from gatewayd.app.chance import SystemChance
from gatewayd.app.opened import Opened
from gatewayd.app.own_names import own_names
from gatewayd.core.reasons import Locale
from gatewayd.core.words import Json
from gatewayd.desk.access import Access, Site
from gatewayd.desk.behind import Ask
from gatewayd.desk.guard import Guard
from gatewayd.desk.server import Own
from gatewayd.desk.sessions import Around as SessionAround
from gatewayd.desk.sessions import Sessions
from gatewayd.desk.sign_in import Around, SignIn
from gatewayd.ports import Blocking
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.gateway import Part
from gatewayd.store.session_file import SessionFile


@dataclass(frozen=True, slots=True)
class Entrance:
    """own: handlers by the names that routes call them. parts: what runs beside the server.

    tls: what the server encrypts with, None without TLS; raises StorageError.
    """

    guard: Guard
    own: Mapping[str, Own]
    parts: tuple[Part, ...]
    tls: Callable[[], Awaitable[ssl.SSLContext | None]]


def build_entrance(
    settings: Settings, opened: Opened, people: People, gate: Gate, blocking: Blocking, ask: Ask
) -> Entrance:
    """Build it; settings have a section [desk]."""
    assert settings.desk is not None, "there are pages"
    desk, certificate = settings.desk, people.certificate

    def shift() -> timedelta:
        return timedelta(hours=gate.policy.officer.shift_hours)

    def names() -> frozenset[str]:
        in_it = frozenset[str]() if certificate is None else certificate.names()
        return in_it.union(own_names(), desk.names)

    async def tls() -> ssl.SSLContext | None:
        return None if certificate is None else await blocking.run(certificate.open)

    accounts, clock = opened.accounts, opened.clock
    file = SessionFile(opened.directory)
    around = SessionAround(accounts, clock, SystemChance(), blocking, file, shift)
    sessions = Sessions(around)
    locale = Locale(settings.site.locale)
    site = Site(names, is_tls=certificate is not None, locale=locale)
    access = Access(site, accounts, sessions, clock)
    about: dict[str, Json] = {
        "site": settings.site.path,
        "name": settings.site.name,
        "locale": str(locale),
        "lanes": [lane.id for lane in settings.lanes],
    }
    sign_in = SignIn(Around(access, sessions, accounts, people.users, ask, clock, about))
    parts = [Part("page sessions", sessions.run)]
    if certificate is not None:
        parts.append(Part("page certificate", partial(certificate.run, blocking)))
    return Entrance(access, sign_in.own, tuple(parts), tls)
