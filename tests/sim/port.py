"""What stands for a `SerialLink` in one gateway process: its end of a simulated line of bytes."""

import asyncio
from collections.abc import Callable
from typing import Never


class Line:
    """The line itself, which outlives the process. What is under way when it breaks is lost."""

    def __init__(self) -> None:
        self.is_whole = True
        self._port: Port | None = None
        self._cuts = 0

    def attach(self, port: "Port") -> None:
        self._port = port

    def detach(self, port: "Port") -> None:
        if self._port is port:
            self._port = None

    def from_host(self, data: bytes) -> None:
        """Take what the process writes."""
        raise AssertionError(f"nobody talks to this line: {data!r}")

    def _break(self, reason: str) -> None:
        self.is_whole = False
        self._cuts += 1
        if self._port is not None:
            self._port.lost(reason)

    def _make_whole(self) -> None:
        self.is_whole = True
        if self._port is not None:
            self._port.opened()


class Port:
    """`die` ends it as a kill does."""

    port = "/dev/sim"
    baudrate = 115200

    def __init__(self, line: Line) -> None:
        self.is_dead = False
        self.opened: Callable[[], None] = _nobody
        self.lost: Callable[[str], None] = _nobody
        self._line = line
        self._received: Callable[[bytes, float], None] = _nobody

    async def run(
        self,
        opened: Callable[[], None],
        received: Callable[[bytes, float], None],
        lost: Callable[[str], None],
    ) -> Never:
        self.opened, self.lost, self._received = opened, lost, received
        self._line.attach(self)
        try:
            if self._line.is_whole:
                opened()
            else:
                lost("the simulated line is cut")
            while True:
                await asyncio.sleep(3600.0)
        finally:
            self._line.detach(self)

    def write(self, data: bytes) -> bool:
        if self.is_dead or not self._line.is_whole:
            return False
        if data:
            self._line.from_host(data)
        return True

    def receive(self, data: bytes) -> None:
        if not self.is_dead:
            self._received(data, asyncio.get_running_loop().time())

    def die(self) -> None:
        self.is_dead = True
        self._line.detach(self)


def _nobody(*_: object) -> None:
    pass
