"""Rosters: lists of people by plain id, kept as pseudonyms only.

A file has the header `id,category,valid_from,valid_until,blocked,note,region,otp_key`, in any
order, with `,` or `;`; all but the first two may be missing, and one row is one line. A problem
names row and column, never what stands there: with columns shifted it could be anybody's secret.
"""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from operator import itemgetter

from gatewayd.core.pseudonym import Namespace, Pseudonyms
from gatewayd.core.spelling import EXPECTED_CATEGORY, EXPECTED_ID, is_category, is_id, read_time
from gatewayd.core.tables import Expected
from gatewayd.core.totp import OtpKey, read_key
from gatewayd.core.words import HolderId

COLUMNS = ("id", "category", "valid_from", "valid_until", "blocked", "note", "region", "otp_key")
ROW_COUNT_MAX = 250_000  # More people than any one building; about 100 MB of memory.

_REQUIRED = frozenset({"id", "category"})
DOCUMENT_COLUMNS = ("category", "valid_from", "valid_until", "blocked", "region")
"""What a roster of pseudonyms says of somebody; a secret goes by no wire."""

_READ_COLUMNS = ("id", "otp_key", *DOCUMENT_COLUMNS)
_YES = frozenset({"yes", "ya", "true", "1"})
_NO = frozenset({"", "no", "tidak", "false", "0"})
_NO_LIMIT = frozenset({"", "9999-12-31"})  # The second is how many systems write "for ever".
_ROUNDED = re.compile(r"\d([.,]\d+)?E\+\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """Valid from `valid_from` on and before `valid_until`, both UTC; None is no limit.

    region: where somebody comes from, None where the roster does not say. otp_key: whoever has one
    enters with the code that their phone makes of it, and with nothing else.
    """

    category: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    blocked: bool = False
    region: str | None = None
    otp_key: OtpKey | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Roster:
    """issued_at: when it was made; None where nobody says."""

    name: str
    entries: Mapping[HolderId, RosterEntry] = field(repr=False)
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row, counted from 1, which is the header; never names a person."""

    row: int
    what: str


def parse_roster(
    name: str, content: bytes, zone: tzinfo, pseudonyms: Pseudonyms
) -> tuple[Roster, tuple[RowProblem, ...]]:
    """Read a roster file (UTF-8). A broken row admits nobody; the good ones are used.

    Dates count in `zone`; the day of `valid_until` is the last one. A row that blocks does so even
    if the rest of it is broken, or if the id stands twice. Without a sound header there are no
    entries: a misspelled `blocked` would let in those who are.
    """
    lines = content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").split("\n")
    delimiter = ";" if lines[0].count(";") > lines[0].count(",") else ","
    header = [cell.strip().lower() for cell in _split(lines[0], delimiter)]
    mistake = _find_mistake(header, len(lines) - 1)
    if mistake is not None:
        return Roster(name, {}), (RowProblem(1, mistake),)
    # A column that is missing is read from a blank cell, put behind the others.
    places = [header.index(each) if each in header else len(header) for each in _READ_COLUMNS]
    loading = _Loading(zone, pseudonyms, len(header), itemgetter(*places))
    for row, line in enumerate(lines[1:], 2):
        if line.strip(f" \t{delimiter}"):  # Spreadsheets leave rows of nothing but delimiters.
            loading.add(row, _split(line, delimiter))
    return Roster(name, loading.entries), tuple(loading.problems)


def find_entry(rosters: Sequence[Roster], holder: HolderId) -> tuple[Roster, RosterEntry] | None:
    """Return the first roster that blocks this holder, else the first that lists them.

    A secret in any of them is theirs in all: a second list is no way around it.
    """
    listed = [
        (roster, entry) for roster in rosters if (entry := roster.entries.get(holder)) is not None
    ]
    blocking = [found for found in listed if found[1].blocked]
    for roster, entry in blocking or listed:
        keys = (other.otp_key for _, other in listed if other.otp_key is not None)
        key = entry.otp_key or next(keys, None)
        return roster, entry if key is entry.otp_key else replace(entry, otp_key=key)
    return None


def read_cells(cells: tuple[str, ...], zone: tzinfo) -> RosterEntry | tuple[str, ...]:
    """Read the `DOCUMENT_COLUMNS` of a row; what is wrong with them, where anything is."""
    reading = _read_entry(cells, zone)
    return reading.mistakes or reading.entry or ()


def _find_mistake(header: list[str], row_count: int) -> str | None:
    """Find what makes the whole file unusable."""
    for column, word in enumerate(header, 1):
        if word not in COLUMNS:
            return f"column {column} of the header: expected one of {', '.join(COLUMNS)}"
    if len(set(header)) < len(header) or not set(header) >= _REQUIRED:
        return "expected a header with id and category, and no column twice"
    if row_count > ROW_COUNT_MAX:
        return f"expected at most {ROW_COUNT_MAX} rows, found {row_count}: split the roster"
    return None


def _split(line: str, delimiter: str) -> list[str]:
    """Return the cells, with the blanks around them.

    None where quotes do not pair up, which must not swallow the next rows.
    """
    if '"' not in line:  # Nearly all lines, and ten times as fast.
        return line.split(delimiter)
    try:
        [cells] = csv.reader((line,), delimiter=delimiter, strict=True)
    except csv.Error:
        return []
    return cells


@dataclass(slots=True)
class _Loading:
    """A roster file while it is read."""

    zone: tzinfo
    pseudonyms: Pseudonyms
    width: int
    pick: Callable[[list[str]], tuple[str, ...]]
    """Takes the `_READ_COLUMNS` out of the cells of a row with a blank one behind."""
    entries: dict[HolderId, RosterEntry] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)
    rows: dict[HolderId, int] = field(default_factory=dict)
    readings: dict[tuple[str, ...], "_Reading"] = field(default_factory=dict)
    """Most rows differ in the id only; reading the rest once makes 100,000 of them cheap."""

    def add(self, row: int, cells: list[str]) -> None:
        if len(cells) != self.width:
            self._complain(row, f"expected {self.width} cells, and quotes in pairs")
            return
        cells.append("")
        picked = self.pick(cells)
        person = picked[0].strip()
        if "+" in person and _ROUNDED.fullmatch(person):
            self._complain(row, "id: a spreadsheet rounded it; make the column text, enter it anew")
        elif not is_id(person):
            self._complain(row, f"id: expected {EXPECTED_ID}")
        else:
            self._enter(row, self.pseudonyms.of(Namespace.PERSON, person), picked[2:], picked[1])

    def _enter(self, row: int, holder: HolderId, cells: tuple[str, ...], spelled: str) -> None:
        reading = self.readings.get(cells)
        if reading is None:
            reading = _read_entry(tuple(cell.strip() for cell in cells), self.zone)
            self.readings[cells] = reading
        if spelled and (spelled := spelled.strip()):
            reading = reading.with_key(read_key(spelled))
        for mistake in reading.mistakes:
            self._complain(row, mistake)
        first = self.rows.setdefault(holder, row)
        if first != row:
            self._complain(row, f"id: stands in row {first} already; here only a block counts")
        if reading.entry is not None and (first == row or reading.entry.blocked):
            self.entries[holder] = reading.entry

    def _complain(self, row: int, what: str) -> None:
        self.problems.append(RowProblem(row, what))


