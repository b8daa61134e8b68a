"""Puts the parts of a gateway together: the one place that knows them all."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from os import environ

from config.schema import EmbeddedBroker, OnDiskRefusal, Settings
from drivers.registry import Surroundings
from gatewayd import __version__
from gatewayd.app.accounts import build_people
from gatewayd.app.centre_documents import build_library, hear_documents
from gatewayd.app.centre_orders import build_orders, build_questions
from gatewayd.app.certificate import PagesCertificate
from gatewayd.app.chance import SystemChance
from gatewayd.app.doors import build_assist_buttons, build_doors, build_fire_inputs
from gatewayd.app.lanes import build_lanes, build_reader, interlock_lanes, surroundings
from gatewayd.app.opened import Opened
from gatewayd.app.pages import Behind, Pages, Records
from gatewayd.app.reload import reading_of
from gatewayd.app.site import Delivered, Rules
from gatewayd.app.sync import (
    Sync,
    build_device_messages,
    build_sync,
    line_of,
    run_embedded_broker,
)
from gatewayd.core.lane import Windows
from gatewayd.core.lane_terms import Indication
from gatewayd.core.reasons import Locale
from gatewayd.core.words import Json, LaneId
from gatewayd.mqtt.device_messages import DeviceMessages
from gatewayd.ports import Blocking
from gatewayd.runtime.alarm_desk import AlarmDesk
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.assists import Assists
from gatewayd.runtime.closing import infer_exits
from gatewayd.runtime.commands import Commands
from gatewayd.runtime.control import serve_control
from gatewayd.runtime.desk_reader import SUBJECT, DeskReader
from gatewayd.runtime.desk_verbs import DeskVerbs
from gatewayd.runtime.erasure import Erasure
from gatewayd.runtime.event_log import log_committed
from gatewayd.runtime.forgiving import Forgiving
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.gateway import Gateway, Part
from gatewayd.runtime.lane import LaneShell, Shared
from gatewayd.runtime.library import Library
from gatewayd.runtime.metrics import Metrics
from gatewayd.runtime.officers import Officers
from gatewayd.runtime.override_watch import OverrideWatch
from gatewayd.runtime.overview import Overview
from gatewayd.runtime.quarantine import Quarantine
from gatewayd.runtime.receipts_watch import watch_receipts
from gatewayd.runtime.recorder import Committed, Recorder
from gatewayd.runtime.reloading import Reading, Reloading
from gatewayd.runtime.reports import expire_removed
from gatewayd.runtime.requests import Verb
from gatewayd.runtime.service import Service
from gatewayd.runtime.timekeeping import Timekeeping
from gatewayd.runtime.upkeep import Room, Upkeep
from gatewayd.runtime.upkeep import Rules as UpkeepRules
from gatewayd.store.clock_note import write_clock_note


def build_gateway(
    rules: Rules, delivered: Delivered, opened: Opened, blocking: Blocking, hangup: asyncio.Event
) -> Gateway:
    """Build all parts; none of them runs yet. hangup: set to have the files read anew."""
    settings = rules.settings
    clock = opened.clock
    gate = Gate(delivered.knowledge, opened.cache, clock, SystemChance(), _areas(settings))
    others: list[Committed] = [log_committed]
    recorder = Recorder(opened.journal, blocking, clock, [gate.committed], others)
    alarms = Alarms(opened.cache, recorder)
    library = build_library(gate, blocking, delivered)
    line = line_of(settings, blocking)
    sync = build_sync(
        settings, opened, line, library, alarms, Quarantine(opened.cache, recorder.keep)
    )
    messages = build_device_messages(settings, blocking)
    shared = Shared(
        gate=gate,
        recorder=recorder,
        alarms=alarms,
        clock=clock,
        windows=Windows(record_ms=settings.journal.commit_deadline_ms),
        on_record_failure=_ON_REFUSAL[settings.journal.when_disk_refuses],
        changed=_ignore if sync is None else sync.changed,
        questions=(
            None
            if sync is None or line is None
            else build_questions(settings, sync, gate, line, clock)
        ),
    )
    around = surroundings(settings, messages)
    lanes = build_lanes(settings, shared, opened.cache, around)
    interlock_lanes(settings, lanes)
    doors = build_doors(settings, shared, opened.cache, around, lanes)
    fire_inputs = build_fire_inputs(settings, shared, around, lanes)
    expire_removed(lanes, gate, recorder)
    people = build_people(settings, opened, gate, recorder, blocking)
    desk_readers = _build_desk_readers(settings, around, lanes, alarms, people.officers)
    assists = Assists(lanes, opened.cache, recorder, clock)
    overrides = OverrideWatch(gate, alarms, clock)
    others += [assists.committed, overrides.committed]
    buttons = build_assist_buttons(settings, assists, alarms, around, lanes)
    alarms.end_removed([*_devices(lanes), *doors, *fire_inputs, *buttons, *desk_readers])
    if sync is not None:
        others.append(sync.committed)
        sync.publisher.give_way(recorder)
        sync.show(lanes, doors)
    alarm_desk = AlarmDesk(alarms, opened.cache, recorder)
    overview = Overview(
        site=settings.site.path,
        run=opened.run,
        started_s=clock.monotonic(),
        shared=shared,
        lanes=lanes,
        doors=doors,
        journal=opened.journal,
        sync=None if sync is None else sync.publisher.figures,
        assists=assists.waiting,
        alarm_rows=alarm_desk.rows,
        room=Room(),
        desk_readers=tuple(desk_readers),
        inputs=(*fire_inputs, *buttons),
    )
    metrics = Metrics(overview)
    reloading = Reloading(
        library, recorder, _reading(rules, delivered, library, people.certificate), hangup
    )
    records = _build_records(settings, opened, gate, recorder, blocking)
    commands = Commands(
        lanes,
        doors,
        gate,
        recorder,
        overview.status,
        Locale(settings.site.locale),
        erasure=Erasure(opened.journal, opened.cache, recorder, blocking, gate.grants.forget),
        retry_quarantined=None if sync is None else sync.publisher.retry,
        more={
            **people.officers.verbs,
            **people.users.verbs,
            **assists.verbs,
            **alarm_desk.verbs,
            **_desk_verbs(settings, opened, blocking, gate, recorder),
            **records.verbs,
            "reload": reloading.answer,
            "metrics": metrics.answer,
        },
    )
    orders = (
        []
        if sync is None
        else build_orders(settings, sync, shared, lanes, opened.journal, commands)
    )
    if sync is not None:  # After the orders, which have less time.
        hear_documents(rules, delivered, library, sync.publisher, recorder, clock)
    pages = _build_pages(
        settings,
        opened,
        Behind(
            ask=commands.answer,
            status=overview.status,
            files=records.files,
            is_ready=lambda: overview.health().is_ready,
            metrics=metrics.render,
            people=people,
            lanes=lanes,
            shared=shared,
            blocking=blocking,
        ),
    )
    others += [metrics.committed, pages.committed]
    return Gateway(
        shared=shared,
        cache=opened.cache,
        blocking=blocking,
        service=Service(environ),
        gate=[
            *(Part(f"lane {lane}", shell.run) for lane, shell in lanes.items()),
            *(Part(f"door {door}", shell.run) for door, shell in doors.items()),
            *(Part(f"fire input {name}", shell.run) for name, shell in fire_inputs.items()),
            *(Part(f"help button {name}", button.run) for name, button in buttons.items()),
            Part("assists", assists.run),
            Part("overrides", overrides.run),
            *(Part(name, desk_reader.run) for name, desk_reader in desk_readers.items()),
            *orders,
            Part("control", lambda: serve_control(opened.control, commands.answer)),
            Part("reload", reloading.run),
        ],
        sync=[
            Part("library", library.run),
            *_sync_parts(settings, sync, messages, shared),
            Part("closing", partial(infer_exits, gate, _gate_lane(settings), recorder, clock)),
            *_storage_parts(settings, opened, shared, blocking, overview.room),
            *pages.parts,
        ],
        last_words=_say_nothing if sync is None else sync.last_words,
        status=overview.line,
        started=_started(opened, delivered, gate.policy.versions),
    )


def _devices(lanes: Mapping[LaneId, LaneShell]) -> list[str]:
    return [device for shell in lanes.values() for device in shell.devices]


def _areas(settings: Settings) -> dict[LaneId, str]:
    return {LaneId(lane.id): lane.area for lane in settings.lanes if lane.area is not None}


def _gate_lane(settings: Settings) -> LaneId:
    return next(LaneId(lane.id) for lane in settings.lanes if lane.area is None)


def _reading(
    rules: Rules, delivered: Delivered, library: Library, certificate: PagesCertificate | None
) -> Reading:
    """Return what reads the site's files anew, and the certificate of the pages with them."""
    read = reading_of(rules, delivered)
    if certificate is None:
        return read
    library.told.append(certificate.taken)
    return certificate.renewing(read)


