"""`gatewayd pass issue`: one signed pass, as a QR code or as text."""

import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import click

from gatewayd.app.chance import SystemChance
from gatewayd.app.errors import told_plainly
from gatewayd.app.key_files import read_signing_key
from gatewayd.cli.cards import make_qr
from gatewayd.cli.options import ended_early, json_option
from gatewayd.cli.pass_options import (
    DAYS_MAX,
    DEFAULT_DAYS,
    describe_pass,
    key_option,
    zone_option,
)
from gatewayd.core.events import format_time
from gatewayd.core.pass_orders import STATUSES
from gatewayd.core.passes import ENTRIES_MAX, PASS_ID_SIZE, Pass, write_pass
from gatewayd.core.spelling import EXPECTED_CATEGORY, EXPECTED_ID, is_category, is_id, read_time
from gatewayd.core.tables import Expected
from gatewayd.core.words import Status
from gatewayd.runtime.clock import SystemClock

_YEARS = range(2000, 2200)  # A date outside of them is a typing mistake.
_SCALE = 8  # Pixels of a square: 2 cm wide on a printed card, sharp on a screen.

_Context = click.Context
_Option = click.Parameter


def _spelled(
    is_right: Callable[[str], bool], expected: str
) -> Callable[[_Context, _Option, str | None], str | None]:
    """Make the check of an option. It does not repeat the value: that can be a person's number."""

    def check(_context: _Context, _option: _Option, value: str | None) -> str | None:
        if value is not None and not is_right(value):
            raise click.BadParameter(f"expected {expected}")
        return value

    return check


def _date(*, is_end: bool) -> Callable[[_Context, _Option, str | None], datetime | None]:
    """Make the reader of an option that is a date, or a time, in the zone of --timezone."""

    def read(context: _Context, _option: _Option, value: str | None) -> datetime | None:
        if value is None:
            return None
        at = read_time(value, context.params["zone"], is_end=is_end)
        if isinstance(at, Expected):
            raise click.BadParameter(f"expected {at.what}")
        if at.year not in _YEARS:
            raise click.BadParameter(f"expected a year from {_YEARS[0]} to {_YEARS[-1]}")
        return at.replace(microsecond=0)

    return read


@click.command(
    epilog="\b\nExample:\n  gatewayd pass issue --key issuer/gmsc.key.pem --subject 19870101 \\"
    "\n      --category staff --until 2027-12-31 --png card.png"
)
@key_option
@click.option(
    "--issuer",
    callback=_spelled(is_id, EXPECTED_ID),
    help="The issuer's name, where NAME.jwks.json is not there.",
)
@click.option(
    "--subject",
    required=True,
    callback=_spelled(is_id, EXPECTED_ID),
    help="The person's id, the same as in rosters.",
)
@click.option(
    "--category",
    required=True,
    callback=_spelled(is_category, EXPECTED_CATEGORY),
    help="A category of the gate's policy: staff, visitor ...",
)
@click.option(
    "--from",
    "begins",
    metavar="DATE",
    callback=_date(is_end=False),
    help="First day, or the time when it begins  [default: now].",
)
@click.option(
    "--days",
    type=click.IntRange(1, DAYS_MAX),
    help=f"For how many times 24 hours  [default: {DEFAULT_DAYS}].",
)
@click.option(
    "--until",
    "ends",
    metavar="DATE",
    callback=_date(is_end=True),
    help="Last day, or the time when it ends.",
)
@click.option("--status", type=click.Choice(STATUSES), help="A status the issuer vouches for.")
@click.option(
    "--status-until",
    "status_ends",
    metavar="DATE",
    callback=_date(is_end=True),
    help="Last day of the status, or the time when it ends  [default: with the pass].",
)
@click.option("--purpose", callback=_spelled(is_id, EXPECTED_ID), help="What a visitor comes for.")
@click.option("--host", callback=_spelled(is_id, EXPECTED_ID), help="Whom a visitor comes to see.")
@click.option(
    "--entries",
    type=click.IntRange(0, ENTRIES_MAX),
    help="For how many times it lets them in  [default: no limit].",
)
@zone_option
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), help="Write a picture.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Write a drawing.")
@click.option("--text", "is_text", is_flag=True, help="Print the code itself.")
@json_option
def issue(  # noqa: PLR0913, one parameter for each option
    *,
    key_path: Path,
    issuer: str | None,
    subject: str,
    category: str,
    begins: datetime | None,
    days: int | None,
    ends: datetime | None,
    status: str | None,
    status_ends: datetime | None,
    purpose: str | None,
    host: str | None,
    entries: int | None,
    zone: tzinfo,
    png: Path | None,
    svg: Path | None,
    is_text: bool,
    is_json: bool,
) -> None:
    """Issue a pass.

    Without an output option its QR code is drawn in the terminal; where there is no terminal, the
    code itself is printed.
    """
    if status_ends and not status:
        raise click.UsageError("--status-until needs --status")
    with ended_early(), told_plainly():
        key = read_signing_key(key_path, issuer)
    now = SystemClock().utc().replace(microsecond=0)
    not_before, not_after = _find_window(now, begins, days, ends)
    content = Pass(
        issuer=key.issuer,
        subject=subject,
        category=category,
        issued_at=now,
        not_before=not_before,
        not_after=not_after,
        pass_id=SystemChance().token(PASS_ID_SIZE),
        status=Status(status) if status else None,
        status_until=(status_ends or not_after) if status else None,
        purpose=purpose,
        host=host,
        entries=entries,
    )
    code = write_pass(content, key.private)
    has_picture = _draw(code, png, svg)
    if is_json:
        click.echo(json.dumps({"code": code, **describe_pass(content)}))
    elif is_text or not (has_picture or sys.stdout.isatty()):
        click.echo(code)
    elif not has_picture:
        make_qr(code).terminal(compact=True)
    begin, end = (f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" for at in (not_before, not_after))
    click.echo(f"pass {content.pass_id.hex()}, {begin} until {end} ({zone})", err=True)


def _find_window(
    now: datetime, begins: datetime | None, days: int | None, ends: datetime | None
) -> tuple[datetime, datetime]:
    if days and ends:
        raise click.UsageError("give --days or --until, not both")
    not_before = begins or now
    not_after = ends or not_before + timedelta(days=days or DEFAULT_DAYS)
    if not_after <= max(not_before, now):
        raise click.UsageError(f"a pass that ends {format_time(not_after)} would never be valid")
    return not_before, not_after


def _draw(code: str, png: Path | None, svg: Path | None) -> bool:
    """Write the pictures that are wanted; return whether there is one."""
    try:
        for path, kind in ((png, "png"), (svg, "svg")):
            if path is not None:
                make_qr(code).save(str(path), kind=kind, scale=_SCALE)
    except OSError as error:
        raise click.UsageError(f"the picture cannot be written: {error}") from error
    return bool(png or svg)