@dataclass(frozen=True, slots=True)
class _Reading:
    """A row but for its id; `entry` is None where it is broken and does not block."""

    entry: RosterEntry | None
    mistakes: tuple[str, ...] = ()

    def with_key(self, key: OtpKey | Expected) -> "_Reading":
        """Return the row with its secret; without one that can be used it lets nobody in."""
        if isinstance(key, Expected):
            entry = self.entry if self.entry is not None and self.entry.blocked else None
            return _Reading(entry, (*self.mistakes, f"otp_key: expected {key.what}"))
        entry = None if self.entry is None else replace(self.entry, otp_key=key)
        return _Reading(entry, self.mistakes)


def _read_entry(cells: tuple[str, ...], zone: tzinfo) -> _Reading:
    category, valid_from, valid_until, blocked, region = cells
    mistakes: list[str] = []
    begins = _read_limit("valid_from", valid_from, zone, mistakes)
    ends = _read_limit("valid_until", valid_until, zone, mistakes)
    if begins is not None and ends is not None and begins >= ends:
        mistakes.append("valid_until: expected a time after valid_from")
    if not is_category(category):
        mistakes.append(f"category: expected {EXPECTED_CATEGORY}")
        category = "unknown"
    if blocked.lower() not in _YES | _NO:
        mistakes.append("blocked: expected yes or no; counts as yes until it is mended")
    if region and not is_category(region):
        mistakes.append(f"region: expected {EXPECTED_CATEGORY}")
    if not mistakes:
        is_blocked = blocked.lower() in _YES
        return _Reading(RosterEntry(category, begins, ends, is_blocked, region or None))
    entry = None if blocked.lower() in _NO else RosterEntry(category, blocked=True)
    return _Reading(entry, tuple(mistakes))


def _read_limit(column: str, cell: str, zone: tzinfo, mistakes: list[str]) -> datetime | None:
    if cell in _NO_LIMIT:
        return None
    limit = read_time(cell, zone, is_end=column == "valid_until")
    if isinstance(limit, Expected):
        mistakes.append(f"{column}: expected {limit.what}")
        return None
    return limit