# The pages are imported by a gate that has some: their web server, papers and drawings take more
# than a third of the time and 20 MB of the memory that a start without them takes.


def _build_records(
    settings: Settings, opened: Opened, gate: Gate, recorder: Recorder, blocking: Blocking
) -> Records:
    if settings.desk is None:
        return Records()
    from gatewayd.app.desk_records import build_records  # noqa: PLC0415, see above

    return build_records(settings, opened, gate, recorder, blocking)


def _build_pages(settings: Settings, opened: Opened, behind: Behind) -> Pages:
    if settings.desk is None:
        return Pages()
    from gatewayd.app.desk import build_pages  # noqa: PLC0415, see above

    return build_pages(settings, settings.desk, opened, behind)


def _desk_verbs(
    settings: Settings, opened: Opened, blocking: Blocking, gate: Gate, recorder: Recorder
) -> dict[str, Verb]:
    shows_category = settings.desk is not None and settings.desk.show_category
    return {
        **Forgiving(gate, recorder, opened.journal, blocking).verbs,
        **DeskVerbs(gate, recorder, shows_category=shows_category).verbs,
    }


def _build_desk_readers(
    settings: Settings,
    around: Surroundings,
    lanes: Mapping[LaneId, LaneShell],
    alarms: Alarms,
    officers: Officers,
) -> dict[str, DeskReader]:
    """Return the officer's hand scanner by what alarms call it, if there is one."""
    if settings.desk_reader is None:
        return {}
    reader = build_reader(settings.desk_reader, around)
    return {SUBJECT: DeskReader(reader, lanes, alarms, officers.take_pass)}


