"""X.509 certificates of those who sign EU DCCs (document signer certificates)."""

import hashlib

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from gatewayd.core.evidence import Statement
from gatewayd.core.signatures import PublicKey
from gatewayd.core.spelling import is_id
from gatewayd.core.tables import Expected
from gatewayd.core.trust import EVERY_STATEMENT, HEALTH, KEY_ID_SIZE, IssuerKey

CERTIFICATE_SIZE_MAX = 8192  # The largest in use have less than 2 kB.
RSA_BITS_MAX = 4096  # The largest in use has 3072; larger ones only cost time.

_USES = {
    bytes.fromhex("060b2b060104018e378f650101"): Statement.TEST,
    bytes.fromhex("060b2b060104018e378f650102"): Statement.VACCINATION,
    bytes.fromhex("060b2b060104018e378f650103"): Statement.RECOVERY,
    bytes.fromhex("060c2b06010401008e378f650101"): Statement.TEST,
    bytes.fromhex("060c2b06010401008e378f650102"): Statement.VACCINATION,
    bytes.fromhex("060c2b06010401008e378f650103"): Statement.RECOVERY,
}
"""1.3.6.1.4.1.1847.2021.1.{1,2,3} as the specification has them, and 1.3.6.1.4.1.0.1847... as half
of the issuers do. They are looked for as they are encoded: the extensions of some real
certificates (Finland's) break rules of DER, and libraries refuse to read any of them."""


def read_certificate(der: bytes) -> IssuerKey | Expected:
    """Return the key of a signer, known by the first 8 bytes of the SHA-256 of its certificate.

    What it may sign are the uses in the certificate; one that names none may sign all of them.
    """
    if len(der) > CERTIFICATE_SIZE_MAX:
        return Expected(f"a certificate of at most {CERTIFICATE_SIZE_MAX} bytes")
    try:
        certificate = x509.load_der_x509_certificate(der)
        public = _read_key(certificate)
        issuer = _read_issuer(certificate)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        return Expected("an X.509 certificate")
    if isinstance(public, Expected):
        return public
    statements = frozenset(use for code, use in _USES.items() if code in der)
    return IssuerKey(
        issuer=issuer,
        public=public,
        may_sign=HEALTH,
        valid_until=certificate.not_valid_after_utc,
        key_id=hashlib.sha256(der).digest()[:KEY_ID_SIZE],
        statements=statements or EVERY_STATEMENT,
    )


def _read_key(certificate: x509.Certificate) -> PublicKey | Expected:
    match certificate.public_key():
        case EllipticCurvePublicKey() as public:
            return public
        case RSAPublicKey() as public if public.key_size <= RSA_BITS_MAX:
            return public
        case _:
            return Expected(f"a certificate of an elliptic or RSA key up to {RSA_BITS_MAX} bits")


def _read_issuer(certificate: x509.Certificate) -> str:
    """Return the country it is for."""
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME):
        if isinstance(attribute.value, str) and is_id(attribute.value):
            return attribute.value
    return "unnamed"
