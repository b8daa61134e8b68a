"""The PDF that we print: whole by its own table of contents, and its codes square by square."""

import re

import segno

from gatewayd.app.pdf import QUIET_ZONE, Page, fit, width, write_pdf


def objects_of(document: bytes) -> list[bytes]:
    """Read the objects as a PDF reader does: from the end, by their places."""
    begin = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", document)[1])
    assert document[begin:].startswith(b"xref\n")
    places = [int(row) for row in re.findall(rb"(\d{10}) 00000 n \n", document[begin:])]
    found = []
    for number, place in enumerate(places, 1):
        head = f"{number} 0 obj\n".encode()
        assert document[place:].startswith(head)
        end = document.index(b"\nendobj\n", place)
        found.append(document[place + len(head) : end])
    return found


def squares_of(content: bytes, side: float, count: int) -> list[list[int]]:
    """Return which squares of a code at the origin are dark."""
    step = side / (count + 2 * QUIET_ZONE)
    matrix = [[0] * count for _ in range(count)]
    for left, bottom, wide, _ in re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re", content):
        column, length = round(float(left) / step) - QUIET_ZONE, round(float(wide) / step)
        row = count - 1 - (round(float(bottom) / step) - QUIET_ZONE)
        for square in range(column, column + length):
            matrix[row][square] = 1
    return matrix


def test_a_reader_finds_every_object_by_its_place():
    pages = [Page(), Page()]
    for page in pages:
        page.text((10, 20), "Halo")
    objects = objects_of(write_pdf(pages, "Kartu"))
    assert b"/Catalog" in objects[0]
    assert b"/Count 2 /Kids [5 0 R 6 0 R]" in objects[1]
    assert [b"/Contents 7 0 R" in objects[4], b"/Contents 8 0 R" in objects[5]] == [True, True]
    length, stream = re.fullmatch(
        rb"<< /Length (\d+) >>\nstream\n(.*)\nendstream", objects[6]
    ).groups()
    assert int(length) == len(stream)
    assert "Kartu".encode("utf-16-be").hex().encode() in objects[8]


def test_a_code_is_drawn_square_by_square_with_its_quiet_zone():
    code, page = segno.make_qr("OG1:ABC"), Page()
    page.code((0, 0), 200.0, code)
    matrix = [list(row) for row in code.matrix]
    assert squares_of(page.content, 200.0, len(matrix)) == matrix


def test_text_cannot_break_out_and_strange_letters_become_marks():
    page = Page()
    page.text((1, 2), ") Tj (\\é漢", is_bold=True)
    assert page.content == b"BT /F1 9.00 Tf 1.00 2.00 Td <2920546a20285ce93f> Tj ET"


def test_lines_bars_and_boxes_are_drawn_where_they_are_asked_for():
    page = Page()
    page.line([(1, 2), (3, 4), (5, 6)], width=2)
    page.bar((10, 20), 30, 40, grey=0.5)
    page.box((7, 8), 9)
    assert page.content.splitlines() == [
        b"0 G 2.00 w 1.00 2.00 m 3.00 4.00 l 5.00 6.00 l S",
        b"0.50 g 10.00 20.00 30.00 40.00 re f 0 g",
        b"0 G 0.8 w 7.00 8.00 9.00 9.00 re S",
    ]


def test_a_line_that_has_no_room_is_cut_and_says_so():
    assert width("0123", 10) == 4 * 5.56
    assert width("é", 10) == 10.0
    assert width("0", 10, is_bold=True) > width("0", 10)
    assert fit("01234", 10, 28) == "01234"
    assert fit("01234", 10, 20) == "01..."
    assert fit("WWW", 10, 1) == "..."
