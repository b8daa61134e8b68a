"""Puts the codes of an SSI reader together from its packets, with the answer to each (pure).

A code comes whole; or in packets with the continuation bit, each with the code's type; or, from
newer readers, in numbered segments. A packet whose answer got lost comes again. Sources: Simple
Serial Interface Programmer's Guide, 72E-40451; for segments what enioka_scan reads and tests.
"""

from dataclasses import dataclass
from typing import Final

from drivers.framers import (
    CODE_SIZE_MAX,
    LINE_SIZE_MAX,
    Empty,
    Fragment,
    Frame,
    Framed,
    Overlong,
    without_aim,
)
from drivers.ssi_codec import CONTINUED, RETRANSMITTED, Opcode, Packet, packet

# A reader waits 2 s for an answer, and sends a packet twice more: later it belongs to a new code.
PATIENCE_S: Final = 6.0
# Before the code in the first segment: segment, opcode, source, status, size of the rest (16 bits),
# type of the code, a byte that was always 1, size of the code (16 bits).
HEAD_SIZE: Final = 10

ACK: Final = packet(Opcode.CMD_ACK)
SEGMENT_ACK: Final = packet(Opcode.MULTIPACKET_ACK)


@dataclass(frozen=True, slots=True)
class Taken:
    """answer: what to send at once."""

    answer: bytes
    framed: tuple[Framed, ...] = ()


class SsiCodes:
    """Holds at most one code. One that never got its end becomes a Fragment."""

    def __init__(self) -> None:
        self._last = (0, b"")
        self._last_s = 0.0
        self._answer = ACK
        self._code = bytearray()
        self._size = 0
        # Of a code in segments: its size, and the number of the segment that comes next.
        self._whole_size = 0
        self._next_segment = 0

    def take(self, came: Packet) -> Taken:
        """Take a packet DECODE_DATA or MULTIPACKET_SEGMENT."""
        is_segment = came.opcode == Opcode.MULTIPACKET_SEGMENT
        is_late = came.at_s - self._last_s > PATIENCE_S
        self._last_s = came.at_s
        # Segments are numbered, so two that are the same are one.
        may_repeat = is_segment or came.status & RETRANSMITTED
        if may_repeat and not is_late and self._last == (came.opcode, came.data):
            return Taken(self._answer)
        self._last = (came.opcode, came.data)
        torn = self._drop() if is_late else ()
        framed = self._take_segment(came) if is_segment else self._take_data(came)
        self._answer = SEGMENT_ACK if self._next_segment else ACK
        return Taken(self._answer, (*torn, *framed))

    def _take_data(self, came: Packet) -> tuple[Framed, ...]:
        torn = self._drop() if self._next_segment else ()
        self._keep(came.data[1:])
        return torn if came.status & CONTINUED else (*torn, self._end(came.at_s))

    def _take_segment(self, came: Packet) -> tuple[Framed, ...]:
        number = came.data[0] if came.data else 0
        torn: tuple[Framed, ...] = ()
        if number == 0:
            torn = self._drop()
            head, part = came.data[:HEAD_SIZE], came.data[HEAD_SIZE:]
            if len(head) < HEAD_SIZE or head[1] != Opcode.DECODE_DATA:
                return (*torn, Fragment(len(came.data)))
            self._whole_size = int.from_bytes(head[8:], "big")
        elif number == self._next_segment:
            part = came.data[1:]
        else:
            return (*self._drop(), Fragment(len(came.data)))
        self._keep(part[: self._whole_size - self._size])
        self._next_segment = number + 1
        return torn if self._size < self._whole_size else (*torn, self._end(came.at_s))

    def _keep(self, part: bytes) -> None:
        """Take bytes into the code; beyond the limit they are only counted."""
        self._code += part[: LINE_SIZE_MAX - len(self._code)]
        self._size += len(part)

    def _end(self, at_s: float) -> Framed:
        # Some are set to end each code as if it were a line.
        code, size = without_aim(bytes(self._code).rstrip(b"\r\n")), self._size
        self._clear()
        if size > LINE_SIZE_MAX or len(code) > CODE_SIZE_MAX:
            return Overlong(size, at_s)
        return Frame(code, at_s) if code else Empty()

    def _drop(self) -> tuple[Framed, ...]:
        size = self._size
        self._clear()
        return (Fragment(size),) if size else ()

    def _clear(self) -> None:
        self._code.clear()
        self._size = self._whole_size = self._next_segment = 0
