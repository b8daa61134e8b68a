"""Whom the site believes: the keys of issuers, and what each key may sign."""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatewayd.core.spelling import EXPECTED_ID, is_id, read_time
from gatewayd.core.tables import Expected

KEY_ID_SIZE = 8


class Purpose(StrEnum):
    """What a key may sign."""

    PASS = "pass"  # noqa: S105, a word of the trust files


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key with its owner; nothing it signed is valid at or after `valid_until`."""

    issuer: str
    public: Ed25519PublicKey
    may_sign: frozenset[Purpose]
    valid_until: datetime | None = None

    @property
    def key_id(self) -> bytes:
        return key_id(self.public)


@dataclass(frozen=True, slots=True)
class Trust:
    """All keys by their id; different keys may share one."""

    keys: Mapping[bytes, tuple[IssuerKey, ...]]

    def find(self, key_id: bytes) -> tuple[IssuerKey, ...]:
        return self.keys.get(key_id, ())


def collect(keys: Iterable[IssuerKey]) -> Trust:
    by_id: dict[bytes, tuple[IssuerKey, ...]] = {}
    for key in keys:
        by_id[key.key_id] = (*by_id.get(key.key_id, ()), key)
    return Trust(by_id)


def key_id(public: Ed25519PublicKey) -> bytes:
    """Return the first 8 bytes of the SHA-256 of the raw public key."""
    return hashlib.sha256(public.public_bytes_raw()).digest()[:KEY_ID_SIZE]


def issuer_document(key: IssuerKey) -> dict[str, object]:
    """Return what `parse_issuer` reads: a JWK set (RFC 7517, 8037) with the issuer's name."""
    jwk: dict[str, object] = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": _encode_base64url(key.public.public_bytes_raw()),
        "kid": key.key_id.hex(),
        "may_sign": sorted(key.may_sign),
    }
    if key.valid_until is not None:
        jwk["valid_until"] = key.valid_until.isoformat()
    return {"issuer": key.issuer, "keys": [jwk]}


def parse_issuer(document: object) -> tuple[tuple[IssuerKey, ...], tuple[str, ...]]:
    """Return the good keys of an issuer's file, and a sentence for each thing that is wrong."""
    match document:
        case {"issuer": str() as issuer, "keys": [_, *_] as entries} if is_id(issuer):
            found = [_parse_key(issuer, entry) for entry in entries]
        case _:
            what = f'{{"issuer": "...", "keys": [...]}} with a name of {EXPECTED_ID}, and a key'
            return (), (f"expected {what}",)
    keys = tuple(item for item in found if isinstance(item, IssuerKey))
    problems = tuple(
        f"key {number}: expected {item.what}"
        for number, item in enumerate(found, 1)
        if isinstance(item, Expected)
    )
    return keys, problems


def _parse_key(issuer: str, entry: object) -> IssuerKey | Expected:
    match entry:
        case {"d": _}:
            return Expected("a public key: this one is private; remove it, and make a new one")
        case {"kty": "OKP", "crv": "Ed25519", "x": str() as x, "may_sign": words, **rest}:
            public = _parse_public_key(x)
        case _:
            return Expected('kty "OKP", crv "Ed25519", x, kid and may_sign')
    if public is None:
        return Expected("32 bytes in base64url as x")
    if rest.get("kid") != key_id(public).hex():
        return Expected(f'kid "{key_id(public).hex()}" for this x: one of them is not copied right')
    if not isinstance(words, list) or not words or any(word not in list(Purpose) for word in words):
        return Expected(f"may_sign with words of: {', '.join(Purpose)}")
    if "valid_until" not in rest:
        return IssuerKey(issuer, public, frozenset(map(Purpose, words)))
    valid_until = read_time(rest["valid_until"], UTC, is_end=True)
    if isinstance(valid_until, Expected):
        return Expected(f"valid_until as {valid_until.what}")
    return IssuerKey(issuer, public, frozenset(map(Purpose, words)), valid_until)


def _parse_public_key(x: str) -> Ed25519PublicKey | None:
    try:
        raw = base64.b64decode(x + "=" * (-len(x) % 4), altchars=b"-_", validate=True)
        return Ed25519PublicKey.from_public_bytes(raw)
    except (binascii.Error, ValueError):
        return None


def _encode_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
