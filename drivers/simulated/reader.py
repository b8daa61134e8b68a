"""A simulated reader: reads codes out of a file or from the keyboard, one after the other."""

import asyncio
import os
import re
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from drivers.framers import CR, ETX, LF, STX, TAB, Terminator
from drivers.serial_link import SETTLE_S, SerialLink
from drivers.simulated.pty_port import PtyPort, simulated_port
from drivers.simulated.readers_gm65 import SimulatedGm65
from drivers.simulated.readers_ssi import SimulatedSsi

# A gateway forgets what comes in the first SETTLE_S after it opened the line; then it listens.
READY_S: Final = 3 * SETTLE_S
# How long the port stays after the last byte, so that the far side can read it.
LINGER_S: Final = 0.3
# With wire time, bytes leave in slices as long as this: short against a person, long for a timer.
SLICE_S: Final = 0.005
# Lines are taken from a file in pieces of this size.
READ_SIZE_MAX: Final = 64 * 1024

ENCLOSURES: Final[Mapping[Terminator, tuple[bytes, bytes]]] = {
    Terminator.CR: (b"", CR),
    Terminator.LF: (b"", LF),
    Terminator.CRLF: (b"", CR + LF),
    Terminator.TAB: (b"", TAB),
    Terminator.STX_ETX: (STX, ETX),
    Terminator.NONE: (b"", b""),
}
"""What a simulated reader can put before and after a code."""


class SimulatedKind(StrEnum):
    """By the name of the driver that it is for."""

    LINE = "line"
    GM65 = "gm65"
    SSI = "ssi"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedReaderOptions:
    r"""port: a tty, or a path where a pty is made for as long as the reader runs.

    pace_ms: from the begin of one code to the begin of the next, at least.
    is_wire_timed: bytes leave as slowly as `baudrate` (8N1) would carry them.
    has_escapes: `\xHH` in a line is one byte, `\\` a backslash.
    """

    port: str
    kind: SimulatedKind = SimulatedKind.LINE
    pace_ms: int = 1000
    terminator: Terminator = Terminator.CR
    baudrate: int = 115200
    is_wire_timed: bool = False
    has_escapes: bool = False

    def __post_init__(self) -> None:
        assert self.terminator in ENCLOSURES, "a reader sends one way, it does not guess"


async def run_simulated_reader(
    options: SimulatedReaderOptions, lines: AsyncIterable[bytes], tell: Callable[[str], None]
) -> None:
    """Type every line and return; a code waits while nobody has the port open.

    `tell` gets a sentence at each change of the port. Raises DriverError if no port can be made.
    """
    with simulated_port(options.port, options.baudrate) as port:
        typist = _Typist(options, port, tell)
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(typist.serve(), name="simulated-reader-port")
            async for line in lines:
                await typist.type(unescape(line) if options.has_escapes else line)
            await asyncio.sleep(LINGER_S)
            serving.cancel()


async def lines_of(fd: int) -> AsyncIterator[bytes]:
    """Yield the lines of a terminal, pipe or file as they come, without their ends."""
    rest = b""
    while chunk := await _read(fd):
        *lines, rest = (rest + chunk).split(LF)
        for line in lines:
            yield line.removesuffix(CR)
    if rest:
        yield rest.removesuffix(CR)


def unescape(line: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: bytes.fromhex((found[1] or b"5c").decode()), line)


_ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|\\)")


Send = Callable[[bytes], Awaitable[bool]]
"""Send bytes as fast as the line carries them; False if it was lost before the last one."""


class _Device(Protocol):
    def received(self, data: bytes, at_s: float) -> None: ...

    async def type(self, code: bytes, send: Send) -> bool:
        """Read a code and send it; False if the line was lost before the last byte."""
        ...


class _LineDevice:
    def __init__(self, terminator: Terminator) -> None:
        self._before, self._after = ENCLOSURES[terminator]

    def received(self, data: bytes, at_s: float) -> None:
        """Ignore it: it takes no commands."""

    async def type(self, code: bytes, send: Send) -> bool:
        return await send(self._before + code + self._after)


def _device(options: SimulatedReaderOptions, port: SerialLink | PtyPort) -> _Device:
    match options.kind:
        case SimulatedKind.LINE:
            return _LineDevice(options.terminator)
        case SimulatedKind.GM65:
            return SimulatedGm65(options.baudrate, port.write, lambda: port.baudrate)
        case SimulatedKind.SSI:
            return SimulatedSsi(options.baudrate, port.write)


class _Typist:
    """Types one code at a time, and again from its begin if the port was lost in the middle."""

    def __init__(
        self,
        options: SimulatedReaderOptions,
        port: SerialLink | PtyPort,
        tell: Callable[[str], None],
    ) -> None:
        self._options = options
        self._port = port
        self._device = _device(options, port)
        self._tell = tell
        self._ready = asyncio.Event()
        self._open_count = 0
        self._next_s = 0.0

    async def serve(self) -> None:
        self._tell(f"{self._port.port}: waiting until it is open")
        await self._port.run(self._open, self._device.received, self._lose)

    async def type(self, code: bytes) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._ready.wait()
            await asyncio.sleep(self._next_s - loop.time())
            self._next_s = loop.time() + self._options.pace_ms / 1000
            if await self._device.type(code, self._send):
                return
            self._ready.clear()

    async def _send(self, data: bytes) -> bool:
        if not self._options.is_wire_timed:
            return self._port.write(data)
        loop = asyncio.get_running_loop()
        byte_s = 10 / self._options.baudrate
        slice_size = max(1, int(SLICE_S / byte_s))
        start_s = loop.time()
        open_count = self._open_count
        for start in range(0, len(data), slice_size):
            part = data[start : start + slice_size]
            await asyncio.sleep(start_s + (start + len(part)) * byte_s - loop.time())
            if self._open_count != open_count or not self._port.write(part):
                return False
        return True

    def _open(self) -> None:
        self._tell(f"{self._port.port}: open")
        self._open_count += 1
        self._next_s = max(self._next_s, asyncio.get_running_loop().time() + READY_S)
        self._ready.set()

    def _lose(self, reason: str) -> None:
        self._tell(reason)
        self._ready.clear()


async def _read(fd: int) -> bytes:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    try:
        loop.add_reader(fd, readable.set)
    except PermissionError:
        # A file never keeps anyone waiting, and epoll does not take it.
        return os.read(fd, READ_SIZE_MAX)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(fd)
    return os.read(fd, READ_SIZE_MAX)
