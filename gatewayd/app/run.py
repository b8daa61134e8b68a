"""`gatewayd run`: opens the stores, runs the gateway on them, and closes them in the end."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gatewayd.app.building import Opened, build_gateway
from gatewayd.app.chance import SystemChance
from gatewayd.app.control_client import SOCKET_NAME
from gatewayd.app.errors import NO, EarlyEnd, told_plainly
from gatewayd.app.logs import start_logging
from gatewayd.app.site import Delivered, Rules, advice, read_delivered, read_rules
from gatewayd.core.projection import project
from gatewayd.runtime.blocking import ThreadBlocking
from gatewayd.runtime.clock import SystemClock
from gatewayd.runtime.control import listen
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.state_directory import state_directory

log = logging.getLogger(__name__)

# A thread that reads pages for the backfill holds the interpreter for 5 ms at a time by default; a
# person at the gate waits for the thread that commits (measured: p99 19 ms, with this 4 ms).
SWITCH_S = 0.0005
RUN_BYTES = 6  # Tells one run of a gateway from another.
PAGE_ROWS = 1000


def run_gateway(path: Path) -> None:
    """Run until SIGTERM or SIGINT. Raises EarlyEnd where it cannot start."""
    start_logging()
    sys.setswitchinterval(SWITCH_S)
    with told_plainly():
        rules = read_rules(path)
        with _open(rules.settings.storage.directory) as opened:
            delivered = read_delivered(rules, makes_key=True)
            for sentence in (*delivered.problems, *advice(rules)):
                log.warning("look_at_this", extra={"fields": {"text": sentence}})
            asyncio.run(_run(rules, delivered, opened))


@contextmanager
def _open(directory: Path) -> Iterator[Opened]:
    run = SystemChance().token(RUN_BYTES).hex()
    epoch_ms = round(SystemClock().utc().timestamp() * 1000)
    with (
        state_directory(directory),
        closing(SqliteJournal.open(directory, run, epoch_ms, SystemChance().token)) as journal,
        closing(TinyCache.open(directory)) as cache,
        closing(_listen(directory / SOCKET_NAME)) as control,
    ):
        _catch_up(cache, journal)
        try:
            yield Opened(run, journal, cache, control)
        finally:
            (directory / SOCKET_NAME).unlink(missing_ok=True)


def _listen(path: Path) -> socket.socket:
    try:
        return listen(path)
    except OSError as error:
        raise EarlyEnd(
            f"{path}: the control socket cannot be made: {error}; a socket's path has at most 107 "
            "characters, and its directory must be writable",
            NO,
        ) from error


def _catch_up(cache: TinyCache, journal: SqliteJournal) -> None:
    """Fold into the tables what the journal has and a crash kept out of them."""
    epoch, upto = cache.folded()
    after = upto if epoch == journal.epoch else 0
    while events := journal.read(after, PAGE_ROWS):
        for event in events:
            cache.apply(project(event, cache.get), event.epoch, event.seq)
        after = events[-1].seq


async def _run(rules: Rules, delivered: Delivered, opened: Opened) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with ThreadBlocking() as blocking:
        gateway = build_gateway(rules, delivered.knowledge, opened, blocking)
        await gateway.run(stop)
