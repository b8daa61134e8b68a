"""Reads the centre's documents back from the disk: verified again, the newest that is good."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from gatewayd.core.documents import (
    Document,
    DocumentKind,
    Office,
    Slot,
    read_document,
)
from gatewayd.core.received import Floor, Received
from gatewayd.core.signed import Refusal, Refused
from gatewayd.ports import StorageError
from gatewayd.store.received import Kept, Shelves, shelf_name


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was found. spoilt: files that are no use, whatever happens.

    seals: the SHA-256 of each message in force, by which it is known when it comes again.
    """

    received: Received
    problems: tuple[str, ...] = ()
    spoilt: tuple[Path, ...] = ()
    seals: Mapping[Slot, bytes] = field(default_factory=dict)


def load_received(shelves: Shelves, office: Office, kinds: Iterable[DocumentKind]) -> Loaded:
    """Read all documents of some kinds. Changes nothing, and never raises."""
    loading = _Loading(shelves, office)
    try:
        kept = shelves.kept()
    except StorageError as error:
        return Loaded(Received(), (str(error),))
    floors = shelves.floors()
    if floors is None:
        told = "the highest versions are not known any more; those of the files count"
        loading.problems.append(f"{shelves.folder}: {told}")
    for slot in loading.slots(kept, frozenset(kinds)):
        shelf = shelf_name(slot.kind, office.levels[slot.path], slot.name)
        loading.load(slot, kept.get(shelf, []), (floors or {}).get(shelf))
    return Loaded(
        loading.received, tuple(loading.problems), tuple(loading.spoilt), dict(loading.seals)
    )


def set_aside(loaded: Loaded, directory: Path) -> None:
    """Move files out of the way that are no use. Raises StorageError."""
    for path in loaded.spoilt:
        Shelves(directory).set_aside(path)


@dataclass(slots=True)
class _Loading:
    shelves: Shelves
    office: Office
    received: Received = field(default_factory=Received)
    problems: list[str] = field(default_factory=list)
    spoilt: list[Path] = field(default_factory=list)
    seals: dict[Slot, bytes] = field(default_factory=dict)

    def slots(self, shelves: Iterable[str], kinds: frozenset[DocumentKind]) -> list[Slot]:
        """Return the slots of this site that have files, or had."""
        paths = {str(level): path for path, level in self.office.levels.items()}
        found: set[Slot] = set()
        for shelf in {*shelves, *(self.shelves.floors() or {})}:
            kind, _, rest = shelf.partition(".")
            level, _, name = rest.partition(".")
            is_roster = kind == DocumentKind.ROSTER
            if kind in kinds and level in paths and is_roster == bool(name):
                found.add(Slot(DocumentKind(kind), paths[level], name))
        return sorted(found)

    def load(self, slot: Slot, files: list[Kept], floor: tuple[int, str] | None) -> None:
        """Take the newest whole document that is good, and the changes to it as far as they are."""
        wholes = [kept for kept in files if not kept.is_change]
        before = 2**63
        for whole in reversed(wholes):
            if self._take(slot, whole):
                changes = [one for one in files if one.is_change]
                for change in changes:
                    if whole.version < change.version < before and not self._take(slot, change):
                        break
                break
            before = whole.version
        self._raise_floor(slot, files, floor)

    def _take(self, slot: Slot, kept: Kept) -> bool:
        try:
            message = self.shelves.read(kept)
        except StorageError as error:
            self.problems.append(str(error))
            return False
        document = read_document(message, slot, self.office, None)
        taken = document if isinstance(document, Refused) else self._lay(document, kept)
        if isinstance(taken, Refused):
            self._leave_out(kept, taken)
            return False
        self.received = taken
        self.seals[slot] = sha256(message).digest()
        return True

    def _lay(self, document: Document, kept: Kept) -> Received | Refused:
        if document.version != kept.version:
            return Refused(Refusal.CONTENT, document.id, "it is another version than its name says")
        return self.received.take(document)

    def _leave_out(self, kept: Kept, refused: Refused) -> None:
        told = f": {refused.text}" if refused.text else ""
        what = f"{kept.path}: is not used any more ({refused.why}{told})"
        if refused.why in (Refusal.KEY, Refusal.REGION_KEY):
            what = f"{what}; it counts again when the key of then is back"
        else:
            self.spoilt.append(kept.path)
        self.problems.append(f"{what}; a document before it holds, if there is one")

    def _raise_floor(self, slot: Slot, files: list[Kept], noted: tuple[int, str] | None) -> None:
        """Let nothing older in than what was ever here."""
        floors = [Floor(kept.version, "") for kept in files]
        if noted is not None:
            floors.append(Floor(*noted))
        if slot in self.received.floors:
            floors.append(self.received.floors[slot])
        highest = max(floors, key=lambda floor: (floor.version, floor.digest))
        self.received = Received(self.received.documents, {**self.received.floors, slot: highest})
