"""Whom the site believes: the keys of issuers, what each may sign, and what they took back."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from operator import attrgetter

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatewayd.core import base64url
from gatewayd.core.evidence import Statement
from gatewayd.core.reasons import Reason
from gatewayd.core.revocation import RevocationList
from gatewayd.core.signatures import PublicKey

KEY_ID_SIZE = 8

EVERY_STATEMENT = frozenset(Statement)


class Purpose(StrEnum):
    """What a key may sign."""

    PASS = "pass"  # noqa: S105, a word of the trust files
    """Passes of every category, also with a status in them: all of the next three."""
    STAFF_PASS = "staff_pass"  # noqa: S105, the same
    """Passes of the categories that the policy names as staff."""
    VISITOR_PASS = "visitor_pass"  # noqa: S105, the same
    """Passes of all other categories."""
    STATUS = "status"
    """A status in a pass, and the centre's word on a holder."""
    HEALTH = "health"
    COMMAND = "command"
    RECEIPT = "receipt"
    CHECKIN = "checkin"
    POLICY = "policy"
    ROSTER = "roster"
    TRUST = "trust"


HEALTH = frozenset({Purpose.HEALTH})

NATIONAL = "/"
"""The place above all regions, as the audience of a message; a path has no such name."""


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key with its owner; nothing it signed is valid at or after `valid_until`.

    key_id: what credentials call it; by default the id of an Ed25519 key of ours.
    statements: what a key for health certificates may be about. path: the place in the hierarchy
    for which it signs messages from above, with all below; "" is everywhere.
    """

    issuer: str
    public: PublicKey
    may_sign: frozenset[Purpose]
    valid_until: datetime | None = None
    key_id: bytes = b""
    statements: frozenset[Statement] = EVERY_STATEMENT
    path: str = ""

    def __post_init__(self) -> None:
        if not self.key_id:
            assert isinstance(self.public, Ed25519PublicKey), "other keys come with an id"
            object.__setattr__(self, "key_id", key_id(self.public))

    def reaches(self, path: str) -> bool:
        """Tell whether this key signs for a place (`NATIONAL`, or a path) by where it stands."""
        return not self.path or f"{path}/".startswith(f"{self.path}/")


@dataclass(frozen=True, slots=True)
class Trust:
    """All keys by their id; different keys may share one. Revocation lists by issuer and key id.

    revoked_passes: issuer and id of the passes of ours that were taken back.
    """

    keys: Mapping[bytes, tuple[IssuerKey, ...]]
    revocations: Mapping[tuple[str, bytes], RevocationList] = field(default_factory=dict)
    revoked_passes: frozenset[tuple[str, bytes]] = frozenset()

    def find(self, key_id: bytes) -> tuple[IssuerKey, ...]:
        return self.keys.get(key_id, ())

    def is_revoked(self, signer: IssuerKey, revocation_id: str, issued_at: float) -> bool:
        """Tell whether the signer took back what it issued under this id at `issued_at`."""
        revocations = self.revocations.get((signer.issuer, signer.key_id))
        return revocations is not None and revocations.revokes(revocation_id, issued_at)

    def has_revoked(self, issuer: str, pass_id: bytes) -> bool:
        """Tell whether an issuer took back a pass of ours."""
        return (issuer, pass_id) in self.revoked_passes


def collect(
    keys: Iterable[IssuerKey],
    revocations: Iterable[RevocationList] = (),
    revoked_passes: Iterable[tuple[str, bytes]] = (),
) -> Trust:
    """Put everything together; of two lists of revocations for one key the newer counts."""
    by_id: dict[bytes, list[IssuerKey]] = {}
    for key in keys:
        by_id.setdefault(key.key_id, []).append(key)
    newest: dict[tuple[str, bytes], RevocationList] = {}
    for each in sorted(revocations, key=attrgetter("counter")):
        newest[each.issuer, each.key_id] = each
    found = {each: tuple(keys) for each, keys in by_id.items()}
    return Trust(found, newest, frozenset(revoked_passes))


def choose_signers(
    candidates: Iterable[IssuerKey],
    is_signed_by: Callable[[PublicKey], bool],
    purposes: frozenset[Purpose],
) -> list[IssuerKey] | Reason:
    """Return the keys that signed something and may; more than one only if issuers share a key.

    One key under two names of an issuer is common: it is tried once.
    """
    genuine: list[IssuerKey] = []
    reason = Reason.UNKNOWN_KEY
    for key in candidates:
        reason = Reason.SIGNATURE
        if any(key.public == other.public for other in genuine) or is_signed_by(key.public):
            genuine.append(key)
    if not genuine:
        return reason
    return [key for key in genuine if key.may_sign & purposes] or Reason.KEY_USAGE


def key_id(public: Ed25519PublicKey) -> bytes:
    """Return the first 8 bytes of the SHA-256 of the raw public key."""
    return hashlib.sha256(public.public_bytes_raw()).digest()[:KEY_ID_SIZE]


def issuer_document(key: IssuerKey) -> dict[str, object]:
    """Return an Ed25519 key of ours as it is handed on; `core.jwks` reads it again."""
    assert isinstance(key.public, Ed25519PublicKey)
    jwk: dict[str, object] = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": base64url.encode(key.public.public_bytes_raw()),
        "kid": key.key_id.hex(),
        "may_sign": sorted(key.may_sign),
    }
    if key.path:
        jwk["path"] = key.path
    if key.valid_until is not None:
        jwk["valid_until"] = key.valid_until.isoformat()
    return {"issuer": key.issuer, "keys": [jwk]}
