"""The file `--psk-file` names: the key that a turnstile controller and its gateway share."""

from pathlib import Path

import click

from drivers.keys import UnfitError
from drivers.psk import read_psk


def read_key(path: Path) -> bytes:
    """Return the 32 bytes; raises BadParameter."""
    try:
        return read_psk(path)
    except UnfitError as unfit:
        raise click.BadParameter(
            f"expected a file with 64 hex digits, found {unfit}", param_hint="--psk-file"
        ) from unfit
