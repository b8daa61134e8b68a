"""EU Digital COVID Certificates: `HC1:`, base45, zlib, COSE_Sign1, and a CBOR Web Token inside.

After the "Electronic Health Certificate Specification" (hcert_spec) of the eHealth Network. Whom to
believe says `trust`: the certificates of document signers, several of which may share a key id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatewayd.core import base45, cbor, cose
from gatewayd.core.dcc_content import Content, read_content
from gatewayd.core.evidence import Certificate
from gatewayd.core.inflate import ZLIB, inflate
from gatewayd.core.reasons import Reason
from gatewayd.core.signatures import Scheme
from gatewayd.core.token_times import CLOCK_SKEW, read_time
from gatewayd.core.trust import HEALTH, IssuerKey, Trust, choose_signers

PREFIX = "HC1:"
_LAST_SECOND = timedelta(seconds=1)  # The spec's verifiers accept through the second `exp` names.
_ISSUER, _EXPIRY, _ISSUED_AT, _HCERT, _EU_DCC = 1, 4, 6, -260, 1


@dataclass(frozen=True, slots=True)
class Claims:
    """What the token says around the certificate itself; `issuer` is a country, or missing."""

    issuer: str | None
    issued_at: datetime
    expires_at: datetime
    certificate: Mapping[object, object]


def read_certificate(text: str, trust: Trust) -> Certificate | Reason:
    """Read and authenticate; whether it is valid now is for the decision to say.

    It ends at the latest with the certificate of its signer.
    """
    message = open_envelope(text)
    if isinstance(message, Reason):
        return message
    signers = _find_signers(message, trust)
    if isinstance(signers, Reason):
        return signers
    claims = read_claims(message.payload)
    if isinstance(claims, Reason):
        return claims
    content = read_content(claims.certificate)
    if isinstance(content, Reason):
        return content
    signer = next((key for key in signers if content.statement in key.statements), None)
    if signer is None:
        return Reason.KEY_USAGE
    return _certify(claims, content, signer)


def open_envelope(text: str) -> cose.Sign1 | Reason:
    """Take the layers off; what comes out is signed by whom it says, or not."""
    if not text.startswith(PREFIX):
        return Reason.PREFIX
    data = base45.decode(text.removeprefix(PREFIX))
    if data is None:
        return Reason.BASE45
    inflated = inflate(data, ZLIB)
    if isinstance(inflated, Reason):
        return inflated
    message = cose.decode(inflated, is_lenient=True)
    if message is None:
        is_cbor = cbor.decode_first(inflated[: cose.HEADER_SIZE_MAX], is_lenient=True) is not None
        return Reason.CWT if is_cbor else Reason.CBOR
    return message


def read_claims(payload: bytes) -> Claims | Reason:
    found = cbor.decode_first(payload, is_lenient=True)
    if found is None:
        return Reason.CBOR
    token = found.item
    if not isinstance(token, Mapping) or found.size != len(payload):
        return Reason.CWT
    issued_at, expires_at = read_time(token.get(_ISSUED_AT)), read_time(token.get(_EXPIRY))
    match token.get(_ISSUER), token.get(_HCERT):
        case (str() | None as issuer, Mapping() as certificates):
            certificate = certificates.get(_EU_DCC)
        case _:
            return Reason.CWT
    if issued_at is None or expires_at is None or not isinstance(certificate, Mapping):
        return Reason.CWT
    return Claims(issuer, issued_at, expires_at, certificate)


def _find_signers(message: cose.Sign1, trust: Trust) -> list[IssuerKey] | Reason:
    """Return the keys that signed this and may; key id and algorithm may stand unprotected."""
    scheme = cose.find_scheme(message.find(cose.ALGORITHM))
    if scheme is not Scheme.ES256 and scheme is not Scheme.PS256:
        return Reason.UNSUPPORTED
    wanted = message.find(cose.KEY_ID)
    candidates = trust.find(wanted) if isinstance(wanted, bytes) else ()
    return choose_signers(candidates, lambda key: cose.is_genuine(message, key, scheme), HEALTH)


def _certify(claims: Claims, content: Content, signer: IssuerKey) -> Certificate:
    not_after = claims.expires_at + _LAST_SECOND
    return Certificate(
        issuer=claims.issuer or signer.issuer,
        person=content.person,
        evidence=content.evidence,
        not_before=claims.issued_at - CLOCK_SKEW,
        not_after=min(not_after, signer.valid_until or not_after),
    )
