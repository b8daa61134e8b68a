"""Frames on the serial line under test: said as they are given, heard as they come."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Never, Protocol

from drivers.base import DriverError
from drivers.bus import BITS_A_CHARACTER, TURNAROUND_CHARACTERS
from drivers.conform.words import Unmet
from drivers.turnstiles.gatelink import Line
from firmware_protocol import bodies
from firmware_protocol.frames import Deframer, Frame, Noise
from firmware_protocol.messages import AuthOk, HelloAck, Malformed, Message, NoSession, State

# An answer that takes longer is none.
REPLY_S: Final = 0.5
# On a shared line: how long a device may leave the host without an answer.
WORD_S: Final = 0.2
WORD_BACK: Final = (HelloAck, AuthOk, State, NoSession)


class BaudLine(Line, Protocol):
    @property
    def baudrate(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame as it came, signed or not, of our session or not."""

    frame: Frame
    message: Message | Malformed
    at_s: float


class SerialWire:
    """The line, and every frame of the device since it was opened."""

    def __init__(self, line: BaudLine, address: int, taken: Callable[[Heard], None]) -> None:
        """taken: is called with each frame, after it is in `frames`."""
        self.frames: list[Heard] = []
        self.outage_count = 0
        self._line = line
        self._address = address
        self._taken = taken
        self._deframer = Deframer()
        self._is_known = asyncio.Event()
        self._loss = ""
        self._word = asyncio.Lock()
        self._frame_news = asyncio.Event()

    async def run(self) -> Never:
        """Keep the line open."""
        await self._line.run(self._open, self._receive, self._lose)

    async def opened(self) -> None:
        """Wait for the first open. Raises DriverError if it fails."""
        await self._is_known.wait()
        if self._loss:
            raise DriverError(self._loss)

    async def idle(self) -> None:
        """Wait until who was speaking has the answer."""
        async with self._word:
            pass

    async def say(self, *pieces: bytes, pause_s: float = 0.0) -> None:
        """Write bytes piece by piece; on a shared line wait until the device has answered."""
        async with self._word:
            count = len(self.frames)
            for piece in pieces:
                self._line.write(piece)
                await asyncio.sleep(pause_s)
            if self._address:
                await self._wait_for_word(count)

    async def _wait_for_word(self, count: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WORD_S):
                while not any(isinstance(it.message, WORD_BACK) for it in self.frames[count:]):
                    self._frame_news.clear()
                    await self._frame_news.wait()
        await asyncio.sleep(TURNAROUND_CHARACTERS * BITS_A_CHARACTER / self._line.baudrate)

    async def frame(
        self, kind: type[object], count: int, test: Callable[[Heard], bool] = lambda _: True
    ) -> Heard:
        """Return the first such frame after the first `count` ones. Raises Unmet."""
        try:
            async with asyncio.timeout(REPLY_S):
                while True:
                    for heard in self.frames[count:]:
                        if isinstance(heard.message, kind) and test(heard):
                            return heard
                    self._frame_news.clear()
                    await self._frame_news.wait()
        except TimeoutError:
            raise Unmet(self._loss or f"no {kind.__name__} in {REPLY_S:g} s") from None

    def _open(self) -> None:
        self._loss = ""
        self._is_known.set()

    def _lose(self, reason: str) -> None:
        self._loss = reason
        self.outage_count += 1
        self._is_known.set()

    def _receive(self, data: bytes, at_s: float) -> None:
        for found in self._deframer.feed(data):
            match found:
                case Noise():
                    pass  # The line's fault, or the half of a frame from before we came.
                case Frame() if found.is_from_device and found.address == self._address:
                    heard = Heard(found, bodies.decode(found.kind, found.body), at_s)
                    self.frames.append(heard)
                    self._taken(heard)
                    self._frame_news.set()
                case Frame():
                    pass  # Our own echo.
