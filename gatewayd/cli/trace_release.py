"""`gatewayd trace release`: the codes of the people who release a trace, two at a time."""

import json
from pathlib import Path

import click

from gatewayd.app.errors import MISUSE, EarlyEnd, told_plainly
from gatewayd.app.key_files import read_private
from gatewayd.app.tracing import Tracing
from gatewayd.cli.options import ended_early, json_option, settings_option
from gatewayd.core.release import CODE_LENGTH_MIN

code_file_option = click.option(
    "--code-file",
    "code_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with a code, mode 0600; else it is asked for.",
)


def read_code(file: Path | None, prompt: str, *, is_new: bool = False) -> str:
    """Return a code from a file, or ask for it without showing it. Raises EarlyEnd."""
    if file is None:
        return str(click.prompt(prompt, hide_input=True, confirmation_prompt=is_new, err=True))
    with told_plainly():
        body = read_private(file)
    try:
        return body.decode().strip()
    except UnicodeDecodeError as error:
        raise EarlyEnd(f"{file}: expected a code as text in UTF-8", MISUSE) from error


@click.group()
def release() -> None:
    """Give people codes, with which two of them release a trace."""


@release.command(
    "add", epilog="\b\nExample:\n  gatewayd trace release add health_officer -c gate.toml"
)
@settings_option
@click.argument("label")
@code_file_option
def add(*, path: Path, label: str, code_files: tuple[Path, ...]) -> None:
    """Add the code of somebody, who types it in; LABEL is their role. Only its hash is kept."""
    if len(code_files) > 1:
        raise click.UsageError("give --code-file once")
    with ended_early():
        tracing = Tracing(path)
        tracing.require_gateway()
        file = code_files[0] if code_files else None
        prompt = f"New code of {label}, {CODE_LENGTH_MIN} characters or more"
        tracing.add_code(label, read_code(file, prompt, is_new=True))
    click.echo(f"{label} can release a trace with one of the others")


@release.command("remove", epilog="\b\nExample:\n  gatewayd trace release remove health_officer")
@settings_option
@click.argument("label")
def remove(*, path: Path, label: str) -> None:
    """Take the code of somebody away."""
    with ended_early():
        tracing = Tracing(path)
        tracing.require_gateway()
        tracing.remove_code(label)
    click.echo(f"{label} cannot release a trace any more")


@release.command("list", epilog="\b\nExample:\n  gatewayd trace release list -c gate.toml")
@settings_option
@json_option
def list_codes(*, path: Path, is_json: bool) -> None:
    """Show who has a code."""
    with ended_early(), told_plainly():
        labels = [code.label for code in Tracing(path).codes.read().codes]
    if is_json:
        click.echo(json.dumps(labels))
    else:
        click.echo("\n".join(labels) or "nobody has a code; two are needed: trace release add")
