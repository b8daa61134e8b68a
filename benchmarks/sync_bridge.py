"""A mosquitto at the gate that passes everything on to the centre's as a bridge: the usual way."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.journal import a_verdict
from benchmarks.sync_gateway import SITE
from benchmarks.sync_subscriber import publish_all
from gatewayd.core.events import Event, EventClass
from gatewayd.mqtt import payloads, topics
from gatewayd.mqtt.payloads import PublishStatus
from tests.e2e.mosquitto import DURABLE, Mosquitto

FAST = """\
persistence true
persistence_location {directory}/
max_queued_messages 0
"""
"""As it comes: saved every half hour, so what a kill finds unsaved is lost."""
SETTINGS = """\
allow_anonymous true
connection centre
address 127.0.0.1:{port}
topic onegate/# out 1
cleansession false
restart_timeout 1
notifications false
try_private false
"""
"""The window is the bridge's own, of 20, as large as ours at this broker."""


@contextmanager
def bridge(directory: Path, port: int, count: int, *, is_durable: bool) -> Iterator[Mosquitto]:
    """Yield a bridge to 127.0.0.1:`port` that took so many events while nobody was there."""
    storage = DURABLE if is_durable else FAST
    with Mosquitto(directory, SETTINGS.format(port=port), storage=storage) as broker:
        publish_all(broker.port, messages(count))
        yield broker


def messages(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield events as the gateway would send them, topic and body."""
    epoch = f"{round(time.time() * 1000):012x}0001"
    for number in range(count):
        event = Event(epoch, number + 1, a_verdict(number), "run-1", float(number))
        yield (
            topics.backfill(SITE, EventClass.ACCESS).encode(),
            payloads.event(event, SITE, PublishStatus.STATUS),
        )
