"""Signatures of the three kinds that credentials carry, whatever they are called around them."""

from enum import Enum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ec import (
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey
PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey


class Scheme(Enum):
    """How a signature is made; the same three under other names in COSE and JOSE."""

    ED25519 = "Ed25519"
    ES256 = "ES256"
    """ECDSA with SHA-256 over any curve; r and s stand side by side, each as wide as the curve."""
    PS256 = "PS256"
    """RSASSA-PSS with SHA-256; the salt is as long as the hash (RFC 8230, RFC 7518)."""


def is_signed(scheme: Scheme, key: PublicKey, signature: bytes, content: bytes) -> bool:
    """Tell whether the owner of `key` signed `content`; never with a key of another kind."""
    try:
        match scheme, key:
            case Scheme.ED25519, Ed25519PublicKey():
                key.verify(signature, content)
            case Scheme.ES256, EllipticCurvePublicKey():
                key.verify(_as_der(signature, key), content, _ECDSA)
            case Scheme.PS256, RSAPublicKey():
                key.verify(signature, content, _PSS, _SHA256)
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def sign(private: PrivateKey, content: bytes) -> bytes:
    """Sign with Ed25519 or ES256, as `is_signed` reads it."""
    match private:
        case Ed25519PrivateKey():
            return private.sign(content)
        case EllipticCurvePrivateKey():
            width = (private.curve.key_size + 7) // 8
            pair = decode_dss_signature(private.sign(content, _ECDSA))
            return b"".join(number.to_bytes(width) for number in pair)


_SHA256 = SHA256()
_ECDSA = ec.ECDSA(_SHA256)
_PSS = padding.PSS(padding.MGF1(_SHA256), salt_length=padding.PSS.DIGEST_LENGTH)


def _as_der(signature: bytes, key: EllipticCurvePublicKey) -> bytes:
    width = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * width:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:width]), int.from_bytes(signature[width:])
    return encode_dss_signature(r, s)
