"""`gatewayd muster`: who is inside, or was at a time or when an alarm began."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from gatewayd.app.muster_pdf import print_muster
from gatewayd.app.people import (
    Place,
    frozen_muster,
    muster_at,
    place,
    read_badges,
    read_names,
)
from gatewayd.cli.options import (
    ended_early,
    json_option,
    locale_option,
    settings_option,
    time_option,
)
from gatewayd.core.events import format_time
from gatewayd.core.muster import USUAL_ALARMS, Muster
from gatewayd.core.reasons import Locale
from gatewayd.core.words import HolderId, Json
from gatewayd.runtime.clock import SystemClock


@click.command(
    epilog="\b\nExamples:\n"
    "  gatewayd muster --names staff-names.csv -c gate.toml | lpr\n"
    "  gatewayd muster --frozen --pdf muster.pdf -c gate.toml"
)
@settings_option
@json_option
@time_option
@click.option("--frozen", is_flag=True, help="As it was when the last alarm began.")
@click.option(
    "--alarm",
    "alarms",
    multiple=True,
    metavar="NAME",
    help=f"Which alarm, with --frozen  [default: {', '.join(sorted(USUAL_ALARMS))}].",
)
@click.option(
    "--names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own list `id,name`; it is joined in memory only.",
)
@click.option(
    "--pdf", type=click.Path(dir_okay=False, path_type=Path), help="Write a list to tick, on A4."
)
@locale_option
def muster(  # noqa: PLR0913 - one for each option
    *,
    path: Path,
    is_json: bool,
    at: datetime,
    frozen: bool,
    alarms: tuple[str, ...],
    names: Path | None,
    pdf: Path | None,
    locale: Locale | None,
) -> None:
    """List who is inside, or was at a time or when an alarm began: for the meeting point.

    People are told by their pseudonyms, guests with a badge by its number, or by the names that you
    bring. Whom no pseudonym stands for (guests by hand, people who went in unseen) is counted.
    """
    if alarms and not frozen:
        raise click.UsageError("--alarm goes with --frozen")
    with ended_early():
        here = place(path)
        taken = frozen_muster(path, alarms or USUAL_ALARMS) if frozen else muster_at(path, at)
        badges = read_badges(path)
        known = {} if names is None else read_names(path, names)
    if pdf is not None:
        if locale is not None:
            here = replace(here, locale=locale)
        body = print_muster(taken, here, known, badges, SystemClock().utc())
        _write(pdf, body)
        click.echo(f"{taken.total} inside, {taken.uncertain} of it uncertain: {pdf}")
    elif is_json:
        click.echo(json.dumps(_document(taken, known, badges), ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(taken, here, known, badges)))


def _write(pdf: Path, body: bytes) -> None:
    try:
        pdf.write_bytes(body)
    except OSError as error:
        raise click.UsageError(f"the list cannot be written: {error}") from error


def _document(
    taken: Muster, names: Mapping[HolderId, str], badges: Mapping[HolderId, int]
) -> dict[str, Json]:
    return {
        "at": format_time(taken.at),
        "alarm": taken.alarm,
        "people": [
            {
                "who": names.get(one.holder, one.holder),
                "badge": badges.get(one.holder),
                "category": one.category,
                "lane": one.lane,
                "since": format_time(one.since),
            }
            for one in taken.present
        ],
        "nameless": dict[str, Json](taken.nameless),
        "total": taken.total,
        "uncertain": taken.uncertain,
    }


def _lines(
    taken: Muster, here: Place, names: Mapping[HolderId, str], badges: Mapping[HolderId, int]
) -> Iterator[str]:
    alarm = "" if taken.alarm is None else f", when the alarm {taken.alarm} began"
    yield f"Inside at {taken.at.astimezone(here.zone):%Y-%m-%d %H:%M:%S}{alarm}"
    for one in taken.present:
        badge = badges.get(one.holder)
        who = names.get(one.holder, one.holder) if badge is None else f"badge {badge:03}"
        since = one.since.astimezone(here.zone)
        yield f"[ ] {who:<44} {one.category:<14} {one.lane or '':<10} {since:%H:%M}"
    for category, count in taken.nameless:
        yield f"[ ] {count} more, {category}: by hand or unseen"
    yield f"{taken.total} inside, {taken.uncertain} of it uncertain"
