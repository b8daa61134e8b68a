"""`gatewayd pass`: keys for our own passes, and passes issued and verified with them."""

import json
import os
import sys
from datetime import datetime
from pathlib import Path

import click

from gatewayd.app.errors import told_plainly
from gatewayd.app.key_files import make_signing_key
from gatewayd.app.trust_changes import revoke_passes
from gatewayd.app.trust_directory import read_trust
from gatewayd.cli.options import RELOAD, ended_early, json_option, time_option, trust_option
from gatewayd.cli.pass_issue import issue
from gatewayd.cli.pass_options import describe_pass
from gatewayd.cli.pass_sheet import badges, sheet
from gatewayd.cli.pass_totp import code, totp
from gatewayd.core.credential import (
    SCAN_SIZE_MAX,
    Inauthentic,
    SignedPass,
    Unreadable,
)
from gatewayd.core.reasons import Locale, Reason, text
from gatewayd.core.verification import verify as verify_scans


@click.group("pass")
def passes() -> None:
    """Make the keys of signed passes, issue passes, verify them."""


@passes.command(
    epilog="\b\nExample:\n  gatewayd pass keygen --issuer gmsc --out /etc/gatewayd/issuer"
)
@click.option(
    "--issuer",
    required=True,
    help="Name of the issuer. It stands in every pass: a short one makes small codes.",
)
@click.option(
    "--out",
    "directory",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the two files.",
)
@click.option(
    "--name",
    "file_name",
    help="What the files are called; for a second key of the issuer  [default: its name].",
)
@json_option
def keygen(*, issuer: str, directory: Path, file_name: str | None, is_json: bool) -> None:
    """Make the keys of an issuer.

    NAME.key.pem is the secret one, NAME.jwks.json the public one for the gates.
    """
    with ended_early(), told_plainly():
        private_path, public_path = make_signing_key(directory, issuer, file_name=file_name)
    if is_json:
        click.echo(json.dumps({"private": str(private_path), "public": str(public_path)}))
        return
    click.echo(f"secret key: {private_path} (keep it where passes are issued, and nowhere else)")
    click.echo(f"public key: {public_path}")
    click.echo("Next: have each gate believe the public key, then issue passes:")
    click.echo(f"  gatewayd trust add --trust /etc/gatewayd/trust {public_path}")
    click.echo(f"  gatewayd pass issue --key {private_path} --subject ID --category staff")


passes.add_command(issue)
passes.add_command(sheet)
passes.add_command(badges)
passes.add_command(totp)
passes.add_command(code)


@passes.command(
    epilog="\b\nExample:\n  gatewayd pass revoke 0f1e2d3c4b5a6978 --issuer gmsc --trust trust/"
)
@click.argument("pass_ids", nargs=-1, required=True, metavar="PASS_ID...")
@click.option("--issuer", required=True, help="Who issued them.")
@trust_option
def revoke(*, pass_ids: tuple[str, ...], issuer: str, trust_path: Path) -> None:
    """Take passes back: from its next start on, the gate with this trust folder refuses them.

    PASS_ID is what issuing told, as pass_id.
    """
    with ended_early(), told_plainly():
        path = revoke_passes(trust_path, issuer, pass_ids)
    click.echo(f"taken back: {len(pass_ids)} ({path})")
    click.echo(RELOAD)


@passes.command(
    epilog="\b\nExample:\n  gatewayd pass issue ... --text | gatewayd pass verify - --trust trust/"
)
@click.argument("shown", metavar="CODE")
@trust_option
@time_option
@json_option
def verify(*, shown: str, trust_path: Path, at: datetime, is_json: bool) -> None:
    """Verify a pass as a gate does.

    CODE is what the QR code holds; - reads it from the first line of stdin. Exit code 0: valid.
    1: not valid, with the reason. 2: misuse.
    """
    data = _read_stdin() if shown == "-" else os.fsencode(shown)
    folder = read_trust(trust_path)
    for problem in folder.problems:
        click.echo(problem, err=True)
    found = verify_scans([data], folder.trust, at)
    is_pass = isinstance(found.credential, SignedPass | Unreadable | Inauthentic)
    reason = found.reason if is_pass else Reason.PREFIX
    content = describe_pass(found.credential) if isinstance(found.credential, SignedPass) else {}
    if is_json:
        click.echo(json.dumps({"valid": reason is Reason.OK, "reason": reason, **content}))
    elif reason is Reason.OK:
        click.echo("valid: {category} pass of {issuer}, until {not_after}".format(**content))
    else:
        click.echo(f"not valid: {reason}. {text(reason, Locale.EN)}")
    sys.exit(0 if reason is Reason.OK else 1)


def _read_stdin() -> bytes:
    return sys.stdin.buffer.readline(SCAN_SIZE_MAX + 2).rstrip(b"\r\n")
