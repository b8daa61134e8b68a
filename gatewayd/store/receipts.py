"""Arithmetic of receipts: a watermark, and the few ranges that were confirmed ahead of it."""

import json
import zlib
from collections.abc import Iterable

from gatewayd.ports import Receipts


def merge(receipts: Receipts, seqs: Iterable[int]) -> Receipts:
    """Add confirmed seqs, in any order and repeated as they come; the result is canonical."""
    singles = [(seq, seq) for seq in seqs if seq > receipts.upto]
    upto = receipts.upto
    beyond: list[tuple[int, int]] = []
    for first, last in sorted([*receipts.beyond, *singles]):
        if first <= upto + 1:
            upto = max(upto, last)
        elif beyond and first <= beyond[-1][1] + 1:
            beyond[-1] = (beyond[-1][0], max(beyond[-1][1], last))
        else:
            beyond.append((first, last))
    return Receipts(upto, tuple(beyond))


def has(receipts: Receipts, seq: int) -> bool:
    return seq <= receipts.upto or any(first <= seq <= last for first, last in receipts.beyond)


def missing(receipts: Receipts, first: int, last: int) -> list[tuple[int, int]]:
    """Return the ranges from `first` to `last` that are not confirmed, both ends included."""
    found: list[tuple[int, int]] = []
    after = max(receipts.upto + 1, first)
    for begin, end in receipts.beyond:
        if after <= min(begin - 1, last):
            found.append((after, min(begin - 1, last)))
        after = max(after, end + 1)
    return [*found, (after, last)] if after <= last else found


def passed(receipts: Receipts, upto: int) -> Receipts:
    """Take everything up to `upto` as settled: it is removed, and no receipt can come for it."""
    if upto <= receipts.upto:
        return receipts
    return merge(Receipts(upto, tuple(each for each in receipts.beyond if each[1] > upto)), ())


def dump(epoch: str, receipts: Receipts) -> tuple[str, int]:
    """Return the stored text with its CRC-32.

    SQLite has no checksum of its own, and a watermark that a flipped bit raised would silently
    keep events from the centre.
    """
    state = json.dumps([receipts.upto, receipts.beyond], separators=(",", ":"))
    return state, _checksum(epoch, state)


def load(epoch: str, state: object, checksum: object) -> Receipts | None:
    """Read what `dump` made; None where it is damaged."""
    if not isinstance(state, str) or checksum != _checksum(epoch, state):
        return None
    try:
        upto, beyond = json.loads(state)
        ranges = tuple((int(first), int(last)) for first, last in beyond)
        return Receipts(int(upto), ranges)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None


def _checksum(epoch: str, state: str) -> int:
    return zlib.crc32(f"{epoch} {state}".encode())
