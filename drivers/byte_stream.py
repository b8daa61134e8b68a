"""Bytes in and out of one open tty on the event loop, never blocking it."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Final, Never

from drivers.base import DriverError

# What takes a line of 115200 baud 6 s to send: a device this far behind has stopped reading.
PENDING_SIZE_MAX: Final = 64 * 1024
# A tty hands out at most its line buffer of 4 KiB at a time.
READ_SIZE_MAX: Final = 4096


class StreamLostError(DriverError):
    """The far side went away or takes no bytes; the message says which and what to look at."""


class ByteStream:
    """A tty that is open and non-blocking (VMIN 1, so that an empty read means a hang-up).

    It belongs to the running loop from `attached` on; closing the descriptor is the caller's.
    """

    def __init__(self, fd: int, name: str) -> None:
        """`name` is what the messages call it."""
        self._fd = fd
        self._name = name
        self._pending = bytearray()
        self._wake = asyncio.Event()
        self._failure: str | None = None

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._fd, self._wake.set)
        try:
            yield
        finally:
            loop.remove_reader(self._fd)
            loop.remove_writer(self._fd)

    async def read(self, received: Callable[[bytes, float], None]) -> Never:
        """Hand on bytes with the loop time of the read, until StreamLostError.

        `received` runs here, in the task that reads, so what it raises ends the reading.
        """
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._failure is not None:
                raise StreamLostError(self._failure)
            try:
                data = os.read(self._fd, READ_SIZE_MAX)
            except BlockingIOError:
                continue
            except OSError as error:
                raise StreamLostError(self._hung_up()) from error
            if not data:
                raise StreamLostError(self._hung_up())
            received(data, loop.time())

    def write(self, data: bytes) -> bool:
        """Send now, or as soon as the line takes it; False if the stream is lost.

        The loss is told by `read`. So is a device that leaves PENDING_SIZE_MAX bytes unread.
        """
        if len(self._pending) + len(data) > PENDING_SIZE_MAX:
            self._fail(
                f"{self._name}: the device takes no bytes, {len(self._pending)} are waiting: is it "
                "running, and is its baud rate the one in the settings?"
            )
        if self._failure is not None:
            return False
        is_idle = not self._pending
        self._pending += data
        if is_idle:
            self._send()
        return self._failure is None

    def _send(self) -> None:
        """Write what the line takes; the loop calls again when it takes more."""
        loop = asyncio.get_running_loop()
        try:
            del self._pending[: os.write(self._fd, self._pending)]
        except BlockingIOError:
            pass
        except OSError:
            self._fail(self._hung_up())
        if self._pending and self._failure is None:
            loop.add_writer(self._fd, self._send)
        else:
            loop.remove_writer(self._fd)

    def _fail(self, reason: str) -> None:
        self._failure = self._failure or reason
        self._wake.set()

    def _hung_up(self) -> str:
        return f"{self._name} hung up: was the cable pulled, or did the device lose its power?"
