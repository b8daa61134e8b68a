"""Journal and publisher of a gateway as a process of their own, to be measured or killed.

    python -m benchmarks.sync_gateway DIRECTORY PORT [--produce 20000] [--lanes 4]

It sends what the journal holds to the broker of 127.0.0.1:PORT. With --produce it records verdicts
meanwhile until the journal has so many, each lane its next one when its last is on disk. It runs
until it is ended.
"""

import argparse
import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.journal import a_verdict
from gatewayd import __version__
from gatewayd.app.chance import SystemChance
from gatewayd.core.events import Event
from gatewayd.core.orders import Judge
from gatewayd.core.trust import collect
from gatewayd.mqtt.account import Account
from gatewayd.mqtt.broker import AiomqttBroker
from gatewayd.mqtt.topics import SitePath
from gatewayd.runtime.blocking import ThreadBlocking
from gatewayd.runtime.clock import SystemClock
from gatewayd.runtime.nonces import Nonces
from gatewayd.runtime.publisher import Outside, Publisher
from gatewayd.runtime.publisher_earlier import EarlierEpochs
from gatewayd.runtime.publisher_receipts import CentreReceipts
from gatewayd.runtime.publisher_wording import PublisherSettings
from gatewayd.runtime.quarantine import Quarantine
from gatewayd.runtime.recorder import Recorder
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal import SqliteJournal

SITE = SitePath("mojokerto", "dukcapil", "gmsc")
PER_S = 1e9  # No limit: the backfill is limited on purpose, and that is not what is measured.

Listener = Callable[[Sequence[Event]], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--produce", type=int, default=0, help="events that the journal gets")
    parser.add_argument("--lanes", type=int, default=4)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.directory, arguments.port, arguments.produce, arguments.lanes))


async def run(directory: Path, port: int, count: int, lanes: int, *listeners: Listener) -> None:
    """Send, and record until there are `count`; listeners are told of each commit first."""
    journal, cache = open_journal(directory), TinyCache.open(directory)
    clock, chance = SystemClock(), SystemChance()
    with ThreadBlocking() as blocking:
        broker = AiomqttBroker(Account(host="127.0.0.1", port=port, client_id=str(SITE)), blocking)
        told = list(listeners)
        recorder = Recorder(journal, blocking, clock, told)
        outside = Outside(
            journal=journal,
            blocking=blocking,
            broker=broker,
            clock=clock,
            chance=chance,
            quarantine=Quarantine(cache, recorder.keep),
            receipts=CentreReceipts(SITE, lambda: Judge(str(SITE), collect(())), journal, clock),
            nonces=Nonces(clock, chance),
        )
        settings = PublisherSettings(
            site=SITE, run=secrets.token_hex(4), version=__version__, backfill_per_s=PER_S
        )
        earlier = EarlierEpochs(journal.earlier(), blocking, journal.find)
        publisher = Publisher(settings, outside, lambda: (), lambda _: None, earlier)
        told.append(publisher.committed)
        async with asyncio.TaskGroup() as group:
            group.create_task(publisher.run(), name="publisher")
            group.create_task(recorder.run(), name="recorder")
            for _ in range(lanes):
                group.create_task(produce(recorder, journal, count), name="lane")


async def produce(recorder: Recorder, journal: SqliteJournal, count: int) -> None:
    """Record verdicts one after the other until the journal has `count` events."""
    loop = asyncio.get_running_loop()
    while (head := journal.head()) < count:
        recorded: asyncio.Future[Event | None] = loop.create_future()
        recorder.verdict(a_verdict(head).fact, recorded.set_result)
        await recorded


def open_journal(directory: Path) -> SqliteJournal:
    epoch_ms = round(time.time() * 1000)
    return SqliteJournal.open(directory, secrets.token_hex(4), epoch_ms, os.urandom)


def fill(directory: Path, count: int) -> None:
    """Make a journal with a backlog of so many events, of an earlier run."""
    journal = open_journal(directory)
    while (head := journal.head()) < count:
        numbers = range(head, min(count, head + 1000))
        journal.commit([(a_verdict(number), float(number)) for number in numbers])
    journal.close()


@contextmanager
def gateway(directory: Path, port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run it as a process of its own, until the end of the block."""
    command = [sys.executable, "-m", "benchmarks.sync_gateway", str(directory), str(port), *options]
    process = subprocess.Popen(command)  # noqa: S603 - our own program
    try:
        yield process
        assert process.poll() is None, "the gateway ended by itself"
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
