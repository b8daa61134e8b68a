"""Passes to be issued together: a table with a row for each of them."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import NamedTuple

from gatewayd.core.passes import ENTRIES_MAX
from gatewayd.core.spelling import EXPECTED_CATEGORY, EXPECTED_ID, is_category, is_id, read_time
from gatewayd.core.tables import Expected
from gatewayd.core.words import Status

COLUMNS = (
    "id",
    "category",
    "label",
    "valid_from",
    "valid_until",
    "purpose",
    "host",
    "entries",
    "status",
    "status_until",
)
ROWS_MAX = 10_000  # A thousand sheets of paper; more is a mistake.
STATUSES = tuple(str(status) for status in Status if status is not Status.UNKNOWN)
"""What an issuer can vouch for."""
LINE_LENGTH_MAX = 4096  # All cells at their longest have a tenth of that.
LABEL_LENGTH_MAX = 40  # What fits the card.

_COUNT = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class PassOrder:
    """A row; label: what is printed on the card, and stands nowhere else.

    status_until: None with a status is that it ends with the pass.
    """

    subject: str = field(repr=False)
    category: str
    label: str = field(default="", repr=False)
    not_before: datetime | None = None
    not_after: datetime | None = None
    purpose: str | None = None
    host: str | None = None
    entries: int | None = None
    status: Status | None = None
    status_until: datetime | None = None


def parse_orders(content: bytes, zone: tzinfo) -> tuple[tuple[PassOrder, ...], tuple[str, ...]]:
    """Read a table in UTF-8 with a header; dates count in `zone`.

    Returns the rows and a sentence for each mistake, which names the row and never repeats what
    stands in it: that can be a person's number.
    """
    lines = content.decode("utf-8-sig", errors="replace").splitlines()
    first = lines[0] if lines else ""
    delimiter = ";" if first.count(";") > first.count(",") else ","
    header = [cell.strip().lower() for cell in first.split(delimiter)]
    if not {"id", "category"} <= set(header) <= set(COLUMNS) or len(set(header)) < len(header):
        return (), (f"row 1: expected a header of {', '.join(COLUMNS)}; id and category at least",)
    if len(lines) > ROWS_MAX + 1:
        return (), (f"expected at most {ROWS_MAX} rows; split the file",)
    orders: list[PassOrder] = []
    problems: list[str] = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip(f" \t{delimiter}"):
            continue
        if len(line) > LINE_LENGTH_MAX:
            problems.append(f"row {number}: expected at most {LINE_LENGTH_MAX} characters")
            continue
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
        order = _read_row(dict(zip(header, cells, strict=False)), zone)
        if isinstance(order, PassOrder) and len(cells) <= len(header):
            orders.append(order)
        else:
            what = order.what if isinstance(order, Expected) else "no more cells than the header"
            problems.append(f"row {number}: expected {what}")
    return tuple(orders), tuple(problems)


def _read_row(cells: Mapping[str, str], zone: tzinfo) -> PassOrder | Expected:
    subject, category = cells.get("id", ""), cells.get("category", "")
    if not is_id(subject):
        return Expected(f"an id of {EXPECTED_ID}")
    if not is_category(category):
        return Expected(f"a category of {EXPECTED_CATEGORY}")
    dates = _read_dates(cells, zone)
    if isinstance(dates, Expected):
        return dates
    told = {name: cells.get(name) or None for name in ("purpose", "host")}
    for name, words in told.items():
        if words is not None and not is_id(words):
            return Expected(f"a {name} of {EXPECTED_ID}")
    label, entries = cells.get("label", ""), cells.get("entries") or None
    if len(label) > LABEL_LENGTH_MAX:
        return Expected(f"a label of at most {LABEL_LENGTH_MAX} characters")
    if entries is not None and not (_COUNT.fullmatch(entries) and int(entries) <= ENTRIES_MAX):
        return Expected(f"entries from 0 to {ENTRIES_MAX}, or nothing for no limit")
    status = cells.get("status") or None
    if status not in (None, *STATUSES) or (status is None and dates.status_until is not None):
        return Expected(f"a status of {', '.join(STATUSES)}; status_until only with one")
    return PassOrder(
        subject,
        category,
        label,
        dates.valid_from,
        dates.valid_until,
        told["purpose"],
        told["host"],
        int(entries) if entries is not None else None,
        Status(status) if status is not None else None,
        dates.status_until,
    )


class _Dates(NamedTuple):
    valid_from: datetime | None
    valid_until: datetime | None
    status_until: datetime | None


def _read_dates(cells: Mapping[str, str], zone: tzinfo) -> _Dates | Expected:
    found: dict[str, datetime | None] = {}
    for name in _Dates._fields:
        at = read_time(cells[name], zone, is_end=name != "valid_from") if cells.get(name) else None
        if isinstance(at, Expected):
            return Expected(f"{name} as {at.what}")
        found[name] = None if at is None else at.replace(microsecond=0)
    return _Dates(**found)
