"""Where a broker is, who the gateway is to it, and how it proves that."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from cryptography import x509

from gatewayd.ports import BrokerError


class Protocol(StrEnum):
    """The MQTT version; AUTO takes 5 and falls back to 3.1.1 where the broker has no 5."""

    AUTO = "auto"
    V5 = "5"
    V311 = "3.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files in PEM. ca_file None: the authorities of the system. A key goes with a certificate."""

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """tls None: in clear. username None: without a login, or by the certificate."""

    host: str
    port: int
    client_id: str
    protocol: Protocol = Protocol.AUTO
    username: str | None = None
    password: str | None = None
    tls: Tls | None = None

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Read the files (blocks): TLS 1.2 or later, the broker's name checked. Raises BrokerError."""
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except OSError as error:
        raise BrokerError(
            f"ca_file {tls.ca_file} cannot be used ({plainly(error)}); "
            "it must be readable and hold PEM certificates"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.certificate_file is not None:
        try:
            # Without a password here the library would ask for one on the terminal.
            context.load_cert_chain(tls.certificate_file, tls.key_file, password="")
        except OSError as error:
            raise BrokerError(
                f"certificate_file {tls.certificate_file} with key_file {tls.key_file} cannot be "
                f"used ({plainly(error)}); they must be readable PEM files that belong together, "
                "the key without a password"
            ) from error
    return context


def certificate_end(tls: Tls) -> datetime | None:
    """Read until when our own certificate is good (blocks); None without one in readable PEM."""
    if tls.certificate_file is None:
        return None
    try:
        certificate = x509.load_pem_x509_certificate(tls.certificate_file.read_bytes())
    except (OSError, ValueError, x509.InvalidVersion):
        return None  # `tls_context` says what is wrong with it.
    return certificate.not_valid_after_utc


def plainly(error: OSError) -> str:
    """Return what went wrong, without numbers and places in a library's source."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not valid").replace("_", " ").lower()
    return error.strerror or type(error).__name__
