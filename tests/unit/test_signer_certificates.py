import hashlib
from datetime import UTC, datetime
from itertools import count

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core import signer_certificates
from gatewayd.core.evidence import Statement
from gatewayd.core.signer_certificates import read_certificate
from gatewayd.core.tables import Expected
from gatewayd.core.trust import EVERY_STATEMENT, IssuerKey, Purpose
from tests.unit.health_codes import make_certificate, of_version_64, rsa_signer

EU = "1.3.6.1.4.1.1847.2021.1."
EU_MISSPELLED = "1.3.6.1.4.1.0.1847.2021.1."


def read(der: bytes) -> IssuerKey:
    found = read_certificate(der)
    assert isinstance(found, IssuerKey)
    return found


def test_a_certificate_says_whose_key_it_is_and_until_when():
    der = make_certificate()
    key = read(der)
    assert (key.issuer, key.key_id) == ("ID", hashlib.sha256(der).digest()[:8])
    assert key.may_sign == {Purpose.HEALTH}
    assert key.valid_until == datetime(2023, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("uses", "statements"),
    [
        ((), EVERY_STATEMENT),
        (("1.3.6.1.5.5.7.3.2",), EVERY_STATEMENT),
        ((EU + "1",), {Statement.TEST}),
        ((EU_MISSPELLED + "2",), {Statement.VACCINATION}),
        ((EU + "3", EU_MISSPELLED + "1"), {Statement.RECOVERY, Statement.TEST}),
    ],
    ids=count(),
)
def test_the_uses_it_names_are_what_it_signs(uses, statements):
    assert read(make_certificate(uses=uses)).statements == statements


def test_uses_are_found_where_libraries_refuse_to_look():
    der = make_certificate(uses=(EU + "1",))
    broken = der.replace(bytes.fromhex("0603551d25"), bytes.fromhex("0603551d13"))
    assert broken != der
    assert read(broken).statements == {Statement.TEST}


def test_rsa_keys_sign_too():
    assert isinstance(read(make_certificate(rsa_signer())).public, rsa.RSAPublicKey)


@pytest.mark.parametrize("country", [None, "  "])
def test_a_certificate_of_no_country_is_unnamed(country):
    assert read(make_certificate(country=country)).issuer == "unnamed"


def test_keys_of_other_kinds_and_sizes_are_refused(monkeypatch):
    edwards = make_certificate(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    assert isinstance(read_certificate(edwards), Expected)
    monkeypatch.setattr(signer_certificates, "RSA_BITS_MAX", 1024)
    assert isinstance(read_certificate(make_certificate(rsa_signer())), Expected)


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30\x03abc",
        make_certificate()[:-1],
        bytes(8193),
        of_version_64(make_certificate()),
    ],
    ids=["empty", "noise", "cut", "large", "version"],
)
def test_what_is_no_certificate_is_told(der):
    assert isinstance(read_certificate(der), Expected)
