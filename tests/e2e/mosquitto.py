"""A mosquitto of our own for a test, on loopback: started, stopped, killed and frozen at will.

It keeps sessions and retained messages over a kill, as far as mosquitto 2.0 can: it answers a
publish a moment before it saves it. A test that kills it and counts puts `tests.e2e.tcp_proxy`
between, which holds the answers back until they are true.
"""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")

DURABLE = """\
persistence true
persistence_location {directory}/
autosave_on_changes true
autosave_interval 1
max_queued_messages 0
"""
IN_MEMORY = "persistence false\nmax_queued_messages 0\n"
OPEN = "allow_anonymous true\n"


class Mosquitto:
    def __init__(
        self,
        directory: Path,
        settings: str = OPEN,
        users: Mapping[str, str] | None = None,
        storage: str = DURABLE,
    ) -> None:
        """`settings` are lines for its file; `users` are names with their passwords.

        storage: what it keeps and when it saves, as lines; {directory} is where.
        """
        self.port = free_port()
        self._settings_file = directory / f"mosquitto-{self.port}.conf"
        state = directory / f"mosquitto-{self.port}"
        state.mkdir()
        lines = f"listener {self.port} 127.0.0.1\n{storage.format(directory=state)}{settings}"
        # Started by root it would drop its rights, and with them our files.
        if "user root\n" not in settings:
            lines += "user root\n"
        if users is not None:
            lines += f"password_file {_password_file(state / 'passwords', users)}\n"
        self._settings_file.write_text(lines)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, also again on the same port; return when it accepts connections."""
        assert PROGRAM is not None, "install mosquitto"
        assert self._process is None, "it runs"
        self._process = subprocess.Popen(
            [PROGRAM, "-c", str(self._settings_file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError(f"mosquitto does not listen on port {self.port}")

    def stop(self) -> None:
        """End it in order: it saves, and says goodbye to MQTT 5 clients. Nothing if it is over."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash would (kill -9), also when it is frozen. Nothing if it is over."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hang: connections stay, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def reload(self) -> None:
        """Have it read its files of rules and passwords again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _password_file(path: Path, users: Mapping[str, str]) -> Path:
    path.write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
    subprocess.run(["mosquitto_passwd", "-U", str(path)], check=True)
    return path
