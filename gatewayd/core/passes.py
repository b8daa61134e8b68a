"""Our own signed pass: a CBOR Web Token (RFC 8392) in a COSE_Sign1, as the text of a small QR code.

`OG1:` and then, in base45, a COSE_Sign1 whose protected header holds exactly the algorithm and
the key id, and whose payload holds the claims iss, sub, exp, iat, cti, nbf (only where it is not
iat), and -65537: a map of 1 category, 2 status, 3 until when the status holds; for invitations
4 purpose, 5 host, 6 how many entries it is good for. All times are whole seconds. Not compressed:
that would make it longer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core import base45, cbor, cose
from gatewayd.core.reasons import Reason
from gatewayd.core.signatures import Scheme
from gatewayd.core.spelling import is_category, is_id
from gatewayd.core.trust import IssuerKey, Purpose, Trust, choose_signers, key_id
from gatewayd.core.words import Status

PREFIX = "OG1:"
TEXT_LENGTH_MAX = 1024  # Twice the longest pass of today; a usual one has about 220 characters.
PASS_ID_SIZE = 8  # Random, so no two passes of an issuer share one.
PASS_ID_SIZE_MAX = 16
BADGES_MAX = 999  # A number that fits a badge, and that an officer can call out.
ENTRIES_MAX = 999  # Three a day for most of a year; a pass without a limit is for all others.

_ISSUER, _SUBJECT, _EXPIRY, _NOT_BEFORE, _ISSUED_AT, _PASS_ID = 1, 2, 4, 5, 6, 7
_ONEGATE = -65537  # The first number of the private range.
_CATEGORY, _STATUS, _STATUS_UNTIL, _PURPOSE, _HOST, _ENTRIES = range(1, 7)
_KNOWN = frozenset({_CATEGORY, _STATUS, _STATUS_UNTIL, _PURPOSE, _HOST, _ENTRIES})
_HEADERS = frozenset({cose.ALGORITHM, cose.KEY_ID})
_PASSES = frozenset({Purpose.PASS, Purpose.STAFF_PASS, Purpose.VISITOR_PASS})
_STATUSES = frozenset({Purpose.PASS, Purpose.STATUS})
_TIME_MAX = 253_402_300_799  # The end of the year 9999, and of datetime.


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Valid from `not_before` on, and before `not_after`. Times are UTC, in whole seconds."""

    issuer: str
    subject: str = field(repr=False)
    category: str
    issued_at: datetime
    not_before: datetime
    not_after: datetime
    pass_id: bytes
    status: Status | None = None
    status_until: datetime | None = None
    purpose: str | None = None
    host: str | None = None
    """Whom a visitor comes to see: a unit or a person."""
    entries: int | None = None
    """For how many times it lets somebody in; None: as often as they like. 0 is for badges, with
    which a guest whom the officer let in only leaves."""
    signer_may: frozenset[Purpose] = frozenset({Purpose.PASS})
    """What else its key may sign: whether passes of this category, the policy knows."""

    def __post_init__(self) -> None:
        assert all(is_id(text) for text in (self.purpose, self.host) if text is not None)
        assert self.entries is None or 0 <= self.entries <= ENTRIES_MAX
        assert is_id(self.issuer)
        assert is_id(self.subject)
        assert is_category(self.category)
        assert 0 < len(self.pass_id) <= PASS_ID_SIZE_MAX
        assert (self.status is None) == (self.status_until is None)


def write_pass(content: Pass, key: Ed25519PrivateKey) -> str:
    """Sign a pass; the text is what the QR code holds."""
    own: dict[int, object] = {_CATEGORY: content.category}
    if content.status is not None and content.status_until is not None:
        own |= {_STATUS: str(content.status), _STATUS_UNTIL: _seconds(content.status_until)}
    visit = {_PURPOSE: content.purpose, _HOST: content.host, _ENTRIES: content.entries}
    own |= {label: told for label, told in visit.items() if told is not None}
    claims: dict[int, object] = {
        _ISSUER: content.issuer,
        _SUBJECT: content.subject,
        _EXPIRY: _seconds(content.not_after),
        _ISSUED_AT: _seconds(content.issued_at),
        _PASS_ID: content.pass_id,
        _ONEGATE: own,
    }
    if content.not_before != content.issued_at:
        claims[_NOT_BEFORE] = _seconds(content.not_before)
    message = cose.sign(cbor.encode(claims), key_id(key.public_key()), key)
    return PREFIX + base45.encode(message)


def badge_subject(number: int) -> str:
    """Return for whom a numbered guest badge stands: whoever carries it just now."""
    return f"BADGE-{number:03}"


