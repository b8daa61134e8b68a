"""Rosters that the centre sends: whole, or as what changed since a version that is here.

People are pseudonyms under the key of the region. An entry has the columns of a roster file, as
texts: `{"86517456.42fb...": {"category": "staff", "valid_until": "2027-12-31"}}`. The hash of a
roster is the SHA-256 of its sorted lines `holder,category,valid_from,valid_until,blocked,region`,
each with a line feed behind it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from hashlib import sha256

from gatewayd.core.roster import DOCUMENT_COLUMNS, ROW_COUNT_MAX, Roster, RosterEntry, read_cells
from gatewayd.core.signed import Refusal, Refused, whole
from gatewayd.core.words import HolderId

CELL_LENGTH_MAX = 64  # A date with time and zone has half of that.

Cells = tuple[str, ...]
"""What stands in the `DOCUMENT_COLUMNS`, as it was sent."""

_HOLDER = re.compile(r"[0-9a-f]{8}\.[0-9a-f]{32}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_EXPECTED = (
    "expected hash, and entries (a whole roster) or base, set and remove (what changed since base)"
)


@dataclass(frozen=True, slots=True)
class FullRoster:
    """Everybody on it. digest: what the centre says it is; `apply` holds the rows against it.

    change_count: how many changes were laid over it.
    """

    rows: Mapping[HolderId, Cells] = field(repr=False)
    digest: str
    change_count: int = 0


@dataclass(frozen=True, slots=True)
class RosterDelta:
    """What changed since version `base`; digest: of the result."""

    base: int
    put: Mapping[HolderId, Cells] = field(repr=False)
    removed: tuple[HolderId, ...] = field(repr=False)
    digest: str


def read_roster(
    claims: Mapping[str, object], zone: tzinfo, key_id: str | None
) -> FullRoster | RosterDelta | Refused:
    """Understand the content. key_id: of the key that its pseudonyms are under; None refuses."""
    if key_id is None:
        told = 'the pseudonyms of this site are its own: it has no key_scope = "region"'
        return Refused(Refusal.REGION_KEY, None, told)
    reading = _Reading(zone, key_id)
    match claims:
        case {"hash": str(digest), "entries": dict(entries)} if _DIGEST.fullmatch(digest):
            rows = reading.rows(entries)
            return rows if isinstance(rows, Refused) else FullRoster(rows, digest)
        case {"hash": str(digest), "base": base, "set": dict(put), "remove": [*removed]} if (
            _DIGEST.fullmatch(digest) and whole(base, 2**53) is not None
        ):
            assert isinstance(base, int)
            rows, gone = reading.rows(put), reading.holders(removed)
            if isinstance(rows, Refused):
                return rows
            if isinstance(gone, Refused):
                return gone
            return RosterDelta(base, rows, gone, digest)
        case _:
            return Refused(Refusal.CONTENT, None, _EXPECTED)


def apply(roster: FullRoster | None, change: FullRoster | RosterDelta) -> FullRoster | Refused:
    """Return the result, which must be what the centre says it is."""
    rows, change_count = _laid_over(roster, change)
    if len(rows) > ROW_COUNT_MAX:
        return Refused(Refusal.SIZE, None, f"expected at most {ROW_COUNT_MAX} people")
    if hash_rows(rows) != change.digest:
        return Refused(Refusal.HASH, None, "the result has another hash than the document says")
    return FullRoster(rows, change.digest, change_count)


def _laid_over(
    roster: FullRoster | None, change: FullRoster | RosterDelta
) -> tuple[Mapping[HolderId, Cells], int]:
    if isinstance(change, FullRoster):
        return change.rows, 0
    assert roster is not None, "a change has a base"
    rows = {**roster.rows, **change.put}
    for holder in change.removed:
        rows.pop(holder, None)
    return rows, roster.change_count + 1


def hash_rows(rows: Mapping[HolderId, Cells]) -> str:
    digest = sha256()
    for holder in sorted(rows):
        digest.update(f"{','.join((holder, *rows[holder]))}\n".encode())
    return digest.hexdigest()


def make_roster(name: str, roster: FullRoster, zone: tzinfo, issued_at: datetime) -> Roster:
    """Return what decisions look people up in; all rows are known to be good."""
    readings: dict[Cells, RosterEntry] = {}
    for cells in set(roster.rows.values()):
        entry = read_cells(cells, zone)
        assert isinstance(entry, RosterEntry), "they were read before"
        readings[cells] = entry
    entries = {holder: readings[cells] for holder, cells in roster.rows.items()}
    return Roster(name, entries, issued_at)


@dataclass(slots=True)
class _Reading:
    zone: tzinfo
    key_id: str
    known: dict[Cells, RosterEntry | tuple[str, ...]] = field(default_factory=dict)
    """Rows or their mistakes; most differ in the holder only."""

    def rows(self, entries: Mapping[str, object]) -> dict[HolderId, Cells] | Refused:
        if len(entries) > ROW_COUNT_MAX:
            return Refused(Refusal.SIZE, None, f"expected at most {ROW_COUNT_MAX} people")
        holders = self.holders(entries)
        if isinstance(holders, Refused):
            return holders
        rows: dict[HolderId, Cells] = {}
        same: dict[Cells, Cells] = {}
        for number, (holder, entry) in enumerate(zip(holders, entries.values(), strict=True), 1):
            cells = _cells(entry)
            if cells is None:
                told = f"entry {number}: expected texts without commas: {_COLUMNS}"
                return Refused(Refusal.CONTENT, None, told)
            if cells not in self.known:
                self.known[cells] = read_cells(cells, self.zone)
            found = self.known[cells]
            if isinstance(found, tuple):
                return Refused(Refusal.CONTENT, None, f"entry {number}: {'; '.join(found)}")
            rows[holder] = same.setdefault(cells, cells)
        return rows

    def holders(self, found: Iterable[object]) -> tuple[HolderId, ...] | Refused:
        holders: list[HolderId] = []
        for number, holder in enumerate(found, 1):
            if not isinstance(holder, str) or _HOLDER.fullmatch(holder) is None:
                told = f"entry {number}: expected a pseudonym: 8 and 32 hex digits, a dot between"
                return Refused(Refusal.CONTENT, None, told)
            if not holder.startswith(self.key_id):
                told = f"entry {number}: is under another key than {self.key_id}, the region's"
                return Refused(Refusal.REGION_KEY, None, told)
            holders.append(HolderId(holder))
        return tuple(holders)


_COLUMNS = ", ".join(DOCUMENT_COLUMNS)


def _cells(entry: object) -> Cells | None:
    if not isinstance(entry, dict):
        return None
    cells = tuple(entry.get(column, "") for column in DOCUMENT_COLUMNS)
    is_good = all(
        isinstance(cell, str)
        and len(cell) <= CELL_LENGTH_MAX
        and cell.isascii()
        and cell.isprintable()
        and "," not in cell
        for cell in cells
    )
    return cells if is_good else None
