"""Base45 (RFC 9285): bytes as text that fits the alphanumeric mode of QR codes."""

import struct

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_NONE = 0xFF  # The value of characters outside the alphabet.
_VALUES = bytes(
    _ALPHABET.index(chr(code)) if chr(code) in _ALPHABET else _NONE for code in range(256)
)


def encode(data: bytes) -> str:
    even = len(data) // 2 * 2
    pairs = struct.unpack(f">{even // 2}H", data[:even])
    groups = [
        _ALPHABET[pair % 45] + _ALPHABET[pair // 45 % 45] + _ALPHABET[pair // 2025]
        for pair in pairs
    ]
    groups += [_ALPHABET[octet % 45] + _ALPHABET[octet // 45] for octet in data[even:]]
    return "".join(groups)


def decode(text: str) -> bytes | None:
    """Return the bytes; None where no bytes are encoded like this."""
    values = text.encode("ascii", errors="replace").translate(_VALUES)
    if _NONE in values:
        return None
    whole = len(values) // 3 * 3
    data = _decode_triples(values[:whole])
    match data, tuple(values[whole:]):
        case bytes(), ():
            return data
        case bytes(), (low, high) if low + 45 * high <= 0xFF:
            return data + bytes([low + 45 * high])
        case _:
            return None


def _decode_triples(values: bytes) -> bytes | None:
    """Return two bytes for each three values; None where one of the sums needs a third byte.

    All sums are made at once, as one large number with four bytes for each: none overflows them.
    """
    count = len(values) // 3
    numbers = []
    for place in range(3):
        lanes = bytearray(4 * count)
        lanes[3::4] = values[place::3]
        numbers.append(int.from_bytes(lanes))
    low, middle, high = numbers
    sums = (low + 45 * middle + 2025 * high).to_bytes(4 * count)
    if any(sums[1::4]):
        return None
    data = bytearray(2 * count)
    data[0::2], data[1::2] = sums[2::4], sums[3::4]
    return bytes(data)
