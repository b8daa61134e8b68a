"""`gatewayd pass`: keys for our own passes, and passes issued and verified with them."""

import json
import os
import sys
from datetime import datetime
from pathlib import Path

import click

from gatewayd.app.errors import told_plainly
from gatewayd.app.key_files import make_signing_key
from gatewayd.app.trust_directory import read_trust
from gatewayd.cli.options import ended_early, json_option, time_option, trust_option
from gatewayd.cli.pass_issue import issue
from gatewayd.core.credential import (
    SCAN_SIZE_MAX,
    Credential,
    Inauthentic,
    SignedPass,
    Unreadable,
)
from gatewayd.core.events import format_time
from gatewayd.core.reasons import Locale, Reason, text
from gatewayd.core.verification import verify as verify_scans
from gatewayd.core.words import Json


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
@json_option
def keygen(*, issuer: str, directory: Path, is_json: bool) -> None:
    """Make the keys of an issuer.

    NAME.key.pem is the secret one, NAME.jwks.json the public one for the gates.
    """
    with ended_early(), told_plainly():
        private_path, public_path = make_signing_key(directory, issuer)
    if is_json:
        click.echo(json.dumps({"private": str(private_path), "public": str(public_path)}))
        return
    click.echo(f"secret key: {private_path} (keep it where passes are issued, and nowhere else)")
    click.echo(f"public key: {public_path}")
    click.echo("Next: copy the public key into the trust folder of each gate, then issue passes:")
    click.echo(f"  gatewayd pass issue --key {private_path} --subject ID --category staff")


passes.add_command(issue)


@passes.command(
    epilog="\b\nExample:\n  gatewayd pass issue ... --text | gatewayd pass verify - --trust trust/"
)
@click.argument("code")
@trust_option
@time_option
@json_option
def verify(*, code: str, trust_path: Path, at: datetime, is_json: bool) -> None:
    """Verify a pass as a gate does.

    CODE is what the QR code holds; - reads it from the first line of stdin. Exit code 0: valid.
    1: not valid, with the reason. 2: misuse.
    """
    data = _read_stdin() if code == "-" else os.fsencode(code)
    folder = read_trust(trust_path)
    for problem in folder.problems:
        click.echo(problem, err=True)
    found = verify_scans([data], folder.trust, at)
    is_pass = isinstance(found.credential, SignedPass | Unreadable | Inauthentic)
    reason = found.reason if is_pass else Reason.PREFIX
    content = _describe(found.credential)
    if is_json:
        click.echo(json.dumps({"valid": reason is Reason.OK, "reason": reason, **content}))
    elif reason is Reason.OK:
        click.echo("valid: {category} pass of {issuer}, until {not_after}".format(**content))
    else:
        click.echo(f"not valid: {reason}. {text(reason, Locale.EN)}")
    sys.exit(0 if reason is Reason.OK else 1)


def _read_stdin() -> bytes:
    return sys.stdin.buffer.readline(SCAN_SIZE_MAX + 2).rstrip(b"\r\n")


def _describe(credential: Credential | None) -> dict[str, Json]:
    """Return what a pass says, but for whom it names."""
    if not isinstance(credential, SignedPass):
        return {}
    until = credential.status_until
    return {
        "issuer": credential.issuer,
        "category": credential.category,
        "not_before": format_time(credential.not_before),
        "not_after": format_time(credential.not_after),
        "pass_id": credential.pass_id,
        "status": credential.status,
        "status_until": format_time(until) if until else None,
    }
