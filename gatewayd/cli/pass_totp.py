"""`gatewayd pass totp` and `gatewayd pass code`: rotating codes and their secrets."""

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import click

from gatewayd.app.chance import SystemChance
from gatewayd.cli.cards import Card, make_qr, print_cards
from gatewayd.cli.options import json_option
from gatewayd.cli.terminal_code import show_changing
from gatewayd.core.passes import PREFIX, TEXT_LENGTH_MAX
from gatewayd.core.rotating import write_text
from gatewayd.core.spelling import EXPECTED_ID, is_id
from gatewayd.core.tables import Expected
from gatewayd.core.totp import (
    SECRET_SIZE,
    OtpKey,
    code_of,
    enrolment_uri,
    read_key,
    step_at,
    write_key,
)
from gatewayd.runtime.clock import SystemClock

IDS_MAX = 10_000  # As many as passes on a sheet.
_SCALE = 8  # Pixels of a square: a phone reads it from the screen at arm's length.
_HOW = (
    "Pindai dengan aplikasi autentikator, lalu musnahkan kartu ini.",
    "Scan with an authenticator app, then destroy this card.",
)
_LINE_LENGTH_MAX = 256  # A secret of 64 bytes has 110 letters.


@click.command(
    epilog="\b\nExample:\n  gatewayd pass totp 19870101 19880202 --issuer 'Dukcapil Mojokerto' \\"
    "\n      --pdf enrol.pdf > secrets.csv"
)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--issuer", required=True, help="What the app on the phone calls this gate.")
@click.option(
    "--long",
    "is_long",
    is_flag=True,
    help="8 digits by SHA-256; many apps can make only 6 by SHA-1, which is the default.",
)
@click.option(
    "--pdf",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a card for each of them to scan with their phone, and to burn.",
)
@click.option(
    "--png", type=click.Path(dir_okay=False, path_type=Path), help="Write a picture; of one ID."
)
@json_option
def totp(
    *,
    ids: tuple[str, ...],
    issuer: str,
    is_long: bool,
    pdf: Path | None,
    png: Path | None,
    is_json: bool,
) -> None:
    """Make the secrets of people who enter with a rotating code.

    ID is what stands in the roster; - reads them from stdin, one a line. Standard output is a table
    id,otp_key: put the second into the roster. Whoever has a secret can make the codes: treat it
    like a key.
    """
    people = _read_ids(ids)
    if not is_id(issuer):
        raise click.BadParameter(f"expected {EXPECTED_ID}", param_hint="--issuer")
    if png is not None and len(people) > 1:
        raise click.UsageError("--png is for one ID; --pdf takes many")
    keys = [OtpKey(SystemChance().token(SECRET_SIZE), is_long) for _ in people]
    uris = [enrolment_uri(key, one, issuer) for one, key in zip(people, keys, strict=True)]
    try:
        if pdf is not None:
            cards = [_card(one, issuer, uri) for one, uri in zip(people, uris, strict=True)]
            pdf.write_bytes(print_cards(cards, issuer))
        if png is not None:
            make_qr(uris[0]).save(str(png), kind="png", scale=_SCALE)
    except OSError as error:
        raise click.UsageError(f"the codes cannot be written: {error}") from error
    _tell(people, keys, uris, is_json=is_json)


@click.command(
    epilog="\b\nExample:\n  gatewayd pass code 19870101 --otp-key-file secret.txt --show"
    "\n  gatewayd pass code 19870101 --otp-key-file secret.txt | gatewayd simulate reader \\"
    "\n      --port /tmp/reader"
)
@click.argument("shown", metavar="ID|PASS")
@click.option(
    "--otp-key-file",
    "key_file",
    required=True,
    type=click.File(),
    help="A file with the secret in its first line; - is standard input.",
)
@click.option("--show", "is_shown", is_flag=True, help="Draw it here, every 30 s anew.")
def code(*, shown: str, key_file: TextIO, is_shown: bool) -> None:
    """Print what a phone with that secret shows now, to try a gate.

    ID is what stands in the roster; PASS is the whole text of a pass (OG1:...) of that person.
    """
    key = read_key(key_file.readline(_LINE_LENGTH_MAX).strip())
    if isinstance(key, Expected):
        raise click.BadParameter(f"expected {key.what}", param_hint="--otp-key-file")
    is_pass = shown.startswith(PREFIX) and len(shown) <= TEXT_LENGTH_MAX
    if not is_pass and not is_id(shown):
        raise click.BadParameter(f"expected {EXPECTED_ID}, or a pass", param_hint="ID|PASS")
    if is_shown:
        show_changing(lambda at: write_text(shown, code_of(key, step_at(at))), shown[:16])
    click.echo(write_text(shown, code_of(key, step_at(SystemClock().utc()))))


def _read_ids(ids: Sequence[str]) -> list[str]:
    """Return them without blank lines; what is wrong is told by its place, never repeated."""
    found = sys.stdin.read().splitlines() if list(ids) == ["-"] else list(ids)
    people = [one.strip() for one in found if one.strip()]
    for number, one in enumerate(people, 1):
        if not is_id(one):
            raise click.BadParameter(f"number {number}: expected {EXPECTED_ID}", param_hint="ID")
    if not people or len(people) > IDS_MAX or len(set(people)) < len(people):
        what = f"expected 1 to {IDS_MAX} ids, none of them twice"
        raise click.BadParameter(what, param_hint="ID")
    return people


def _card(person: str, issuer: str, uri: str) -> Card:
    return Card(uri, person, (issuer, *_HOW))


def _tell(
    people: Sequence[str], keys: Sequence[OtpKey], uris: Sequence[str], *, is_json: bool
) -> None:
    table = csv.writer(sys.stdout, lineterminator="\n")
    if not is_json:
        table.writerow(["id", "otp_key"])
    for one, key, uri in zip(people, keys, uris, strict=True):
        if is_json:
            click.echo(json.dumps({"id": one, "otp_key": write_key(key), "uri": uri}))
        else:
            table.writerow([one, write_key(key)])
