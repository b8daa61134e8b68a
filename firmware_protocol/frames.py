"""Frames on the serial line: `00 COBS(P) 00`, with a CRC-32 against noise and room for a MAC.

P, little endian: version and flags 1 | type 1 | address 1 | sequence 2 | ack 2 | session 4 |
body 0..235 | MAC 8 (only with flag MAC) | CRC-32 4.
"""

import struct
import zlib
from dataclasses import dataclass, replace
from enum import StrEnum

VERSION = 1

P_SIZE_MAX = 250
"""No COBS code ever reaches FF, and a frame fits a 256-byte buffer of a small microcontroller."""

MAC_SIZE = 8
"""64 bits: 2^63 tries at a few hundred frames a second; a whole HMAC would double most frames."""

_HEAD = struct.Struct("<BBBHHI")
_CRC = struct.Struct("<I")
BODY_SIZE_MAX = P_SIZE_MAX - _HEAD.size - MAC_SIZE - _CRC.size

_FLAG_MAC = 0b0001
_FLAG_REPEAT = 0b0010
_FLAGS_RESERVED = 0b1100
_FROM_DEVICE = 0x80


class Noise(StrEnum):
    """Why bytes between two delimiters are no frame. Noise is counted and otherwise ignored."""

    OVERLONG = "overlong"
    COBS = "cobs"
    SHORT = "short"
    CRC = "crc"
    VERSION = "version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame; `mac` is empty for a frame without one.

    sequence, ack: the low 16 bits of the sender's counter, and of the last frame it took.
    is_repeat: the same command was sent before (for line statistics only).
    """

    kind: int
    is_from_device: bool
    session: int = 0
    sequence: int = 0
    ack: int = 0
    address: int = 0
    is_repeat: bool = False
    body: bytes = b""
    mac: bytes = b""

    def signed(self) -> bytes:
        """Return P without MAC and CRC: what the MAC covers (the MAC flag is set in it)."""
        return self._head(_FLAG_MAC) + self.body

    def content(self) -> bytes:
        """Return P without its CRC."""
        assert len(self.mac) in {0, MAC_SIZE}
        return self._head(_FLAG_MAC if self.mac else 0) + self.body + self.mac

    def _head(self, mac_flag: int) -> bytes:
        flags = mac_flag | (_FLAG_REPEAT if self.is_repeat else 0)
        address = self.address | (_FROM_DEVICE if self.is_from_device else 0)
        return _HEAD.pack(
            VERSION << 4 | flags, self.kind, address, self.sequence, self.ack, self.session
        )


def encode(frame: Frame) -> bytes:
    """Return the bytes for the wire; the first 00 cuts off whatever half frame was there."""
    content = frame.content()
    return b"\0" + cobs_encode(content + _CRC.pack(zlib.crc32(content))) + b"\0"


class Deframer:
    """Bytes in, frames out, in any chunks. Keeps at most one frame; never raises for its input."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._is_overlong = False

    def feed(self, data: bytes) -> list[Frame | Noise]:
        found: list[Frame | Noise] = []
        *closed, rest = data.split(b"\0")
        for part in closed:
            self._collect(part)
            if self._is_overlong:
                found.append(Noise.OVERLONG)
            elif self._buffer:
                found.append(_decode(bytes(self._buffer)))
            self._buffer.clear()
            self._is_overlong = False
        self._collect(rest)
        return found

    def _collect(self, part: bytes) -> None:
        self._is_overlong |= len(self._buffer) + len(part) > P_SIZE_MAX + 1
        if self._is_overlong:
            self._buffer.clear()
        else:
            self._buffer += part


def cobs_encode(data: bytes) -> bytes:
    """Consistent overhead byte stuffing for up to 250 bytes: no 00 in it, one byte longer."""
    assert len(data) <= P_SIZE_MAX, "a longer one would need the code FF"
    return b"".join(bytes([len(group) + 1]) + group for group in data.split(b"\0"))


def cobs_decode(data: bytes) -> bytes | None:
    """Undo `cobs_encode`; None where a code points past the end."""
    groups: list[bytes] = []
    at = 0
    while at < len(data):
        after = at + data[at]
        if after == at or after > len(data):
            return None
        groups.append(data[at + 1 : after])
        at = after
    return b"\0".join(groups)


def _decode(data: bytes) -> Frame | Noise:
    payload = cobs_decode(data)
    if payload is None:
        return Noise.COBS
    if len(payload) < _HEAD.size + _CRC.size:
        return Noise.SHORT
    content = payload[: -_CRC.size]
    if _CRC.pack(zlib.crc32(content)) != payload[-_CRC.size :]:
        return Noise.CRC
    first, kind, address, sequence, ack, session = _HEAD.unpack_from(content)
    if first >> 4 != VERSION or first & _FLAGS_RESERVED:
        return Noise.VERSION
    frame = Frame(
        kind=kind,
        is_from_device=bool(address & _FROM_DEVICE),
        session=session,
        sequence=sequence,
        ack=ack,
        address=address & ~_FROM_DEVICE,
        is_repeat=bool(first & _FLAG_REPEAT),
        body=content[_HEAD.size :],
    )
    if not first & _FLAG_MAC:
        return frame
    if len(frame.body) < MAC_SIZE:
        return Noise.SHORT
    return replace(frame, body=frame.body[:-MAC_SIZE], mac=frame.body[-MAC_SIZE:])
