"""Lets the centre command the gate: who takes its signed orders, and who carries them out."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from config.schema import Settings
from gatewayd.app.sync import Line, Sync
from gatewayd.core.orders import OrderKind
from gatewayd.core.reasons import Locale
from gatewayd.core.words import LaneId
from gatewayd.mqtt import topics
from gatewayd.mqtt.payloads import PublishStatus
from gatewayd.ports import Clock, Journal
from gatewayd.runtime.centre_commands import CentreCommands
from gatewayd.runtime.centre_orders import CentreOrders, Registry
from gatewayd.runtime.centre_statuses import CentreStatuses, Shelf
from gatewayd.runtime.check_ins import CheckIns, telling
from gatewayd.runtime.commands import Commands
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.gateway import Part
from gatewayd.runtime.lane import LaneShell, Shared
from gatewayd.runtime.publisher_wording import check_message
from gatewayd.runtime.questions import Questions


def build_orders(
    settings: Settings,
    sync: Sync,
    shared: Shared,
    lanes: Mapping[LaneId, LaneShell],
    journal: Journal,
    commands: Commands,
) -> list[Part]:
    """Have the publisher hear the orders; return what carries them out."""
    site, publisher = sync.site, sync.publisher
    registry = Registry(
        judge=sync.judge,
        nonces=sync.nonces,
        cache=shared.gate.cache,
        recorder=shared.recorder,
        clock=shared.clock,
    )
    obeying = CentreCommands(
        commands,
        shared.recorder,
        journal,
        publisher.replay,
        partial(publisher.changed, topics.occupancy(site)),
    )
    orders = CentreOrders(OrderKind.COMMAND, topics.command(site), registry, obeying.act)
    checking_in = CheckIns(
        str(site),
        shared.gate,
        lanes,
        shared.clock,
        telling(PublishStatus(settings.privacy.publish_status)),
        Locale(settings.site.locale),
    )
    check_ins = CentreOrders(OrderKind.CHECKIN, topics.check_in(site), registry, checking_in.act)
    publisher.hear(orders)
    publisher.hear(check_ins)
    return [
        Part("orders of the centre", orders.run),
        Part("check-ins", check_ins.run),
    ]


def build_questions(
    settings: Settings, sync: Sync, gate: Gate, line: Line, clock: Clock
) -> Questions:
    """Let the gate ask who somebody is, and have the publisher hear what is said of people."""
    questions = Questions(
        clock,
        line.chance,
        lambda question: sync.publisher.ask(check_message(sync.site, question)),
        lambda: gate.policy.asks_centre_ms,
    )
    shelf = Shelf(
        judge=sync.judge,
        key_id=lambda: gate.knowledge.pseudonyms.key_id,
        nonces=sync.nonces,
        cache=gate.cache,
        blocking=line.blocking,
        clock=clock,
        kept_max=timedelta(days=settings.storage.retention_days),
    )
    sync.publisher.hear(CentreStatuses(topics.status(sync.site), shelf, questions.answered))
    return questions
