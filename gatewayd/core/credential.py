"""What a scan was understood to be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from gatewayd.core import passes
from gatewayd.core.pseudonym import Namespace, Pseudonyms
from gatewayd.core.reasons import INAUTHENTIC, Reason
from gatewayd.core.roster import Roster, RosterEntry, find_entry
from gatewayd.core.spelling import is_id
from gatewayd.core.trust import Trust
from gatewayd.core.words import HolderId, Status

SCAN_SIZE_MAX = 4296  # The most that a QR code holds.


class Kind(StrEnum):
    """What the person held up, as events call it."""

    PASS = "pass"  # noqa: S105, the kind of a credential
    ROSTER = "roster"
    PLAIN_ID = "plain_id"
    ATTESTATION = "attestation"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Not a code that this gate can make sense of."""

    reason: Reason
    kind: ClassVar[Kind] = Kind.UNREADABLE


@dataclass(frozen=True, slots=True)
class Inauthentic:
    """A code of a known kind, but nobody trusted stands behind it: it names no holder."""

    kind: Kind
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPass:
    """A genuine pass, valid from `not_before` on and before `not_after`.

    entry: what a roster says of the same person; a block there holds for the pass as well.
    """

    holder: HolderId
    issuer: str
    category: str
    not_before: datetime
    not_after: datetime
    pass_id: str
    status: Status | None = None
    status_until: datetime | None = None
    entry: RosterEntry | None = None
    kind: ClassVar[Kind] = Kind.PASS


@dataclass(frozen=True, slots=True)
class RosterId:
    """A plain id that stands in a roster. Whoever copies the id has it too."""

    holder: HolderId
    roster: str
    entry: RosterEntry
    kind: ClassVar[Kind] = Kind.ROSTER


@dataclass(frozen=True, slots=True)
class UnknownId:
    """A plain id that stands in no roster."""

    holder: HolderId
    kind: ClassVar[Kind] = Kind.PLAIN_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """No scan: the officer admits a guest by hand and declares this."""

    officer: str
    reason: str
    category: str
    healthy: bool
    protocol: bool
    kind: ClassVar[Kind] = Kind.ATTESTATION


Credential = Unreadable | Inauthentic | SignedPass | RosterId | UnknownId | Attested


def read_scan(
    data: bytes, trust: Trust, rosters: tuple[Roster, ...], pseudonyms: Pseudonyms
) -> Credential:
    """Understand a scan. One with a known prefix is of that format and nothing else."""
    if len(data) > SCAN_SIZE_MAX:
        return Unreadable(Reason.TOO_LARGE)
    text = data.decode("ascii", errors="replace")
    if not (text.isascii() and text.isprintable()):
        return Unreadable(Reason.UNREADABLE_BINARY)
    for prefix, read in _READERS.items():
        if text.startswith(prefix):
            return read(text, trust, rosters, pseudonyms)
    return _read_plain_id(text.strip(), rosters, pseudonyms)


def _read_pass(
    text: str, trust: Trust, rosters: tuple[Roster, ...], pseudonyms: Pseudonyms
) -> Credential:
    found = passes.read_pass(text, trust)
    if isinstance(found, Reason):
        is_readable = found in INAUTHENTIC
        return Inauthentic(Kind.PASS, found) if is_readable else Unreadable(found)
    holder = pseudonyms.of(Namespace.PERSON, found.subject)
    listed = find_entry(rosters, holder)
    return SignedPass(
        holder=holder,
        issuer=found.issuer,
        category=found.category,
        not_before=found.not_before,
        not_after=found.not_after,
        pass_id=found.pass_id.hex(),
        status=found.status,
        status_until=found.status_until,
        entry=listed[1] if listed else None,
    )


def _read_plain_id(text: str, rosters: tuple[Roster, ...], pseudonyms: Pseudonyms) -> Credential:
    if not is_id(text):
        return Unreadable(Reason.PREFIX if text else Reason.EMPTY)
    holder = pseudonyms.of(Namespace.PERSON, text)
    match find_entry(rosters, holder):
        case None:
            return UnknownId(holder)
        case (roster, entry):
            return RosterId(holder, roster.name, entry)


_Reader = Callable[[str, Trust, tuple[Roster, ...], Pseudonyms], Credential]
_READERS: Mapping[str, _Reader] = {passes.PREFIX: _read_pass}
