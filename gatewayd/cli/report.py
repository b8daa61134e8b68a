"""`gatewayd report`: what a day was like, in numbers, or who of the staff came without the app."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from gatewayd.app.people import (
    Day,
    day_at_gate,
    place,
    read_badges,
    read_names,
    recap_day,
    staff_without_app,
)
from gatewayd.app.report_pdf import print_report
from gatewayd.cli.options import ended_early, json_option, locale_option, settings_option
from gatewayd.core.events import format_time
from gatewayd.core.reasons import Locale
from gatewayd.core.recap import ROW_NAMES, Recap
from gatewayd.core.without_app import WithoutApp
from gatewayd.core.words import HolderId, Json
from gatewayd.runtime.clock import SystemClock

_BAR_MAX = 40  # Characters of the longest bar.
_STAFF_WITHOUT_APP = "staff-without-app"


@click.command(
    epilog="\b\nExamples:\n"
    "  gatewayd report --day 2026-11-22 --csv -c gate.toml > day.csv\n"
    "  gatewayd report --pdf recap.pdf -c gate.toml\n"
    "  gatewayd report --list staff-without-app --names staff-names.csv -c gate.toml"
)
@settings_option
@json_option
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), help="Which day at the gate  [default: today]."
)
@click.option("--csv", "is_csv", is_flag=True, help="Print a table for a spreadsheet.")
@click.option(
    "--pdf", type=click.Path(dir_okay=False, path_type=Path), help="Write it with charts, on A4."
)
@locale_option
@click.option(
    "--list",
    "listed",
    type=click.Choice([_STAFF_WITHOUT_APP]),
    help="Instead of numbers: staff who came in by hand or with a plain id.",
)
@click.option(
    "--names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --list: your own list `id,name`; it is joined in memory only.",
)
def report(  # noqa: PLR0913 - one for each option
    *,
    path: Path,
    is_json: bool,
    day: datetime | None,
    is_csv: bool,
    pdf: Path | None,
    locale: Locale | None,
    listed: str | None,
    names: Path | None,
) -> None:
    """Recap a day in numbers: nobody can be recognised in it."""
    if names is not None and listed is None:
        raise click.UsageError("--names goes with --list")
    if pdf is not None and (is_json or is_csv or listed is not None):
        raise click.UsageError("--pdf is of the recap, and goes without --json, --csv and --list")
    with ended_early():
        asked = day_at_gate(path, None if day is None else day.date())
        if listed is not None:
            known = {} if names is None else read_names(path, names)
            badges = {who: f"badge {n:03}" for who, n in read_badges(path).items()}
            _tell_staff(
                asked, staff_without_app(asked), {**badges, **known}, is_json=is_json, is_csv=is_csv
            )
            return
        recap = recap_day(asked)
    if pdf is not None:
        here = place(path)
        here = here if locale is None else replace(here, locale=locale)
        body = print_report(recap, here, asked.limit, SystemClock().utc())
        try:
            pdf.write_bytes(body)
        except OSError as error:
            raise click.UsageError(f"the report cannot be written: {error}") from error
        click.echo(f"{recap.begins.date()}: {pdf}")
    else:
        _tell_recap(recap, is_json=is_json, is_csv=is_csv)


def _tell_recap(recap: Recap, *, is_json: bool, is_csv: bool) -> None:
    if is_json:
        click.echo(json.dumps(recap.document()))
    elif is_csv:
        table = csv.writer(sys.stdout)
        table.writerow(ROW_NAMES)
        table.writerows(recap.rows())
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


def _tell_staff(
    day: Day,
    found: Sequence[WithoutApp],
    called: Mapping[HolderId, str],
    *,
    is_json: bool,
    is_csv: bool,
) -> None:
    rows: list[dict[str, Json]] = [
        {
            "at": format_time(one.at),
            "who": None if one.holder is None else called.get(one.holder, one.holder),
            "category": one.category,
            "lane": one.lane,
            "kind": one.kind,
            "reason": one.reason,
            "officer": one.officer,
        }
        for one in found
    ]
    if is_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    elif is_csv:
        table = csv.DictWriter(
            sys.stdout, ["at", "who", "category", "lane", "kind", "reason", "officer"]
        )
        table.writeheader()
        table.writerows(rows)
    else:
        zone = day.rules.policy.zone
        click.echo(f"{day.begins:%Y-%m-%d}: {len(found)} times, staff came in without the app")
        for one, row in zip(found, rows, strict=True):
            why = "" if one.reason is None else f"  {one.reason} ({one.officer})"
            who = row["who"] or "nobody known"
            at = f"{one.at.astimezone(zone):%H:%M}"
            click.echo(f"{at}  {who!s:<44} {one.category:<12} {one.lane:<10} {one.kind}{why}")
