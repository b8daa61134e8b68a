"""Starts gatewayd again and again without importing it each time, the longest part of a start.

`python -m tests.e2e.nursery FD MODULE` imports it, and forks into `MODULE.main` for each order that
comes by that socket: the arguments, the folder and the environment, with standard input, output and
error and a pipe for the exit code as open files.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
MODULE = "gatewayd.cli.main"
PRELOADED = (
    "gatewayd.app.run",
    "gatewayd.cli.run",
    "gatewayd.cli.simulate",
    "gatewayd.desk.server",
)
STREAMS = (0, 1, 2)
ORDER_SIZE_MAX = 1 << 17  # The arguments and the environment.


class Nursery:
    """Forks a program; what needs an environment from its very start is given that of the nursery."""

    def __init__(self, module: str, **environment: str) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.nursery", str(theirs.fileno()), module],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                pass_fds=[theirs.fileno()],
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(
        self, arguments: Sequence[str], folder: Path, streams: Sequence[int], **environment: str
    ) -> "Forked":
        """Start one there. streams: its standard input, output and error, which stay yours."""
        order = [list(arguments), str(folder), {**os.environ, **environment}]
        ended, ending = os.pipe()
        socket.send_fds(self._line, [json.dumps(order).encode()], [*streams, ending])
        os.close(ending)
        return Forked(int(self._line.recv(32)), ended)

    def close(self) -> None:
        """No more orders: it ends; those that it has started go on."""
        self._line.close()
        self._process.wait()


class Forked:
    """What a test asks of a `subprocess.Popen`."""

    def __init__(self, pid: int, ended: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.ended = ended
        """Can be read from when it is over."""
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        return self._ended_within(0)

    def wait(self, timeout: float) -> int:
        code = self._ended_within(timeout)
        if code is None:
            raise TimeoutError(f"process {self.pid} goes on after {timeout:.0f} s")
        return code

    def send_signal(self, how: signal.Signals) -> None:
        """Send it; nothing if the process is over."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, how)

    def _ended_within(self, seconds: float) -> int | None:
        if self.returncode is None and select.select([self.ended], [], [], seconds)[0]:
            self.returncode = int(os.read(self.ended, 32))
            os.close(self.ended)
            os.close(self._handle)
        return self.returncode


@functools.cache
def common_nursery(module: str) -> Nursery:
    """Return the one of this process for a module; it ends with the process."""
    made = Nursery(module)
    atexit.register(made.close)
    return made


def main() -> None:
    program = importlib.import_module(sys.argv[2])
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()  # What is there by now the children share for good.
    if _fork_for_orders(socket.socket(fileno=int(sys.argv[1]))):
        program.main()


def _fork_for_orders(line: socket.socket) -> bool:
    """Return True in each child; False in the parent, when no more orders come."""
    ends: dict[int, tuple[int, int]] = {}
    """By the handle of a child: its pid, and where its exit code is awaited."""
    with line, selectors.DefaultSelector() as waiting:
        waiting.register(line, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fd in ends:
                    waiting.unregister(key.fd)
                    os.close(key.fd)
                    _report(*ends.pop(key.fd))
                    continue
                order, files, _, _ = socket.recv_fds(line, ORDER_SIZE_MAX, len(STREAMS) + 1)
                if not order:
                    return False
                pid = os.fork()
                if pid == 0:
                    _become(order, files)
                    return True
                for file in files[:-1]:
                    os.close(file)
                handle = os.pidfd_open(pid)
                ends[handle] = pid, files[-1]
                waiting.register(handle, selectors.EVENT_READ)
                line.send(str(pid).encode())


def _report(pid: int, ending: int) -> None:
    """Tell the exit code, unless nobody asks any more."""
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(BrokenPipeError):
        os.write(ending, str(os.waitstatus_to_exitcode(status)).encode())
    os.close(ending)


def _become(order: bytes, files: list[int]) -> None:
    """Be a process as if it had been started by itself."""
    arguments, folder, environment = json.loads(order)
    for file, stream in zip(files, STREAMS, strict=False):
        os.dup2(file, stream)
    for file in files:
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["gatewayd", *arguments]


if __name__ == "__main__":
    main()
