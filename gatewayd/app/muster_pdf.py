"""The muster list on paper: for each person a row with an empty box, for the meeting point."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gatewayd.app.pdf import A4, POINTS_PER_MM, Page, fit, width, write_pdf
from gatewayd.app.people import Place
from gatewayd.core.muster import Muster
from gatewayd.core.reasons import Locale
from gatewayd.core.words import HolderId

_MARGIN = 15 * POINTS_PER_MM
_RIGHT = A4[0] - _MARGIN
_ROW = 17.0  # High enough to tick with a marker, standing.
_HEAD = 104.0
_FOOT = 60.0
_SMALL, _PLAIN = 8.0, 9.5
_BOX = 10.0

# Where the columns begin: box, number, who, category, lane, time.
_COLUMNS = (_MARGIN, _MARGIN + 18, _MARGIN + 46, _MARGIN + 278, _MARGIN + 392, _MARGIN + 446)

_TEXTS: Mapping[str, tuple[str, str]] = {
    "title": ("Daftar orang di dalam", "People inside"),
    "at": ("Keadaan pada", "As of"),
    "alarm": ("saat alarm", "when the alarm began:"),
    "fire": ("kebakaran", "fire"),
    "lock_down": ("pintu masuk dikunci", "entry locked"),
    "freed": ("pintu dibebaskan", "lanes freed"),
    "inside": ("di dalam", "inside"),
    "uncertain": ("tidak pasti", "uncertain"),
    "badge": ("Kartu tamu", "Badge"),
    "by hand": ("tanpa nama: oleh petugas atau tidak terlihat", "nameless: by hand or unseen"),
    "who": ("Siapa", "Who"),
    "category": ("Golongan", "Category"),
    "lane": ("Jalur", "Lane"),
    "since": ("Masuk", "Since"),
    "checked": ("Diperiksa oleh: ____________________   Jam: ________",
                "Checked by: ____________________   Time: ________"),
    "page": ("Halaman", "Page"),
    "nobody": ("Menurut catatan tidak ada orang di dalam.", "By the records nobody is inside."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    who: str
    category: str
    lane: str = ""
    since: datetime | None = None


def print_muster(
    muster: Muster,
    place: Place,
    names: Mapping[HolderId, str],
    badges: Mapping[HolderId, int],
    printed_at: datetime,
) -> bytes:
    """Return the PDF; whom no pseudonym stands for has a row too."""
    rows = list(_rows(muster, place.locale, names, badges))
    per_page = int((A4[1] - 2 * _MARGIN - _HEAD - _FOOT) / _ROW)
    parts = [rows[begin : begin + per_page] for begin in range(0, len(rows), per_page)] or [[]]
    pages = []
    for number, part in enumerate(parts):
        page = Page()
        _draw_head(page, muster, place)
        _draw_rows(page, part, place, number * per_page)
        _draw_foot(page, place, f"{number + 1} / {len(parts)}", printed_at)
        pages.append(page)
    return write_pdf(pages, f"{_text('title', place.locale)}: {place.name}")


def _rows(
    muster: Muster,
    locale: Locale,
    names: Mapping[HolderId, str],
    badges: Mapping[HolderId, int],
) -> Iterator[_Row]:
    for one in muster.present:
        badge = badges.get(one.holder)
        who = names.get(one.holder, str(one.holder))
        who = who if badge is None else f"{_text('badge', locale)} {badge:03}"
        yield _Row(who, one.category, one.lane or "", one.since)
    for category, count in muster.nameless:
        for _ in range(count):
            yield _Row(f"({_text('by hand', locale)})", category)


def _draw_head(page: Page, muster: Muster, place: Place) -> None:
    locale, top = place.locale, A4[1] - _MARGIN
    room = _RIGHT - _MARGIN
    title = _text("title", locale)
    page.text((_MARGIN, top - 16), title, 16, is_bold=True)
    left = _MARGIN + width(title, 16, is_bold=True) + 8
    page.text((left, top - 16), fit(place.name, 11, _RIGHT - left), 11)
    at = f"{_text('at', locale)} {muster.at.astimezone(place.zone):%Y-%m-%d %H:%M:%S}"
    if muster.alarm is not None:
        alarm = _text(muster.alarm, locale) if muster.alarm in _TEXTS else muster.alarm
        at += f", {_text('alarm', locale)} {alarm}"
    page.text((_MARGIN, top - 36), fit(at, 11, room), 11)
    total = f"{muster.total} ± {muster.uncertain}"
    page.text((_MARGIN, top - 60), total, 18, is_bold=True)
    left = _MARGIN + width(total, 18, is_bold=True) + 8
    counted = f"{_text('inside', locale)} (± {_text('uncertain', locale)})"
    page.text((left, top - 60), counted, 11)
    parts = ", ".join(f"{category}: {count}" for category, count in muster.by_category)
    page.text((_MARGIN, top - 76), fit(parts, _PLAIN, room), _PLAIN)
    heads = ("", "No.", *(_text(word, locale) for word in ("who", "category", "lane", "since")))
    for left, words in zip(_COLUMNS, heads, strict=True):
        page.text((left, top - 94), words, _SMALL, is_bold=True)
    page.line([(_MARGIN, top - 98), (_RIGHT, top - 98)])


def _draw_rows(page: Page, rows: Sequence[_Row], place: Place, before: int) -> None:
    y = A4[1] - _MARGIN - _HEAD - 9
    if not rows:
        page.text((_MARGIN, y), _text("nobody", place.locale), _PLAIN)
    rooms = [end - begin - 4 for begin, end in zip(_COLUMNS, (*_COLUMNS[1:], _RIGHT), strict=True)]
    for number, row in enumerate(rows, before + 1):
        since = "" if row.since is None else f"{row.since.astimezone(place.zone):%d.%m. %H:%M}"
        page.box((_COLUMNS[0], y - 1.5), _BOX)
        cells = (str(number), row.who, row.category, row.lane, since)
        for left, room, words in zip(_COLUMNS[1:], rooms[1:], cells, strict=True):
            page.text((left, y), fit(words, _PLAIN, room), _PLAIN)
        page.frame((_MARGIN, y - 5), _RIGHT - _MARGIN, 0)
        y -= _ROW


def _draw_foot(page: Page, place: Place, number: str, printed_at: datetime) -> None:
    page.text((_MARGIN, _MARGIN + 18), _text("checked", place.locale), _PLAIN)
    words = f"{_text('page', place.locale)} {number}"
    page.text((_RIGHT - width(words, _SMALL), _MARGIN), words, _SMALL)
    page.text((_MARGIN, _MARGIN), f"{printed_at.astimezone(place.zone):%Y-%m-%d %H:%M}", _SMALL)


def _text(word: str, locale: Locale) -> str:
    indonesian, english = _TEXTS[word]
    match locale:
        case Locale.ID:
            return indonesian
        case Locale.EN:
            return english
