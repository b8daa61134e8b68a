"""A serial line that is kept open: bytes out, bytes in, and each outage told once."""

import asyncio
import contextlib
import errno
import os
import termios
from collections.abc import Callable, Iterator
from typing import Final, Never

import serial

from drivers.base import DriverError

# What a UART without flow control would take 6 s to send at 115200: the device has stopped reading.
PENDING_SIZE_MAX: Final = 64 * 1024
# A tty hands out at most its 4 KiB line buffer at a time.
READ_SIZE_MAX: Final = 4096
# Bytes that a USB reader or a pty kept from before come within a few milliseconds of the open.
SETTLE_S: Final = 0.05
# Open for longer than this and then lost is a new outage; shorter is the same one, still flapping.
STABLE_S: Final = 5.0


def double_to_five_seconds(attempt: int) -> float:
    """Return 0.2 s, 0.4 s, 0.8 s ... 5 s: quick when a cable is put back, quiet when it is not."""
    return min(5.0, 0.2 * float(1 << min(attempt, 5)))


class SerialLink:
    """One tty, 8N1, raw, locked for us alone, read and written by the event loop.

    What the device sent before the line was open is dropped: a scan of then is no scan of now.
    """

    def __init__(
        self,
        port: str,
        baudrate: int = 115200,
        *,
        backoff: Callable[[int], float] = double_to_five_seconds,
    ) -> None:
        """`backoff` gives the seconds to wait before retry 0, 1, 2 ... of an outage."""
        self.port = port
        self.baudrate = baudrate
        self._backoff = backoff
        self._fd: int | None = None
        self._pending = bytearray()
        self._wake = asyncio.Event()
        self._outage: str | None = None

    async def run(
        self,
        opened: Callable[[], None],
        received: Callable[[bytes, float], None],
        lost: Callable[[str], None],
    ) -> Never:
        """Keep the line open until cancelled; what the callbacks raise ends it.

        opened: after each open; from now on `write` takes bytes.
        received: bytes and the loop time of the read.
        lost: once per outage (at the very start too), with a sentence that says what to look at.
        """
        loop = asyncio.get_running_loop()
        attempt = 0
        is_told = False
        while True:
            started_s = loop.time()
            try:
                with self._line() as fd:
                    await self._settle(fd)
                    self._fd = fd
                    is_told = False
                    opened()
                    await self._read(fd, received)
            except _LineLostError as outage:
                if not is_told:
                    lost(str(outage))
                is_told = True
            if loop.time() - started_s > STABLE_S:
                attempt = 0
            await asyncio.sleep(self._backoff(attempt))
            attempt += 1

    def write(self, data: bytes) -> bool:
        """Send now, or as soon as the line takes it; False if it is not open (nothing is kept).

        More than PENDING_SIZE_MAX unsent bytes mean that the device is stuck: the line is reopened.
        """
        if self._fd is None or self._outage is not None:
            return False
        if len(self._pending) + len(data) > PENDING_SIZE_MAX:
            self._break(
                f"{self.port}: the device takes no bytes, {len(self._pending)} are waiting: "
                "check that it is running and that its baud rate is the one in the settings"
            )
            return False
        is_idle = not self._pending
        self._pending += data
        if is_idle:
            self._send(self._fd)
        return self._outage is None

    @contextlib.contextmanager
    def _line(self) -> Iterator[int]:
        loop = asyncio.get_running_loop()
        with contextlib.closing(self._open()) as port:
            fd: int = port.fileno()
            self._wake.clear()
            self._outage = None
            loop.add_reader(fd, self._wake.set)
            try:
                yield fd
            finally:
                self._fd = None
                self._pending.clear()
                loop.remove_reader(fd)
                loop.remove_writer(fd)
                # Unsent bytes would keep close() waiting for up to 30 s.
                with contextlib.suppress(termios.error, OSError):
                    port.reset_output_buffer()

    def _open(self) -> serial.Serial:
        try:
            port = serial.Serial(
                self.port,
                self.baudrate,
                exclusive=True,
                # Makes pyserial set VMIN 1, VTIME 0: an empty read is then a hang-up, never "none".
                inter_byte_timeout=0,
            )
        except (OSError, termios.error, ValueError) as error:
            raise _LineLostError(_explain(self.port, self.baudrate, error)) from error
        # FTDI adapters hold bytes back for 16 ms without it; other devices do not know the call.
        with contextlib.suppress(ValueError):
            port.set_low_latency_mode(True)
        return port

    async def _settle(self, fd: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await self._read(fd, lambda _data, _at_s: None)

    async def _read(self, fd: int, received: Callable[[bytes, float], None]) -> Never:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._outage is not None:
                raise _LineLostError(self._outage)
            try:
                data = os.read(fd, READ_SIZE_MAX)
            except BlockingIOError:
                continue
            except OSError as error:
                raise _LineLostError(_hung_up(self.port)) from error
            if not data:
                raise _LineLostError(_hung_up(self.port))
            received(data, loop.time())

    def _send(self, fd: int) -> None:
        """Write what the line takes now; the event loop calls again when it takes more."""
        loop = asyncio.get_running_loop()
        try:
            del self._pending[: os.write(fd, self._pending)]
        except BlockingIOError:
            pass
        except OSError:
            self._break(_hung_up(self.port))
            return
        if self._pending:
            loop.add_writer(fd, self._send, fd)
        else:
            loop.remove_writer(fd)

    def _break(self, reason: str) -> None:
        """Have `run` give this connection up; it tells the outage, not the caller of `write`."""
        self._outage = reason
        self._wake.set()


class _LineLostError(DriverError):
    """The line cannot be opened or does not work any more; the message is the reason to tell."""


def _hung_up(port: str) -> str:
    return f"{port} hung up: was the cable pulled, or did the device lose its power?"


def _explain(port: str, baudrate: int, error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.ENOENT:
            return (
                f"{port} does not exist: is the cable in and the device powered? "
                "The ports there are: ls -l /dev/serial/by-path/"
            )
        case errno.EACCES | errno.EPERM:
            return (
                f"{port}: permission denied: the user that runs gatewayd must be in the group "
                "dialout (usermod -aG dialout USER, then start gatewayd again)"
            )
        case errno.EAGAIN | errno.EBUSY:
            return (
                f"{port} is busy: another program holds its exclusive lock; "
                f"stop it (fuser -v {port} names it)"
            )
        case errno.EIO | errno.ENXIO | errno.ENODEV:
            return f"{port} is there, but no device answers behind it: is the cable in?"
        case _ if isinstance(error, ValueError):
            return f"{port} cannot be set to {baudrate} baud: {error}"
        case _:
            return f"{port} cannot be opened as a serial port: {error}"
