"""Signs messages as a centre does; the key is made in each run of the tests."""

import json
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gatewayd.core import base64url
from gatewayd.core.trust import IssuerKey, Purpose

SIGNER = Ed25519PrivateKey.generate()
KEY = IssuerKey("centre", SIGNER.public_key(), frozenset({Purpose.RECEIPT}))
AUDIENCE = "mojokerto/dukcapil/gmsc"


def claims_at(at: datetime, **claims: Any) -> dict[str, Any]:
    now_s = int(at.timestamp())
    rising = round(at.timestamp() * 1000)
    head = {"aud": AUDIENCE, "iat": now_s, "exp": now_s + 30, "jti": f"r-{rising}", "ctr": rising}
    return {**head, **claims}


def signed(
    claims: object, typ: str = "onegate-receipt+jws", signer: Any = SIGNER, **header: Any
) -> bytes:
    head = {"alg": "Ed25519", "typ": typ, "kid": KEY.key_id.hex(), **header}
    parts = [base64url.encode(json.dumps(part).encode()) for part in (head, claims)]
    text = ".".join(parts)
    return f"{text}.{base64url.encode(signer.sign(text.encode()))}".encode()


def signed_es256(
    claims: object, signer: EllipticCurvePrivateKey, kid: str, typ: str = "onegate-receipt+jws"
) -> bytes:
    head = {"alg": "ES256", "typ": typ, "kid": kid}
    parts = [base64url.encode(json.dumps(part).encode()) for part in (head, claims)]
    text = ".".join(parts)
    pair = decode_dss_signature(signer.sign(text.encode(), ECDSA(hashes.SHA256())))
    raw = b"".join(number.to_bytes(32, "big") for number in pair)
    return f"{text}.{base64url.encode(raw)}".encode()
