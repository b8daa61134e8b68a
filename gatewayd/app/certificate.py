"""What the pages prove themselves with: a certificate of the site's own, or one made here.

A named certificate that cannot be used stops no gate: the made one takes its place, and that is
told. The made one is remade before its end; a person compares its fingerprint once.
"""

import asyncio
import ipaddress
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Never

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config.schema import Desk
from gatewayd.app.own_names import own_addresses, own_names
from gatewayd.ports import Blocking, Clock, StorageError
from gatewayd.runtime.library import Stock
from gatewayd.runtime.reloading import Reading, Reread, Unusable
from gatewayd.store.private_file import replace_private

log = logging.getLogger(__name__)

MADE_NAME = "pages.pem"
LASTS = timedelta(days=825)  # The most that Apple's devices take.
REMADE_BEFORE = timedelta(days=30)

LOOK_S = 86_400.0
_FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # A box without a clock starts in 1970.
_COMMON_NAME_MAX = 64  # X.520


class CertificateError(Exception):
    """A certificate cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its key, known to fit. names: DNS names in it."""

    certificate_file: Path
    key_file: Path
    fingerprint: str
    names: frozenset[str]
    ends: datetime


def read_pair(certificate_file: Path, key_file: Path) -> Pair:
    """Read a certificate and its key. Raises CertificateError where they cannot be used."""
    try:
        tls_context().load_cert_chain(certificate_file, key_file, password=_no_password)
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    except (OSError, ValueError, x509.InvalidVersion) as error:  # An SSLError is an OSError.
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise CertificateError(
            f"{certificate_file}: not the certificate of {key_file}, in PEM and without password: "
            f"{reason}; the pages use one that is made here instead"
        ) from error
    return Pair(
        certificate_file,
        key_file,
        certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        frozenset(_names_in(certificate)),
        certificate.not_valid_after_utc,
    )


def tls_context() -> ssl.SSLContext:
    """Return a server's context without a certificate: TLS 1.2 and up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class PagesCertificate:
    """One for each daemon whose pages are encrypted. pair: what is in use, None before `open`."""

    def __init__(self, desk: Desk, directory: Path, clock: Clock) -> None:
        self.pair: Pair | None = None
        self._context = tls_context()
        self._desk = desk
        self._made_file = directory / MADE_NAME
        self._clock = clock
        self._found: Pair | None = None

    def names(self) -> frozenset[str]:
        """Return the DNS names of what is in use."""
        return frozenset() if self.pair is None else self.pair.names

    def open(self) -> ssl.SSLContext:
        """Return what the server uses, with a certificate in it. Blocks. Raises StorageError."""
        pair, problem = self._find()
        if problem is not None:
            log.error("certificate_not_used", extra={"fields": {"what_to_do": problem}})
        self._take(pair)
        return self._context

    def renewing(self, read: Reading) -> Reading:
        """Return a reading of files that looks at the certificate too; `taken` is called behind it.

        Where the named one cannot be used any more, what is in use stays.
        """

        def reread(stock: Stock) -> Reread | Unusable:
            reading = read(stock)
            if isinstance(reading, Unusable):
                return reading
            problem = self._look()
            return reading if problem is None else _without(reading, problem)

        return reread

    def taken(self) -> None:
        """Use what was found from now on; called in the loop, where no handshake is half done."""
        found, self._found = self._found, None
        if found is not None:
            self._take(found)

    async def run(self, blocking: Blocking) -> Never:
        """Look once a day whether a certificate comes to its end, for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            problem = await blocking.run(self._look)
            if problem is not None:
                log.error("certificate_not_used", extra={"fields": {"what_to_do": problem}})
            self.taken()

    def _look(self) -> str | None:
        """Find what is to be used from now on; return why that cannot be."""
        try:
            pair, problem = self._find()
        except StorageError as error:
            return str(error)
        if problem is None:
            self._found = pair
        return problem

    def _take(self, pair: Pair) -> None:
        is_new = self.pair is None or pair.fingerprint != self.pair.fingerprint
        self._context.load_cert_chain(pair.certificate_file, pair.key_file, password=_no_password)
        self.pair = pair
        if is_new:
            fields = {"sha256": pair.fingerprint, "ends": pair.ends.date().isoformat()}
            log.info("certificate_taken", extra={"fields": fields})

    def _find(self) -> tuple[Pair, str | None]:
        desk, problem = self._desk, None
        if desk.certificate_file is not None and desk.key_file is not None:
            try:
                return read_pair(desk.certificate_file, desk.key_file), None
            except CertificateError as error:
                problem = str(error)
        return self._made(), problem

    def _made(self) -> Pair:
        """Return the one that was made here; a new one where there is none, or its end is near."""
        path, at = self._made_file, max(self._clock.utc(), _FIRST_DAY)
        try:
            pair = read_pair(path, path)
        except CertificateError:
            pair = None
        if pair is None or at >= pair.ends - REMADE_BEFORE or not pair.names >= self._own_names():
            replace_private(path, _make(sorted(self._own_names()), _addresses(self._desk), at))
            pair = read_pair(path, path)
        return pair

    def _own_names(self) -> frozenset[str]:
        return frozenset({"localhost", *own_names(), *self._desk.names})


def _without(reading: Reread, problem: str) -> Reread:
    return replace(reading, left_out=(*reading.left_out, problem))


def _addresses(desk: Desk) -> list[str]:
    """Return the addresses that stand in a certificate; those of tomorrow nobody knows."""
    try:
        listened = ipaddress.ip_address(desk.host)
    except ValueError:
        listened = ipaddress.ip_address("0.0.0.0")  # noqa: S104, a name: it is looked up
    there = own_addresses() if listened.is_unspecified else (str(listened),)
    return list(dict.fromkeys(("127.0.0.1", "::1", *there)))


def _make(names: Sequence[str], addresses: Sequence[str], at: datetime) -> str:
    """Return a key (ECDSA P-256) and a certificate of it, as one PEM text."""
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:_COMMON_NAME_MAX])])
    alternatives = [
        *(x509.DNSName(name) for name in names),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))  # A tablet's clock may be behind.
        .not_valid_after(at + LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (pem + certificate.public_bytes(Encoding.PEM)).decode()


def _names_in(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in found.value.get_values_for_type(x509.DNSName)]


def _no_password() -> str:
    """Answer for a key that has a password: nobody is here to type it."""
    return ""
