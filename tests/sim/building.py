"""Wires a real gateway to a simulated world: what `gatewayd.app.building` is to the real one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from drivers import base
from gatewayd.app.centre_documents import build_library, hear_documents
from gatewayd.app.centre_orders import build_orders, build_questions
from gatewayd.app.opened import Opened
from gatewayd.app.site import Delivered, Rules
from gatewayd.app.sync import Line, build_sync
from gatewayd.core.events import Event
from gatewayd.core.folded import LANES
from gatewayd.core.lane import Windows
from gatewayd.core.lane_terms import Indication, Order
from gatewayd.core.reasons import Locale
from gatewayd.core.words import Direction, LaneId
from gatewayd.ports import Cache
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.commands import Commands
from gatewayd.runtime.erasure import Erasure
from gatewayd.runtime.event_log import log_committed
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.gateway import Gateway, Part
from gatewayd.runtime.lane import LaneShell, Shared
from gatewayd.runtime.library import Library
from gatewayd.runtime.publisher import Publisher
from gatewayd.runtime.quarantine import Quarantine
from gatewayd.runtime.receipts_watch import watch_receipts
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.reports import expire_removed
from gatewayd.runtime.service import Service
from gatewayd.runtime.timekeeping import Timekeeping
from tests.sim.officer import SimOfficer

LIVE_AGE = "the age of news, in seconds"
LIVE_COUNT = "news in memory"
REPLAY_COUNT = "ranges that the centre wants again"


@dataclass(frozen=True, slots=True)
class Devices:
    """What stands at one lane, as one process has it."""

    turnstile: base.Turnstile
    readers: Mapping[Direction, base.Reader]


@dataclass(frozen=True, slots=True)
class World:
    """All that a gateway process works through."""

    rules: Rules
    delivered: Delivered
    opened: Opened
    line: Line
    devices: Mapping[str, Devices]
    note_time: Callable[[datetime], None]
    on_record_failure: Indication
    officer: SimOfficer
    weigh: Callable[[str, float], None]
    """Is told what is kept in memory, after each commit."""


@dataclass(frozen=True, slots=True)
class Built:
    gateway: Gateway
    gate: Gate
    lanes: Mapping[LaneId, LaneShell]
    publisher: Publisher
    alarms: Alarms
    recorder: Recorder
    library: Library


def build(world: World) -> Built:
    """Build all parts; none of them runs yet."""
    settings, opened, line = world.rules.settings, world.opened, world.line
    clock, journal, cache, blocking = opened.clock, opened.journal, opened.cache, line.blocking
    gate = Gate(world.delivered.knowledge, cache, clock, line.chance)
    others = [log_committed]
    recorder = Recorder(journal, blocking, clock, [gate.committed], others)
    alarms = Alarms(cache, recorder)
    library = build_library(gate, blocking, world.delivered)
    quarantine = Quarantine(cache, recorder.keep)
    sync = build_sync(settings, opened, line, library, alarms, quarantine)
    assert sync is not None
    shared = Shared(
        gate=gate,
        recorder=recorder,
        alarms=alarms,
        clock=clock,
        windows=Windows(),
        on_record_failure=world.on_record_failure,
        changed=sync.changed,
        questions=build_questions(settings, sync, gate, line, clock),
    )
    lanes = {
        LaneId(lane): LaneShell(LaneId(lane), at.turnstile, at.readers, shared, _order(cache, lane))
        for lane, at in world.devices.items()
    }
    expire_removed(lanes, gate, recorder)
    alarms.end_removed([device for shell in lanes.values() for device in shell.devices])
    others += [sync.committed, partial(_weigh, world, sync.publisher)]
    sync.publisher.give_way(recorder)
    sync.show(lanes, {})
    commands = Commands(
        lanes,
        {},
        gate,
        recorder,
        dict,
        Locale.EN,
        erasure=Erasure(journal, cache, recorder, blocking, gate.grants.forget),
        retry_quarantined=sync.publisher.retry,
    )
    orders = build_orders(settings, sync, shared, lanes, journal, commands)
    hear_documents(world.rules, world.delivered, library, sync.publisher, recorder, clock)
    gateway = Gateway(
        shared=shared,
        cache=cache,
        blocking=blocking,
        service=Service({}),
        gate=[
            *(Part(f"lane {lane}", shell.run) for lane, shell in lanes.items()),
            *orders,
            Part("control", partial(world.officer.work, commands)),
        ],
        sync=[
            Part("library", library.run),
            Part("sync", sync.publisher.run),
            Part("clock", Timekeeping(clock, recorder, alarms, blocking, world.note_time).run),
            Part("receipts", partial(watch_receipts, sync.publisher, alarms, clock)),
        ],
        last_words=sync.last_words,
        status=str,
        started={"run": opened.run, **opened.findings()},
    )
    return Built(gateway, gate, lanes, sync.publisher, alarms, recorder, library)


def _weigh(world: World, publisher: Publisher, _: Sequence[Event]) -> None:
    live, kept = publisher._live, (*publisher._live._taken, *publisher._live._waiting)
    now_s = world.opened.clock.monotonic()
    world.weigh(LIVE_AGE, max((now_s - event.appended_s for event in kept), default=0.0))
    world.weigh(LIVE_COUNT, max(len(live._taken), len(live._waiting)))
    world.weigh(REPLAY_COUNT, len(publisher._backfill.replays))


def _order(cache: Cache, lane: str) -> Order:
    row = cache.get(LANES, lane)
    return Order.NORMAL if row is None else Order(str(row["order"]))
