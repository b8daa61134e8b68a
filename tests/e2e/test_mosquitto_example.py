"""The shipped example of a centre's broker, run by a real mosquitto: who may say and hear what."""

import socket
import subprocess
import time
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

import config
from gatewayd.mqtt.asyncapi import contract
from tests.e2e.certificates import Authority
from tests.e2e.mosquitto import PROGRAM, free_port

pytestmark = pytest.mark.broker

EXAMPLE = Path(config.__file__).parent / "mosquitto"
GATES = {
    "ours": "mojokerto/dukcapil/gmsc",  # Has the entry for lists that the example shows.
    "neighbour": "mojokerto/dukcapil/east",
    "stranger": "kediri/dukcapil/gmsc",
}
ALL = "ours neighbour stranger centre"
R = f"onegate/v1/{GATES['ours']}"
REFUSED_MIN = 0x80

# Topic, who may write it, who may read it.
RULES = [
    (f"{R}/up/event/access", "ours centre", "centre"),
    (f"{R}/up/event/passage", "ours centre", "centre"),
    (f"{R}/up/event/alarm", "ours centre", "centre"),
    (f"{R}/up/event/audit", "ours centre", "centre"),
    (f"{R}/up/backfill/access", "ours centre", "centre"),
    (f"{R}/up/backfill/passage", "ours centre", "centre"),
    (f"{R}/up/backfill/alarm", "ours centre", "centre"),
    (f"{R}/up/backfill/audit", "ours centre", "centre"),
    (f"{R}/up/state", "ours centre", "centre"),
    (f"{R}/up/occupancy", "ours centre", "centre"),
    (f"{R}/up/lane/a", "ours centre", "centre"),
    (f"{R}/up/door/a", "ours centre", "centre"),
    (f"{R}/up/health", "ours centre", "centre"),
    (f"{R}/up/reply", "ours centre", "centre"),
    (f"{R}/up/check", "ours centre", "centre"),
    (f"{R}/dn/command", "centre", "ours centre"),
    (f"{R}/dn/checkin", "centre", "ours centre"),
    (f"{R}/dn/status", "centre", "ours centre"),
    (f"{R}/dn/receipt", "centre", "ours centre"),
    (f"{R}/dn/policy", "centre", "ours centre"),
    (f"{R}/dn/trust", "centre", "ours centre"),
    (f"{R}/dn/roster/a", "centre", "ours centre"),
    ("onegate/v1/policy", "centre", ALL),
    ("onegate/v1/trust", "centre", ALL),
    ("onegate/v1/roster/a", "centre", ALL),
    ("onegate/v1/mojokerto/policy", "centre", ALL),
    ("onegate/v1/mojokerto/trust", "centre", ALL),
    ("onegate/v1/mojokerto/roster/a", "centre", "ours centre"),
    ("onegate/v1/mojokerto/dukcapil/policy", "centre", ALL),
    ("onegate/v1/mojokerto/dukcapil/trust", "centre", ALL),
    ("onegate/v1/mojokerto/dukcapil/roster/a", "centre", "ours centre"),
    (R, "centre", "centre"),
    (f"{R}/other", "centre", "centre"),
    ("onegate/v1/mojokerto", "centre", "centre"),
    ("homeassistant/sensor/onegate_mojokerto_dukcapil_gmsc/inside/config", "ours", ""),
    ("homeassistant/sensor/onegate_kediri_dukcapil_gmsc/inside/config", "", ""),
    ("elsewhere", "", ""),
    ("$SYS/broker/version", "", ""),
]


class Peer:
    """A client that shows a certificate; `heard` are the topics and texts that it was sent."""

    def __init__(self, broker, certificate, client_id=None):
        self.heard = []
        self.is_up = False
        self._codes = []
        self._port = broker.port
        client = self._client = Client(
            CallbackAPIVersion.VERSION2, client_id or GATES.get(certificate), protocol=MQTTv5
        )
        ends = () if certificate is None else ("pem", "key")
        files = (broker.folder / f"{certificate}.{end}" for end in ends)
        client.tls_set(broker.authority.ca_file, *files)
        client.on_connect = self._connected
        client.on_publish = lambda _, __, ___, code, ____: self._codes.append(code.value)
        client.on_subscribe = lambda *_: self._codes.append(0)
        client.on_message = lambda _, __, got: self.heard.append((got.topic, got.payload.decode()))

    def __enter__(self):
        self._client.connect("127.0.0.1", self._port)
        self._until(lambda: self.is_up)
        return self

    def __exit__(self, *_):
        self._client.disconnect()

    def subscribe(self, *filters):
        self._client.subscribe([(one, 1) for one in filters])
        self._answer()

    def publish(self, topic, text="x"):
        """Return whether the broker takes it."""
        self._client.publish(topic, text, qos=1)
        return self._answer() < REFUSED_MIN

    def heard_before(self, end):
        """Return the topics and texts that arrived before a text."""
        self._until(lambda: end in (text for _, text in self.heard))
        return {(topic, text) for topic, text in self.heard if text != end}

    def is_still_there(self):
        return self._client.loop(timeout=0.2) == MQTTErrorCode.MQTT_ERR_SUCCESS

    def _connected(self, _, __, ___, code, ____):
        self.is_up = not code.is_failure

    def _answer(self):
        self._until(lambda: self._codes)
        return self._codes.pop()

    def _until(self, is_so):
        while not is_so():
            code = self._client.loop(timeout=10)
            if code is not MQTTErrorCode.MQTT_ERR_SUCCESS and not is_so():
                raise ConnectionError(f"{code.name}: cut off")


