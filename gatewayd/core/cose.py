"""COSE_Sign1 (RFC 9052): a payload with one signature over it and its protected header."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core import cbor
from gatewayd.core.signatures import PublicKey, Scheme, is_signed

ALGORITHM = 1
KEY_ID = 4

EDDSA = -8  # RFC 9053; what we issue, because every library knows it.
ED25519 = -19  # RFC 9864: the same signatures under a name of their own.
ES256 = -7
PS256 = -37

HEADER_SIZE_MAX = 1024  # Those in use have less than 50 bytes.

_ARRAY_OF_4 = b"\x84"
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

    def find(self, label: int) -> object:
        """Return a header; the protected one where it stands in both places."""
        return self.header[label] if label in self.header else self.unprotected.get(label)

    @property
    def signed_bytes(self) -> bytes:
        """The Sig_structure of RFC 9052 section 4.4, without external data.

        An empty map that is protected stands there as no bytes, however it was sent.
        """
        protected = self.protected if self.header else b""
        return cbor.encode(["Signature1", protected, b"", self.payload])


def sign(payload: bytes, key_id: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return a tagged message that carries nothing outside the signature."""
    header: dict[object, object] = {ALGORITHM: EDDSA, KEY_ID: key_id}
    unsigned = Sign1(cbor.encode(header), header, {}, payload, signature=b"")
    signature = key.sign(unsigned.signed_bytes)
    return _SIGN1_TAG + cbor.encode([unsigned.protected, {}, payload, signature])


def decode(data: bytes, *, is_lenient: bool = False) -> Sign1 | None:
    """Take a message apart; None where it is not a COSE_Sign1.

    is_lenient: as for `cbor.decode_first`. Nobody has vouched for `data` yet, so only the headers
    are decoded, and they may not be large: many small items cost much more than they weigh.
    """
    bare = data.removeprefix(_CWT_TAG).removeprefix(_SIGN1_TAG)
    items = _Items(bare, is_lenient=is_lenient)
    if not bare.startswith(_ARRAY_OF_4):
        return None
    protected, unprotected = items.take_bytes(), items.take_map()
    payload, signature = items.take_bytes(), items.take_bytes()
    if protected is None or unprotected is None or payload is None or signature is None:
        return None
    header = _decode_header(protected[:HEADER_SIZE_MAX]) if protected else {}
    if not isinstance(header, Mapping) or items.at != len(bare):
        return None
    return Sign1(protected, header, unprotected, payload, signature)


@lru_cache(maxsize=256)  # An issuer signs with few headers; 256 KiB where somebody makes them up.
def _decode_header(protected: bytes) -> object:
    return cbor.decode(protected)


def find_scheme(number: object) -> Scheme | None:
    """Return what an algorithm number of the COSE registry stands for."""
    return _SCHEMES.get(number) if isinstance(number, int) else None


def is_genuine(message: Sign1, key: PublicKey, scheme: Scheme) -> bool:
    """Tell whether the owner of `key` signed this; the caller says which scheme is right."""
    return is_signed(scheme, key, message.signature, message.signed_bytes)


_SCHEMES = {
    EDDSA: Scheme.ED25519,
    ED25519: Scheme.ED25519,
    ES256: Scheme.ES256,
    PS256: Scheme.PS256,
}


@dataclass(slots=True)
class _Items:
    """The parts of a message, one after the other."""

    data: bytes
    at: int = len(_ARRAY_OF_4)
    is_lenient: bool = False

    def take_bytes(self) -> bytes | None:
        """Take a byte string; the usual forms without the decoder, which costs more than all."""
        first, begin = self.data[self.at : self.at + 1], self.at + 1
        if first not in _BYTE_STRINGS:
            return None
        length = first[0] - _BYTE_STRING
        if length == _LENGTH_IN_1 and begin < len(self.data):
            length, begin = self.data[begin], begin + 1
        elif length == _LENGTH_IN_2 and begin + 1 < len(self.data):
            length, begin = int.from_bytes(self.data[begin : begin + 2]), begin + 2
        elif length >= _LENGTH_IN_1:
            item = self._take(len(self.data))
            return item if isinstance(item, bytes) else None
        if begin + length > len(self.data):
            return None
        self.at = begin + length
        return self.data[begin : self.at]

    def take_map(self) -> Mapping[object, object] | None:
        if self.data.startswith(_EMPTY_MAP, self.at):  # As good issuers send it.
            self.at += 1
            return {}
        item = self._take(HEADER_SIZE_MAX)
        return item if isinstance(item, Mapping) else None

    def _take(self, size_max: int) -> object:
        rest = self.data[self.at : self.at + size_max]
        found = cbor.decode_first(rest, is_lenient=self.is_lenient)
        if found is None:
            return None
        self.at += found.size
        return found.item


_EMPTY_MAP = b"\xa0"
_BYTE_STRING = 0x40
_LENGTH_IN_1, _LENGTH_IN_2 = 24, 25  # RFC 8949, section 3: the length is in the bytes behind.
_BYTE_STRINGS = frozenset(bytes([first]) for first in range(0x40, 0x60))
"""What the first byte of a byte string can be: anything else is not even looked into."""
