"""Bytes of frames as no host sends them."""

import zlib


def on_wire(payload: bytes) -> bytes:
    """Return a frame with any payload of which no 254 bytes are without a zero."""
    groups = payload.split(b"\0")
    return b"\0" + b"".join(bytes([len(group) + 1]) + group for group in groups) + b"\0"


def crc_of(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(4, "little")


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
