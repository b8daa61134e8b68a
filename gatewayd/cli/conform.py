"""`gatewayd conform`: tests a turnstile controller by the rules of its protocol."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from drivers.base import DriverError
from drivers.conform.mqtt_kit import mqtt_rules, parse_target, try_on_broker
from drivers.conform.report import summary, to_json, to_junit
from drivers.conform.serial_kit import BAUDRATE, serial_rules, try_on_serial_line
from drivers.conform.words import Action, Finding, Hands, Nobody, Rule, Verdict, picked
from drivers.serial_link import SerialLink
from drivers.simulated.reader import lines_of
from gatewayd.app.errors import MISUSE, NO, EarlyEnd
from gatewayd.cli.key_file import read_key
from gatewayd.cli.options import ended_early

_MARKS: Final[Mapping[Verdict, Text]] = {
    Verdict.PASSED: Text("ok", "green"),
    Verdict.FAILED: Text("FAILED", "bold red"),
    Verdict.UNTESTED: Text("not tested", "yellow"),
}
_REQUESTS: Final[Mapping[Action, str]] = {
    Action.WALK_IN: "Walk in, all the way through.",
    Action.FORCE_IN: "Go in although the gate is locked: by force, or by tripping its sensors.",
    Action.STEP_IN: "Begin to walk in, and stay between the arms.",
    Action.STEP_BACK: "Step back out from between the arms, the way you came.",
    Action.WALK_OUT: "Walk out, all the way through.",
    Action.FIRE_ON: "Open the fire contact.",
    Action.FIRE_OFF: "Close the fire contact.",
    Action.REBOOT: "Take the controller's power away, give it back, and let it start.",
}
_CANNOT: Final = b"s"


@click.command(
    epilog="\b\nExamples:"
    "\n  gatewayd conform /dev/serial/by-path/... --psk-file lane-1.psk"
    "\n  gatewayd conform /tmp/lane-1 --psk-file lane-1.psk --unattended --junit conform.xml"
    "\n  gatewayd conform /tmp/lane-1 --psk-file lane-1.psk --only R8 --only R9a"
    "\n  gatewayd conform mqtt://127.0.0.1:1884/tripod-2 --psk-file lane-2.psk"
)
@click.argument("target", metavar="PORT|mqtt://HOST/DEVICE")
@click.option(
    "--psk-file",
    "key_path",
    type=click.Path(path_type=Path),
    required=True,
    help="The controller's key, 64 hex digits.",
)
@click.option("--unattended", is_flag=True, help="Leave out what somebody would have to help with.")
@click.option("--only", multiple=True, metavar="RULE", help="Test this rule: R9a, or R9 for all.")
@click.option(
    "--baudrate", type=click.IntRange(9600, 4_000_000), default=BAUDRATE, show_default=True
)
@click.option(
    "--address",
    type=click.IntRange(0, 126),
    default=0,
    show_default=True,
    help="On a shared line; 0 is a line of its own.",
)
@click.option("--json", "json_file", type=click.File("w", lazy=False), help="Also write JSON.")
@click.option(
    "--junit", "junit_file", type=click.File("wb", lazy=False), help="Also write JUnit XML."
)
def conform(  # noqa: PLR0913, one argument for each option
    *,
    target: str,
    key_path: Path,
    unattended: bool,
    only: tuple[str, ...],
    baudrate: int,
    address: int,
    json_file: TextIO | None,
    junit_file: BinaryIO | None,
) -> None:
    """Test a turnstile controller by the rules of its protocol.

    They are listed in docs/conformance.md; the protocol is firmware_protocol/PROTOCOL.md, over MQTT
    PROTOCOL-MQTT.md.

    The gate opens and closes, the log is read and acknowledged, and the settings are changed and
    put back: do this at a bench, not at a gate in use. It takes a few minutes, and asks somebody at
    the turnstile to walk, to open the fire contact and to cut the power.

    Exit code 0 only if every rule is kept; with --unattended, every rule that needs nobody.
    """
    psk = read_key(key_path)
    console = Console(highlight=False, markup=False)
    hands: Hands = Nobody() if unattended else _Person(console)

    def found(finding: Finding) -> None:
        console.print(_row(finding))

    with ended_early():
        try:
            if "://" in target:
                device = parse_target(target)
                _check(only, mqtt_rules())
                report = asyncio.run(try_on_broker(device, psk, hands, found, only=only))
            else:
                line = SerialLink(target, baudrate)
                _check(only, serial_rules(address))
                report = asyncio.run(
                    try_on_serial_line(line, psk, hands, found, address=address, only=only)
                )
        except* DriverError as errors:
            raise EarlyEnd(str(errors.exceptions[0]), MISUSE) from errors
    console.print(summary(report), style="bold")
    if json_file is not None:
        json_file.write(to_json(report) + "\n")
    if junit_file is not None:
        junit_file.write(to_junit(report))
    is_all_tested = unattended or not report.counts[Verdict.UNTESTED]
    sys.exit(0 if is_all_tested and not report.failed else NO)


class _Person:
    """Hands of somebody who reads what to do, and presses Enter when it is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._answers: AsyncIterator[bytes] | None = None
        self._impossible: set[Action] = set()

    def can(self, action: Action) -> bool:
        return action not in self._impossible

    async def act(self, action: Action) -> bool:
        self._answers = self._answers or lines_of(sys.stdin.fileno())
        request = Text(f"-> {_REQUESTS[action]}", "bold cyan")
        self._console.print(request, "Then press Enter (s: it cannot be done here).")
        if (await anext(self._answers, _CANNOT)).strip().lower() != _CANNOT:
            return True
        self._impossible.add(action)
        return False


def _check(names: Sequence[str], rules: Sequence[Rule[Any]]) -> None:
    for name in names:
        if not picked(rules, [name]):
            raise click.BadParameter(f"there is no rule {name}", param_hint="--only")


def _row(finding: Finding) -> Table:
    """Return one row of the table, which grows as the test goes on."""
    row = Table.grid(padding=(0, 2))
    row.add_column(width=4)
    row.add_column(width=10)
    row.add_column()
    row.add_row(finding.rule, _MARKS[finding.verdict], finding.says)
    if finding.seen:
        row.add_row("", "", Text(finding.seen, "dim"))
    return row
