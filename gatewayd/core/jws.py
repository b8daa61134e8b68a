"""JSON Web Signatures (RFC 7515) in the compact form: header, payload and signature with dots."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core import base64url
from gatewayd.core.reasons import Reason
from gatewayd.core.signatures import PrivateKey, PublicKey, Scheme, is_signed, sign

TEXT_LENGTH_MAX = 64 * 1024  # Twenty times the longest published health card.
HEADER_LENGTH_MAX = 1024  # Those in use have about 100 characters.

_SCHEMES = {
    "EdDSA": Scheme.ED25519,
    "Ed25519": Scheme.ED25519,  # RFC 9864: the same under a name of its own.
    "ES256": Scheme.ES256,
}


@dataclass(frozen=True, slots=True)
class Jws:
    """A message as it came: nothing in it is true before `is_genuine` says so."""

    header: Mapping[str, object]
    payload: bytes
    signature: bytes
    signed_bytes: bytes


def decode(text: str, length_max: int = TEXT_LENGTH_MAX) -> Jws | Reason:
    """Take a message apart; a reason where it is none."""
    if len(text) > length_max:
        return Reason.TOO_LARGE
    parts = text.split(".")
    header = _read_header(parts[0])
    if header is None or len(parts) != 3:
        return Reason.HEADER
    payload, signature = (base64url.decode(part) for part in parts[1:])
    if payload is None:
        return Reason.SCHEMA
    if signature is None:
        return Reason.SIGNATURE_FORMAT
    return Jws(header, payload, signature, f"{parts[0]}.{parts[1]}".encode())


def write(header: Mapping[str, object], payload: bytes, private: PrivateKey) -> str:
    """Return a message that the owner of a key signs; `alg` goes into the header."""
    is_edwards = isinstance(private, Ed25519PrivateKey)
    named = {"alg": "Ed25519" if is_edwards else "ES256", **header}
    head = json.dumps(named, separators=(",", ":")).encode()
    text = f"{base64url.encode(head)}.{base64url.encode(payload)}"
    return f"{text}.{base64url.encode(sign(private, text.encode()))}"


def is_genuine(message: Jws, key: PublicKey) -> bool:
    """Tell whether the owner of `key` signed this, with Ed25519 or ES256 as the header says."""
    name = message.header["alg"]
    scheme = _SCHEMES.get(name) if isinstance(name, str) else None
    if scheme is None:
        return False
    if isinstance(key, EllipticCurvePublicKey) and not isinstance(key.curve, SECP256R1):
        return False  # RFC 7518 section 3.4: in JOSE the name stands for the curve as well.
    return is_signed(scheme, key, message.signature, message.signed_bytes)


def read_json_object(content: bytes) -> dict[str, object] | None:
    """Read a JSON object in UTF-8; None where it is anything else."""
    try:
        document = json.loads(content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _read_header(part: str) -> dict[str, object] | None:
    """Read the header; one that says something must be understood (`crit`) is not."""
    content = base64url.decode(part) if len(part) <= HEADER_LENGTH_MAX else None
    header = read_json_object(content) if content is not None else None
    return header if header is not None and "alg" in header and "crit" not in header else None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
