"""A serial line that several devices share: one of them is asked at a time, and once."""

import asyncio
import math
from collections.abc import Callable
from typing import Final, Never, TypeVar

from drivers.base import DriverError
from drivers.serial_link import SerialLink
from drivers.shared_lines import SharedLines

Answer = TypeVar("Answer")

# Twice the longest Modbus frame; what is longer than that without an answer in it is noise.
HEARD_SIZE_MAX: Final = 512


class LineDownError(DriverError):
    """The line is not open, so nothing was sent; the message says what to look at."""


class LateError(DriverError):
    """The line was busy until it was too late, so nothing was sent."""


class SilentError(DriverError):
    """The device was asked and gave no answer in time: it may have done what it was told."""


class RefusedError(DriverError):
    """The device answered that it does not do this, or is not set up for it."""


class PolledLine:
    """A line on which devices speak only when they are asked.

    Nothing is asked twice by itself: what was a command may have been carried out.
    """

    def __init__(self, link: SerialLink, *, gap_s: float) -> None:
        """gap_s: how long the line rests between an answer and the next question."""
        self.port = link.port
        self.baudrate = link.baudrate
        self._link = link
        self._gap_s = gap_s
        self._loss = f"{link.port} is being opened"
        self._is_tried = asyncio.Event()
        self._is_open = asyncio.Event()
        self._keeping = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._free_s = -math.inf
        self._heard = bytearray()
        self._hear: Callable[[bytes], None] = _ignore
        self._fail: Callable[[str], None] = _ignore

    async def keep(self) -> Never:
        """Keep the line open until cancelled. Each device's driver does so; one is enough."""
        async with self._keeping:
            try:
                await self._link.run(self._opened, self._received, self._lost)
            finally:
                self._lost(f"{self.port} is being opened")

    async def tried(self) -> None:
        """Return when it is known whether the line can be opened."""
        await self._is_tried.wait()

    async def opened(self) -> None:
        """Return when the line is open."""
        await self._is_open.wait()

    async def ask(
        self,
        question: bytes,
        understand: Callable[[bytes], Answer | None],
        *,
        within_s: float,
        before_s: float = math.inf,
    ) -> Answer:
        """Send a question when it is its turn, and return the answer.

        understand: gets all bytes that came since, again whenever there are more; None where the
        answer is not (yet) among them. before_s: loop time at which it is too late to send it.
        Raises LineDownError, LateError and SilentError.
        """
        async with self._turn:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(self._free_s - loop.time())
            if loop.time() >= before_s:
                raise LateError(f"{self.port} was busy for too long")
            try:
                return await self._exchange(question, understand, within_s)
            finally:
                self._free_s = loop.time() + self._gap_s

    async def _exchange(
        self, question: bytes, understand: Callable[[bytes], Answer | None], within_s: float
    ) -> Answer:
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def hear(heard: bytes) -> None:
            answer = understand(heard)
            if answer is not None and not answered.done():
                answered.set_result(answer)

        def fail(reason: str) -> None:
            if not answered.done():
                answered.set_exception(SilentError(reason))

        self._heard.clear()
        if not self._link.write(question):
            self._is_open.clear()
            raise LineDownError(self._loss)
        self._hear, self._fail = hear, fail
        try:
            async with asyncio.timeout(within_s):
                return await answered
        except TimeoutError as error:
            raise SilentError(f"{self.port}: no answer in {within_s:g} s") from error
        finally:
            self._hear, self._fail = _ignore, _ignore

    # --- the line ------------------------------------------------------------------------------

    def _opened(self) -> None:
        # For the moment between a hang-up and its being told.
        self._loss = f"{self.port} takes no bytes any more: was the cable pulled?"
        self._is_tried.set()
        self._is_open.set()

    def _received(self, data: bytes, _at_s: float) -> None:
        self._heard += data
        del self._heard[:-HEARD_SIZE_MAX]
        self._hear(bytes(self._heard))

    def _lost(self, reason: str) -> None:
        self._loss = reason
        self._is_tried.set()
        self._is_open.clear()
        self._fail(reason)


class PolledDevice:
    """One device on a line. Raises what `PolledLine.ask` does, with its name."""

    def __init__(self, line: PolledLine, address: int, within_s: float) -> None:
        """within_s: how long its answers may take."""
        self.name = f"the device at address {address} of {line.port}"
        self._line = line
        self._within_s = within_s
        self._rested_s = -math.inf

    async def ask(
        self,
        question: bytes,
        understand: Callable[[bytes], Answer | None],
        *,
        before_s: float = math.inf,
    ) -> Answer:
        loop = asyncio.get_running_loop()
        # An answer that is only late must not be taken for the one to the next question.
        await asyncio.sleep(self._rested_s - loop.time())
        try:
            return await self._line.ask(
                question, understand, within_s=self._within_s, before_s=before_s
            )
        except SilentError as error:
            self._rested_s = loop.time() + self._within_s
            raise SilentError(
                f"{self.name} does not answer: is it powered, are A and B the right way round, and "
                f"are its address and baud rate ({self._line.baudrate}) those of the settings?"
            ) from error


class PolledLines:
    """Those of a gateway, by their ports."""

    def __init__(self) -> None:
        self._lines = SharedLines[PolledLine]()

    def take(self, port: str, baudrate: int, *, gap_s: float) -> PolledLine:
        """Return the line of a port; raises DriverError where it has another baud rate already."""
        return self._lines.take(port, baudrate, lambda link: PolledLine(link, gap_s=gap_s))


def _ignore(_: object) -> None:
    """Hear nothing: nobody was asked."""
