"""Lets the centre command the gate: who takes its signed orders, and who carries them out."""

from functools import partial

from gatewayd.app.sync import Sync
from gatewayd.core.orders import OrderKind
from gatewayd.mqtt import topics
from gatewayd.ports import Journal
from gatewayd.runtime.centre_commands import CentreCommands
from gatewayd.runtime.centre_orders import CentreOrders, Registry
from gatewayd.runtime.commands import Commands
from gatewayd.runtime.gateway import Part
from gatewayd.runtime.lane import Shared


def build_orders(sync: Sync, shared: Shared, journal: Journal, commands: Commands) -> list[Part]:
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
    publisher.hear(orders)
    return [Part("orders of the centre", orders.run)]
