"""SMART Health Cards: a signed and deflated JWT with a FHIR bundle inside, as digits in QR codes.

After https://spec.smarthealth.cards. `shc:/` and two digits for each character, in one code or in
several (`shc:/2/3/`, which `core.parts` joins); files and links carry the same as bare JWS.
"""

import re
from collections.abc import Mapping

from gatewayd.core import jws
from gatewayd.core.evidence import Certificate
from gatewayd.core.fhir import read_bundle
from gatewayd.core.inflate import RAW_DEFLATE, inflate
from gatewayd.core.reasons import Reason
from gatewayd.core.token_times import CLOCK_SKEW, read_time
from gatewayd.core.trust import HEALTH, IssuerKey, Trust, choose_signers

PREFIX = "shc:/"
JWS_PREFIX = "eyJ"  # How every JWS begins: `{"` in base64url.

_CARD_TYPE = "https://smarthealth.cards#health-card"
_SIGNATURE_SIZE = 64
_DIGITS = re.compile(r"[0-9]+")
_TENS = bytes(45 + 10 * max(0, code - 48) if code <= 57 else 0 for code in range(256))
_ONES = bytes(max(0, code - 48) if code <= 57 else 0 for code in range(256))


def read_card(text: str, trust: Trust) -> Certificate | Reason:
    """Read and authenticate a card that is whole; whether it is valid now the decision says.

    A card ends at the latest with the key that signed it.
    """
    compact = read_digits(text.removeprefix(PREFIX)) if text.startswith(PREFIX) else text
    message = jws.decode(compact) if compact is not None else Reason.NUMERIC_FORM
    if isinstance(message, Reason):
        return message
    signers = _find_signers(message, trust)
    if isinstance(signers, Reason):
        return signers
    content = inflate(message.payload, RAW_DEFLATE)
    if isinstance(content, Reason):
        return content
    claims = jws.read_json_object(content)
    if claims is None:
        return Reason.SCHEMA
    signer = next((key for key in signers if key.issuer == claims.get("iss")), None)
    return _certify(claims, signer, trust) if signer is not None else Reason.ISSUER


def read_digits(digits: str) -> str | None:
    """Return what pairs of digits stand for: 00 is `-` (45), and so on up to 77, `z` (122)."""
    if _DIGITS.fullmatch(digits) is None or len(digits) % 2:
        return None
    # All pairs at once, as two large numbers: no sum exceeds 144, so nothing is carried over.
    tens = int.from_bytes(digits[::2].encode().translate(_TENS))
    ones = int.from_bytes(digits[1::2].encode().translate(_ONES))
    characters = (tens + ones).to_bytes(len(digits) // 2)
    return characters.decode() if max(characters) <= ord("z") else None


def _find_signers(message: jws.Jws, trust: Trust) -> list[IssuerKey] | Reason:
    """Return the keys that signed this and may, of whatever issuer."""
    match message.header:
        case {"alg": "ES256", "zip": "DEF", "kid": str() as kid}:
            candidates = trust.find(kid.encode(errors="replace"))
        case _:
            return Reason.HEADER
    if len(message.signature) != _SIGNATURE_SIZE:
        return Reason.SIGNATURE_FORMAT
    return choose_signers(candidates, lambda key: jws.is_genuine(message, key), HEALTH)


def _certify(claims: Mapping[str, object], signer: IssuerKey, trust: Trust) -> Certificate | Reason:
    issued_at = read_time(claims.get("nbf", claims.get("iat")))  # The first cards had only `iat`.
    expires_at = read_time(claims.get("exp"))
    match claims.get("vc"):
        case {"type": [*types], "credentialSubject": {"fhirBundle": dict() as bundle}, **rest}:
            revocation_id = rest.get("rid")
        case _:
            return Reason.SCHEMA
    is_dated = issued_at is not None and ("exp" in claims) == (expires_at is not None)
    found = read_bundle(bundle)
    if issued_at is None or not is_dated or found is None or _CARD_TYPE not in types:
        return Reason.SCHEMA
    person, evidence = found
    ends = [end for end in (expires_at, signer.valid_until) if end is not None]
    return Certificate(
        issuer=signer.issuer,
        person=person,
        evidence=evidence,
        not_before=issued_at - CLOCK_SKEW,
        not_after=min(ends, default=None),
        is_revoked=isinstance(revocation_id, str)
        and trust.is_revoked(signer, revocation_id, issued_at.timestamp()),
    )
