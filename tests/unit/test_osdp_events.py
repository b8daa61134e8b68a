"""What libosdp hands on, as it was seen to come out of it (3.2.9)."""

import osdp_sys
import pytest

from drivers.osdp_events import CardRead, InputsRead, hex_digits, read_event

CARD = {
    "event": osdp_sys.EVENT_CARDREAD,
    "reader_no": 0,
    "format": osdp_sys.CARD_FMT_RAW_UNSPECIFIED,
    "direction": 0,
    "length": 13,
    "data": b"\xab\xcd",
}
STATUS = {
    "event": osdp_sys.EVENT_STATUS,
    "type": osdp_sys.STATUS_REPORT_INPUT,
    "report": b"\x01\x00\x02",
}


def test_a_card_is_bits():
    assert read_event(CARD) == CardRead(b"\xab\xcd", 13)


def test_a_card_in_characters_has_all_its_bits():
    text = {**CARD, "format": osdp_sys.CARD_FMT_ASCII, "length": 5, "data": b"HELLO"}
    assert read_event(text) == CardRead(b"HELLO", 40)


def test_more_bits_than_there_are_bytes_for_are_not_believed():
    assert read_event({**CARD, "length": 1000}) == CardRead(b"\xab\xcd", 16)


def test_an_input_is_on_where_its_contact_is_closed_and_its_wire_is_whole():
    assert read_event(STATUS) == InputsRead((True, False, False))


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"event": osdp_sys.EVENT_KEYPRESS, "reader_no": 0, "data": b"1"},
        {**STATUS, "type": osdp_sys.STATUS_REPORT_LOCAL},
        {**STATUS, "report": 7},
        {**CARD, "data": "text"},
        {**CARD, "length": None},
    ],
)
def test_what_nobody_uses_is_nothing(event):
    assert read_event(event) is None


@pytest.mark.parametrize(
    ("card", "digits"),
    [
        (CardRead(b"\x4a\xe6\xcd\x64\x64\xe0", 44), b"4AE6CD6464E"),
        (CardRead(b"\x00\x01", 16), b"0001"),
        (CardRead(b"\xff\xc0", 10), b"3FF"),
        (CardRead(b"", 0), b""),
    ],
)
def test_bits_become_one_number_with_all_its_digits(card, digits):
    assert hex_digits(card) == digits
