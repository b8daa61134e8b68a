"""`gatewayd credential`: any code that a person may hold up, looked at without a gate."""

import json
import os
import sys
from datetime import datetime
from pathlib import Path

import click

from gatewayd.app.trust_directory import read_trust
from gatewayd.cli.credential_batch import Bench, describe
from gatewayd.cli.json_lines import LINE_SIZE_MAX, read_lines
from gatewayd.cli.options import json_option, time_option
from gatewayd.core.reasons import Locale, Reason, text
from gatewayd.core.trust import Trust, collect
from gatewayd.core.verification import verify as verify_scans


@click.group()
def credential() -> None:
    """Look at codes without a gate."""


@credential.command(
    epilog="""\b
Examples:
  gatewayd credential verify "$(cat code.txt)" --trust trust/ --at 2021-06-01T08:00:00Z
  gatewayd credential verify --batch < requests.jsonl > answers.jsonl"""
)
@click.argument("scans", nargs=-1, metavar="SCAN...")
@click.option(
    "--trust",
    "trust_path",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The trust folder of a gate.",
)
@time_option
@click.option("--batch", "is_batch", is_flag=True, help="Verify what each line of stdin asks.")
@json_option
def verify(
    *, scans: tuple[str, ...], trust_path: Path | None, at: datetime, is_batch: bool, is_json: bool
) -> None:
    """Verify a code as a gate does: signed pass, EU DCC or SMART Health Card.

    SCAN is what a QR code holds; a card in several codes takes several, in any order. Exit code 0:
    accepted. 1: refused, with the reason. 2: misuse.

    With --batch each line of stdin is a JSON object: `id`, `scans` (a list), and maybe `at` and
    `trust`, which count instead of --at and --trust (docs/credentials.md). For each line one goes
    out: `id`, `outcome` (accept or reject), `reason`, `kind`, `issuer`.
    """
    if is_batch == bool(scans):
        raise click.UsageError("give scans, or --batch")
    if trust_path is None and not is_batch:
        raise click.UsageError("give --trust, the folder of the keys to believe")
    trust = _read_folder(trust_path)
    if is_batch:
        _answer_lines(Bench(trust, at))
        return
    verified = verify_scans(map(os.fsencode, scans), trust, at)
    is_good = verified.reason is Reason.OK
    if is_json:
        click.echo(json.dumps(describe(verified)))
    elif is_good:
        click.echo(f"accepted: {verified.kind} of {verified.issuer}")
    else:
        click.echo(f"refused: {verified.reason}. {text(verified.reason, Locale.EN)}")
    sys.exit(0 if is_good else 1)


def _read_folder(path: Path | None) -> Trust:
    if path is None:
        return collect(())
    folder = read_trust(path)
    for problem in folder.problems:
        click.echo(problem, err=True)
    return folder.trust


def _answer_lines(bench: Bench) -> None:
    for number, line in enumerate(read_lines(sys.stdin.buffer, LINE_SIZE_MAX), 1):
        answer, problems = bench.answer(line)
        click.echo(json.dumps(answer))
        for problem in problems:
            click.echo(f"line {number}: {problem}", err=True)
