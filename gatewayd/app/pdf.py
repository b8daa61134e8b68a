"""Writes PDF pages (ISO 32000) of text, lines, bars and QR codes: what we print, and no more.

Measures are in points, 1/72 inch, from the lower left corner of the page.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import segno

POINTS_PER_MM = 72 / 25.4
A4 = (210 * POINTS_PER_MM, 297 * POINTS_PER_MM)
QUIET_ZONE = 4  # Empty squares around a code, as ISO/IEC 18004 asks.

_FONTS = ("Helvetica", "Helvetica-Bold")  # Every reader of PDF has them.

# Of Helvetica's letters from the blank to ~, in thousandths of its size (Adobe Font Metrics).
# fmt: off
_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)
# fmt: on
_WIDE = 1000  # Any other letter: none is wider.
_BOLDER = 1.12


@dataclass(slots=True)
class Page:
    """A page being drawn."""

    size: tuple[float, float] = A4
    _drawn: list[str] = field(default_factory=list)

    def text(
        self, at: tuple[float, float], words: str, size: float = 9, *, is_bold: bool = False
    ) -> None:
        """Write a line that begins at `at`; letters that the fonts have not become `?`."""
        raw = words.encode("cp1252", errors="replace").hex()
        font = f"/F{int(is_bold)} {size:.2f} Tf"
        self._drawn.append(f"BT {font} {at[0]:.2f} {at[1]:.2f} Td <{raw}> Tj ET")

    def frame(self, at: tuple[float, float], width: float, height: float) -> None:
        """Draw a thin grey rectangle, to cut along."""
        box = f"{at[0]:.2f} {at[1]:.2f} {width:.2f} {height:.2f} re S"
        self._drawn.append(f"0.7 G 0.3 w {box}")

    def line(self, points: Sequence[tuple[float, float]], width: float = 0.5) -> None:
        """Draw black lines from point to point."""
        steps = [f"{x:.2f} {y:.2f} {'l' if n else 'm'}" for n, (x, y) in enumerate(points)]
        self._drawn.append(f"0 G {width:.2f} w {' '.join(steps)} S")

    def box(self, at: tuple[float, float], side: float) -> None:
        """Draw an empty square to tick."""
        self._drawn.append(f"0 G 0.8 w {at[0]:.2f} {at[1]:.2f} {side:.2f} {side:.2f} re S")

    def bar(self, at: tuple[float, float], width: float, height: float, grey: float) -> None:
        """Fill a rectangle; grey: 0 is black, 1 is white."""
        box = f"{at[0]:.2f} {at[1]:.2f} {width:.2f} {height:.2f} re f"
        self._drawn.append(f"{grey:.2f} g {box} 0 g")

    def code(self, at: tuple[float, float], side: float, code: segno.QRCode) -> None:
        """Draw a code into a square of `side`, its quiet zone in it."""
        rows = [bytes(row) for row in code.matrix]
        step = side / (len(rows) + 2 * QUIET_ZONE)
        self._drawn.append("0 g")
        for down, row in enumerate(rows):
            bottom = at[1] + side - (QUIET_ZONE + down + 1) * step
            for begin, end in _runs(row):
                left, width = at[0] + (QUIET_ZONE + begin) * step, (end - begin) * step
                self._drawn.append(f"{left:.3f} {bottom:.3f} {width:.3f} {step:.3f} re")
        self._drawn.append("f")

    @property
    def content(self) -> bytes:
        return "\n".join(self._drawn).encode("ascii")


def width(words: str, size: float, *, is_bold: bool = False) -> float:
    """Return how wide a line is, or a little more."""
    widths = (_WIDTHS[ord(each) - 32] if " " <= each <= "~" else _WIDE for each in words)
    return sum(widths) * size / 1000 * (_BOLDER if is_bold else 1.0)


def fit(words: str, size: float, room: float, *, is_bold: bool = False) -> str:
    """Return what of a line there is room for; dots at its end say that there was more."""
    if width(words, size, is_bold=is_bold) <= room:
        return words
    while words and width(f"{words}...", size, is_bold=is_bold) > room:
        words = words[:-1]
    return f"{words.rstrip()}..."


def write_pdf(pages: Sequence[Page], title: str) -> bytes:
    """Return a document of these pages."""
    count = len(pages)
    first_page, first_content = 5, 5 + count
    kids = " ".join(f"{first_page + number} 0 R" for number in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{kids}] >>".encode(),
        *(_font(name) for name in _FONTS),
        *(_page(page, first_content + number) for number, page in enumerate(pages)),
        *(_stream(page.content) for page in pages),
        _title(title),
    ]
    return _assemble(objects)


def _runs(row: bytes) -> Iterable[tuple[int, int]]:
    """Return begin and end of each run of dark squares."""
    begin = row.find(1)
    while begin >= 0:
        end = row.find(0, begin)
        end = len(row) if end < 0 else end
        yield begin, end
        begin = row.find(1, end)


def _title(title: str) -> bytes:
    raw = b"\xfe\xff" + title.encode("utf-16-be", errors="replace")
    return f"<< /Title <{raw.hex()}> >>".encode()


def _font(name: str) -> bytes:
    kind = f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"
    return kind.encode()


def _page(page: Page, content: int) -> bytes:
    box = f"/MediaBox [0 0 {page.size[0]:.2f} {page.size[1]:.2f}]"
    fonts = "/Resources << /Font << /F0 3 0 R /F1 4 0 R >> >>"
    return f"<< /Type /Page /Parent 2 0 R {box} {fonts} /Contents {content} 0 R >>".encode()


def _stream(content: bytes) -> bytes:
    return f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"


def _assemble(objects: Sequence[bytes]) -> bytes:
    """Give the objects numbers from 1, and list where each begins; the last one is the title."""
    document = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(document))
        document += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    begin, count = len(document), len(objects) + 1
    rows = "".join(f"{place:010} 00000 n \n" for place in places)
    document += f"xref\n0 {count}\n0000000000 65535 f \n{rows}".encode()
    trailer = f"<< /Size {count} /Root 1 0 R /Info {len(objects)} 0 R >>"
    document += f"trailer\n{trailer}\nstartxref\n{begin}\n%%EOF\n".encode()
    return bytes(document)
