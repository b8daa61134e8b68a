"""Builds what lets people in: their accounts, and at the pages sessions, guard and sign-in."""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from config.schema import Desk, Settings
from gatewayd.app.certificate import PagesCertificate
from gatewayd.app.chance import SystemChance
from gatewayd.app.opened import Opened
from gatewayd.app.own_names import own_addresses, own_names
from gatewayd.app.set_up import make_set_up
from gatewayd.core.reasons import Locale
from gatewayd.core.words import Json, LaneId
from gatewayd.desk.access import Access, Site
from gatewayd.desk.guard import Guard
from gatewayd.desk.server import Ask, Own
from gatewayd.desk.sessions import Around as SessionAround
from gatewayd.desk.sessions import Sessions
from gatewayd.desk.sign_in import Around, SignIn
from gatewayd.ports import Blocking
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.gateway import Part
from gatewayd.runtime.officers import Officers, SignOn
from gatewayd.runtime.proving import Proving
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.users import Address, Users
from gatewayd.runtime.users import Around as UserAround
from gatewayd.store.session_file import SessionFile


@dataclass(frozen=True, slots=True)
class People:
    """Who is on duty, and who may sign on at all. certificate: None where pages have no TLS."""

    officers: Officers
    users: Users
    certificate: PagesCertificate | None


@dataclass(frozen=True, slots=True)
class Entrance:
    """own: handlers by the names that routes call them. parts: what runs beside the server.

    tls: what the server encrypts with, None without TLS; raises StorageError.
    """

    guard: Guard
    own: Mapping[str, Own]
    parts: tuple[Part, ...]
    tls: Callable[[], Awaitable[ssl.SSLContext | None]]


def build_people(
    settings: Settings, opened: Opened, gate: Gate, recorder: Recorder, blocking: Blocking
) -> People:
    accounts, clock, chance = opened.accounts, opened.clock, SystemChance()
    proving = Proving(accounts, blocking, clock, recorder)
    officers = Officers(gate, recorder, SignOn(accounts, proving, blocking, clock))
    desk = settings.desk
    has_tls = desk is not None and desk.is_tls
    certificate = PagesCertificate(desk, opened.directory, clock) if desk and has_tls else None
    users = Users(
        UserAround(
            accounts=accounts,
            proving=proving,
            blocking=blocking,
            clock=clock,
            chance=chance,
            recorder=recorder,
            lanes=tuple(LaneId(lane.id) for lane in settings.lanes),
            sign_off=officers.sign_off,
            address=None if desk is None else partial(_address, desk, certificate),
            set_up=None if desk is None else make_set_up(opened.directory, accounts, chance),
        )
    )
    return People(officers, users, certificate)


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


def _address(desk: Desk, certificate: PagesCertificate | None) -> Address:
    """Return where people find the pages: by a name that was given, or by an address."""
    scheme = "http" if certificate is None else "https"
    host = desk.host
    if host in {"0.0.0.0", "::"}:  # noqa: S104, all of them
        host = next(iter((*desk.names, *own_addresses(), own_names()[0])))
    host = f"[{host}]" if ":" in host else host
    pair = None if certificate is None else certificate.pair
    return Address(f"{scheme}://{host}:{desk.port}", None if pair is None else pair.fingerprint)
