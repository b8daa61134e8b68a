"""All documents of the centre that are in force at a site, and what the next one makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from gatewayd.core.documents import (
    Document,
    DocumentKind,
    Office,
    PolicyLayer,
    Slot,
    Trusted,
    levels,
)
from gatewayd.core.policy_layers import Layer, parse_layer
from gatewayd.core.roster import Roster
from gatewayd.core.roster_documents import FullRoster, RosterDelta, apply, make_roster
from gatewayd.core.signed import Refusal, Refused
from gatewayd.core.tables import Mistake
from gatewayd.core.trust_documents import TrustDocument

ROSTERS_MAX = 32  # For a site; each may be large.
CHANGES_MAX = 32  # Since the whole: all of them are read again at each start.


@dataclass(frozen=True, slots=True)
class Floor:
    """The highest version that was ever taken, and the digest of what it said; "" is not known."""

    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Received:
    """Never changed, only replaced. floors: also of documents that are not here any more."""

    documents: Mapping[Slot, Document] = field(default_factory=dict)
    floors: Mapping[Slot, Floor] = field(default_factory=dict)

    def take(self, document: Document) -> "Received | Refused":
        """Return all with a document that is new; `self` where it is in force already."""
        slot = document.slot
        floor, present = self.floors.get(slot), self.documents.get(slot)
        if floor is not None and document.version < floor.version:
            return _refuse(document, Refusal.ROLLBACK, f"version {floor.version} was here already")
        if floor is not None and document.version == floor.version:
            if floor.digest not in ("", document.digest):
                told = f"another document of version {floor.version} was here already"
                return _refuse(document, Refusal.ROLLBACK, told)
            if present is not None and present.version == floor.version:
                return self
        if isinstance(document.content, FullRoster | RosterDelta):
            if present is None and self._roster_count >= ROSTERS_MAX:
                told = f"there are {ROSTERS_MAX} rosters already: withdraw one"
                return _refuse(document, Refusal.SIZE, told)
            settled = _settle(document, present)
            if isinstance(settled, Refused):
                return settled
            document = settled
        return Received(
            {**self.documents, slot: document},
            {**self.floors, slot: Floor(document.version, document.digest)},
        )

    @property
    def _roster_count(self) -> int:
        return sum(isinstance(one.content, FullRoster) for one in self.documents.values())

    def without(self, slots: frozenset[Slot]) -> "Received":
        """Return all but some documents; they could come again."""
        left = {slot: one for slot, one in self.documents.items() if slot not in slots}
        return replace(self, documents=left)


@dataclass(frozen=True, slots=True)
class LaidDown:
    """A layer of a policy that came as a document, with what is wrong with its head."""

    slot: Slot
    layer: Layer
    mistakes: tuple[Mistake, ...]


def policy_layers(received: Received, site: str, zone: tzinfo) -> tuple[LaidDown, ...]:
    """Return the layers of a policy, from the widest place on."""
    found: list[LaidDown] = []
    for path, level in levels(site).items():
        slot = Slot(DocumentKind.POLICY, path)
        match received.documents.get(slot):
            case Document(content=PolicyLayer(values=values)) as document:
                head = {"level": str(level), "version": document.label}
                layer, mistakes = parse_layer(document.label, {**values, **head}, zone)
                found.append(LaidDown(slot, replace(layer, is_received=True), mistakes))
            case _:
                pass
    return tuple(found)


def rosters(received: Received, office: Office) -> tuple[Roster, ...]:
    """Return the rosters; that of the nearest place first, since the first that lists counts."""
    places = list(office.levels)
    listed = [
        (slot, document.content, document.issued_at)
        for slot, document in received.documents.items()
        if isinstance(document.content, FullRoster)
    ]
    nearest = sorted(listed, key=lambda one: (-places.index(one[0].path), one[0].name))
    return tuple(
        make_roster(slot.label, content, office.zone, issued_at)
        for slot, content, issued_at in nearest
    )


def trusted(received: Received) -> tuple[TrustDocument, ...]:
    found = (received.documents[slot].content for slot in sorted(received.documents))
    return tuple(content.document for content in found if isinstance(content, Trusted))


def _settle(document: Document, present: Document | None) -> Document | Refused:
    """Return a roster as it is with its changes."""
    before = None
    if isinstance(document.content, RosterDelta):
        base = document.content.base
        match present:
            case Document(version=version, content=FullRoster() as full) if version == base:
                if full.change_count >= CHANGES_MAX:
                    told = f"there are {CHANGES_MAX} changes since the whole already"
                    return _refuse(document, Refusal.BASE, told)
                before = full
            case _:
                version = 0 if present is None else present.version
                told = f"it changes version {base}, and here is {version or 'none'}"
                return _refuse(document, Refusal.BASE, told)
    assert isinstance(document.content, FullRoster | RosterDelta)
    whole = apply(before, document.content)
    if isinstance(whole, Refused):
        return _refuse(document, whole.why, whole.text or "")
    return replace(document, content=whole)


def _refuse(document: Document, why: Refusal, text: str) -> Refused:
    return Refused(why, document.id, text)