def _sync_parts(
    settings: Settings, sync: Sync | None, messages: DeviceMessages | None, shared: Shared
) -> list[Part]:
    parts: list[Part] = []
    if sync is not None:
        watch = partial(watch_receipts, sync.publisher, shared.alarms, shared.clock)
        parts += [Part("sync", sync.publisher.run), Part("receipts", watch)]
    if messages is not None:
        parts.append(Part("device messages", messages.run))
    if isinstance(settings.device_broker, EmbeddedBroker):
        parts.append(Part("device broker", run_embedded_broker))
    return parts


def _storage_parts(
    settings: Settings, opened: Opened, shared: Shared, blocking: Blocking, room: Room
) -> list[Part]:
    """Return what looks after the journal and the clock."""
    rules = UpkeepRules(
        retention=timedelta(days=settings.storage.retention_days),
        outbox_max=timedelta(days=settings.storage.outbox_days_max),
        size_max=settings.storage.journal_mib_max << 20,
        has_centre=settings.broker is not None,
    )
    upkeep = Upkeep(
        rules=rules,
        journal=opened.journal,
        cache=opened.cache,
        recorder=shared.recorder,
        alarms=shared.alarms,
        blocking=blocking,
        clock=opened.clock,
        key=opened.checkpoint_key,
        room=room,
    )
    note = partial(write_clock_note, opened.directory)
    timekeeping = Timekeeping(opened.clock, shared.recorder, shared.alarms, blocking, note)
    return [Part("upkeep", upkeep.run), Part("clock", timekeeping.run)]


def _started(opened: Opened, delivered: Delivered, versions: tuple[str, ...]) -> dict[str, Json]:
    """Return what the record of the start tells: also what was not as it was left."""
    knowledge = delivered.knowledge
    told: dict[str, Json] = {
        "version": __version__,
        "run": opened.run,
        "policy": list[Json](versions),
        "rosters": {roster.name: len(roster.entries) for roster in knowledge.rosters},
        "trusted_keys": len(knowledge.trust.keys),
        **opened.findings(),
    }
    if delivered.loaded.spoilt:
        told["documents_moved_aside"] = [path.name for path in delivered.loaded.spoilt]
    return told


def _ignore() -> None:
    pass


async def _say_nothing() -> None:
    pass


_ON_REFUSAL = {
    OnDiskRefusal.REFUSE: Indication.REFUSED,
    OnDiskRefusal.REFER: Indication.ASK_OFFICER,
}
