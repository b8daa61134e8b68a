"""What several commands share: the settings option, JSON output, and how an answer is told."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from gatewayd.app.control_client import NoGatewayError, ask
from gatewayd.app.errors import MISUSE, EarlyEnd
from gatewayd.app.storage_directory import storage_directory
from gatewayd.core.events import parse_time
from gatewayd.core.reasons import Locale
from gatewayd.core.words import Json
from gatewayd.runtime.clock import SystemClock

RELOAD = (
    "Next: gatewayd reload (or systemctl reload gatewayd), so that the gateway reads the folder."
)

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def settings_option(command: CommandT) -> CommandT:
    """Add `-c FILE`; GATEWAYD_CONFIG names it too."""
    return click.option(
        "-c",
        "--config",
        "path",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("/etc/gatewayd/gatewayd.toml"),
        envvar="GATEWAYD_CONFIG",
        show_default=True,
        show_envvar=True,
        help="The settings file of the site.",
    )(command)


def trust_option(command: CommandT) -> CommandT:
    """Add `--trust DIR`."""
    return click.option(
        "--trust",
        "trust_path",
        required=True,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="The trust folder of a gate.",
    )(command)


def time_option(command: CommandT) -> CommandT:
    """Add `--at TIME`; the command gets the time, now by default."""
    return click.option(
        "--at",
        callback=_read_time,
        metavar="TIME",
        help="When it is shown, like 2027-01-31T08:00:00+07:00  [default: now].",
    )(command)


def locale_option(command: CommandT) -> CommandT:
    """Add `--locale`; None where it is not given: then it is that of the site."""
    return click.option(
        "--locale",
        type=click.Choice([str(each) for each in Locale]),
        callback=lambda _context, _option, value: None if value is None else Locale(value),
        help="Language on paper  [default: that of the site].",
    )(command)


def json_option(command: CommandT) -> CommandT:
    return click.option("--json", "is_json", is_flag=True, help="Print JSON for programs.")(command)


def ask_gateway(path: Path, request: Mapping[str, Json]) -> dict[str, Json]:
    """Ask the running gateway of these settings; exits with 2 where there is none."""
    with ended_early():
        directory = storage_directory(path)
        try:
            return ask(directory, request)
        except NoGatewayError as error:
            raise EarlyEnd(str(error), MISUSE) from error


def ask_secret(prompt: str, *, is_new: bool = False) -> str:
    """Read a line that nobody sees; from a pipe without a question."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    typed = click.prompt(prompt, hide_input=True, confirmation_prompt=is_new, err=True)
    return str(typed).strip()


def tell(answer: Mapping[str, Json], text: str, *, is_json: bool, no: str = "") -> NoReturn:
    """Print an answer and exit: 0 where it is yes, 1 where it is no.

    text: says yes in words. no: says no; by default what the gateway says.
    """
    is_yes = answer.get("ok") is True
    if is_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    elif is_yes:
        click.echo(text)
    else:
        click.echo(no or str(answer.get("text", "the answer is no")), err=True)
    sys.exit(0 if is_yes else 1)


@contextmanager
def ended_early() -> Iterator[None]:
    """Print why a command cannot go on, and exit with its code."""
    try:
        yield
    except EarlyEnd as end:
        click.echo(str(end), err=True)
        sys.exit(end.code)


def _read_time(_context: click.Context, _option: click.Parameter, value: str | None) -> datetime:
    if value is None:
        return SystemClock().utc()
    try:
        return parse_time(value)
    except ValueError as error:
        raise click.BadParameter(
            "expected a time with its zone, like 2027-01-31T08:00:00+07:00"
        ) from error
