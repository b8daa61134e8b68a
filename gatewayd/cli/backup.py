"""`gatewayd backup` and `gatewayd restore`: the state of a site in one file, and back again."""

import json
from pathlib import Path
from typing import Any

import click

from gatewayd.app.backup import back_up, place_of
from gatewayd.app.backup import restore as put_back
from gatewayd.app.backup_row import back_up_in_row
from gatewayd.app.errors import MISUSE, EarlyEnd, told_plainly
from gatewayd.cli.options import CommandT, ended_early, json_option, settings_option
from gatewayd.store.state_directory import go_back

_PASSPHRASE_SIZE_MIN = 12  # Whoever has the file may guess for as long as they like.


def _passphrase_option(command: CommandT) -> CommandT:
    return click.option(
        "--passphrase-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A file whose first line is the passphrase of the keys.",
    )(command)


@click.command(
    epilog="""\b
Examples:
  gatewayd backup gmsc-2026-11-22.tar.gz -c gate.toml
  gatewayd backup full.tar.gz --passphrase-file /root/passphrase -c gate.toml
  gatewayd backup /var/backups/gatewayd --keep 14 -c gate.toml"""
)
@settings_option
@json_option
@_passphrase_option
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    help="TARGET is a folder: leave the N newest backups of this site in it.",
)
@click.argument("target", type=click.Path(path_type=Path))
def backup(
    *, path: Path, is_json: bool, passphrase_file: Path | None, keep: int | None, target: Path
) -> None:
    """Write the records and tables of the site to a file; the gateway may run meanwhile.

    TARGET is that file, or a folder: then the name is made of the site and the time.

    With --passphrase-file the keys of the state (pseudonyms, checkpoints) are in it too, locked.
    Without it they are left out: keep copies of them elsewhere, or after a restore on a new disk
    nobody is recognised. Settings, trust files and rosters are files of yours: copy their folder.
    """
    with ended_early(), told_plainly():
        where, passphrase = place_of(path), _read(passphrase_file)
        if keep is None and not target.is_dir():
            manifest = back_up(where, target, passphrase)
        else:
            target, manifest = back_up_in_row(where, target, passphrase, keep)
    keys = "with locked keys" if manifest["has_keys"] else "without keys"
    until = str(manifest["delete_after"])[:10]
    text = f"{target}: {manifest['site']}, {keys}; delete it after {until}"
    _tell(manifest, text, is_json=is_json)


@click.command(
    epilog="""\b
Examples:
  gatewayd restore gmsc-2026-11-22.tar.gz --passphrase-file /root/passphrase -c gate.toml
  gatewayd restore --before-upgrade -c gate.toml"""
)
@settings_option
@json_option
@_passphrase_option
@click.option(
    "--before-upgrade",
    "is_way_back",
    is_flag=True,
    help="Instead of SOURCE: the state as it was before the last upgrade changed its version.",
)
@click.argument(
    "source", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def restore(
    *,
    path: Path,
    is_json: bool,
    passphrase_file: Path | None,
    is_way_back: bool,
    source: Path | None,
) -> None:
    """Put a backup in place, on a new disk or a new machine; the gateway must not run.

    The journal is proven first. At its next start the gateway begins a new epoch, so that nothing
    recorded after the backup was made is ever mistaken for something else.
    """
    if is_way_back == (source is not None):
        raise click.UsageError("give SOURCE or --before-upgrade, one of the two")
    with ended_early(), told_plainly():
        where = place_of(path)
        if source is None:
            since = go_back(where.directory)
            text = (
                f"{where.directory}: as before the upgrade; what was recorded since is in {since}"
            )
            _tell({"directory": str(where.directory), "since": str(since)}, text, is_json=is_json)
            return
        manifest = put_back(where, source, _read(passphrase_file))
    text = f"{where.directory}: restored as of {manifest['made_at']}; next: start the gateway"
    _tell(manifest, text, is_json=is_json)


def _tell(manifest: dict[str, Any], text: str, *, is_json: bool) -> None:
    click.echo(json.dumps(manifest) if is_json else text)


def _read(path: Path | None) -> str | None:
    if path is None:
        return None
    passphrase = path.read_text("utf-8").partition("\n")[0].rstrip("\r")
    if len(passphrase) < _PASSPHRASE_SIZE_MIN:
        what = f"{path}: expected a passphrase of at least {_PASSPHRASE_SIZE_MIN} characters"
        raise EarlyEnd(f"{what} in its first line, found {len(passphrase)}", MISUSE)
    return passphrase
