"""The shipped example of a centre's broker, run by a real mosquitto with certificates."""

import socket
import subprocess
import time
from pathlib import Path

import pytest

import config
from tests.e2e.certificates import Authority
from tests.e2e.mosquitto import PROGRAM, free_port

EXAMPLE = Path(config.__file__).parent / "mosquitto"
GATE = "mojokerto/dukcapil/gmsc"


class Broker:
    def __init__(self, folder, port):
        self.folder = folder
        self.port = port

    def command(self, program, who, *words):
        """Return a command line of a client that shows the certificate `who`."""
        connect = ["-h", "127.0.0.1", "-p", str(self.port), "-V", "5", "-q", "1"]
        files = ["--cafile", self.folder / "test-ca.pem"]
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
    port = free_port()
    text = (EXAMPLE / "central.conf").read_text()
    for shipped, here in {
        "listener 8883": f"listener {port} 127.0.0.1",
        "/etc/mosquitto/certs/ca.pem": str(authority.ca_file),
        "/etc/mosquitto/certs": str(tmp_path),
        "/etc/mosquitto/onegate.acl": str(EXAMPLE / "central.acl"),
        "/var/lib/mosquitto/": f"{tmp_path}/",
    }.items():
        assert shipped in text
        text = text.replace(shipped, here)
    (tmp_path / "mosquitto.conf").write_text(f"user root\n{text}")
    with subprocess.Popen([PROGRAM, "-c", tmp_path / "mosquitto.conf"]) as process:
        try:
            wait_for(port)
            yield Broker(tmp_path, port)
        finally:
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
