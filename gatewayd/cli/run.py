"""`gatewayd run` and `gatewayd check`: start the gateway, and tell beforehand whether it can."""

import json
import sys
from pathlib import Path

import click

from gatewayd.app.check import check_site
from gatewayd.app.run import run_gateway
from gatewayd.cli.options import ended_early, json_option, settings_option


@click.command(epilog="\b\nExample:\n  gatewayd run -c /etc/gatewayd/gatewayd.toml")
@settings_option
def run(*, path: Path) -> None:
    """Run the gateway until SIGTERM or Ctrl-C.

    It logs one JSON line for each change to standard error.
    """
    with ended_early():
        run_gateway(path)


@click.command(epilog="\b\nExample:\n  gatewayd check -c gate.toml")
@settings_option
@json_option
def check(*, path: Path, is_json: bool) -> None:
    """Check all files of a site; changes nothing.

    That is settings, policy, the settings of devices, trust and rosters.

    Exit code 0: the gateway will start with all of it. 1: it will start, but leaves out what is
    named. 2: it will not start; every mistake is named with its line.
    """
    found = check_site(path)
    if is_json:
        click.echo(json.dumps(found.document(), ensure_ascii=False))
    else:
        for line in found.lines():
            click.echo(line, err=True)
        click.echo(found.summary())
    sys.exit(found.code)
