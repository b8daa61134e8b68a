"""COSE_Sign1 (RFC 9052): a payload with one signature over it and its protected header."""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gatewayd.core import cbor

ALGORITHM = 1
KEY_ID = 4

EDDSA = -8  # RFC 9053; what we issue, because every library knows it.
ED25519 = -19  # RFC 9864: the same signatures under a name of their own.

_CWT_TAG = b"\xd8\x3d"  # 61, RFC 8392; optional, and only around the next one.
_SIGN1_TAG = b"\xd2"  # 18; optional as well.


@dataclass(frozen=True, slots=True)
class Sign1:
    """A message as it came: nothing in it is true before `is_genuine` says so."""

    protected: bytes
    header: Mapping[object, object]
    """What `protected` holds."""
    unprotected: Mapping[object, object]
    """Outside the signature: anybody can change it."""
    payload: bytes
    signature: bytes

    @property
    def signed_bytes(self) -> bytes:
        """The Sig_structure of RFC 9052 section 4.4, without external data."""
        return cbor.encode(["Signature1", self.protected, b"", self.payload])


def sign(payload: bytes, key_id: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return a tagged message that carries nothing outside the signature."""
    header: dict[object, object] = {ALGORITHM: EDDSA, KEY_ID: key_id}
    unsigned = Sign1(cbor.encode(header), header, {}, payload, signature=b"")
    signature = key.sign(unsigned.signed_bytes)
    return _SIGN1_TAG + cbor.encode([unsigned.protected, {}, payload, signature])


def decode(data: bytes) -> Sign1 | None:
    """Take a message apart; None where it is not a COSE_Sign1."""
    match cbor.decode(data.removeprefix(_CWT_TAG).removeprefix(_SIGN1_TAG)):
        case [
            bytes() as protected,
            Mapping() as unprotected,
            bytes() as payload,
            bytes() as signature,
        ]:
            header = cbor.decode(protected) if protected else {}
            if not isinstance(header, Mapping):
                return None
            return Sign1(protected, header, unprotected, payload, signature)
        case _:
            return None


def is_genuine(message: Sign1, key: Ed25519PublicKey) -> bool:
    """Tell whether the owner of `key` signed this; other algorithms than Ed25519 never pass."""
    if message.header.get(ALGORITHM) not in (EDDSA, ED25519):
        return False
    try:
        key.verify(message.signature, message.signed_bytes)
    except InvalidSignature:
        return False
    return True
