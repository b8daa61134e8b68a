"""`gatewayd run`: opens the stores, builds the parts, and runs them until it is told to stop."""

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from config.schema import OnDiskRefusal, Settings
from gatewayd import __version__
from gatewayd.app.chance import SystemChance
from gatewayd.app.errors import told_plainly
from gatewayd.app.lanes import build_lanes
from gatewayd.app.logs import start_logging
from gatewayd.app.site import Delivered, Rules, advice, read_delivered, read_rules
from gatewayd.core.events import Audit, AuditSubject
from gatewayd.core.lane import Windows
from gatewayd.core.lane_terms import Indication
from gatewayd.core.projection import project
from gatewayd.core.reasons import Locale
from gatewayd.ports import Cache, Journal
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.blocking import ThreadBlocking
from gatewayd.runtime.clock import SystemClock
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.gateway import Gateway, Part
from gatewayd.runtime.lane import Shared
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.service import Service
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.state_directory import state_directory

log = logging.getLogger(__name__)

RUN_BYTES = 6  # Tells one run of a gateway from another.
PAGE_ROWS = 1000


def run_gateway(path: Path) -> None:
    """Run until SIGTERM or SIGINT. Raises EarlyEnd where it cannot start."""
    start_logging()
    with told_plainly(), ExitStack() as stack:
        rules = read_rules(path)
        directory = stack.enter_context(state_directory(rules.settings.storage.directory))
        delivered = read_delivered(rules, makes_key=True)
        for sentence in (*delivered.problems, *advice(rules)):
            log.warning("settings_advice", extra={"fields": {"text": sentence}})
        ...
