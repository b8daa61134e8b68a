"""thingsboard-gateway with a backlog in its SQLite storage, and a stand-in for its platform.

It comes from PyPI into an environment of its own, takes the events from a broker at the gate over
MQTT, and passes them on as telemetry, in packs. The platform lifts all limits of rate.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.sync_bridge import messages
from benchmarks.sync_subscriber import Subscriber, publish_all
from tests.e2e.mosquitto import IN_MEMORY, OPEN, Mosquitto

PACKAGE = "thingsboard-gateway==3.8.5"
TELEMETRY = "v1/gateway/telemetry"
PATIENCE_S = 300.0
UNLIMITED = {"messages": "", "telemetryMessages": "", "telemetryDataPoints": ""}
LIMITS = {
    "maxPayloadSize": 65536,
    "maxInflightMessages": 100,
    "rateLimits": UNLIMITED,
    "gatewayRateLimits": UNLIMITED,
}
KEYS = ("id", "type", "source", "sequence", "epoch", "time", "clockquality", "data")


def install(directory: Path) -> Path:
    """Make the environment (half a minute); return its Python."""
    home = directory / "thingsboard"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)  # noqa: S603
    python = home / "bin/python"
    pip = [str(python), "-m", "pip", "install", "--quiet", PACKAGE]
    subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)  # noqa: S603
    return python


class Platform:
    """Answers at the centre's broker what the gateway asks before it sends anything."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._answer
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("v1/devices/me/rpc/request/+")

    def __enter__(self) -> Self:
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _answer(self, _: object, __: object, message: MQTTMessage) -> None:
        number = message.topic.rpartition("/")[2]
        is_limits = json.loads(message.payload)["method"] == "getSessionLimits"
        answer = json.dumps(LIMITS if is_limits else {})
        self._client.publish(f"v1/devices/me/rpc/response/{number}", answer, 1)


@contextmanager
def thingsboard(python: Path, directory: Path, centre: Mosquitto, count: int) -> Iterator[int]:
    """Have the gateway hold so many events in its storage, with the centre away.

    Yield the port of the broker at the gate, from which it takes more.
    """
    with Mosquitto(directory, OPEN, storage=IN_MEMORY) as gate:
        configure(python, directory, gate.port, centre.port)
        with (directory / "thingsboard.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603
                [str(python), "-c", "from thingsboard_gateway.tb_gateway import main; main()"],
                cwd=directory,
                env={**os.environ, "TB_GW_CONFIG_DIR": f"{directory}/config/", "PYTHONPATH": ""},
                stdout=log,
                stderr=log,
            )
        try:
            # It stores nothing before it has met its platform: one event goes all the way first.
            with centre, Platform(centre.port), Subscriber(centre.port, TELEMETRY) as subscriber:
                wait_until(lambda: goes_through(gate.port, subscriber))
            publish_all(gate.port, numbered(count))
            wait_until(lambda: stored_count(directory) >= count)
            yield gate.port
        finally:
            process.kill()
            process.wait()


def goes_through(gate_port: int, subscriber: Subscriber) -> bool:
    publish_all(gate_port, numbered(1))
    return subscriber.count > 0


def configure(python: Path, directory: Path, gate_port: int, centre_port: int) -> None:
    """Write its settings: as they come, but for SQLite, short waits, and the packs' size."""
    shipped = next(python.parents[1].glob("lib/*/site-packages/thingsboard_gateway/config"))
    folder = directory / "config"
    folder.mkdir()
    shutil.copy(shipped / "logs.json", folder)
    settings: dict[str, Any] = json.loads((shipped / "tb_gateway.json").read_text())
    settings["thingsboard"] |= {
        "host": "127.0.0.1",
        "port": centre_port,
        "security": {"type": "accessToken", "accessToken": "gate"},
        "remoteConfiguration": False,
        "maxPayloadSizeBytes": 65536,
        "minPackSendDelayMS": 0,
    }
    (directory / "data").mkdir()
    settings["storage"] = {"type": "sqlite", "data_file_path": f"{directory}/data/"}
    settings["connectors"] = [{"type": "mqtt", "name": "gate", "configuration": "gate.json"}]
    (folder / "tb_gateway.json").write_text(json.dumps(settings))
    connector: dict[str, Any] = json.loads((shipped / "mqtt.json").read_text())
    connector["broker"] |= {"port": gate_port, "cleanSession": False}
    mapping = connector["mapping"][0]
    mapping["topicFilter"] = "onegate/#"
    mapping["converter"] |= {
        "attributes": [],
        "timeseries": [{"type": "string", "key": key, "value": f"${{{key}}}"} for key in KEYS],
    }
    connector |= {"mapping": [mapping], "requestsMapping": {}}
    (folder / "gate.json").write_text(json.dumps(connector))


def numbered(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the events, each with a millisecond of its own: of two in one it keeps one."""
    start_ms = round(time.time() * 1000) - count
    for number, (topic, payload) in enumerate(messages(count)):
        yield topic, b'{"ts":%d,' % (start_ms + number) + payload[1:]


def stored_count(directory: Path) -> int:
    """Return how many records are in its databases."""
    count = 0
    for path in (directory / "data").glob("*.db"):
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database,
        ):
            count += database.execute("SELECT count(*) FROM messages").fetchone()[0]
    return count


def wait_until(is_so: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end_s, "thingsboard-gateway does not get on; see its log"
        time.sleep(0.5)
