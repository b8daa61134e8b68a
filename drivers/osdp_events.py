"""What an OSDP device tells, as libosdp hands it on, in words of our own (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import osdp_sys

# libosdp hands on so many bytes of a card or code; longer ones it cuts or drops.
CARD_SIZE_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class CardRead:
    """data: the bits from the first one on, the last byte filled up with bits that do not count."""

    data: bytes
    bit_count: int


@dataclass(frozen=True, slots=True)
class InputsRead:
    """The state of all inputs, on while the contact is closed; a wire in trouble is off."""

    inputs: tuple[bool, ...]


OsdpEvent = CardRead | InputsRead


def read_event(event: Mapping[str, object]) -> OsdpEvent | None:
    """Return None for events that nobody here uses, keys pressed for one."""
    match event:
        case {
            "event": osdp_sys.EVENT_CARDREAD,
            "format": osdp_sys.CARD_FMT_ASCII,
            "data": bytes(data),
        }:
            return CardRead(data, 8 * len(data))
        case {"event": osdp_sys.EVENT_CARDREAD, "length": int(bit_count), "data": bytes(data)}:
            return CardRead(data, min(bit_count, 8 * len(data)))
        case {
            "event": osdp_sys.EVENT_STATUS,
            "type": osdp_sys.STATUS_REPORT_INPUT,
            "report": bytes(report),
        }:
            return InputsRead(tuple(byte == 1 for byte in report))
        case _:
            return None


def hex_digits(card: CardRead) -> bytes:
    """Return the bits as one number in capital hex digits, as it is printed on cards."""
    number = int.from_bytes(card.data, "big") >> (8 * len(card.data) - card.bit_count)
    digit_count = -(-card.bit_count // 4)
    return b"%0*X" % (digit_count, number) if digit_count else b""
