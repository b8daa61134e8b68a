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
        self._reading: asyncio.Future[Never] | None = None
        self._failure: str | None = None
        self._is_blocked = False
        """The loop calls when the line takes more."""

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            loop.remove_reader(self._fd)
            loop.remove_writer(self._fd)

    async def read(self, received: Callable[[bytes, float], None]) -> Never:
        """Hand on bytes with the loop time of the read, until StreamLostError.

        `received` is called as soon as they are there, not a turn of the loop later in the task
        that reads: a person waits. What it raises ends the reading all the same.
        """
        loop = asyncio.get_running_loop()
        reading = self._reading = loop.create_future()
        if self._failure is not None:
            raise StreamLostError(self._failure)
        loop.add_reader(self._fd, self._take, reading, received)
        try:
            await reading
        finally:
            loop.remove_reader(self._fd)
            self._reading = None
        raise AssertionError("it ends by an error")

    def _take(
        self, reading: asyncio.Future[Never], received: Callable[[bytes, float], None]
    ) -> None:
        if reading.done():
            return
        try:
            data = os.read(self._fd, READ_SIZE_MAX)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._fail(self._hung_up())
            return
        try:
            received(data, asyncio.get_running_loop().time())
        except Exception as error:  # noqa: BLE001 - it is the reader's, who waits for it
            self._end(error)

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
            self._is_blocked = True
        elif self._is_blocked:
            loop.remove_writer(self._fd)
            self._is_blocked = False

    def _fail(self, reason: str) -> None:
        self._failure = self._failure or reason
        self._end(StreamLostError(self._failure))

    def _end(self, error: Exception) -> None:
        """End the reading; the first error counts, also where `received` wrote to a lost line."""
        if self._reading is not None and not self._reading.done():
            self._reading.set_exception(error)

    def _hung_up(self) -> str:
        return f"{self._name} hung up: was the cable pulled, or did the device lose its power?"
