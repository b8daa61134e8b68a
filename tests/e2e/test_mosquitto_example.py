"""The shipped example of a centre's broker, run by a real mosquitto with certificates."""

import ipaddress
import shutil
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import config

EXAMPLE = Path(config.__file__).parent / "mosquitto"
GATE = "mojokerto/dukcapil/gmsc"


class Authority:
    """Makes certificates in a folder, as NAME.pem and NAME.key beside ca.pem."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")])
        self.write("ca", self.sign(self.name, self.key.public_key(), is_authority=True))

    def sign(self, subject, public_key, *, is_authority=False):
        now = datetime.now(UTC)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return (
            x509.CertificateBuilder(self.name, subject, public_key, x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def write(self, file, certificate):
        path = self.folder / f"{file}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, file, common_name):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
        self.write(file, self.sign(subject, key.public_key()))
        path = self.folder / f"{file}.key"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


class Broker:
    def __init__(self, folder, port):
        self.folder = folder
        self.port = port

    def command(self, program, who, *words):
        """Return a command line of a client that shows the certificate `who`."""
        connect = ["-h", "127.0.0.1", "-p", str(self.port), "-V", "5", "-q", "1"]
        files = ["--cafile", self.folder / "ca.pem"]
        if who:
            files += ["--cert", self.folder / f"{who}.pem", "--key", self.folder / f"{who}.key"]
        return [program, *connect, *files, *words]

    def publish(self, who, topic):
        """Return what mosquitto_pub has to complain about."""
        command = self.command("mosquitto_pub", who, "-t", topic, "-m", "x")
        return subprocess.run(command, capture_output=True, text=True, check=False).stderr.strip()


@pytest.fixture
def broker(tmp_path):
    authority = Authority(tmp_path)
    for file, name in {"broker": "127.0.0.1", "gate": GATE, "centre": "centre"}.items():
        authority.issue(file, name)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    text = (EXAMPLE / "central.conf").read_text()
    for shipped, here in {
        "listener 8883": f"listener {port} 127.0.0.1",
        "/etc/mosquitto/certs": str(tmp_path),
        "/etc/mosquitto/onegate.acl": str(EXAMPLE / "central.acl"),
        "/var/lib/mosquitto/": f"{tmp_path}/",
    }.items():
        assert shipped in text
        text = text.replace(shipped, here)
    (tmp_path / "mosquitto.conf").write_text(f"user root\n{text}")
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    with subprocess.Popen([program, "-c", tmp_path / "mosquitto.conf"]) as process:
        wait_for(port)
        yield Broker(tmp_path, port)
        process.terminate()


def wait_for(port):
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("mosquitto does not listen")


@pytest.mark.broker
def test_a_gate_speaks_for_itself_and_for_nobody_else(broker):
    assert broker.publish("gate", f"onegate/v1/{GATE}/up/event/access") == ""
    for topic in ("onegate/v1/a/b/c/up/event/access", f"onegate/v1/{GATE}/dn/command"):
        assert "Not authorized" in broker.publish("gate", topic)


@pytest.mark.broker
def test_without_a_certificate_there_is_no_way_in(broker):
    assert broker.publish(None, "onegate/v1/a/b/c/up/event/access").startswith("Error: ")


@pytest.mark.broker
def test_a_gate_hears_only_what_is_meant_for_it(broker):
    session = [
        "-i",
        GATE,
        "-c",
        "-x",
        "60",
        "-t",
        "onegate/v1/+/+/+/dn/#",
        "-t",
        f"onegate/v1/{GATE}/dn/#",
    ]
    subscribe = broker.command("mosquitto_sub", "gate", *session, "-E")
    subprocess.run(subscribe, check=True, timeout=10)
    assert broker.publish("centre", "onegate/v1/a/b/c/dn/command") == ""
    assert broker.publish("centre", f"onegate/v1/{GATE}/dn/command") == ""
    receive = broker.command("mosquitto_sub", "gate", *session, "-F", "%t", "-C", "1", "-W", "10")
    heard = subprocess.run(receive, capture_output=True, text=True, check=True, timeout=20).stdout
    assert heard.split() == [f"onegate/v1/{GATE}/dn/command"]
