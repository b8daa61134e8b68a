"""Sheets of cards to print and cut: a QR code on the left, what it is for on the right."""

from collections.abc import Sequence
from dataclasses import dataclass

import segno

from gatewayd.app.pdf import A4, POINTS_PER_MM, Page, write_pdf

CARD_MM = (85.6, 54.0)  # ISO/IEC 7810 ID-1: fits the sleeves that bank cards fit.
CODE_MM = 46.0  # 0.7 mm a square for a usual pass: a phone or reader sees it at arm's length.
ACROSS, DOWN = 2, 5

_HEADING, _SMALL = 11.0, 7.5
_LEADING = 1.5


@dataclass(frozen=True, slots=True)
class Card:
    code: str
    heading: str
    lines: tuple[str, ...]


def print_cards(cards: Sequence[Card], title: str, *, is_single: bool = False) -> bytes:
    """Return the PDF, ten cards on a page of A4, or each on a page of its own size."""
    if is_single:
        return write_pdf([_draw_single(card) for card in cards], title)
    per_page = ACROSS * DOWN
    pages = [
        _draw_page(cards[begin : begin + per_page]) for begin in range(0, len(cards), per_page)
    ]
    return write_pdf(pages, title)


def make_qr(code: str) -> segno.QRCode:
    """Error level M: 15 % may be scratched; Q would make the squares of a card too small.

    A pass, in capitals and digits only, becomes a code of the alphanumeric mode by that alone.
    """
    return segno.make_qr(code, error="m")


def _draw_single(card: Card) -> Page:
    width, height = (side * POINTS_PER_MM for side in CARD_MM)
    page = Page((width, height))
    _draw_card(page, (0.0, 0.0), height, card)
    return page


def _draw_page(cards: Sequence[Card]) -> Page:
    page = Page()
    width, height = (side * POINTS_PER_MM for side in CARD_MM)
    left, bottom = (A4[0] - ACROSS * width) / 2, (A4[1] - DOWN * height) / 2
    for place, card in enumerate(cards):
        at = left + place % ACROSS * width, bottom + (DOWN - 1 - place // ACROSS) * height
        page.frame(at, width, height)
        _draw_card(page, at, height, card)
    return page


def _draw_card(page: Page, at: tuple[float, float], height: float, card: Card) -> None:
    side = CODE_MM * POINTS_PER_MM
    page.code((at[0], at[1] + (height - side) / 2), side, make_qr(card.code))
    x, y = at[0] + side, at[1] + height - 24
    for words in _wrap(card.heading, 14):
        page.text((x, y), words, _HEADING, is_bold=True)
        y -= _HEADING * _LEADING
    for line in card.lines:
        for words in _wrap(line, 24):
            page.text((x, y), words, _SMALL)
            y -= _SMALL * _LEADING


def _wrap(words: str, width: int) -> list[str]:
    """Break a text into lines of about `width` characters, at blanks where there are some."""
    lines: list[str] = []
    for word in words.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines += [word[begin : begin + width] for begin in range(0, len(word), width)]
    return lines
