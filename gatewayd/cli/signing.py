"""What all commands of `gatewayd sign` share: whose key, for whom, and the signed message."""

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.app.errors import told_plainly
from gatewayd.app.key_files import read_private_key
from gatewayd.cli.options import ended_early
from gatewayd.core import jws
from gatewayd.core.trust import key_id

_ID_BYTES = 8

CommandT = Callable[..., Any]


def signer_options(command: CommandT) -> CommandT:
    """Add `--key FILE`, `--key-id TEXT` and `--to PATH`."""
    options = (
        click.option(
            "--key",
            "key_path",
            required=True,
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="The secret key of the centre (PEM; Ed25519 or P-256).",
        ),
        click.option("--key-id", help="How gates know a P-256 key: the kid of its JWK."),
        click.option(
            "--to",
            "audience",
            required=True,
            metavar="PATH",
            help="For whom: region/organisation/site (documents also for a level above, or /).",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def write_signed(
    type_name: str, claims: Mapping[str, object], key_path: Path, kid: str | None
) -> str:
    """Return the signed message; exits with 2 where the key cannot be used."""
    with ended_early(), told_plainly():
        private = read_private_key(key_path)
    if isinstance(private, Ed25519PrivateKey):
        kid = key_id(private.public_key()).hex()
    elif kid is None:
        raise click.UsageError("a P-256 key has no id of its own: give --key-id")
    header = {"typ": type_name, "kid": kid}
    return jws.write(header, json.dumps(claims, separators=(",", ":")).encode(), private)


def new_id() -> str:
    return secrets.token_hex(_ID_BYTES)
