"""A gate that hears its centre's documents, in virtual time, with a folder of its own."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from config.problems import Where
from gatewayd.app.centre_documents import stock_of
from gatewayd.app.policy_files import PolicyFiles, _Source
from gatewayd.app.received_documents import Loaded, load_received, set_aside
from gatewayd.app.site import Base
from gatewayd.app.trust_directory import TrustFile, TrustFolder
from gatewayd.core.documents import Document, DocumentKind, Slot
from gatewayd.core.events import Audit
from gatewayd.core.policy_layers import Layer, Level
from gatewayd.core.trust import IssuerKey, collect
from gatewayd.core.trust_documents import TrustDocument
from gatewayd.mqtt import topics
from gatewayd.ports import Message
from gatewayd.runtime.asked import Knowledge
from gatewayd.runtime.centre_documents import CentreDocuments
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.library import Library
from gatewayd.store.received import Shelves
from tests.contract.messages import objection
from tests.unit.centre_documents import KEY, OFFICE, ZONE
from tests.unit.doubles import PSEUDONYMS, InlineBlocking, SimChance
from tests.unit.sync_world import SITE, Sync


def base_of(keys: Sequence[IssuerKey] = (KEY,), **own: Any) -> Base:
    """Return a site with its own `[policy]`."""
    layer = Layer("settings", Level.SITE, own)
    here = _Source(Where("gate.toml"), ("policy",))
    files = PolicyFiles(ZONE, exits_have_readers=True, layers=(layer,), sources={layer.label: here})
    trust = TrustFile(Path("centre.jwks.json"), TrustDocument(tuple(keys)))
    folder = TrustFolder(collect(keys), (), (trust,))
    return Base(files, folder, (), PSEUDONYMS, replace(OFFICE, trust=folder.trust))


class DocumentWorld:
    """A run of a gateway; another one on the same directory is the next run."""

    def __init__(self, directory: Path, base: Base | None = None) -> None:
        self.base = base or base_of()
        self.sync = Sync(documents=self._in_force)
        self.shelves = Shelves(directory)
        self.loaded: Loaded = load_received(self.shelves, self.base.office, DocumentKind)
        set_aside(self.loaded, directory)
        known = self.base.know(self.loaded.received)
        assert isinstance(known, Knowledge), known
        self.gate = Gate(known, self.sync.cache, self.sync.clock, SimChance())
        stock = stock_of(self.base, self.loaded.received)
        self.library = Library(self.gate, InlineBlocking(), stock)
        self.sync.parts.append(self.library.run)
        self.library.told.append(partial(self.sync.publisher.changed, topics.state(SITE)))
        self.intake = CentreDocuments(
            SITE,
            self.library,
            self.shelves,
            self,  # type: ignore[arg-type] # it records too
            self.sync.clock,
            retention=timedelta(days=21),
            seals=self.loaded.seals,
        )
        self.sync.publisher.hear(self.intake)

    def _in_force(self) -> tuple[Document, ...]:
        return self.library.documents()

    def keep(self, fact: Audit) -> None:
        """Record as the recorder does."""
        self.sync.append(fact)

    async def send(self, message: bytes, slot: Slot, *, is_retained: bool = True) -> Any:
        """Send a document; return the answer, None where there is none."""
        before = len(self.sync.broker.bodies("reply"))
        topic = topics.documents(SITE, slot.path)[slot.kind].replace("+", slot.name)
        self.sync.broker.for_gateway.put_nowait(Message(topic, message, is_retained=is_retained))
        await asyncio.sleep(1)
        replies = self.sync.broker.bodies("reply")[before:]
        for reply in replies:
            assert objection(topics.reply(SITE), json.dumps(reply).encode()) is None
        assert len(replies) <= 1
        return replies[0] if replies else None

    def audits(self) -> list[tuple[str, str]]:
        """Return subject and action of what was recorded."""
        facts = [event.draft.fact for event in self.sync.journal.events]
        return [(str(one.subject), one.action) for one in facts if isinstance(one, Audit)]
