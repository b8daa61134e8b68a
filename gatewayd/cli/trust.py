"""`gatewayd trust`: whom a gate believes, and for what."""

import json
from datetime import datetime
from pathlib import Path

import click

from gatewayd.app.errors import told_plainly
from gatewayd.app.trust_changes import add_trust, remove_trust
from gatewayd.app.trust_directory import TrustFile, read_trust
from gatewayd.cli.options import RELOAD, ended_early, json_option, trust_option
from gatewayd.core.events import format_time
from gatewayd.core.trust import EVERY_STATEMENT, IssuerKey, Purpose
from gatewayd.core.words import Json

_NAMED_MAX = 5  # So many issuers of a file fit a line.


@click.group()
def trust() -> None:
    """See and change whose codes a gate believes."""


@trust.command("list", epilog="\b\nExample:\n  gatewayd trust list --trust /etc/gatewayd/trust")
@trust_option
@json_option
def list_files(*, trust_path: Path, is_json: bool) -> None:
    """List the files of a trust folder; with --json every key.

    Broken files are named on stderr, and skipped.
    """
    folder = read_trust(trust_path)
    for problem in folder.problems:
        click.echo(problem, err=True)
    if is_json:
        told = [_describe(file, key) for file in folder.files for key in file.document.keys]
        click.echo(json.dumps(told))
        return
    for file in folder.files:
        document = file.document
        if document.keys or document.revocations or document.revoked_passes:
            click.echo(_summarise(file))
    if not folder.files:
        click.echo("no files: no signed code is believed")


@trust.command(
    "add",
    epilog="""\b
Examples:
  gatewayd trust add --trust trust/ dsc-id.pem
  gatewayd trust add --trust trust/ jwks.json --issuer https://example.org/issuer""",
)
@trust_option
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--issuer", help="Whose keys these are, where a JWK set or a list does not say.")
@click.option(
    "--may-sign",
    multiple=True,
    type=click.Choice([str(purpose) for purpose in Purpose]),
    help="What the keys of a JWK set may sign, where it does not say; may be repeated.",
)
@click.option("--replace", "replaces", is_flag=True, help="Write over the file of that name.")
def add(
    *,
    trust_path: Path,
    source: Path,
    issuer: str | None,
    may_sign: tuple[str, ...],
    replaces: bool,
) -> None:
    """Add a file of public keys: a JWK set, certificates, a trust list, revocations.

    Exit code 1: something in it cannot be used, and nothing was added.
    """
    with ended_early(), told_plainly():
        purposes = tuple(map(Purpose, may_sign))
        file = add_trust(trust_path, source, issuer=issuer, may_sign=purposes, replaces=replaces)
    click.echo(_summarise(file))
    click.echo(RELOAD)


@trust.command("remove", epilog="\b\nExample:\n  gatewayd trust remove --trust trust/ dsc-id.pem")
@trust_option
@click.argument("name")
def remove(*, trust_path: Path, name: str) -> None:
    """Remove a file by its name; what its keys signed is refused from then on."""
    with ended_early(), told_plainly():
        remove_trust(trust_path, name)
    click.echo(f"removed {name}")
    click.echo(RELOAD)


def _summarise(file: TrustFile) -> str:
    keys, lists = file.document.keys, file.document.revocations
    passes = file.document.revoked_passes
    issuers = sorted(
        {key.issuer for key in keys}
        | {each.issuer for each in lists}
        | {issuer for issuer, _ in passes}
    )
    named = ", ".join(issuers) if len(issuers) <= _NAMED_MAX else f"{len(issuers)} issuers"
    parts = [f"{file.path.name}: {named}"]
    if keys:
        purposes = sorted(set().union(*(key.may_sign for key in keys)))
        count = "1 key" if len(keys) == 1 else f"{len(keys)} keys"
        parts.append(f"{count} for {', '.join(purposes)}{_ends(keys)}")
    if lists or passes:
        taken_back = sum(len(each.before) for each in lists) + len(passes)
        parts.append(f"{taken_back} {'code' if taken_back == 1 else 'codes'} taken back")
    return "; ".join(parts)


def _ends(keys: tuple[IssuerKey, ...]) -> str:
    ends: list[datetime] = [key.valid_until for key in keys if key.valid_until is not None]
    if not ends:
        return ""
    word = "until" if len(keys) == 1 else "the first until"
    return f", {word} {min(ends):%Y-%m-%d}"


def _describe(file: TrustFile, key: IssuerKey) -> dict[str, Json]:
    until = key.valid_until
    statements = sorted(key.statements) if key.statements != EVERY_STATEMENT else None
    return {
        "file": file.path.name,
        "issuer": key.issuer,
        "key_id": key.key_id.hex(),
        "may_sign": [str(purpose) for purpose in sorted(key.may_sign)],
        "statements": None if statements is None else [str(each) for each in statements],
        "valid_until": format_time(until) if until else None,
    }