def read_pass(text: str, trust: Trust) -> Pass | Reason:
    """Read and authenticate; whether it is valid now is for the decision to say.

    A pass ends at the latest with the key that signed it.
    """
    if len(text) > TEXT_LENGTH_MAX:
        return Reason.TOO_LARGE
    data = base45.decode(text.removeprefix(PREFIX))
    if data is None:
        return Reason.BASE45
    message = cose.decode(data)
    if message is None:
        return Reason.CBOR
    signers = _find_signers(message, trust)
    if isinstance(signers, Reason):
        return signers
    claims = cbor.decode(message.payload)
    if not isinstance(claims, Mapping):
        return Reason.CWT
    return _read_claims(claims, signers)


def _find_signers(message: cose.Sign1, trust: Trust) -> list[IssuerKey] | Reason:
    """Return the keys that signed this and may; more than one only if issuers share a key."""
    scheme = cose.find_scheme(message.header.get(cose.ALGORITHM))
    if message.header.keys() != _HEADERS or scheme is not Scheme.ED25519 or message.unprotected:
        return Reason.UNSUPPORTED
    wanted = message.header[cose.KEY_ID]
    candidates = trust.find(wanted) if isinstance(wanted, bytes) else ()
    return choose_signers(candidates, lambda key: cose.is_genuine(message, key, scheme), _PASSES)


def _read_claims(claims: Mapping[object, object], signers: list[IssuerKey]) -> Pass | Reason:
    """Unknown claims are ignored, as RFC 8392 asks; unknown ones of our own could be limits."""
    own = claims.get(_ONEGATE)
    if not isinstance(own, Mapping):
        return Reason.SCHEMA
    if not own.keys() <= _KNOWN:
        return Reason.UNSUPPORTED
    issued_at = _read_time(claims.get(_ISSUED_AT))
    not_before = _read_time(claims[_NOT_BEFORE]) if _NOT_BEFORE in claims else issued_at
    not_after = _read_time(claims.get(_EXPIRY))
    status, visit = _read_status(own), _read_visit(own)
    match claims.get(_ISSUER), claims.get(_SUBJECT), own.get(_CATEGORY), claims.get(_PASS_ID):
        case (str() as issuer, str() as subject, str() as category, bytes() as pass_id):
            is_spelled = is_id(issuer) and is_id(subject) and is_category(category)
        case _:
            return Reason.SCHEMA
    if not is_spelled or not 0 < len(pass_id) <= PASS_ID_SIZE_MAX or visit is None:
        return Reason.SCHEMA
    if issued_at is None or not_before is None or not_after is None or isinstance(status, Reason):
        return Reason.SCHEMA
    signer = next((key for key in signers if key.issuer == issuer), None)
    if signer is None:
        return Reason.ISSUER
    if status is not None and not signer.may_sign & _STATUSES:
        return Reason.KEY_USAGE
    return Pass(
        issuer=issuer,
        subject=subject,
        category=category,
        issued_at=issued_at,
        not_before=not_before,
        not_after=min(not_after, signer.valid_until or not_after),
        pass_id=pass_id,
        status=status[0] if status else None,
        status_until=status[1] if status else None,
        purpose=visit.purpose,
        host=visit.host,
        entries=visit.entries,
        signer_may=signer.may_sign,
    )


def _read_status(own: Mapping[object, object]) -> tuple[Status, datetime] | Reason | None:
    if _STATUS not in own and _STATUS_UNTIL not in own:
        return None
    status, until = own.get(_STATUS), _read_time(own.get(_STATUS_UNTIL))
    if status not in list(Status) or until is None:
        return Reason.SCHEMA
    return Status(str(status)), until


class _Visit(NamedTuple):
    purpose: str | None
    host: str | None
    entries: int | None


def _read_visit(own: Mapping[object, object]) -> _Visit | None:
    """Return what an invitation says more; None where one of it is misspelled."""
    if None in own.values():
        return None
    match own.get(_PURPOSE), own.get(_HOST), own.get(_ENTRIES):
        case _, _, bool():
            return None
        case (str() | None as purpose, str() | None as host, int() | None as entries):
            is_spelled = all(is_id(text) for text in (purpose, host) if text is not None)
        case _:
            return None
    if not is_spelled or not 0 <= (entries or 0) <= ENTRIES_MAX:
        return None
    return _Visit(purpose, host, entries)


def _seconds(at: datetime) -> int:
    assert at.microsecond == 0, "a pass holds whole seconds"
    return int(at.timestamp())


def _read_time(value: object) -> datetime | None:
    """Read whole seconds since 1970; None where it is anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _TIME_MAX:
        return None
    return datetime.fromtimestamp(value, UTC)
