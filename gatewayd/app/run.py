"""`gatewayd run`: opens the stores, runs the gateway on them, and closes them in the end."""

import asyncio
import faulthandler
import gc
import logging
import signal
import sys
from pathlib import Path

from gatewayd.app.building import build_gateway
from gatewayd.app.errors import told_plainly
from gatewayd.app.logs import start_logging
from gatewayd.app.opened import Opened, open_state
from gatewayd.app.received_documents import set_aside
from gatewayd.app.site import Delivered, Rules, advice, read_delivered, read_rules
from gatewayd.runtime.blocking import ThreadBlocking

log = logging.getLogger(__name__)

# By default a thread keeps the interpreter for 5 ms: one that reads pages for the backfill, or the
# loop that sends them. The one that commits, for a person at the gate, needs it half a dozen times
# (measured beside a backlog: p50 8.7 ms with 0.5 ms, 6.9 with this).
SWITCH_S = 0.0001


def run_gateway(path: Path) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP has files read anew. Raises EarlyEnd."""
    start_logging()
    faulthandler.enable()  # Ended by the watchdog, each thread says where it stands.
    sys.setswitchinterval(SWITCH_S)
    gc.disable()  # Loading leaves no garbage, and looking for it takes a tenth of the time.
    try:
        with told_plainly():
            _load_and_run(path)
    finally:
        gc.enable()


def _load_and_run(path: Path) -> None:
    rules = read_rules(path)
    with open_state(rules.settings.storage.directory) as opened:
        delivered = read_delivered(rules, makes_key=True)
        set_aside(delivered.loaded, rules.settings.storage.directory)
        for sentence in (*delivered.problems, *advice(rules)):
            log.warning("look_at_this", extra={"fields": {"text": sentence}})
        asyncio.run(_run(rules, delivered, opened))


async def _run(rules: Rules, delivered: Delivered, opened: Opened) -> None:
    stop, hangup = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, hangup.set)
    with ThreadBlocking() as blocking:
        gateway = build_gateway(rules, delivered, opened, blocking, hangup)
        gc.freeze()  # What a start makes stays: no search for garbage walks through it again.
        gc.enable()
        await gateway.run(stop)
