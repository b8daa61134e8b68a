"""A simulated GM65: byte for byte what the module does on its serial line."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from drivers.gm65_codec import crc
from drivers.gm65_zones import BAUD_ZONE, ENCLOSED, MODE_ZONE, OUTPUT_ZONE, TRIGGER_ZONE

# A module that nobody has talked to for this long has been set up.
SETTLED_S: Final = 0.3
# As it leaves the factory: looks when its button is pressed, and sends codes as they are.
FACTORY: Final = {MODE_ZONE: 0xD4, OUTPUT_ZONE: 0x60}
# What a frame without CRC carries in its place.
NO_CRC: Final = b"\xab\xcd"
# What a byte looks like that comes at another speed.
GARBLED: Final = b"\xf8"

_COMMAND_MODE: Final = 1
# The others have one byte, whatever they ask for.
_WRITE: Final = 0x08
_SPEEDS: Final = {9600: 0x0139, 57600: 0x0034, 115200: 0x001A}


class SimulatedGm65:
    """`line_speed` tells at which speed the other side listens and talks."""

    def __init__(
        self,
        baudrate: int,
        write: Callable[[bytes], object],
        line_speed: Callable[[], int],
    ) -> None:
        self.is_alive = True
        self.saved_count = 0
        self._write = write
        self._baudrate = baudrate
        self._line_speed = line_speed
        self._flash = dict(FACTORY)
        self._zones = dict(FACTORY)
        self._held = b""
        self._asked = asyncio.Event()
        self._asked_s = 0.0
        self._triggered = asyncio.Event()

    def restart(self) -> None:
        """Lose the power for a moment: what is not in flash is forgotten."""
        self._zones = dict(self._flash)
        self._held = b""
        self._asked.clear()

    def zone(self, address: int) -> int:
        return self._zones.get(address, 0)

    def received(self, data: bytes, at_s: float) -> None:
        if not self.is_alive or self._line_speed() != self._baudrate:
            return
        self._asked.set()
        self._asked_s = at_s
        self._held += data
        while frame := self._next_frame():
            if frame[-2:] in {crc(frame[2:-2]), NO_CRC}:
                self._write(self._answer(frame[2], frame[4:6], frame[6:-2]))

    async def type(self, code: bytes, send: Callable[[bytes], Awaitable[bool]]) -> bool:
        """Read a code as soon as it was set up, and was told to if it has to be."""
        await self._asked.wait()
        await self._settled()
        if self.zone(MODE_ZONE) & 3 == _COMMAND_MODE:
            self._triggered.clear()
            await self._triggered.wait()
        if self.zone(OUTPUT_ZONE) == ENCLOSED:
            code = b"\x03" + len(code).to_bytes(2, "big") + code
        if self._line_speed() != self._baudrate:
            code = GARBLED * len(code)
        return await send(code)

    async def _settled(self) -> None:
        loop = asyncio.get_running_loop()
        rest_s = SETTLED_S
        while rest_s > 0:
            await asyncio.sleep(rest_s)
            rest_s = self._asked_s + SETTLED_S - loop.time()

    def _next_frame(self) -> bytes:
        """Take the next whole command out of what came; empty if there is none yet."""
        start = self._held.find(b"\x7e\0")
        self._held = self._held[start:] if start >= 0 else self._held[-1:]
        if len(self._held) < 6:
            return b""
        size = 8 + (self._held[3] if self._held[2] == _WRITE else 1)
        if len(self._held) < size:
            return b""
        frame, self._held = self._held[:size], self._held[size:]
        return frame

    def _answer(self, kind: int, address: bytes, data: bytes) -> bytes:
        zone = int.from_bytes(address, "big")
        match kind:
            case 0x07:
                return _reply(0x02, self._read(zone, data[0]))
            case 0x08:
                for offset, value in enumerate(data):
                    self._zones[zone + offset] = value
                if zone == TRIGGER_ZONE and data[0] & 1:
                    self._triggered.set()
                return _reply(0x02, b"\0")
            case 0x09:
                self._flash = dict(self._zones)
                self.saved_count += 1
                return _reply(0x02, b"\0")
            case 0x0A:
                return _reply(0x03, b"\0")
            case _:
                return b""

    def _read(self, zone: int, count: int) -> bytes:
        if zone == BAUD_ZONE:
            return _SPEEDS[self._baudrate].to_bytes(2, "little")[:count]
        return bytes(self.zone(zone + offset) for offset in range(count))


def _reply(head: int, data: bytes) -> bytes:
    body = bytes([0, len(data)]) + data
    return bytes([head, 0]) + body + crc(body)
