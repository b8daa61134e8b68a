"""Health certificates of nobody, made for tests: issuers, their keys, and codes signed by them."""

import hashlib
import json
import zlib
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from gatewayd.core import base45, base64url
from gatewayd.core.jwks import parse_keys

ISSUED = datetime(2021, 6, 1, 12, tzinfo=UTC)
EXPIRES = ISSUED + timedelta(days=180)
SIGNER = generate_private_key(SECP256R1())
OTHER_SIGNER = generate_private_key(SECP256R1())

VACCINATED = {
    "ver": "1.3.0",
    "nam": {"fn": "Contoh", "gn": "Warga", "fnt": "CONTOH", "gnt": "WARGA"},
    "dob": "1990-02-03",
    "v": [
        {
            "tg": "840539006",
            "vp": "1119349007",
            "mp": "EU/1/20/1528",
            "ma": "ORG-100030215",
            "dn": 2,
            "sd": 2,
            "dt": "2021-05-18",
            "co": "ID",
            "is": "Nobody",
            "ci": "URN:UVCI:01:ID:0#0",
        }
    ],
}
TESTED_ENTRY = {
    "tg": "840539006",
    "tt": "LP6464-4",
    "sc": "2021-05-30T08:00:00Z",
    "tr": "260415000",
    "tc": "Nowhere",
    "co": "ID",
    "is": "Nobody",
    "ci": "URN:UVCI:01:ID:1#1",
}
RECOVERED_ENTRY = {
    "tg": "840539006",
    "fr": "2021-03-01",
    "df": "2021-03-12",
    "du": "2021-08-28",
    "co": "ID",
    "is": "Nobody",
    "ci": "URN:UVCI:01:ID:2#2",
}


def without_entries() -> dict[str, Any]:
    return {key: value for key, value in VACCINATED.items() if key != "v"}


# --- EU DCC ---


def make_certificate(
    key: Any = SIGNER, uses: tuple[str, ...] = (), country: str | None = "ID"
) -> bytes:
    """Return a signer's certificate (DER); uses: object identifiers of its extended key usage."""
    return _make_certificate(key, uses, country)


@cache  # A second one of the same key would have another signature, and so another key id.
def _make_certificate(key: Any, uses: tuple[str, ...], country: str | None) -> bytes:
    name = [] if country is None else [x509.NameAttribute(NameOID.COUNTRY_NAME, country)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(name))
        .issuer_name(x509.Name(name))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2021, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2023, 1, 1, tzinfo=UTC))
    )
    if uses:
        extension = x509.ExtendedKeyUsage([ObjectIdentifier(use) for use in uses])
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(OTHER_SIGNER, SHA256()).public_bytes(Encoding.DER)


def of_version_64(der: bytes) -> bytes:
    """Return a certificate as it is, but that there are no such certificates."""
    changed = der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a00302013f"), 1)
    assert changed != der
    return changed


def certificate_id(der: bytes) -> bytes:
    return hashlib.sha256(der).digest()[:8]


@cache
def rsa_signer() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def claims(certificate: Any = VACCINATED, **changes: Any) -> dict[int, Any]:
    usual = {
        1: "ID",
        4: int(EXPIRES.timestamp()),
        6: int(ISSUED.timestamp()),
        -260: {1: certificate},
    }
    return {**usual, **{int(name[1:]): value for name, value in changes.items()}}


def sign_es256(key: Any, content: bytes) -> bytes:
    width = (key.curve.key_size + 7) // 8
    r, s = decode_dss_signature(key.sign(content, ECDSA(SHA256())))
    return r.to_bytes(width) + s.to_bytes(width)


def sign_ps256(key: rsa.RSAPrivateKey, content: bytes) -> bytes:
    return key.sign(content, padding.PSS(padding.MGF1(SHA256()), salt_length=32), SHA256())


def sign_cose(
    payload: Any, protected: Any, unprotected: Any = None, *, key: Any = SIGNER, sign: Any = None
) -> bytes:
    """Return an untagged COSE_Sign1; what is no bytes yet becomes CBOR."""
    body = payload if isinstance(payload, bytes) else cbor2.dumps(payload)
    header = protected if isinstance(protected, bytes) else cbor2.dumps(protected)
    signed = cbor2.dumps(["Signature1", header, b"", body])
    signature = (sign or sign_es256)(key, signed)
    return cbor2.dumps([header, {} if unprotected is None else unprotected, body, signature])


def wrap(message: bytes) -> str:
    return "HC1:" + base45.encode(zlib.compress(message))


def make_dcc(payload: Any = None, *, key: Any = SIGNER, der: bytes | None = None) -> str:
    """Return the text of a code as issuers write it."""
    kid = certificate_id(make_certificate(key) if der is None else der)
    body = claims() if payload is None else payload
    return wrap(b"\xd2" + sign_cose(body, {1: -7, 4: kid}, key=key))


# --- SMART Health Cards ---

CARD_ISSUER = "https://example.org/issuer"
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {
            "fullUrl": "resource:0",
            "resource": {
                "resourceType": "Patient",
                "name": [{"family": "Contoh", "given": ["Warga"]}],
                "birthDate": "1990-02-03",
            },
        },
        {
            "fullUrl": "resource:1",
            "resource": {
                "resourceType": "Immunization",
                "status": "completed",
                "vaccineCode": {
                    "coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "511"}]
                },
                "patient": {"reference": "resource:0"},
                "occurrenceDateTime": "2021-04-18",
            },
        },
    ],
}


def jwk(key: Any = SIGNER, kid: str = "kid-1", **more: Any) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    coordinates = {name: base64url.encode(getattr(numbers, name).to_bytes(32)) for name in "xy"}
    return {"kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, **coordinates, **more}


def card_keys(issuer: str = CARD_ISSUER, **more: Any) -> tuple[Any, ...]:
    keys, problems = parse_keys(issuer, [jwk(**more)])
    assert not problems
    return keys


def card_claims(bundle: Any = BUNDLE, **changes: Any) -> dict[str, Any]:
    return {
        "iss": CARD_ISSUER,
        "nbf": ISSUED.timestamp(),
        "vc": {
            "type": ["https://smarthealth.cards#health-card"],
            "credentialSubject": {"fhirVersion": "4.0.1", "fhirBundle": bundle},
        },
        **changes,
    }


def deflate(content: bytes) -> bytes:
    return zlib.compress(content, wbits=-15)


def sign_jws(header: Any, payload: bytes, key: Any = SIGNER) -> str:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    signed = f"{base64url.encode(text)}.{base64url.encode(payload)}"
    return f"{signed}.{base64url.encode(sign_es256(key, signed.encode()))}"


def make_jws(content: Any = None, *, key: Any = SIGNER, kid: str = "kid-1") -> str:
    body = card_claims() if content is None else content
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return sign_jws({"zip": "DEF", "alg": "ES256", "kid": kid}, deflate(text), key)


def to_digits(text: str) -> str:
    return "".join(f"{ord(character) - 45:02}" for character in text)


def make_card(content: Any = None, **more: Any) -> str:
    return "shc:/" + to_digits(make_jws(content, **more))


def make_parts(count: int, content: Any = None) -> list[str]:
    """Return the same card in several codes."""
    digits = to_digits(make_jws(content))
    size = -(-len(digits) // count // 2) * 2
    pieces = [digits[at : at + size] for at in range(0, len(digits), size)]
    assert len(pieces) == count
    return [f"shc:/{number}/{count}/{piece}" for number, piece in enumerate(pieces, 1)]
