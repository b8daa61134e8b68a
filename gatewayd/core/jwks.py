"""JWK sets (RFC 7517): the form in which issuers' public keys are handed on.

Our own form of it names the issuer, and what each key may sign, until when and for which place:
`{"issuer": ..., "keys": [{..., "may_sign": [...], "valid_until": ..., "path": ...}]}`. A set as
issuers of SMART Health Cards publish it, with elliptic keys and nothing said, may sign health
certificates.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatewayd.core import base64url
from gatewayd.core.signatures import PublicKey
from gatewayd.core.spelling import EXPECTED_ISSUER, is_issuer, read_time
from gatewayd.core.tables import Expected
from gatewayd.core.trust import IssuerKey, Purpose, key_id

_PATH = re.compile(r"[a-z0-9-]+(?:/[a-z0-9-]+){0,2}")
EXPECTED_PATH = '"region", "region/organisation" or "region/organisation/site"'
KEY_ID_LENGTH_MAX = 64  # The longest in use is a thumbprint of 43 characters.


def is_path(text: str) -> bool:
    """Tell whether a text names a place in the hierarchy; "" is all of it."""
    return not text or _PATH.fullmatch(text) is not None


def parse_issuer(document: object) -> tuple[tuple[IssuerKey, ...], tuple[str, ...]]:
    """Return the good keys of an issuer's file, and a sentence for each thing that is wrong."""
    match document:
        case {"issuer": str() as issuer, "keys": [_, *_] as entries} if is_issuer(issuer):
            return parse_keys(issuer, entries)
        case _:
            what = f'{{"issuer": "...", "keys": [...]}} with a name of {EXPECTED_ISSUER}, and a key'
            return (), (f"expected {what}",)


def parse_keys(issuer: str, entries: list[object]) -> tuple[tuple[IssuerKey, ...], tuple[str, ...]]:
    """Return the same for the keys alone."""
    found = [_parse_key(issuer, entry) for entry in entries]
    keys = tuple(item for item in found if isinstance(item, IssuerKey))
    problems = tuple(
        f"key {number}: expected {item.what}"
        for number, item in enumerate(found, 1)
        if isinstance(item, Expected)
    )
    return keys, problems


def _parse_key(issuer: str, entry: object) -> IssuerKey | Expected:
    if not isinstance(entry, Mapping):
        return Expected("a JSON object")
    public = _read_public(entry)
    if isinstance(public, Expected):
        return public
    kid = _read_key_id(entry.get("kid"), public)
    if isinstance(kid, Expected):
        return kid
    may_sign = _read_purposes(entry, public)
    if isinstance(may_sign, Expected):
        return may_sign
    valid_until = _read_end(entry)
    if isinstance(valid_until, Expected):
        return valid_until
    path = entry.get("path", "")
    if not isinstance(path, str) or not is_path(path):
        return Expected(f"a path {EXPECTED_PATH}")
    return IssuerKey(issuer, public, may_sign, valid_until, kid, path=path)


def _read_public(entry: Mapping[object, object]) -> PublicKey | Expected:
    public: PublicKey | None
    match entry:
        case {"d": _}:
            return Expected("a public key: this one is private; remove it, and make a new one")
        case {"use": use} if use != "sig":
            return Expected('use "sig": this key is for something else than signing')
        case {"key_ops": operations} if operations != ["verify"]:
            return Expected('key_ops ["verify"]: this key is for something else than signing')
        case {"kty": "OKP", "crv": "Ed25519", "x": str() as x}:
            public = _read_edwards(x)
        case {"kty": "EC", "crv": "P-256", "x": str() as x, "y": str() as y}:
            public = _read_elliptic(x, y)
        case _:
            return Expected('kty "OKP", crv "Ed25519" and x, or kty "EC", crv "P-256", x and y')
    return public or Expected("32 bytes in base64url for each coordinate of a point on the curve")


def _read_edwards(x: str) -> Ed25519PublicKey | None:
    raw = base64url.decode(x)
    try:
        return Ed25519PublicKey.from_public_bytes(raw) if raw is not None else None
    except ValueError:
        return None


def _read_elliptic(x: str, y: str) -> EllipticCurvePublicKey | None:
    point = [base64url.decode(part) or b"" for part in (x, y)]
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), b"\x04" + b"".join(point))
    except ValueError:
        return None


def _read_key_id(kid: object, public: PublicKey) -> bytes | Expected:
    if isinstance(public, Ed25519PublicKey):
        right = key_id(public)
        if kid != right.hex():
            return Expected(f'kid "{right.hex()}" for this x: one of them is not copied right')
        return right
    if isinstance(kid, str) and 0 < len(kid) <= KEY_ID_LENGTH_MAX:
        return kid.encode(errors="replace")
    return Expected(f"a kid of 1 to {KEY_ID_LENGTH_MAX} characters")


def _read_purposes(
    entry: Mapping[object, object], public: PublicKey
) -> frozenset[Purpose] | Expected:
    default = [] if isinstance(public, Ed25519PublicKey) else [Purpose.HEALTH]
    words = entry.get("may_sign", default)
    if not isinstance(words, list) or not words or any(word not in list(Purpose) for word in words):
        return Expected(f"may_sign with words of: {', '.join(Purpose)}")
    return frozenset(map(Purpose, words))


def _read_end(entry: Mapping[object, object]) -> datetime | Expected | None:
    if "valid_until" not in entry:
        return None
    valid_until = read_time(entry["valid_until"], UTC, is_end=True)
    if isinstance(valid_until, Expected):
        return Expected(f"valid_until as {valid_until.what}")
    return valid_until
