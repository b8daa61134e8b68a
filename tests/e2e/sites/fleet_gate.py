"""A gate of a fleet: rules, decisions, journal, documents and publisher of its own, but no devices.

Sixty of these fit into one process, as sixty daemons do not.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from gatewayd.app.centre_documents import stock_of
from gatewayd.app.chance import SystemChance
from gatewayd.app.sync import judge_of
from gatewayd.core.events import Access
from gatewayd.core.lane_terms import GateMode
from gatewayd.core.received import Received
from gatewayd.core.trust import IssuerKey
from gatewayd.core.words import Direction, LaneId
from gatewayd.mqtt import topics
from gatewayd.mqtt.account import Account
from gatewayd.mqtt.broker import AiomqttBroker
from gatewayd.mqtt.topics import SitePath
from gatewayd.ports import Blocking, Clock
from gatewayd.runtime.asked import Knowledge, Place, Scan
from gatewayd.runtime.centre_documents import CentreDocuments
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.library import Library
from gatewayd.runtime.nonces import Nonces
from gatewayd.runtime.publisher import Outside, Publisher
from gatewayd.runtime.publisher_earlier import EarlierEpochs
from gatewayd.runtime.publisher_receipts import CentreReceipts
from gatewayd.runtime.publisher_wording import PublisherSettings
from gatewayd.runtime.quarantine import Quarantine
from gatewayd.runtime.recorder import Recorder
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.received import Shelves
from tests.unit.document_world import base_of
from tests.unit.doubles import SimCache

AT_ENTRY = Place(LaneId("lane-1"), Direction.ENTRY, GateMode.NORMAL)


class FleetGate:
    """Built over a directory; `run` it as a task, and cancel that to stop it."""

    def __init__(
        self,
        site: SitePath,
        directory: Path,
        port: int,
        blocking: Blocking,
        clock: Clock,
        *,
        version: str,
        keys: Sequence[IssuerKey],
    ) -> None:
        self.site = site
        chance, run = SystemChance(), f"run-{site.site}"
        base = base_of(keys, unknown_holder="refuse")
        base = replace(base, office=replace(base.office, site=str(site)))
        directory.mkdir()
        self.journal = SqliteJournal.open(directory, run, 1_790_000_000_000, chance.token)
        knowledge = base.know(Received())
        assert isinstance(knowledge, Knowledge)
        self.gate = Gate(knowledge, SimCache(), clock, chance)
        self._clock = clock
        committed: list[Callable[..., None]] = [self.gate.committed]
        self._recorder = Recorder(self.journal, blocking, clock, committed)
        library = self._library = Library(self.gate, blocking, stock_of(base, Received()))
        account = Account(host="127.0.0.1", port=port, client_id=str(site))
        outside = Outside(
            journal=self.journal,
            blocking=blocking,
            broker=AiomqttBroker(account, blocking),
            clock=clock,
            chance=chance,
            quarantine=Quarantine(self.gate.cache, self._recorder.keep),
            receipts=CentreReceipts(site, partial(judge_of, self.gate, site), self.journal, clock),
            nonces=Nonces(clock, chance),
            documents=library.documents,
            mode=lambda: self.gate.policy.mode_at(clock.utc()),
        )
        self._publisher = Publisher(
            PublisherSettings(site=site, run=run, version=version),
            outside,
            lambda: self.gate.policy.versions,
            lambda _: None,
            EarlierEpochs((), blocking, self.journal.find),
        )
        committed.append(self._publisher.committed)
        shelves, kept = Shelves(directory), timedelta(days=21)
        intake = CentreDocuments(
            site, library, shelves, self._recorder, clock, retention=kept, seals={}
        )
        self._publisher.hear(intake)
        library.told.append(partial(self._publisher.changed, topics.state(site)))

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as parts:
                parts.create_task(self._recorder.run(), name="recorder")
                parts.create_task(self._library.run(), name="library")
                parts.create_task(self._publisher.run(), name="sync")
        finally:
            self.journal.close()

    def decide(self, code: bytes) -> Access:
        """Return the verdict on a code at the entry, which nobody records."""
        return self.gate.decide_scan(Scan(code, self._clock.monotonic()), AT_ENTRY).fact
