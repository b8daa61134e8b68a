"""A cable to a TCP server that a test can pull, block, cut in the middle of a message, or slow down."""

import asyncio
from types import TracebackType
from typing import Self

BLOCK = 64 * 1024

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class TcpProxy:
    """Listens on loopback at `port` and passes bytes on to 127.0.0.1:`target`, both ways.

    answer_delay_s: what the server says arrives so much later, and is gone if the server is gone
    by then: one that answers a moment before it saves becomes honest. `target` can be changed, for
    new connections.
    """

    def __init__(self, target: int, answer_delay_s: float = 0.0) -> None:
        self.port = 0
        self.connection_count = 0
        self.answer_delay_s = answer_delay_s
        self.target = target
        self._server: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._is_plugged = True
        self._left: int | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._openings: set[asyncio.Future[Streams]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._lines, *self._openings, return_exceptions=True)

    def cut(self) -> None:
        """Cut the connections there are; new ones are let through."""
        for line in self._lines:
            line.cancel()

    def unplug(self) -> None:
        """Cut, and take no new connections until `plug`: they are closed at once."""
        self._is_plugged = False
        self.cut()

    def plug(self) -> None:
        self._is_plugged = True

    def block(self) -> None:
        """Let connections stand without passing a byte, until `unblock`."""
        self._open.clear()

    def unblock(self) -> None:
        self._open.set()

    def cut_after(self, count: int) -> None:
        """Cut when so many more bytes went to the server."""
        self._left = count

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        try:
            if self._is_plugged:
                self.connection_count += 1
                await self._pass(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._lines.discard(line)
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opening = asyncio.ensure_future(asyncio.open_connection("127.0.0.1", self.target))
        self._openings.add(opening)
        opening.add_done_callback(self._openings.discard)
        try:
            there, back = await asyncio.shield(opening)
        except asyncio.CancelledError:  # A cut in this moment leaves nothing open either.
            opening.add_done_callback(_abort)
            raise
        down = self._carry_late if self.answer_delay_s else self._carry
        ways = {
            asyncio.create_task(self._carry(reader, back, is_up=True)),
            asyncio.create_task(down(there, writer)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            back.transport.abort()  # At once: another cut may interrupt what follows.
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_up: bool = False
    ) -> None:
        while data := await reader.read(BLOCK):
            await self._open.wait()
            if is_up and self._left is not None:
                data, self._left = data[: self._left], self._left - len(data)
            writer.write(data)
            await writer.drain()
            if is_up and self._left is not None and self._left <= 0:
                self._left = None
                return

    async def _carry_late(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        on_the_way: list[asyncio.TimerHandle] = []
        later = asyncio.get_running_loop().call_later
        try:
            while data := await reader.read(BLOCK):
                on_the_way.append(later(self.answer_delay_s, writer.write, data))
        finally:
            for answer in on_the_way:
                answer.cancel()


def _abort(opened: asyncio.Future[Streams]) -> None:
    if not opened.cancelled() and opened.exception() is None:
        opened.result()[1].transport.abort()
