"""A table as spreadsheets open it."""

import csv
import io
from collections.abc import Iterable, Sequence


def spreadsheet(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return it as CSV, with the mark by which spreadsheets know UTF-8."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(head)
    for row in rows:  # One by one: all in one call would hold the interpreter for as long.
        table.writerow(row)
    return text.getvalue().encode("utf-8-sig")
