"""Takes signed documents of the centre: stored, put in force whole, recorded and answered.

Retained ones come again at each connection; what is in force already is passed over in silence.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from gatewayd.core.documents import (
    Document,
    DocumentKind,
    Slot,
    Trusted,
    Withdrawn,
    read_document,
    told_problems,
)
from gatewayd.core.events import Audit, AuditSubject
from gatewayd.core.received import Received
from gatewayd.core.roster_documents import RosterDelta
from gatewayd.core.signed import Refusal, Refused
from gatewayd.core.trust_documents import TrustDocument
from gatewayd.core.words import ClockQuality, Json
from gatewayd.mqtt import topics
from gatewayd.mqtt.payloads import document_state
from gatewayd.mqtt.topics import SitePath
from gatewayd.ports import Clock, Message, StorageError
from gatewayd.runtime.asked import Knowledge
from gatewayd.runtime.inbox import Centre, Reply
from gatewayd.runtime.library import Edition, Library, Stock
from gatewayd.runtime.nonces import known_time
from gatewayd.runtime.recorder import Recorder
from gatewayd.store.received import Shelves, shelf_name

log = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z0-9-]{1,32}")

_SUBJECTS = {
    DocumentKind.POLICY: AuditSubject.POLICY,
    DocumentKind.ROSTER: AuditSubject.ROSTER,
    DocumentKind.TRUST: AuditSubject.POLICY,
}


class CentreDocuments:
    """An `Intake`. seals: the SHA-256 of each message that is in force, by which it is known."""

    def __init__(  # noqa: PLR0913 - one for each thing that a document touches
        self,
        site: SitePath,
        library: Library,
        shelves: Shelves,
        recorder: Recorder,
        clock: Clock,
        *,
        retention: timedelta,
        seals: Mapping[Slot, bytes],
    ) -> None:
        """Take how long policies are kept that were replaced."""
        self._library = library
        self._shelves = shelves
        self._recorder = recorder
        self._clock = clock
        self._retention = retention
        self._seals = dict(seals)
        self._refused: dict[Slot, tuple[bytes, Refusal]] = {}
        """What was last recorded as refused: retained ones come again and again."""
        self._slots = {
            topic: Slot(DocumentKind(kind), path)
            for path in library.stock.office.levels
            for kind, topic in topics.documents(site, path).items()
        }

    @property
    def topics(self) -> list[str]:
        return list(self._slots)

    async def take(self, message: Message, centre: Centre) -> None:
        """Store a document and put it in force, or say why not; it is durable on return."""
        slot = self._slot(message.topic)
        if slot is None:
            log.warning("document_refused", extra={"fields": {"topic": message.topic}})
            return
        if not message.payload:
            return  # The broker was told to forget its copy.
        seal = await self._library.blocking.run(lambda: sha256(message.payload).digest())
        if self._seals.get(slot) == seal and slot in self._library.stock.received.documents:
            return
        at = known_time(self._clock)
        make = partial(self._make, message.payload, slot, at)
        await self._library.renew(make, partial(self._made, slot, seal, centre))

    def _made(
        self, slot: Slot, seal: bytes, centre: Centre, found: Edition | Refused | None
    ) -> None:
        match found:
            case None:
                return
            case Refused():
                self._refuse(slot, seal, found, centre)
            case Edition():
                document = found.stock.received.documents[slot]
                self._seals[slot] = seal
                self._refused.pop(slot, None)
                self._record(document)
                centre.tell(
                    Reply(document.id, "done", _left_out(document), document_state(document))
                )

    def _slot(self, topic: str) -> Slot | None:
        """Return where a document belongs by its topic; None where that can be no place."""
        if topic in self._slots:
            return self._slots[topic]
        place, _, name = topic.rpartition("/")
        slot = self._slots.get(f"{place}/+")
        return None if slot is None or not _NAME.fullmatch(name) else replace(slot, name=name)

    def _make(
        self, message: bytes, slot: Slot, at: datetime | None, stock: Stock
    ) -> Edition | Refused | None:
        """Verify, understand and store a document; None where it is in force already."""
        document = read_document(message, slot, stock.office, at)
        if isinstance(document, Refused):
            return document
        received = stock.received.take(document)
        if isinstance(received, Refused):
            return received
        if received is stock.received:
            return None
        knowledge = stock.know(received)
        if not isinstance(knowledge, Knowledge):
            return Refused(Refusal.CONTENT, document.id, told_problems(tuple(knowledge)))
        try:
            self._keep(message, document, received, stock)
        except StorageError as error:
            log.error("document_not_kept", extra={"fields": {"what_to_do": str(error)}})  # noqa: TRY400, foreseen
            return Refused(Refusal.STORAGE, document.id, error.reason)
        return Edition(replace(stock, received=received), knowledge)

    def _keep(self, message: bytes, document: Document, received: Received, stock: Stock) -> None:
        levels = stock.office.levels
        floors = {
            shelf_name(slot.kind, levels[slot.path], slot.name): (floor.version, floor.digest)
            for slot, floor in received.floors.items()
        }
        slot = document.slot
        self._shelves.keep(
            shelf_name(slot.kind, levels[slot.path], slot.name),
            document.version,
            message,
            floors,
            is_change=isinstance(document.content, RosterDelta),
        )
        if self._clock.quality() is not ClockQuality.UNSYNCED:
            self._shelves.prune(self._clock.utc() - self._retention)

    def _refuse(self, slot: Slot, seal: bytes, refused: Refused, centre: Centre) -> None:
        fields = {"kind": str(slot.kind), "of": slot.label, "reason": str(refused.why)}
        log.warning("document_refused", extra={"fields": fields})
        if refused.id is None:
            return
        detail: dict[str, Json] = {"kind": str(slot.kind), "path": slot.path}
        if slot.name:
            detail["name"] = slot.name
        centre.tell(Reply(refused.id, str(refused.why), refused.text, detail))
        if self._refused.get(slot) == (seal, refused.why):
            return
        self._refused[slot] = (seal, refused.why)
        told: dict[str, Json] = {**detail, "id": refused.id, "reason": str(refused.why)}
        if refused.text is not None:
            told["text"] = refused.text
        self._recorder.keep(
            Audit(subject=_SUBJECTS[slot.kind], action="document_refused", detail=told)
        )

    def _record(self, document: Document) -> None:
        is_end = isinstance(document.content, Withdrawn)
        audit = Audit(
            subject=_SUBJECTS[document.slot.kind],
            action="document_withdrawn" if is_end else "document_taken",
            detail={**document_state(document), "key": document.key_id.hex()},
        )
        self._recorder.keep(audit)


def _left_out(document: Document) -> str | None:
    """Return what of a trust list is not used."""
    match document.content:
        case Trusted(document=TrustDocument(problems=problems)) if problems:
            return told_problems(problems)
        case _:
            return None
