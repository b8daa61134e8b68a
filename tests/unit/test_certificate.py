"""The certificate of the pages: the site's own, or one that is made, and what replaces it when."""

import logging
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from config.schema import Desk
from gatewayd.app import certificate as module
from gatewayd.app.certificate import (
    LASTS,
    MADE_NAME,
    REMADE_BEFORE,
    CertificateError,
    PagesCertificate,
    read_pair,
)
from gatewayd.mqtt.account import Tls, certificate_end
from gatewayd.ports import StorageError
from gatewayd.runtime.reloading import Reread, Unusable
from tests.e2e.certificates import Authority
from tests.unit.doubles import SimClock
from tests.unit.health_codes import of_version_64

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


class Clock(SimClock):
    at = NOW

    def utc(self):
        return self.at


@pytest.fixture(autouse=True)
def _names(monkeypatch):
    monkeypatch.setattr(module, "own_names", lambda: ("gate-box", "gate-box.local"))
    monkeypatch.setattr(module, "own_addresses", lambda: ("192.168.1.20",))


def made(tmp_path, host="0.0.0.0", clock=None, **desk):
    return PagesCertificate(Desk(host=host, port=8443, **desk), tmp_path, clock or Clock())


def own(tmp_path, name="gate"):
    certificate_file, key_file = Authority(tmp_path, name).issue(name, "gate.lan")
    return {"certificate_file": certificate_file, "key_file": key_file}


def test_a_certificate_is_made_once_for_all_names_and_addresses(tmp_path):
    first = made(tmp_path, names=("gate.lan",))
    context = first.open()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert (tmp_path / MADE_NAME).stat().st_mode & 0o777 == 0o600
    certificate = x509.load_pem_x509_certificate((tmp_path / MADE_NAME).read_bytes())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(found.get_values_for_type(x509.DNSName)) == {
        "localhost", "gate-box", "gate-box.local", "gate.lan",
    }  # fmt: skip
    addresses = [str(one) for one in found.get_values_for_type(x509.IPAddress)]
    assert addresses == ["127.0.0.1", "::1", "192.168.1.20"]
    assert first.names() == {"localhost", "gate-box", "gate-box.local", "gate.lan"}
    again = made(tmp_path, names=("gate.lan",))
    again.open()
    assert again.pair == first.pair
    assert len(first.pair.fingerprint) == 95, "as browsers show it"


@pytest.mark.parametrize(("host", "address"), [("10.0.0.5", "10.0.0.5"), ("gate.lan", None)])
def test_where_one_address_is_listened_at_it_is_that_one(tmp_path, host, address):
    made(tmp_path, host).open()
    certificate = x509.load_pem_x509_certificate((tmp_path / MADE_NAME).read_bytes())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [str(one) for one in found.get_values_for_type(x509.IPAddress)]
    assert addresses == ["127.0.0.1", "::1", address or "192.168.1.20"]


def test_a_made_one_is_remade_before_its_end_or_for_another_name(tmp_path):
    clock = Clock()
    certificate = made(tmp_path, clock=clock)
    certificate.open()
    first = certificate.pair
    assert first.ends == NOW + LASTS
    clock.at = first.ends - REMADE_BEFORE - timedelta(seconds=1)
    certificate.open()
    assert certificate.pair == first
    clock.at = first.ends - REMADE_BEFORE
    certificate.open()
    second = certificate.pair
    assert second.ends == clock.at + LASTS
    other = made(tmp_path, clock=clock, names=("another.lan",))
    other.open()
    assert other.pair.fingerprint != second.fingerprint


def test_a_box_without_a_clock_makes_one_that_is_good_when_it_has_one(tmp_path):
    clock = Clock()
    clock.at = datetime(1970, 1, 1, tzinfo=UTC)
    certificate = made(tmp_path, clock=clock)
    certificate.open()
    assert certificate.pair.ends > NOW


def test_a_damaged_made_one_is_made_anew(tmp_path):
    (tmp_path / MADE_NAME).write_text("nonsense")
    certificate = made(tmp_path)
    certificate.open()
    assert certificate.pair.names


def test_the_sites_own_is_used_as_it_is(tmp_path):
    certificate = made(tmp_path, **own(tmp_path))
    certificate.open()
    assert certificate.pair.certificate_file == tmp_path / "gate.pem"
    assert not (tmp_path / MADE_NAME).exists()


def test_one_that_does_not_fit_its_key_stops_no_gate(tmp_path, caplog):
    files = own(tmp_path) | {"key_file": own(tmp_path, "other")["key_file"]}
    with pytest.raises(CertificateError, match=r"not the certificate of .*other.key"):
        read_pair(**files)
    certificate = made(tmp_path, **files)
    with caplog.at_level(logging.ERROR):
        certificate.open()
    assert [record.message for record in caplog.records] == ["certificate_not_used"]
    assert certificate.pair.certificate_file == tmp_path / MADE_NAME


@pytest.mark.parametrize("content", ["", "nonsense", None])
def test_what_is_no_certificate_is_told(tmp_path, content):
    files = own(tmp_path)
    if content is None:
        files["certificate_file"].unlink()
    else:
        files["certificate_file"].write_text(content)
    with pytest.raises(CertificateError, match=r"gate\.pem: not the certificate"):
        read_pair(**files)


def test_a_key_with_a_password_asks_nobody(tmp_path):
    files = own(tmp_path)
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415, only here
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    key = load_pem_private_key(files["key_file"].read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    files["key_file"].write_bytes(locked)
    with pytest.raises(CertificateError):
        read_pair(**files)


def reread(certificate):
    reading = certificate.renewing(lambda _: Reread(edition=None))(None)
    return reading.left_out


def test_a_reload_takes_the_new_one_for_the_next_connections(tmp_path):
    files = own(tmp_path)
    certificate = made(tmp_path, **files)
    context = certificate.open()
    first = certificate.pair
    newer = own(tmp_path, "newer")
    for name, path in files.items():
        path.write_bytes(newer[name].read_bytes())
    assert reread(certificate) == ()
    assert certificate.pair == first, "not before it is in force"
    certificate.taken()
    assert certificate.pair.fingerprint != first.fingerprint
    assert certificate.open() is context
    certificate.taken()


def test_a_reload_keeps_what_is_in_use_where_the_new_one_is_no_good(tmp_path, monkeypatch):
    files = own(tmp_path)
    certificate = made(tmp_path, **files)
    certificate.open()
    first = certificate.pair
    files["certificate_file"].write_text("nonsense")
    assert "not the certificate of" in reread(certificate)[0]
    certificate.taken()
    assert certificate.pair == first

    def refuse(path, content):
        raise StorageError("the disk is full")

    monkeypatch.setattr(module, "replace_private", refuse)
    (tmp_path / MADE_NAME).unlink()
    assert reread(certificate) == ("the disk is full",)


def test_settings_with_mistakes_change_no_certificate(tmp_path):
    certificate = made(tmp_path, **own(tmp_path))
    unusable = Unusable(("a mistake",))
    assert certificate.renewing(lambda _: unusable)(None) is unusable


def test_a_certificate_of_a_version_that_never_was_is_no_end_of_the_program(tmp_path):
    """OpenSSL takes it."""
    files = own(tmp_path)
    file = files["certificate_file"]
    der = ssl.PEM_cert_to_DER_cert(file.read_text())
    file.write_text(ssl.DER_cert_to_PEM_cert(of_version_64(der)))
    with pytest.raises(CertificateError, match="63 is not a valid X509 version"):
        read_pair(**files)
    assert certificate_end(Tls(certificate_file=file)) is None
