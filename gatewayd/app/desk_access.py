"""Builds what lets people in at the pages: sessions, the guard, and the handlers of signing in."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from config.schema import Desk, Settings
from gatewayd.app.chance import SystemChance
from gatewayd.app.opened import Opened
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
class Entrance:
    """own: handlers by the names that routes call them. part: what runs beside the server."""

    guard: Guard
    own: Mapping[str, Own]
    part: Part


def build_people(
    settings: Settings, opened: Opened, gate: Gate, recorder: Recorder, blocking: Blocking
) -> tuple[Officers, Users]:
    """Build who is on duty, and who may sign on at all. Raises StorageError."""
    accounts, clock, chance = opened.accounts, opened.clock, SystemChance()
    proving = Proving(accounts, blocking, clock, recorder)
    officers = Officers(gate, recorder, SignOn(accounts, proving, blocking, clock))
    desk = settings.desk
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
            address=None if desk is None else Address(f"http://{desk.host}:{desk.port}"),
            set_up=None if desk is None else make_set_up(opened.directory, accounts, chance),
        )
    )
    return officers, users


def build_entrance(
    settings: Settings, opened: Opened, users: Users, gate: Gate, blocking: Blocking, ask: Ask
) -> Entrance:
    """Build it; settings have a section [desk]."""
    assert settings.desk is not None, "there are pages"

    def shift() -> timedelta:
        return timedelta(hours=gate.policy.officer.shift_hours)

    accounts, clock = opened.accounts, opened.clock
    file = SessionFile(opened.directory)
    around = SessionAround(accounts, clock, SystemChance(), blocking, file, shift)
    sessions = Sessions(around)
    site = Site(_names(settings.desk), is_tls=False, locale=Locale(settings.site.locale))
    access = Access(site, accounts, sessions, clock)
    about: dict[str, Json] = {
        "site": settings.site.path,
        "name": settings.site.name,
        "locale": str(settings.site.locale),
        "lanes": [lane.id for lane in settings.lanes],
    }
    sign_in = SignIn(Around(access, sessions, accounts, users, ask, clock, about))
    return Entrance(access, sign_in.own, Part("page sessions", sessions.run))


def _names(_: Desk) -> frozenset[str]:
    """Return the names of this machine: its own, and that in the local network (mDNS)."""
    name = socket.gethostname().lower().partition(".")[0]
    return frozenset({name, f"{name}.local", socket.gethostname().lower()})
