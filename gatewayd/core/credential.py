"""What a scan was understood to be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from gatewayd.core import dcc, passes, rotating, shc
from gatewayd.core.evidence import Certificate, Evidence
from gatewayd.core.parts import WHOLE_LENGTH_MAX, Part, read_part
from gatewayd.core.pseudonym import Namespace, Pseudonyms
from gatewayd.core.reasons import INAUTHENTIC, Reason
from gatewayd.core.roster import Roster, RosterEntry, find_entry
from gatewayd.core.spelling import is_id
from gatewayd.core.trust import Purpose, Trust
from gatewayd.core.words import HolderId, Status

SCAN_SIZE_MAX = 4296  # The most that a QR code holds.


class Kind(StrEnum):
    """What the person held up, as events call it."""

    PASS = "pass"  # noqa: S105, the kind of a credential
    DCC = "dcc"
    """EU Digital COVID Certificate, and those of other countries in its form."""
    SHC = "shc"
    """SMART Health Card."""
    ROSTER = "roster"
    PLAIN_ID = "plain_id"
    ATTESTATION = "attestation"
    CHECKIN = "checkin"
    """A lane's code, scanned with a phone; the centre knows whose."""
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

    signer_may: what its key may sign; whether a pass of this category the policy knows.
    entries: for how many times it lets somebody in, None without a limit.
    entry: what a roster says of the same person; a block there holds for the pass as well, and so
    does a secret. code: the changing one that was held up with it.
    """

    holder: HolderId
    issuer: str
    category: str
    not_before: datetime
    not_after: datetime
    pass_id: str
    status: Status | None = None
    status_until: datetime | None = None
    signer_may: frozenset[Purpose] = frozenset({Purpose.PASS})
    purpose: str | None = None
    host: str | None = None
    entries: int | None = None
    is_revoked: bool = False
    entry: RosterEntry | None = None
    code: str | None = None
    kind: ClassVar[Kind] = Kind.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCertificate:
    """A genuine certificate, valid from `not_before` on and, if it ends, before `not_after`.

    holder: None where the certificate does not say enough to tell two people apart.
    evidence: for the decision only; it is never recorded.
    """

    holder: HolderId | None
    kind: Kind
    issuer: str
    evidence: Evidence
    not_before: datetime
    not_after: datetime | None
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class RosterId:
    """A plain id that stands in a roster. Whoever copies the id has it too, but not the `code`.

    issued_at: how old the roster is.
    """

    holder: HolderId
    roster: str
    entry: RosterEntry
    code: str | None = None
    issued_at: datetime | None = None
    kind: ClassVar[Kind] = Kind.ROSTER


@dataclass(frozen=True, slots=True)
class UnknownId:
    """A plain id that stands in no roster. category: as what the centre knows them, if it does."""

    holder: HolderId
    category: str | None = None
    kind: ClassVar[Kind] = Kind.PLAIN_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """No scan: the officer admits a guest by hand and declares this.

    officer: the label that they signed on with, or else who the system says it is. purpose: what
    the guest came for. origin: the region they come from. certificate: one on paper was seen.
    caller: who the system says it is, where `officer` is a label. is_on_duty: an officer is signed
    on who answers for this.
    """

    officer: str
    reason: str
    category: str
    healthy: bool
    protocol: bool
    purpose: str | None = None
    origin: str | None = None
    certificate: bool = False
    caller: str | None = None
    is_on_duty: bool = True
    kind: ClassVar[Kind] = Kind.ATTESTATION


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """No scan here: the centre says that somebody scanned the code of a lane with a phone.

    order: the id of its message. holder: None for a guest whom it does not know either. flaw: why
    the code does not show that they stand there. entry: what a roster says of the same person.
    """

    order: str
    holder: HolderId | None
    category: str
    purpose: str | None = None
    origin: str | None = None
    status: Status | None = None
    status_until: datetime | None = None
    flaw: Reason | None = None
    entry: RosterEntry | None = None
    kind: ClassVar[Kind] = Kind.CHECKIN


Credential = (
    Unreadable
    | Inauthentic
    | SignedPass
    | HealthCertificate
    | RosterId
    | UnknownId
    | Attested
    | CheckIn
)


def read_scan(
    data: bytes, trust: Trust, rosters: tuple[Roster, ...], pseudonyms: Pseudonyms
) -> Credential:
    """Understand a scan. One with a known prefix is of that format and nothing else.

    A code of several parts is one scan, as `core.parts` joins it; a part alone is incomplete.
    """
    text = data.decode("ascii", errors="replace")
    size_max = WHOLE_LENGTH_MAX if text.startswith(shc.PREFIX) else SCAN_SIZE_MAX
    if len(data) > size_max:
        return Unreadable(Reason.TOO_LARGE)
    for prefix, read in _READERS.items():
        if text.startswith(prefix):
            return read(text, trust, rosters, pseudonyms)
    if not (text.isascii() and text.isprintable()):
        return Unreadable(Reason.UNREADABLE_BINARY)
    return _read_plain_id(text.strip(), rosters, pseudonyms)


def _read_pass(
    text: str, trust: Trust, rosters: tuple[Roster, ...], pseudonyms: Pseudonyms
) -> Credential:
    found = passes.read_pass(text, trust)
    if isinstance(found, Reason):
        return _refuse(Kind.PASS, found)
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
        signer_may=found.signer_may,
        purpose=found.purpose,
        host=found.host,
        entries=found.entries,
        is_revoked=trust.has_revoked(found.issuer, found.pass_id),
        entry=listed[1] if listed else None,
    )


def _read_rotating(
    text: str, trust: Trust, rosters: tuple[Roster, ...], pseudonyms: Pseudonyms
) -> Credential:
    """Read what the code came with; whether the code counts, the decision says."""
    parts = rotating.take_apart(text)
    if parts is None:
        return Unreadable(Reason.SCHEMA)
    shown, code = parts
    if shown.startswith(passes.PREFIX):
        found = _read_pass(shown, trust, rosters, pseudonyms)
    else:
        found = _read_plain_id(shown, rosters, pseudonyms)
    return replace(found, code=code) if isinstance(found, SignedPass | RosterId) else found


def _read_dcc(
    text: str, trust: Trust, _rosters: tuple[Roster, ...], pseudonyms: Pseudonyms
) -> Credential:
    return _certify(Kind.DCC, dcc.read_certificate(text, trust), pseudonyms)


def _read_card(
    text: str, trust: Trust, _rosters: tuple[Roster, ...], pseudonyms: Pseudonyms
) -> Credential:
    if text.startswith(shc.PREFIX) and text.count("/") > 1:
        part = read_part(text)
        return Unreadable(Reason.INCOMPLETE if isinstance(part, Part) else part)
    return _certify(Kind.SHC, shc.read_card(text, trust), pseudonyms)


def _certify(kind: Kind, found: Certificate | Reason, pseudonyms: Pseudonyms) -> Credential:
    if isinstance(found, Reason):
        return _refuse(kind, found)
    person = found.person
    return HealthCertificate(
        holder=pseudonyms.of(Namespace.HEALTH, person.subject) if person is not None else None,
        kind=kind,
        issuer=found.issuer,
        evidence=found.evidence,
        not_before=found.not_before,
        not_after=found.not_after,
        is_revoked=found.is_revoked,
    )


def _refuse(kind: Kind, reason: Reason) -> Unreadable | Inauthentic:
    return Inauthentic(kind, reason) if reason in INAUTHENTIC else Unreadable(reason)


def _read_plain_id(text: str, rosters: tuple[Roster, ...], pseudonyms: Pseudonyms) -> Credential:
    if not is_id(text):
        return Unreadable(Reason.PREFIX if text else Reason.EMPTY)
    holder = pseudonyms.of(Namespace.PERSON, text)
    match find_entry(rosters, holder):
        case None:
            return UnknownId(holder)
        case (roster, entry):
            return RosterId(holder, roster.name, entry, issued_at=roster.issued_at)


_Reader = Callable[[str, Trust, tuple[Roster, ...], Pseudonyms], Credential]
_READERS: Mapping[str, _Reader] = {
    passes.PREFIX: _read_pass,
    rotating.PREFIX: _read_rotating,
    dcc.PREFIX: _read_dcc,
    shc.PREFIX: _read_card,
    shc.JWS_PREFIX: _read_card,
}
