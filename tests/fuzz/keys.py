"""Keys of nobody, the same in each run: what a decoder trusts, so that inputs get past its door."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from gatewayd.core import base64url
from gatewayd.core.pseudonym import Namespace, Pseudonyms
from gatewayd.core.revocation import RevocationList
from gatewayd.core.roster import Roster, RosterEntry
from gatewayd.core.totp import OtpKey
from gatewayd.core.trust import HEALTH, IssuerKey, Purpose, Trust, collect

AT: Final = datetime(2021, 11, 29, 1, 0, tzinfo=UTC)
SITE: Final = "mojokerto/dukcapil/gmsc"
ED: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
EC: Final = derive_private_key(1 << 200, SECP256R1())
DCC_KEY_ID: Final = b"8 bytes."
CARD_KEY_ID: Final = "card-1"
CARD_ISSUER: Final = "https://example.org/issuer"

_CENTRE = frozenset(Purpose) - HEALTH
OWN: Final = IssuerKey("dukcapil", ED.public_key(), _CENTRE)
DCC: Final = IssuerKey("ID", EC.public_key(), HEALTH, key_id=DCC_KEY_ID)
CARD: Final = IssuerKey(CARD_ISSUER, EC.public_key(), HEALTH, key_id=CARD_KEY_ID.encode())
REVOKED: Final = RevocationList(CARD_ISSUER, CARD.key_id, 1, {"gone": 2e9})
TRUST: Final[Trust] = collect((OWN, DCC, CARD), (REVOKED,), (("dukcapil", b"gone"),))

PSEUDONYMS: Final = Pseudonyms(bytes(32))
ROSTER: Final = Roster(
    "people",
    {
        PSEUDONYMS.of(Namespace.PERSON, "S-1"): RosterEntry("staff", otp_key=OtpKey(bytes(20))),
        PSEUDONYMS.of(Namespace.PERSON, "V-1"): RosterEntry("visitor", region="mojokerto"),
        PSEUDONYMS.of(Namespace.PERSON, "B-1"): RosterEntry("visitor", blocked=True),
    },
)


def sign_es256(key: EllipticCurvePrivateKey, content: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(content, ECDSA(SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def jws_of(payload: bytes, **header: Any) -> bytes:
    """Sign any payload with the key of the centre."""
    head = _head(tuple(sorted({"alg": "Ed25519", "kid": OWN.key_id.hex(), **header}.items())))
    text = f"{head}.{base64url.encode(payload)}"
    return f"{text}.{base64url.encode(ED.sign(text.encode()))}".encode()


@cache
def _head(members: tuple[tuple[str, Any], ...]) -> str:
    return base64url.encode(json.dumps(dict(members)).encode())
