"""Wires a real gateway to a simulated world: what `gatewayd.app.building` is to the real one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from drivers import base
from gatewayd.app.sync import ALARM, Sync
from gatewayd.core.folded import LANES
from gatewayd.core.lane import Windows
from gatewayd.core.lane_terms import Order
from gatewayd.core.orders import Judge
from gatewayd.core.reasons import Locale
from gatewayd.core.words import Direction, LaneId
from gatewayd.mqtt.topics import SitePath
from gatewayd.ports import Blocking, Broker, Cache, Chance, Clock, Journal
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.commands import Commands
from gatewayd.runtime.erasure import Erasure
from gatewayd.runtime.event_log import log_committed
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.gateway import Gateway, Part
from gatewayd.runtime.lane import LaneShell, Shared
from gatewayd.runtime.nonces import Nonces
from gatewayd.runtime.publisher import Outside, Publisher
from gatewayd.runtime.publisher_earlier import EarlierEpochs
from gatewayd.runtime.publisher_receipts import CentreReceipts
from gatewayd.runtime.publisher_wording import PublisherSettings
from gatewayd.runtime.quarantine import Quarantine
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.reports import expire_removed
from gatewayd.runtime.service import Service
from tests.sim.officer import SimOfficer
from tests.sim.site import SimSite

SITE = SitePath("mojokerto", "dukcapil", "gmsc")


@dataclass(frozen=True, slots=True)
class Devices:
    """What stands at one lane, as one process has it."""

    turnstile: base.Turnstile
    readers: Mapping[Direction, base.Reader]


@dataclass(frozen=True, slots=True)
class World:
    """All that a gateway process works through."""

    run: str
    journal: Journal
    cache: Cache
    blocking: Blocking
    broker: Broker
    clock: Clock
    chance: Chance
    devices: Mapping[str, Devices]
    officer: SimOfficer


@dataclass(frozen=True, slots=True)
class Built:
    gateway: Gateway
    gate: Gate
    lanes: Mapping[LaneId, LaneShell]
    publisher: Publisher
    alarms: Alarms
    recorder: Recorder


def build(site: SimSite, world: World) -> Built:
    """Build all parts; none of them runs yet."""
    clock, journal, cache = world.clock, world.journal, world.cache
    gate = Gate(site.knowledge, cache, clock, world.chance)
    others = [log_committed]
    recorder = Recorder(journal, world.blocking, clock, [gate.committed], others)
    alarms = Alarms(cache, recorder)
    nonces = Nonces(clock, world.chance)
    publisher = _build_publisher(site, world, alarms, recorder, nonces)
    sync = Sync(publisher, SITE, gate, nonces, clock, journal)
    shared = Shared(
        gate=gate,
        recorder=recorder,
        alarms=alarms,
        clock=clock,
        windows=Windows(),
        on_record_failure=site.on_record_failure,
        changed=sync.changed,
    )
    lanes = {
        LaneId(lane): LaneShell(LaneId(lane), at.turnstile, at.readers, shared, _order(cache, lane))
        for lane, at in world.devices.items()
    }
    expire_removed(lanes, gate, recorder)
    alarms.end_removed([device for shell in lanes.values() for device in shell.devices])
    others.append(sync.committed)
    sync.show(lanes, {})
    erasure = Erasure(journal, cache, recorder, world.blocking, gate.grants.forget)
    commands = Commands(lanes, {}, gate, recorder, dict, Locale.EN, erasure=erasure)
    gateway = Gateway(
        shared=shared,
        cache=cache,
        blocking=world.blocking,
        service=Service({}),
        gate=[
            *(Part(f"lane {lane}", shell.run) for lane, shell in lanes.items()),
            Part("control", partial(world.officer.work, commands)),
        ],
        sync=[Part("sync", publisher.run)],
        last_words=sync.last_words,
        status=str,
        started={"run": world.run},
    )
    return Built(gateway, gate, lanes, publisher, alarms, recorder)


def _build_publisher(
    site: SimSite, world: World, alarms: Alarms, recorder: Recorder, nonces: Nonces
) -> Publisher:
    def on_link(loss: str | None) -> None:
        if loss is None:
            alarms.clear(ALARM, "gateway")
        else:
            alarms.raise_(ALARM, "gateway", {"reason": loss})

    quarantine = Quarantine(world.cache, recorder.keep)
    judge = partial(Judge, str(SITE), site.knowledge.trust)
    return Publisher(
        PublisherSettings(site=SITE, run=world.run, version="0"),
        Outside(
            world.journal,
            world.blocking,
            world.broker,
            world.clock,
            world.chance,
            quarantine,
            CentreReceipts(SITE, judge, world.journal, world.clock),
            nonces,
        ),
        policy=lambda: site.knowledge.policy.versions,
        on_link=on_link,
        earlier=EarlierEpochs(world.journal.earlier(), world.blocking, world.journal.find),
    )


def _order(cache: Cache, lane: str) -> Order:
    row = cache.get(LANES, lane)
    return Order.NORMAL if row is None else Order(str(row["order"]))
