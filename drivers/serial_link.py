"""A serial line that is kept open: bytes out, bytes in, and each outage told once."""

import asyncio
import contextlib
import errno
import termios
from collections.abc import Callable, Iterator
from typing import Final, Never

import serial

from drivers.base import DriverError
from drivers.byte_stream import ByteStream, StreamLostError

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
        self._stream: ByteStream | None = None
        self._port: serial.Serial | None = None

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
                with self._open_stream() as stream:
                    await _drop_stale(stream)
                    self._stream = stream
                    is_told = False
                    opened()
                    await stream.read(received)
            except (PortError, StreamLostError) as outage:
                if not is_told:
                    lost(str(outage))
                is_told = True
            if loop.time() - started_s > STABLE_S:
                attempt = 0
            await asyncio.sleep(self._backoff(attempt))
            attempt += 1

    def write(self, data: bytes) -> bool:
        """Send without blocking; False if the line is not open: then nothing is kept for later."""
        return self._stream is not None and self._stream.write(data)

    def set_baudrate(self, baudrate: int) -> None:
        """Change the speed, now and at each later open; what is on its way is lost."""
        self.baudrate = baudrate
        if self._port is not None:
            # A line that is lost in this moment is told by `run`.
            with contextlib.suppress(OSError, termios.error):
                self._port.baudrate = baudrate

    @contextlib.contextmanager
    def _open_stream(self) -> Iterator[ByteStream]:
        with contextlib.closing(_open_port(self.port, self.baudrate)) as port:
            stream = ByteStream(port.fileno(), self.port)
            self._port = port
            try:
                with stream.attached():
                    yield stream
            finally:
                self._stream = self._port = None
                # Unsent bytes would keep close() waiting for up to 30 s.
                with contextlib.suppress(termios.error):
                    port.reset_output_buffer()


class PortError(DriverError):
    """A tty cannot be opened now; the message says why and what to do."""


def _open_port(name: str, baudrate: int) -> serial.Serial:
    try:
        port = serial.Serial(
            name,
            baudrate,
            exclusive=True,
            # Makes pyserial set VMIN 1, VTIME 0: an empty read is then a hang-up, never "none".
            inter_byte_timeout=0,
        )
    except (OSError, termios.error, ValueError) as error:
        raise PortError(_explain(name, baudrate, error)) from error
    # FTDI adapters hold bytes back for 16 ms without it; other devices do not know the call.
    with contextlib.suppress(ValueError):
        port.set_low_latency_mode(True)
    return port


async def _drop_stale(stream: ByteStream) -> None:
    """Read and forget for SETTLE_S: the flush at open only reaches what the kernel had by then."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_S):
            await stream.read(lambda _data, _at_s: None)


def _explain(name: str, baudrate: int, error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.ENOENT:
            return (
                f"{name} does not exist: is the cable in and the device powered? "
                "The ports there are: ls -l /dev/serial/by-path/"
            )
        case errno.EACCES | errno.EPERM:
            return (
                f"{name}: permission denied: the user that runs gatewayd must be in the group "
                "dialout (usermod -aG dialout USER, then start gatewayd again)"
            )
        case errno.EAGAIN | errno.EBUSY:
            return (
                f"{name} is busy: another program holds its exclusive lock; "
                f"stop that program (fuser -v {name} names it)"
            )
        case errno.EIO | errno.ENXIO | errno.ENODEV:
            return f"{name} is there, but no device answers behind it: is the cable in?"
        case _ if isinstance(error, ValueError):
            return f"{name} cannot be set to {baudrate} baud: {error}"
        case _:
            return f"{name} cannot be opened as a serial port: {error}"
