"""`gatewayd poster`: the lanes' own codes, which people scan with their phones to check in."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import click
import segno

from gatewayd.app.errors import told_plainly
from gatewayd.app.key_files import read_secret
from gatewayd.app.pdf import A4, POINTS_PER_MM, Page, write_pdf
from gatewayd.app.site import Rules, read_rules
from gatewayd.cli.options import ended_early, settings_option
from gatewayd.cli.terminal_code import show_changing
from gatewayd.core.lane_codes import (
    CODE_LENGTH_MAX,
    SCHEME,
    LaneCode,
    check_stamped,
    stamp,
    write_code,
)
from gatewayd.core.pseudonym import KEY_SIZE
from gatewayd.core.reasons import Locale, Reason, text
from gatewayd.core.spelling import EXPECTED_CATEGORY, is_category
from gatewayd.core.words import Direction, LaneId
from gatewayd.runtime.clock import SystemClock

CODE_MM = 140.0  # Read from two metres away.
_LEFT = 20 * POINTS_PER_MM

_TITLES = {
    Direction.ENTRY: ("Pindai di sini untuk masuk", "Scan here to check in"),
    Direction.EXIT: ("Pindai di sini saat keluar", "Scan here when you leave"),
}


def _read_purposes(
    _context: click.Context, _option: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    if not all(map(is_category, value)):
        raise click.BadParameter(f"expected {EXPECTED_CATEGORY}")
    return value


def _read_prefix(_context: click.Context, _option: click.Parameter, value: str) -> str:
    is_plain = value.isascii() and value.isprintable() and " " not in value and "?" not in value
    if not is_plain or not value.endswith((":", "/", "#")) or len(value) > CODE_LENGTH_MAX // 2:
        raise click.BadParameter("expected an address that ends with / or #, like https://a.go.id/")
    return value


@click.command(
    epilog="""\b
Examples:
  gatewayd poster -c gate.toml --pdf posters.pdf --purpose paspor --purpose izin_tinggal
  gatewayd poster -c gate.toml --show lane-1/entry"""
)
@settings_option
@click.option("--pdf", type=click.Path(dir_okay=False, path_type=Path), help="Write the posters.")
@click.option(
    "--purpose",
    "purposes",
    multiple=True,
    callback=_read_purposes,
    help="Entries get a poster for each purpose; may be repeated.",
)
@click.option(
    "--address",
    "prefix",
    default=SCHEME,
    show_default=True,
    callback=_read_prefix,
    help="What the codes begin with: where phones are sent.",
)
@click.option(
    "--show",
    "shown",
    metavar="LANE/DIRECTION",
    help="Show a code on this terminal that changes every 30 s.",
)
@click.option("--check", "checked", metavar="CODE", help="Tell whether a display shows this now.")
def poster(
    *,
    path: Path,
    pdf: Path | None,
    purposes: tuple[str, ...],
    prefix: str,
    shown: str | None,
    checked: str | None,
) -> None:
    """Print the codes of the lanes as posters, or show one that changes.

    A photograph of a poster works anywhere; the code on a display proves that somebody was there.
    """
    if [pdf, shown, checked].count(None) != 2:
        raise click.UsageError("give --pdf, --show or --check")
    with ended_early(), told_plainly():
        rules = read_rules(path)
    if shown is not None:
        _show(rules, shown, prefix)
    if checked is not None:
        _check(rules, checked)
    if pdf is not None:
        site = rules.settings.site.name
        pages = [_draw(site, code, write_code(code, prefix)) for code in _codes(rules, purposes)]
        try:
            pdf.write_bytes(write_pdf(pages, site))
        except OSError as error:
            raise click.UsageError(f"the posters cannot be written: {error}") from error
        click.echo(f"{len(pages)} posters: {pdf}")


def _codes(rules: Rules, purposes: tuple[str, ...]) -> Iterator[LaneCode]:
    site = str(rules.site_path)
    for lane in rules.settings.lanes:
        for purpose in purposes or (None,):
            yield LaneCode(site, LaneId(lane.id), Direction.ENTRY, purpose)
        yield LaneCode(site, LaneId(lane.id), Direction.EXIT)


def _draw(site: str, code: LaneCode, text: str) -> Page:
    page = Page()
    indonesian, english = _TITLES[code.direction]
    top = A4[1]
    page.text((_LEFT, top - 80), indonesian, 28, is_bold=True)
    page.text((_LEFT, top - 112), english, 20)
    side = CODE_MM * POINTS_PER_MM
    qr = segno.make_qr(text, error="q")  # Posters get dirty: a quarter may be lost.
    page.code(((A4[0] - side) / 2, top - 150 - side), side, qr)
    y = top - 190 - side
    page.text((_LEFT, y), site, 22, is_bold=True)
    where = f"{code.lane}" if code.purpose is None else f"{code.lane} - {code.purpose}"
    page.text((_LEFT, y - 28), where, 16)
    page.text((_LEFT, y - 52), text, 8)
    return page


def _show(rules: Rules, shown: str, prefix: str) -> NoReturn:
    """Draw the code again and again, until the command is ended."""
    codes = {f"{code.lane}/{code.direction}": code for code in _codes(rules, ())}
    if shown not in codes:
        raise click.UsageError(f"--show: expected one of {', '.join(codes)}")
    key, code = _read_key(rules), write_code(codes[shown], prefix)
    heading = "\n".join(_TITLES[codes[shown].direction])
    show_changing(lambda at: stamp(code, key, at), heading)


def _check(rules: Rules, checked: str) -> NoReturn:
    found = check_stamped(checked, str(rules.site_path), _read_key(rules), SystemClock().utc())
    if isinstance(found, Reason):
        click.echo(f"not valid: {found}. {text(found, Locale.EN)}")
        sys.exit(1)
    purpose = f" for {found.purpose}" if found.purpose else ""
    click.echo(f"valid: {found.lane} {found.direction}{purpose}")
    sys.exit(0)


def _read_key(rules: Rules) -> bytes:
    with ended_early(), told_plainly():
        return read_secret(rules.settings.privacy.key_file, KEY_SIZE)
