"""Passes to be issued together: a table with a row for each of them."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from gatewayd.core.passes import ENTRIES_MAX
from gatewayd.core.spelling import EXPECTED_CATEGORY, EXPECTED_ID, is_category, is_id, read_time
from gatewayd.core.tables import Expected

COLUMNS = ("id", "category", "label", "valid_from", "valid_until", "purpose", "host", "entries")
ROWS_MAX = 10_000  # A thousand sheets of paper; more is a mistake.
LABEL_LENGTH_MAX = 40  # What fits the card.


@dataclass(frozen=True, slots=True)
class PassOrder:
    """A row; label: what is printed on the card, and stands nowhere else."""

    subject: str = field(repr=False)
    category: str
    label: str = field(default="", repr=False)
    not_before: datetime | None = None
    not_after: datetime | None = None
    purpose: str | None = None
    host: str | None = None
    entries: int | None = None


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
    begins, ends = (_read_date(cells.get(name, ""), zone, name) for name in COLUMNS[3:5])
    if isinstance(begins, Expected):
        return begins
    if isinstance(ends, Expected):
        return ends
    told = {name: cells.get(name) or None for name in ("purpose", "host")}
    for name, words in told.items():
        if words is not None and not is_id(words):
            return Expected(f"a {name} of {EXPECTED_ID}")
    label, entries = cells.get("label", ""), cells.get("entries") or None
    if len(label) > LABEL_LENGTH_MAX:
        return Expected(f"a label of at most {LABEL_LENGTH_MAX} characters")
    if entries is not None and not (entries.isdecimal() and int(entries) <= ENTRIES_MAX):
        return Expected(f"entries from 0 to {ENTRIES_MAX}, or nothing for no limit")
    return PassOrder(
        subject,
        category,
        label,
        begins,
        ends,
        told["purpose"],
        told["host"],
        int(entries) if entries is not None else None,
    )


def _read_date(cell: str, zone: tzinfo, name: str) -> datetime | Expected | None:
    if not cell:
        return None
    at = read_time(cell, zone, is_end=name == "valid_until")
    return (
        Expected(f"{name} as {at.what}") if isinstance(at, Expected) else at.replace(microsecond=0)
    )
