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
    triples = zip(values[::3], values[1::3], values[2::3], strict=False)
    pairs = [low + 45 * middle + 2025 * high for low, middle, high in triples]
    if pairs and max(pairs) > 0xFFFF:
        return None
    data = struct.pack(f">{len(pairs)}H", *pairs)
    match tuple(values[3 * len(pairs) :]):
        case ():
            return data
        case [low, high] if low + 45 * high <= 0xFF:
            return data + bytes([low + 45 * high])
        case _:
            return None