class Broker:
    def __init__(self, folder, authority):
        self.folder = folder
        self.authority = authority
        self.port = free_port()

    def settings(self):
        """Return the shipped settings, for our files and our port."""
        text = (EXAMPLE / "central.conf").read_text()
        rules = (EXAMPLE / "central.acl").read_text()
        assert f"#user {GATES['ours']}" in rules
        (self.folder / "onegate.acl").write_text(
            rules.replace("\n#user", "\nuser").replace("\n#topic", "\ntopic")
        )
        for shipped, here in {
            "listener 8883": f"listener {self.port} 127.0.0.1",
            "/etc/mosquitto/certs/ca.pem": str(self.authority.ca_file),
            "/etc/mosquitto/certs": str(self.folder),
            "/etc/mosquitto/onegate.acl": str(self.folder / "onegate.acl"),
            "/var/lib/mosquitto/": f"{self.folder}/",
        }.items():
            assert shipped in text
            text = text.replace(shipped, here)
        return f"user root\n{text}"

    def wait(self):
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("mosquitto does not listen")


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    folder = tmp_path_factory.mktemp("broker")
    authority = Authority(folder)
    for file, name in {"broker": "127.0.0.1", "centre": "centre", **GATES}.items():
        authority.issue(file, name)
    authority.issue("expired", GATES["ours"], days=-0.01)
    Authority(folder, "rogue").issue("rogue", GATES["ours"])
    broker = Broker(folder, authority)
    (folder / "mosquitto.conf").write_text(broker.settings())
    command = [PROGRAM, "-c", folder / "mosquitto.conf"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            broker.wait()
            yield broker
        finally:
            process.terminate()


def test_each_topic_of_the_contract_stands_in_the_table():
    written = {topic for topic, _, _ in RULES}
    for channel in contract()["channels"].values():
        topic = channel["address"]
        for name, of_ours in zip(("region", "organisation", "site"), R.split("/")[2:], strict=True):
            topic = topic.replace(f"{{{name}}}", of_ours)
        for name in ("lane", "door", "name"):
            topic = topic.replace(f"{{{name}}}", "a")
        assert topic in written


def test_what_somebody_may_not_say_is_refused_and_nobody_hears_it(broker):
    allowed = {(topic, who) for topic, writers, _ in RULES for who in writers.split()}
    taken = set()
    with Peer(broker, "centre") as centre:
        centre.subscribe("#")
        for topic, writers, _ in RULES:
            if "centre" in writers.split() and centre.publish(topic, "centre"):
                taken.add((topic, "centre"))
            for who in ("ours", "neighbour"):
                with Peer(broker, who) as gate:  # Debian's mosquitto hangs up after a refusal.
                    if gate.publish(topic, who):
                        taken.add((topic, who))
        assert taken == allowed
        centre.publish("onegate/end", "end")
        readers = {topic: readers.split() for topic, _, readers in RULES}
        heard = {(topic, who) for topic, who in allowed if "centre" in readers[topic]}
        assert centre.heard_before("end") == heard
        assert not centre.publish("elsewhere")


@pytest.mark.parametrize("who", GATES)
def test_a_gate_hears_what_it_may_read_though_it_asks_for_everything(broker, who):
    """Mosquitto grants every subscription; its rules hold when it delivers."""
    allowed = {topic for topic, _, readers in RULES if who in readers.split()}
    with Peer(broker, who) as gate, Peer(broker, "centre") as centre:
        gate.subscribe("#", "$SYS/#", *(topic for topic, _, _ in RULES))
        for topic, writers, _ in RULES:
            if "centre" in writers.split():
                centre.publish(topic)
        centre.publish(f"onegate/v1/{GATES[who]}/dn/end", "end")
        assert {topic for topic, _ in gate.heard_before("end")} == allowed


@pytest.mark.parametrize("stranger", [None, "rogue", "expired"])
def test_a_certificate_that_is_not_good_is_no_way_in(broker, stranger):
    """None at all, one with the name of a gate that another authority signed, one of yesterday."""
    with pytest.raises(OSError), Peer(broker, stranger):
        raise AssertionError("it is in")


def test_the_certificate_is_the_name_whatever_a_client_calls_itself(broker):
    with Peer(broker, "ours") as ours, Peer(broker, "centre") as centre:
        ours.subscribe(f"{R}/dn/#")
        with Peer(broker, "neighbour", client_id=GATES["ours"]) as neighbour:
            neighbour.subscribe(f"{R}/dn/#", "onegate/v1/policy")
            assert neighbour.publish(f"onegate/v1/{GATES['neighbour']}/up/state")
            assert ours.is_still_there(), "nobody took its place"
            centre.publish(f"{R}/dn/command", "for ours")
            centre.publish("onegate/v1/policy", "end")
            assert ours.heard_before("for ours") == set()
            assert neighbour.heard_before("end") == set()
            assert not neighbour.publish(f"{R}/up/state")
