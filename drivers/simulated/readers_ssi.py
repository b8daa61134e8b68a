"""A simulated SSI reader: byte for byte what a Zebra reader does on its serial line."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from drivers.ssi_codec import (
    CONTINUED,
    RESEND,
    RETRANSMITTED,
    SIZE_MAX,
    SIZE_MIN,
    Opcode,
    Packet,
    Source,
    SsiDecoder,
    packet,
)

QR_CODE: Final = b"\x1c"
REVISION: Final = b"PAACXS00-002-R00 SIMULATED"
SENDS_MAX: Final = 3
# What a segment's third byte says of the first one.
FIRST: Final = 0x02
# A packet's data, less the type of the code; a segment's bytes after its own number.
PART_SIZE: Final = SIZE_MAX - SIZE_MIN - 1


@dataclass(frozen=True, slots=True)
class Part:
    opcode: int
    data: bytes
    source: int = Source.READER
    status: int = 0

    def wire(self, more_status: int = 0) -> bytes:
        status = self.status | more_status
        return packet(self.opcode, self.data, source=self.source, status=status)


class SimulatedSsi:
    """is_segmented: long codes leave in numbered segments, as from newer readers."""

    def __init__(
        self,
        baudrate: int,
        write: Callable[[bytes], object],
        *,
        is_segmented: bool = True,
        answer_s: float = 2.0,
    ) -> None:
        self.is_alive = True
        self.commands: list[tuple[int, bytes]] = []
        self.dropped_count = 0
        self._write = write
        self._decoder = SsiDecoder(baudrate)
        self._is_segmented = is_segmented
        self._answer_s = answer_s
        self._enabled = asyncio.Event()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()

    def received(self, data: bytes, at_s: float) -> None:
        if not self.is_alive:
            return
        self._decoder.expire(at_s)
        # What wakes it up is no packet.
        for came in self._decoder.feed(data.lstrip(b"\0"), at_s):
            if isinstance(came, Packet):
                self._answer(came.opcode, came.data)

    async def type(self, code: bytes, send: Callable[[bytes], Awaitable[bool]]) -> bool:
        """Read a code once the host has enabled it; it is dropped if nobody acknowledges it."""
        await self._enabled.wait()
        for part in self.parts(code):
            if not await self._deliver(part, send):
                return False
        return True

    async def _deliver(self, part: Part, send: Callable[[bytes], Awaitable[bool]]) -> bool:
        for count in range(SENDS_MAX):
            while not self._answers.empty():
                self._answers.get_nowait()
            if not await send(part.wire(RETRANSMITTED if count else 0)):
                return False
            try:
                async with asyncio.timeout(self._answer_s):
                    if await self._answers.get() != bytes([RESEND]):
                        return True
            except TimeoutError:
                pass
        self.dropped_count += 1
        return True

    def parts(self, code: bytes) -> list[Part]:
        """Return the packets that a code leaves in."""
        if len(code) <= PART_SIZE:
            return [Part(Opcode.DECODE_DATA, QR_CODE + code)]
        return _segments(code) if self._is_segmented else _continued(code)

    def _answer(self, opcode: int, data: bytes) -> None:
        match opcode:
            case Opcode.CMD_ACK | Opcode.MULTIPACKET_ACK:
                self._answers.put_nowait(b"")
            case Opcode.CMD_NAK:
                self._answers.put_nowait(data)
            case Opcode.REQUEST_REVISION:
                self._write(packet(Opcode.REPLY_REVISION, REVISION, source=Source.READER))
            case _:
                self.commands.append((opcode, data))
                if opcode == Opcode.SCAN_ENABLE:
                    self._enabled.set()
                self._write(packet(Opcode.CMD_ACK, source=Source.READER))


def _segments(code: bytes) -> list[Part]:
    size = len(code).to_bytes(2, "big")
    rest_size = (len(code) + 3).to_bytes(2, "big")
    head = bytes([Opcode.DECODE_DATA, Source.READER, 0]) + rest_size + QR_CODE + b"\x01" + size
    return [
        Part(Opcode.MULTIPACKET_SEGMENT, bytes([number]) + part, 0 if number else FIRST)
        for number, part in enumerate(_cut(head + code))
    ]


def _continued(code: bytes) -> list[Part]:
    *others, last = _cut(code)
    return [
        *(Part(Opcode.DECODE_DATA, QR_CODE + part, status=CONTINUED) for part in others),
        Part(Opcode.DECODE_DATA, QR_CODE + last),
    ]


def _cut(data: bytes) -> list[bytes]:
    return [data[start : start + PART_SIZE] for start in range(0, len(data), PART_SIZE)]
