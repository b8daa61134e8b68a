"""The packets of SSI, the Simple Serial Interface of Zebra and Symbol readers (pure).

Size (without checksum), opcode, source, status, data, checksum: what the sum of all the others
lacks to 0x10000. Source: Simple Serial Interface Programmer's Guide, 72E-40451.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from drivers.framers import Terminator, silence_s

# Without data; with 251 bytes of it.
SIZE_MIN: Final = 4
SIZE_MAX: Final = 255
CHECKSUM_SIZE: Final = 2

# Bits of the status. Newer readers set others too, for reasons of their own.
RETRANSMITTED: Final = 0x01
CONTINUED: Final = 0x02

# What the other side shall do about a packet that was refused.
RESEND: Final = 0x01


class Opcode(IntEnum):
    """Those that are used here; a reader may send others."""

    MULTIPACKET_SEGMENT = 0x73
    MULTIPACKET_ACK = 0x74
    REQUEST_REVISION = 0xA3
    REPLY_REVISION = 0xA4
    PARAM_SEND = 0xC6
    CMD_ACK = 0xD0
    CMD_NAK = 0xD1
    BEEP = 0xE6
    LED_ON = 0xE7
    LED_OFF = 0xE8
    SCAN_ENABLE = 0xE9
    DECODE_DATA = 0xF3
    EVENT = 0xF6


class Source(IntEnum):
    READER = 0x00
    HOST = 0x04


@dataclass(frozen=True, slots=True)
class Packet:
    """One whole packet with a good checksum; `at_s` is when its last byte came."""

    opcode: int
    source: int
    status: int
    data: bytes
    at_s: float


@dataclass(frozen=True, slots=True)
class Garbled:
    """Bytes that made no packet until the line fell silent; whoever sent them may do so again."""

    size: int


SsiEvent = Packet | Garbled


def packet(opcode: int, data: bytes = b"", *, source: int = Source.HOST, status: int = 0) -> bytes:
    assert len(data) <= SIZE_MAX - SIZE_MIN
    body = bytes([SIZE_MIN + len(data), opcode, source, status]) + data
    return body + checksum(body)


def checksum(body: bytes) -> bytes:
    return (-sum(body) & 0xFFFF).to_bytes(CHECKSUM_SIZE, "big")


class SsiDecoder:
    """Bytes in, packets out, whatever the chunks they come in; holds at most one packet.

    After a byte that does not fit, everything is dropped until the line is silent: only there a
    packet begins for certain. Silence is only what `expire` was told of.
    """

    def __init__(self, baudrate: int) -> None:
        self._gap_s = silence_s(Terminator.NONE, baudrate)
        self._held = bytearray()
        self._lost_size = 0
        self._last_s = 0.0

    @property
    def deadline_s(self) -> float | None:
        """When to call `expire`, if no byte comes before; None while there is nothing to end."""
        return self._last_s + self._gap_s if self._held or self._lost_size else None

    def feed(self, data: bytes, now_s: float) -> list[SsiEvent]:
        """Take bytes that were read at `now_s`; return what they completed, in order."""
        if data:
            self._last_s = now_s
        if self._lost_size:
            self._lost_size += len(data)
            return []
        self._held += data
        packets: list[SsiEvent] = []
        while self._held and not self._lost_size:
            size = self._held[0]
            if size >= SIZE_MIN and len(self._held) < size + CHECKSUM_SIZE:
                break
            body, check = bytes(self._held[:size]), self._held[size : size + CHECKSUM_SIZE]
            if size < SIZE_MIN or check != checksum(body):
                self._lost_size = len(self._held)
                self._held.clear()
            else:
                del self._held[: size + CHECKSUM_SIZE]
                packets.append(Packet(body[1], body[2], body[3], body[4:], now_s))
        return packets

    def expire(self, now_s: float) -> list[SsiEvent]:
        """End what has had its silence; nothing happens before `deadline_s`."""
        if self.deadline_s is None or now_s < self.deadline_s:
            return []
        size = self._lost_size + len(self._held)
        self._lost_size = 0
        self._held.clear()
        return [Garbled(size)]
