"""Builds what knows the people of the house: who is on duty, and who may sign on at all."""

from dataclasses import dataclass
from functools import partial

from config.schema import Desk, Settings
from gatewayd.app.certificate import PagesCertificate
from gatewayd.app.chance import SystemChance
from gatewayd.app.opened import Opened
from gatewayd.app.own_names import own_addresses, own_names
from gatewayd.app.set_up import make_set_up
from gatewayd.core.words import LaneId
from gatewayd.ports import Blocking
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.officers import Officers, SignOn
from gatewayd.runtime.proving import Proving
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.users import Address, Users
from gatewayd.runtime.users import Around as UserAround


@dataclass(frozen=True, slots=True)
class People:
    """Who is on duty, and who may sign on at all. certificate: None where pages have no TLS."""

    officers: Officers
    users: Users
    certificate: PagesCertificate | None


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


def _address(desk: Desk, certificate: PagesCertificate | None) -> Address:
    """Return where people find the pages: by a name that was given, or by an address."""
    scheme = "http" if certificate is None else "https"
    host = desk.host
    if host in {"0.0.0.0", "::"}:  # noqa: S104, all of them
        host = next(iter((*desk.names, *own_addresses(), own_names()[0])))
    host = f"[{host}]" if ":" in host else host
    pair = None if certificate is None else certificate.pair
    return Address(f"{scheme}://{host}:{desk.port}", None if pair is None else pair.fingerprint)
