"""`gatewayd report`: what a day was like, in numbers."""

import csv
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from gatewayd.app.people import recap_day
from gatewayd.cli.options import ended_early, json_option, settings_option
from gatewayd.core.recap import Recap

_BAR_MAX = 40  # Characters of the longest bar.


@click.command(
    epilog="\b\nExample:\n  gatewayd report --day 2026-11-22 --csv -c gate.toml > day.csv"
)
@settings_option
@json_option
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), help="Which day at the gate  [default: today]."
)
@click.option("--csv", "is_csv", is_flag=True, help="Print a table for a spreadsheet.")
def report(*, path: Path, is_json: bool, day: datetime | None, is_csv: bool) -> None:
    """Recap a day in numbers: nobody can be recognised in it."""
    with ended_early():
        recap = recap_day(path, None if day is None else day.date())
    if is_json:
        click.echo(json.dumps(recap.document()))
    elif is_csv:
        table = csv.writer(sys.stdout)
        table.writerow(["day", "table", "what", "count"])
        for name, rows in recap.tables().items():
            table.writerows([recap.begins.date(), name, *row] for row in rows.items())
        table.writerow([recap.begins.date(), "peak", "inside at once", recap.peak])
    else:
        click.echo("\n".join(_lines(recap)))


def _lines(recap: Recap) -> Iterator[str]:
    yield f"{recap.begins:%Y-%m-%d}"
    for name, rows in recap.tables().items():
        if not rows:
            continue
        yield ""
        yield name
        most = max(rows.values())
        for what, count in rows.items():
            bar = "#" * round(_BAR_MAX * count / most) if name.endswith("by hour") else ""
            yield f"  {what:<28} {count:>6} {bar}".rstrip()
    if recap.peak_at is not None:
        yield ""
        yield f"most inside at once: {recap.peak}, at {recap.peak_at.astimezone(recap.zone):%H:%M}"
