"""A serial port for a simulated device where no cable is: a pty with a path of its own."""

import asyncio
import contextlib
import os
import re
import select
import termios
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Never

from drivers.base import DriverError
from drivers.byte_stream import ByteStream, StreamLostError
from drivers.serial_link import SerialLink

_OUTPUT_SPEED: Final = 5  # in what tcgetattr returns
_SPEEDS: Final = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if re.fullmatch("B[1-9][0-9]+", name)
}

# How soon a simulated device notices that somebody opened its port.
POLL_S: Final = 0.05


class PtyPort:
    """The device's end of a pty. Used like a SerialLink; open means that a program has `port` open.

    See `simulated_port`, which makes one.
    """

    def __init__(self, port: str, master: int) -> None:
        self.port = port
        self._master = master
        self._stream: ByteStream | None = None

    async def run(
        self,
        opened: Callable[[], None],
        received: Callable[[bytes, float], None],
        lost: Callable[[str], None],
    ) -> Never:
        while True:
            # Neither epoll nor asyncio can wait for the end of a hang-up.
            while not _is_open_elsewhere(self._master):  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)
            stream = ByteStream(self._master, self.port)
            try:
                with stream.attached():
                    self._stream = stream
                    opened()
                    await stream.read(received)
            except StreamLostError:
                lost(f"{self.port} was closed by the program that had it open")
            finally:
                self._stream = None

    @property
    def baudrate(self) -> int:
        """The speed that the program at the other end has set; a pty itself has none."""
        return _SPEEDS.get(termios.tcgetattr(self._master)[_OUTPUT_SPEED], 0)

    def write(self, data: bytes) -> bool:
        """Send without blocking; False if nobody has the port open."""
        return self._stream is not None and self._stream.write(data)


@contextlib.contextmanager
def simulated_port(path: str, baudrate: int) -> Iterator[SerialLink | PtyPort]:
    """Take the tty at `path`; where nothing is, make a pty and take its path away at the end.

    Raises DriverError where no pty can be made.
    """
    if Path(path).exists():
        yield SerialLink(path, baudrate)
        return
    with _linked_pty(Path(path)) as master:
        yield PtyPort(path, master)


@contextlib.contextmanager
def _linked_pty(path: Path) -> Iterator[int]:
    master, slave = os.openpty()
    try:
        tty.setraw(slave)
        os.set_blocking(master, False)
        target = os.ttyname(slave)
        # Only a pty whose far end was open once, and is closed, says so (POLLHUP).
        os.close(slave)
        _link(path, target)
        try:
            yield master
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(master)


def _link(path: Path, target: str) -> None:
    try:
        if path.is_symlink() and not path.exists():
            path.unlink()  # Left behind by a simulated device that was killed.
        path.symlink_to(target)
    except OSError as error:
        raise DriverError(
            f"cannot make a port at {path}: {error.strerror}; name a path in a directory that "
            "exists and that you may write to"
        ) from error


def _is_open_elsewhere(master: int) -> bool:
    poll = select.poll()
    poll.register(master, 0)
    return not poll.poll(0)
