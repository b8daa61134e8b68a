"""Which rows of the journal have served their time, and what is said of them when they go.

Rows go from the oldest on. One that has its receipt goes after the retention time, one that has
not stays longer, and one that the decision cache has not folded in stays in any case. Times of an
unsynced clock are not believed: such a row goes with the next one whose time is.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from gatewayd.core.custody import Gap, Trimmed
from gatewayd.core.events import format_time
from gatewayd.core.words import ClockQuality
from gatewayd.ports import Receipts
from gatewayd.store import receipts
from gatewayd.store.journal_file import trimmed_position

_PAGE_ROWS = 500
_SIZE_AFTER = 0.75
"""Of the allowed size: where removing stops, so that it is not needed again in the next minute."""


@dataclass(frozen=True, slots=True)
class Limits:
    """delivered_before: events with a receipt that happened before go; None: none for its age.

    undelivered_before: the same for those without. size_max: bytes that all rows may take.
    has_centre: without one nothing is ever confirmed, and no gap is told.
    """

    delivered_before: datetime | None
    undelivered_before: datetime | None
    size_max: int
    has_centre: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What to say, gaps first, before rows up to `trimmed.position` are removed."""

    trimmed: Trimmed
    gaps: tuple[Gap, ...]


def used_size(reader: sqlite3.Connection) -> int:
    """Return how many bytes of the file are in use; removed rows leave room for new ones."""
    pages, free, size = (
        reader.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def plan(
    reader: sqlite3.Connection,
    bases: list[tuple[int, str]],
    last: int,
    confirmed: Mapping[str, Receipts],
    limits: Limits,
) -> Plan | None:
    """Find what can go; None if nothing can.

    last: rows after this position stay. confirmed: the receipts of each epoch.
    """
    start = trimmed_position(reader)
    by_age = _age_cut(reader, start, last, confirmed, limits)
    cut = max(by_age, min(_size_cut(reader, start, limits.size_max), last))
    if cut <= start:
        return None
    query = "SELECT epoch, seq, chain FROM events WHERE position = ?"
    epoch, seq, chain = reader.execute(query, (cut,)).fetchone()
    (count,) = reader.execute("SELECT count(*) FROM events WHERE position <= ?", (cut,)).fetchone()
    gaps = tuple(
        Gap(name, first, end, "age" if cut == by_age else "size")
        for name, first_seq, last_seq in _parts(bases, start, cut)
        for first, end in receipts.missing(confirmed.get(name, Receipts(0)), first_seq, last_seq)
        if limits.has_centre
    )
    return Plan(Trimmed(f"{epoch}-{seq}", cut, count, chain), gaps)


def _age_cut(
    reader: sqlite3.Connection,
    start: int,
    last: int,
    confirmed: Mapping[str, Receipts],
    limits: Limits,
) -> int:
    """Return the last position whose rows are all too old; `start` if there is none."""
    cut = start
    must_be_delivered_late = False  # Of the rows since `cut`, whose times are not believed.
    for position, epoch, seq, at in _times(reader, start, last):
        is_delivered = receipts.has(confirmed.get(epoch, Receipts(0)), seq)
        must_be_delivered_late |= not is_delivered
        if at is None:
            continue
        bound = limits.undelivered_before if must_be_delivered_late else limits.delivered_before
        if bound is None or at >= format_time(bound):
            break
        cut, must_be_delivered_late = position, False
    return cut


def _size_cut(reader: sqlite3.Connection, start: int, size_max: int) -> int:
    """Return up to which position rows must go so that the rest is small enough; 0 if none."""
    used = used_size(reader)
    if used <= size_max:
        return 0
    (last,) = reader.execute("SELECT max(position) FROM events").fetchone()
    share = (used - _SIZE_AFTER * size_max) / used
    return start + int(share * ((last or start) - start))


def _times(
    reader: sqlite3.Connection, start: int, last: int
) -> Iterator[tuple[int, str, int, str | None]]:
    """Yield position, epoch, seq and the time of each row; None where it is not believed."""
    query = (
        "SELECT position, epoch, seq, body FROM events "
        "WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"
    )
    while rows := reader.execute(query, (start, last, _PAGE_ROWS)).fetchall():
        for position, epoch, seq, body in rows:
            yield position, epoch, seq, _believed_time(body)
        start = rows[-1][0]


def _believed_time(body: bytes | None) -> str | None:
    try:
        event = json.loads(body or b"{}")
        at, quality = event["time"], event["clockquality"]
    except (ValueError, KeyError, TypeError):
        return None
    return at if isinstance(at, str) and quality != ClockQuality.UNSYNCED else None


def _parts(bases: list[tuple[int, str]], start: int, cut: int) -> Iterator[tuple[str, int, int]]:
    """Yield (epoch, first seq, last seq) of the rows after `start` and up to `cut`."""
    ends = [*(base for base, _ in bases[1:]), cut]
    for (base, epoch), end in zip(bases, ends, strict=True):
        if base < cut and end > start:
            yield epoch, max(start, base) - base + 1, min(end, cut) - base
