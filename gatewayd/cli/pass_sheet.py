"""`gatewayd pass sheet` and `gatewayd pass badges`: many passes at once, as cards to print."""

import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import click

from gatewayd.app.chance import SystemChance
from gatewayd.app.errors import told_plainly
from gatewayd.app.key_files import SigningKey, read_signing_key
from gatewayd.cli.cards import Card, print_cards
from gatewayd.cli.options import ended_early
from gatewayd.cli.pass_options import DAYS_MAX, DEFAULT_DAYS, key_option, zone_option
from gatewayd.core.events import format_time
from gatewayd.core.pass_orders import PassOrder, parse_orders
from gatewayd.core.passes import BADGES_MAX, PASS_ID_SIZE, Pass, badge_subject, write_pass
from gatewayd.core.spelling import EXPECTED_CATEGORY, is_category
from gatewayd.runtime.clock import SystemClock

BADGE_DAYS = 365

_RETURN = ("Kembalikan saat keluar.", "Hand it back when you leave.")


@dataclass(frozen=True, slots=True)
class _Issued:
    order: PassOrder
    content: Pass
    code: str


_single_option = click.option(
    "--single",
    "is_single",
    is_flag=True,
    help="Each card on a page of its own, for a card printer.",
)


@click.command(
    epilog="\b\nExample:\n  gatewayd pass sheet guests.csv --key issuer/gmsc.key.pem "
    "--pdf cards.pdf > issued.csv"
)
@click.argument("table", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@key_option
@zone_option
@click.option(
    "--pdf", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The cards."
)
@click.option(
    "--days",
    type=click.IntRange(1, DAYS_MAX),
    default=DEFAULT_DAYS,
    show_default=True,
    help="For how many times 24 hours, where a row has no valid_until.",
)
@_single_option
def sheet(
    *, table: Path, key_path: Path, zone: tzinfo, pdf: Path, days: int, is_single: bool
) -> None:
    """Issue a pass for each row of a table, as cards to print and cut.

    TABLE is CSV with the columns id, category, and maybe label (printed on the card only),
    valid_from, valid_until, purpose, host, entries (for how many times it lets somebody in),
    status, status_until.
    Standard output is a table of what was issued: keep it, it has the ids to take passes back.
    """
    orders, problems = parse_orders(table.read_bytes(), zone)
    if problems or not orders:
        for problem in problems or ("row 2: expected a row",):
            click.echo(f"{table}: {problem}", err=True)
        click.echo("nothing was issued", err=True)
        sys.exit(1)
    _print(_issue(key_path, orders, timedelta(days=days)), pdf, zone, is_single=is_single)


@click.command(
    epilog="\b\nExample:\n  gatewayd pass badges --count 20 --key issuer/gmsc.key.pem "
    "--pdf badges.pdf > badges.csv"
)
@key_option
@zone_option
@click.option("--count", required=True, type=click.IntRange(1, BADGES_MAX), help="How many.")
@click.option(
    "--first", default=1, show_default=True, type=click.IntRange(1, BADGES_MAX), help="Its number."
)
@click.option("--category", default="visitor", show_default=True)
@click.option(
    "--pdf", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The cards."
)
@_single_option
def badges(  # noqa: PLR0913, one parameter for each option
    *,
    key_path: Path,
    zone: tzinfo,
    count: int,
    first: int,
    category: str,
    pdf: Path,
    is_single: bool,
) -> None:
    """Make numbered badges for guests whom an officer lets in by hand.

    A badge lets nobody in. The officer names it (gatewayd admit --badge 17), the guest carries it,
    shows it at the exit and hands it back.
    """
    if first + count - 1 > BADGES_MAX:
        raise click.UsageError(f"badges have numbers up to {BADGES_MAX}")
    if not is_category(category):
        raise click.UsageError(f"--category: expected {EXPECTED_CATEGORY}")
    numbers = range(first, first + count)
    orders = [
        PassOrder(badge_subject(number), category, f"TAMU {number:03}", entries=0)
        for number in numbers
    ]
    _print(_issue(key_path, orders, timedelta(days=BADGE_DAYS)), pdf, zone, is_single=is_single)


def _issue(key_path: Path, orders: Iterable[PassOrder], lasts: timedelta) -> list[_Issued]:
    with ended_early(), told_plainly():
        key = read_signing_key(key_path)
    now = SystemClock().utc().replace(microsecond=0)
    chance = SystemChance()
    issued = []
    for order in orders:
        content = _fill(order, key, now, lasts, chance.token(PASS_ID_SIZE))
        if content.not_after <= max(content.not_before, now):
            click.echo("a pass would never be valid: look at valid_from and valid_until", err=True)
            sys.exit(1)
        issued.append(_Issued(order, content, write_pass(content, key.private)))
    return issued


def _fill(
    order: PassOrder, key: SigningKey, now: datetime, lasts: timedelta, pass_id: bytes
) -> Pass:
    not_before = order.not_before or now
    not_after = order.not_after or not_before + lasts
    return Pass(
        issuer=key.issuer,
        subject=order.subject,
        category=order.category,
        issued_at=now,
        not_before=not_before,
        not_after=not_after,
        pass_id=pass_id,
        purpose=order.purpose,
        host=order.host,
        entries=order.entries,
        status=order.status,
        status_until=(order.status_until or not_after) if order.status else None,
    )


def _print(issued: Sequence[_Issued], pdf: Path, zone: tzinfo, *, is_single: bool) -> None:
    cards = [Card(one.code, one.order.label or "PASS", _describe(one, zone)) for one in issued]
    try:
        title = f"{issued[0].content.issuer}: {len(cards)}"
        pdf.write_bytes(print_cards(cards, title, is_single=is_single))
    except OSError as error:
        raise click.UsageError(f"the cards cannot be written: {error}") from error
    register = csv.writer(sys.stdout, lineterminator="\n")
    register.writerow(["id", "pass_id", "valid_until"])
    for one in issued:
        content = one.content
        row = [content.subject, content.pass_id.hex(), format_time(content.not_after)]
        register.writerow(row)
    click.echo(f"{len(cards)} cards: {pdf}", err=True)


def _describe(one: _Issued, zone: tzinfo) -> tuple[str, ...]:
    content = one.content
    if content.entries == 0:
        return _RETURN
    window = (content.not_before, content.not_after)
    begin, end = (f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in window)
    told = [content.category, f"{begin} -", end]
    if content.purpose is not None:
        told.append(f"Keperluan: {content.purpose}")
    if content.host is not None:
        told.append(f"Menemui: {content.host}")
    if content.entries is not None:
        told.append(f"Untuk {content.entries} kali masuk")
    return (*told, f"No. {content.pass_id.hex()}")
