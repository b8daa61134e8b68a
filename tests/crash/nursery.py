"""Starts the daemon again and again without importing it each time, the longest part of a start.

`python -m tests.crash.nursery MODULE` imports it, and forks into `MODULE.main` for each line of its
standard input: the arguments and the environment of that one. The answer is its pid.
"""

import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.e2e.daemon import Lines, Program
from tests.e2e.eventually import PATIENCE_S

ROOT = Path(__file__).parents[2]
PRELOADED = ("gatewayd.app.run", "gatewayd.cli.run")


class Nursery:
    """Its daemons log into `gateway.log` of a folder, and are to be killed before it ends."""

    def __init__(self, folder: Path, module: str, environment: Mapping[str, str]) -> None:
        self._logged = Lines(folder / "gateway.log")
        with self._logged.path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.nursery", module],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # No more orders: it ends.

    def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> "Forked":
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = json.dumps([list(arguments), dict(environment)])
        self._process.stdin.write(order.encode() + b"\n")
        self._process.stdin.flush()
        return Forked(int(self._process.stdout.readline()), self._logged)


class Forked(Program):
    """One of them, in the place of a program that was started by itself."""

    def __init__(self, pid: int, logged: Lines) -> None:
        self.logged = logged
        self.process = Process(pid)

    def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        self.process.send_signal(how)
        self.process.wait()
        return -how


class Process:
    """What a test asks of a `Popen`, for a process whose parent is another one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle: int | None = os.pidfd_open(pid)

    def poll(self) -> int | None:
        return 1 if self._is_over_within(0) else None

    def send_signal(self, how: signal.Signals) -> None:
        """Send it; nothing if the process is over."""
        if self._handle is not None and not self._is_over_within(0):
            signal.pidfd_send_signal(self._handle, how)

    def wait(self) -> None:
        assert self._is_over_within(PATIENCE_S), "it ends"
        if self._handle is not None:
            os.close(self._handle)
        self._handle = None

    def _is_over_within(self, seconds: float) -> bool:
        if self._handle is None:
            return True
        readable, _, _ = select.select([self._handle], [], [], seconds)
        return bool(readable)


def main() -> None:
    program = importlib.import_module(sys.argv[1])
    for name in PRELOADED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for the dead.
    while order := sys.stdin.readline():
        arguments, environment = json.loads(order)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, sys.stdin.fileno())
            os.dup2(nothing, sys.stdout.fileno())
            os.environ.update(environment)
            sys.argv = ["gatewayd", *arguments]
            program.main()
        print(pid, flush=True)


if __name__ == "__main__":
    main()
