"""Codes in several parts, shown to one reader in any order, gathered into one scan.

The parts are those of SMART Health Cards: `shc:/2/3/` and the digits of the second of three.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gatewayd.core.reasons import Reason

PREFIX = "shc:/"
PARTS_MAX = 32  # Ten times what issuers print: nobody holds up more codes than that.
PART_DIGITS_MAX = 2 * 1191  # The specification's limit, for a code of version 22.
WHOLE_LENGTH_MAX = len(PREFIX) + PARTS_MAX * PART_DIGITS_MAX
WAIT_S = 20.0  # From one part to the next: enough to find the next picture on a telephone.

_PART = re.compile(r"shc:/([^/]*)/(?:([^/]*)/)?(.*)", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,3}")
_DIGITS = re.compile(r"[0-9]*")


@dataclass(frozen=True, slots=True)
class Part:
    """The `number`-th of `count` parts, counted from 1."""

    number: int
    count: int
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gathering:
    """Parts of one code that are there, until the time when the rest is no longer waited for."""

    count: int
    parts: Mapping[int, bytes] = field(repr=False)
    until_s: float

    @property
    def missing_count(self) -> int:
        return self.count - len(self.parts)


Gathered = tuple[Gathering | None, tuple[bytes, ...]]
"""What is gathered on, and the scans that are to be decided now."""


def read_part(text: str) -> Part | Reason:
    """Read one part; a reason where it is none, or cannot belong to any code."""
    found = _PART.fullmatch(text)
    assert found is not None, "only a text with its slashes is asked about"
    number, count, digits = (
        _NUMBER.fullmatch(found[1]),
        _NUMBER.fullmatch(found[2] or ""),
        found[3],
    )
    if number is None or count is None:
        return Reason.CHUNK_INDEX
    if _DIGITS.fullmatch(digits) is None:
        return Reason.NUMERIC_FORM
    part = Part(int(number[0]), int(count[0]), digits)
    if part.count > PARTS_MAX:
        return Reason.TOO_LARGE
    if not 1 <= part.number <= part.count:
        return Reason.CHUNK_INDEX
    return part if 0 < len(part.digits) <= PART_DIGITS_MAX else Reason.CHUNK_SIZE


def gather(pending: Gathering | None, scan: bytes, at_s: float) -> Gathered:
    """Take a scan in at the monotonic time `at_s`.

    The last missing part makes the whole code one scan. A part that was there already is noise.
    Another code, or a part of one, ends the gathering: its parts are one scan that is incomplete.
    A part that no code can have is a scan of its own and ends nothing: it was read wrongly.
    """
    if not scan.startswith(PREFIX.encode()) or scan.count(b"/") == 1:
        return None, (*_give_up(pending), scan)
    part = read_part(scan.decode("ascii", errors="replace"))
    if isinstance(part, Reason):
        return pending, (scan,)
    gone: tuple[bytes, ...] = ()
    if pending is not None and not _belongs(part, scan, pending):
        pending, gone = None, _give_up(pending)
    known = pending.parts if pending is not None else {}
    if part.number in known:
        return pending, ()
    now = Gathering(part.count, {**known, part.number: scan}, at_s + WAIT_S)
    if now.missing_count:
        return now, gone
    return None, (*gone, _join(now))


def expire(pending: Gathering | None, at_s: float) -> Gathered:
    """Give up where the next part did not come in time."""
    if pending is None or at_s < pending.until_s:
        return pending, ()
    return None, _give_up(pending)


def gather_all(scans: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the scans that these make when they come one after the other, and no more come."""
    pending: Gathering | None = None
    found: list[bytes] = []
    for scan in scans:
        pending, whole = gather(pending, scan, 0.0)
        found.extend(whole)
    return (*found, *_give_up(pending))


def _belongs(part: Part, scan: bytes, pending: Gathering) -> bool:
    return part.count == pending.count and pending.parts.get(part.number, scan) == scan


def _give_up(pending: Gathering | None) -> tuple[bytes, ...]:
    """Return any of the parts: alone, each of them reads as incomplete."""
    return () if pending is None else (next(iter(pending.parts.values())),)


def _join(gathering: Gathering) -> bytes:
    digits = (gathering.parts[number].rpartition(b"/")[2] for number in sorted(gathering.parts))
    return PREFIX.encode() + b"".join(digits)
