"""Base45 (RFC 9285): bytes as text that fits the alphanumeric mode of QR codes."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_OCTETS = [_ALPHABET[value % 45] + _ALPHABET[value // 45] for value in range(256)]


def encode(data: bytes) -> str:
    pairs = len(data) // 2 * 2
    groups = [_encode_pair(data[at] << 8 | data[at + 1]) for at in range(0, pairs, 2)]
    return "".join(groups) + "".join(_OCTETS[octet] for octet in data[pairs:])


def decode(text: str) -> bytes | None:
    """Return the bytes; None where no bytes are encoded like this."""
    try:
        values = [_VALUES[character] for character in text]
    except KeyError:
        return None
    triples = len(values) // 3 * 3
    data = bytearray()
    for at in range(0, triples, 3):
        pair = values[at] + 45 * values[at + 1] + 2025 * values[at + 2]
        if pair > 0xFFFF:
            return None
        data += pair.to_bytes(2)
    match values[triples:]:
        case []:
            return bytes(data)
        case [low, high] if low + 45 * high <= 0xFF:
            return bytes(data) + bytes([low + 45 * high])
        case _:
            return None


def _encode_pair(pair: int) -> str:
    return _ALPHABET[pair % 45] + _ALPHABET[pair // 45 % 45] + _ALPHABET[pair // 2025]
