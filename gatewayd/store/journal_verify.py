"""Holds every row of a journal against the hash chain, and names each that does not fit.

What left the journal lawfully must be listed in it: rows removed by age or size, content erased.
What the chain cannot show, that somebody wrote all of it anew, is shown by the signed checkpoints
and by the heads of the chain that the centre has.
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path

from gatewayd.core.custody import EVENT_ID, Checkpoint, Erased, Trimmed, read_listed
from gatewayd.core.events import Audit, EventClass, load_draft
from gatewayd.store import journal_file
from gatewayd.store.journal_file import DATABASE_NAME
from gatewayd.store.journal_head import NOTE_NAME, HeadNote
from gatewayd.store.journal_rows import Row
from gatewayd.store.journal_walk import walk_rows
from gatewayd.store.refusals import refusals_named

FINDINGS_MAX = 100  # Told one by one; from then on they are counted.
_TRACES_MAX = 16  # Links of broken rows that a sound one may follow: a few swapped rows.

_UNPROVEN = "cannot be proven: the event before it is not in its place"


@dataclass(frozen=True, slots=True)
class Finding:
    """id: of the event that does not hold, or is not there. what: says it of that event."""

    id: str
    what: str


@dataclass(frozen=True, slots=True)
class Head:
    """How the chain stood after an event, as somebody else has it."""

    id: str
    chain: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """row_count: rows looked at. erased_count: of them without content, as listed.

    trimmed: the last event that was removed for its age or the size of the file; "" if none was.
    checkpoint_count: signed checkpoints that hold. signers: the public keys of all of them.
    head: the last row and its link. findings: the first of them; finding_count counts all.
    """

    row_count: int
    erased_count: int
    trimmed: str
    checkpoint_count: int
    signers: frozenset[bytes]
    head: Head | None
    findings: tuple[Finding, ...]
    finding_count: int


def verify(directory: Path, known: Head | None = None) -> Verified:
    """Look at all rows once, also while a daemon writes. Raises StorageError.

    known: a head of the chain from elsewhere, which must be the one here.
    """
    path = directory / DATABASE_NAME
    with refusals_named(path), closing(journal_file.open_reader(path)) as reader:
        noted = HeadNote(directory / NOTE_NAME).read()
        bases = journal_file.read_bases(reader)
        start = journal_file.trimmed_position(reader)
        check = _Check(bases, start + 1, (journal_file.read_chain(reader, start),))
        for position, row in walk_rows(reader, start):
            check.take(position, row)
        check.end(noted)
        for position, claim, chain in check.claims(known):
            # Rows may be removed while we look: what a claim speaks of is gone then.
            if position > journal_file.trimmed_position(reader):
                check.hold(claim, chain, journal_file.read_chain(reader, position))
        return check.result(_id_at(bases, start) if start else "")


@dataclass(slots=True)
class _Check:
    bases: list[tuple[int, str]]
    following: int
    """The position that comes next."""
    links: tuple[bytes, ...]
    """What the next row may follow; () where that is lost."""
    is_astray: bool = False
    """The row before stands in another's place."""
    start: int = field(init=False)
    rows: int = 0
    last: Row | None = None
    unlisted: dict[str, bytes] = field(default_factory=dict)
    """The erased rows that no event has listed yet, and the SHA-256 of what is left of each."""
    erased: int = 0
    trimmed: Trimmed | None = None
    checkpoints: list[Checkpoint] = field(default_factory=list)
    held: int = 0
    findings: list[Finding] = field(default_factory=list)
    finding_count: int = 0

    def __post_init__(self) -> None:
        self.start = self.following - 1

    def take(self, position: int, row: Row | None) -> None:
        if position > self.following:
            self._miss(self.following, position - 1, "; the next event cannot be proven")
            self.links = ()  # The next row is believed: what it follows is lost.
        self.following = position + 1
        self.rows += 1
        expected = _id_at(self.bases, position)
        if row is None:
            self._find(expected, "was changed: it is no event any more")
            self.links = ()
            return
        self.last = row
        if row.id != expected:
            self._find(expected, f"is not in its place: {row.id} stands there")
            self._break(row)
            self.is_astray = True
            return
        if self.links and not any(row.is_linked(link) for link in self.links):
            self._find(
                row.id, _UNPROVEN if self.is_astray else "was changed, or swapped with another"
            )
            self._break(row)
        else:
            self.links = (row.chain,)
            self._read(row)
        self.is_astray = False

    def end(self, noted: tuple[str, int] | None) -> None:
        if noted is not None and noted[1] > 0:
            epoch, seq = noted
            base = {name: base for base, name in self.bases}.get(epoch)
            if base is None:
                self._find(f"{epoch}-{seq}", "is what the journal had come to: its epoch is gone")
            elif base + seq >= self.following:
                self._miss(self.following, base + seq, " at the end")
        for event_id in self.unlisted:
            self._find(event_id, "was erased, and no event lists it")
        if self.start and (self.trimmed is None or self.trimmed.position < self.start):
            gone = _id_at(self.bases, self.start)
            self._find(gone, "and all before it are gone, and no event says that they were removed")

    def claims(self, known: Head | None) -> Iterator[tuple[int, str, bytes]]:
        """Yield what was said of the chain: where, who says it of which event, and the link."""
        if self.trimmed is not None:
            yield self.trimmed.position, self.trimmed.id, self.trimmed.chain
        for each in self.checkpoints:
            if not each.is_genuine():
                self._find(each.id, "has a checkpoint whose signature does not hold")
            else:
                self.held += 1
                yield self._position(each.id), each.id, each.chain
        if known is not None:
            yield self._position(known.id), known.id, known.chain

    def hold(self, event_id: str, claimed: bytes, found: bytes) -> None:
        if not found:
            self._find(event_id, "is not there, and its link in the chain was noted elsewhere")
        elif claimed != found:
            self._find(event_id, "has another link in the chain than was noted elsewhere")

    def result(self, trimmed: str) -> Verified:
        return Verified(
            row_count=self.rows,
            erased_count=self.erased,
            trimmed=trimmed,
            checkpoint_count=self.held,
            signers=frozenset(each.public for each in self.checkpoints),
            head=None if self.last is None else Head(self.last.id, self.last.chain),
            findings=tuple(self.findings),
            finding_count=self.finding_count,
        )

    def _read(self, row: Row) -> None:
        """Take note of what a sound row lists, and of content that must be listed by another."""
        if row.is_erased:
            self.unlisted[row.id] = sha256(row.body or b"").digest()
            self.erased += 1
        if row.is_erased or row.body is None or row.event_class != EventClass.AUDIT:
            return
        try:
            fact = load_draft(row.body).fact
        except ValueError:
            return
        match read_listed(fact) if isinstance(fact, Audit) else None:
            case Checkpoint() as checkpoint:
                self.checkpoints.append(checkpoint)
            case Trimmed() as trimmed:
                self.trimmed = trimmed
            case Erased(ids, left):
                for event_id, told in zip_longest(ids, left[: len(ids)]):
                    found = self.unlisted.pop(event_id, None)
                    if told is not None and found not in {None, told}:
                        self._find(event_id, "was erased, and what is left of it was changed")
            case None:
                pass

    def _miss(self, first: int, last: int, more: str) -> None:
        ids = [_id_at(self.bases, first), _id_at(self.bases, last)]
        what = "is missing" if first == last else f"and all up to {ids[1]} are missing"
        self._find(ids[0], f"{what}{more}")

    def _break(self, row: Row) -> None:
        """Go on after a row that does not fit: the next may follow it, or what it should be."""
        repaired = tuple(row.linked(link).chain for link in self.links[-1:])
        self.links = (*self.links, row.chain, *repaired)[-_TRACES_MAX:]

    def _find(self, event_id: str, what: str) -> None:
        self.finding_count += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(event_id, what))

    def _position(self, event_id: str) -> int:
        """Return where an event stands; where no event can, if it is of no epoch here."""
        match = EVENT_ID.fullmatch(event_id)
        base = {name: base for base, name in self.bases}.get(match[1]) if match else None
        return self.following if match is None or base is None else base + int(match[2])


def _id_at(bases: list[tuple[int, str]], position: int) -> str:
    index = bisect_right(bases, (position - 1, chr(0x10FFFF))) - 1
    if index < 0:
        return f"row {position}"
    base, epoch = bases[index]
    return f"{epoch}-{position - base}"
