"""`gatewayd muster` and `gatewayd report`: who is inside, and what the day was like."""

import csv
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from gatewayd.app.people import count_again, read_names, recap_day
from gatewayd.cli.options import ended_early, json_option, settings_option, time_option
from gatewayd.core.events import format_time
from gatewayd.core.recap import Recap
from gatewayd.core.words import Json

_BAR_MAX = 40  # Characters of the longest bar.


@click.command(epilog="\b\nExample:\n  gatewayd muster --names staff-names.csv -c gate.toml | lpr")
@settings_option
@json_option
@time_option
@click.option(
    "--names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own list `id,name`; it is joined in memory only.",
)
def muster(*, path: Path, is_json: bool, at: datetime, names: Path | None) -> None:
    """List who is inside, or was at a time: for the meeting point.

    People are told by their pseudonyms, or by the names that you bring. Whom no pseudonym stands
    for (guests by hand, people who went in unseen) is counted.
    """
    with ended_early():
        recount, zone = count_again(path, at)
        known = {} if names is None else read_names(path, names)
    by_category, uncertain = recount.counts()
    rows: list[dict[str, Json]] = [
        {
            "who": known.get(one.holder, one.holder),
            "category": one.category,
            "lane": one.lane,
            "since": format_time(one.since),
        }
        for one in recount.present()
    ]
    if is_json:
        told: dict[str, Json] = {
            "at": format_time(at),
            "people": list[Json](rows),
            "nameless": dict[str, Json](recount.nameless()),
            "total": sum(by_category.values()),
            "uncertain": uncertain,
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"Inside at {at.astimezone(zone):%Y-%m-%d %H:%M:%S}")
    for one, row in zip(recount.present(), rows, strict=True):
        since = one.since.astimezone(zone)
        click.echo(f"[ ] {row['who']!s:<44} {one.category:<14} {one.lane or '':<10} {since:%H:%M}")
    for category, count in recount.nameless().items():
        click.echo(f"[ ] {count} more, {category}: by hand or unseen")
    click.echo(f"{sum(by_category.values())} inside, {uncertain} of it uncertain")


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
