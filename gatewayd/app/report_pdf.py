"""The recap of a day on paper: its figures, two charts, and what was counted."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from gatewayd.app.charts import DARK, HOURS, LIGHT, MIDDLE, Frame, draw_bars, draw_curve
from gatewayd.app.pdf import A4, POINTS_PER_MM, Page, fit, width, write_pdf
from gatewayd.app.people import Place
from gatewayd.core.reasons import Locale
from gatewayd.core.recap import Recap
from gatewayd.core.words import Direction

_MARGIN = 15 * POINTS_PER_MM
_WIDTH = A4[0] - 2 * _MARGIN
_TOP = A4[1] - _MARGIN
_BOTTOM = _MARGIN + 24
_CHART = 150.0
_SMALL, _PLAIN, _HEADING = 8.0, 9.0, 11.0
_ROW = 13.0
_GAP = 24.0
_COLUMN = (_WIDTH - _GAP) / 2

_TEXTS: Mapping[str, tuple[str, str]] = {
    "title": ("Rekap harian", "Daily recap"),
    "in": ("masuk", "in"),
    "out": ("keluar", "out"),
    "refused": ("ditolak", "refused"),
    "referred": ("ke petugas", "referred"),
    "violations": ("pelanggaran", "violations"),
    "peak": ("terbanyak di dalam", "most inside at once"),
    "at": ("pukul", "at"),
    "flow": ("Arus per jam", "Flow per hour"),
    "inside": ("Jumlah orang di dalam", "People inside"),
    "limit": ("batas", "limit"),
    "none": ("Tidak ada catatan pada hari ini.", "There are no records of this day."),
    "page": ("Halaman", "Page"),
    "printed": ("dicetak", "printed"),
}

_TABLES: Mapping[str, tuple[str, str]] = {
    "verdicts": ("Putusan di pintu masuk", "Verdicts at the entry"),
    "reasons": ("Alasan tidak masuk", "Reasons not to come in"),
    "entries": ("Masuk per golongan", "Entries by category"),
    "exits": ("Keluar per golongan", "Exits by category"),
    "statuses": ("Status", "Statuses"),
    "officers": ("Diputuskan petugas", "Decided by officers"),
    "purposes": ("Keperluan", "Purposes"),
    "violations": ("Pelanggaran", "Violations"),
    "alarms": ("Alarm", "Alarms"),
}


def print_report(recap: Recap, place: Place, limit: int | None, printed_at: datetime) -> bytes:
    """Return the PDF, on A4. Nobody can be recognised in it."""
    page = Page()
    y = _draw_head(page, recap, place)
    if recap.inside:
        y = _draw_charts(page, recap, place.locale, limit, y)
    else:
        page.text((_MARGIN, y), _text("none", place.locale), _PLAIN)
    pages = [page, *_draw_tables(page, list(_lines(recap, place.locale)), y)]
    for number, each in enumerate(pages, 1):
        words = f"{_text('page', place.locale)} {number} / {len(pages)}"
        each.text((A4[0] - _MARGIN - width(words, _SMALL), _MARGIN), words, _SMALL)
        at = f"{printed_at.astimezone(place.zone):%Y-%m-%d %H:%M}"
        each.text((_MARGIN, _MARGIN), f"{_text('printed', place.locale)} {at}", _SMALL)
    return write_pdf(pages, f"{_text('title', place.locale)} {recap.begins:%Y-%m-%d}")


def _draw_head(page: Page, recap: Recap, place: Place) -> float:
    """Draw title and figures; return where to go on."""
    locale = place.locale
    title = f"{_text('title', locale)} {recap.begins:%Y-%m-%d}"
    page.text((_MARGIN, _TOP - 16), title, 16, is_bold=True)
    left = _MARGIN + width(title, 16, is_bold=True) + 8
    page.text((left, _TOP - 16), fit(place.name, _HEADING, A4[0] - _MARGIN - left), _HEADING)
    figures = [
        (sum(recap.entries.values()), "in"),
        (sum(recap.exits.values()), "out"),
        (recap.outcomes["refused"], "refused"),
        (recap.outcomes["referred"], "referred"),
        (sum(recap.violations.values()), "violations"),
    ]
    told = [f"{number} {_text(word, locale)}" for number, word in figures]
    page.text((_MARGIN, _TOP - 40), "   ".join(told), _HEADING)
    if recap.peak_at is not None:
        at = f"{_text('at', locale)} {recap.peak_at.astimezone(recap.zone):%H:%M}"
        page.text((_MARGIN, _TOP - 56), f"{_text('peak', locale)}: {recap.peak}, {at}", _HEADING)
    return _TOP - 84


def _draw_charts(page: Page, recap: Recap, locale: Locale, limit: int | None, y: float) -> float:
    page.text((_MARGIN, y), _text("flow", locale), _HEADING, is_bold=True)
    left = _MARGIN + 130
    for word, grey in (("in", DARK), ("out", LIGHT)):
        page.bar((left, y), 8, 8, grey)
        page.text((left + 12, y), _text(word, locale), _SMALL)
        left += 70
    y -= 10 + _CHART
    ways = [[recap.by_hour[way][hour] for hour in range(HOURS)] for way in Direction]
    draw_bars(page, Frame(_MARGIN, y, _WIDTH, _CHART), ways)
    y -= 28
    page.text((_MARGIN, y), _text("inside", locale), _HEADING, is_bold=True)
    if limit is not None:
        page.bar((_MARGIN + 190, y + 3), 14, 1.5, MIDDLE)
        page.text((_MARGIN + 208, y), f"{_text('limit', locale)} {limit}", _SMALL)
    y -= 10 + _CHART
    draw_curve(page, Frame(_MARGIN, y, _WIDTH, _CHART), _steps(recap), limit)
    return y - 30


def _steps(recap: Recap) -> list[tuple[float, int]]:
    """Return the people inside by the hour of the day, in hours since its begin."""
    day_s = (recap.ends - recap.begins).total_seconds()
    scale = HOURS / day_s  # A day on which the clocks change is drawn as wide as any other.
    return [((at - recap.begins).total_seconds() * scale, value) for at, value in recap.inside]


def _lines(recap: Recap, locale: Locale) -> Iterator[tuple[str, int | None]]:
    """Yield the headings (without a number) and rows of all tables that are not empty."""
    tables = recap.tables()
    for name in _TABLES:
        if tables[name]:
            yield _in(locale, _TABLES[name]), None
            yield from tables[name].items()


def _draw_tables(first: Page, lines: Sequence[tuple[str, int | None]], y: float) -> list[Page]:
    """Draw rows in two columns a page, beginning at `y` of the first; return the further pages."""
    page, more, top = first, list[Page](), y
    column, at = 0, y
    for index, (words, number) in enumerate(lines):
        is_heading = number is None
        at -= _ROW * 0.6 if is_heading and at != top else 0
        # A heading at the foot would stand alone.
        needed = 2 if is_heading and index + 1 < len(lines) else 1
        if at - (needed - 1) * _ROW < _BOTTOM:
            column, at = column + 1, top
        if column > 1:
            page = Page()
            more.append(page)
            column, at, top = 0, _TOP - 16, _TOP - 16
        _draw_line(page, _MARGIN + column * (_COLUMN + _GAP), at, words, number)
        at -= _ROW
    return more


def _draw_line(page: Page, left: float, y: float, words: str, number: int | None) -> None:
    if number is None:
        page.text((left, y), fit(words, _PLAIN, _COLUMN, is_bold=True), _PLAIN, is_bold=True)
        page.line([(left, y - 3), (left + _COLUMN, y - 3)], 0.4)
    else:
        told = str(number)
        right = left + _COLUMN - width(told, _PLAIN)
        page.text((left, y), fit(words, _PLAIN, right - left - 8), _PLAIN)
        page.text((right, y), told, _PLAIN)


def _text(word: str, locale: Locale) -> str:
    return _in(locale, _TEXTS[word])


def _in(locale: Locale, texts: tuple[str, str]) -> str:
    match locale:
        case Locale.ID:
            return texts[0]
        case Locale.EN:
            return texts[1]
