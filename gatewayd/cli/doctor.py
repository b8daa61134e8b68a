"""`gatewayd doctor`: what is wrong at this site, a sentence for each thing."""

import json
import sys
from pathlib import Path

import click

from gatewayd.app.doctor import Examination, examine
from gatewayd.cli.options import ended_early, json_option, settings_option


@click.command(epilog="\b\nExample:\n  gatewayd doctor -c /etc/gatewayd/gatewayd.toml")
@settings_option
@json_option
def doctor(*, path: Path, is_json: bool) -> None:
    """Examine a site: ports, devices, brokers, files, clock and disk.

    Each device of the settings is tried with its own driver, and looked for at the other ports and
    baud rates if it does not answer. While the gateway runs, it holds the ports and is asked
    instead; nothing is opened, and nobody at the gate notices.

    Exit code 0: all is well. 1: something is not, and what to do is said. 2: the settings have
    mistakes.
    """
    with ended_early():
        examination = examine(path)
    if is_json:
        click.echo(json.dumps(examination.document(), ensure_ascii=False, indent=2))
    else:
        for line in _lines(examination):
            click.echo(line)
    sys.exit(examination.code)


def _lines(examination: Examination) -> list[str]:
    lines = ["Serial ports by their stable names (for `port` in the settings):"]
    ports = [line for port in examination.ports for line in port.lines()]
    lines += [f"  {line}" for line in ports or ["none is plugged in"]]
    lines.append("")
    lines += [f"WRONG  {mistake}" for mistake in examination.mistakes]
    for finding in examination.findings:
        word = "ok   " if finding.is_well else "WRONG"
        lines.append(f"{word}  {finding.subject}: {finding.text}")
    wrong = len(examination.mistakes) + sum(not it.is_well for it in examination.findings)
    lines += ["", "all is well" if not wrong else f"{wrong} to be looked at"]
    return lines
