"""`gatewayd simulate`: devices that speak the real bytes, for trying a gate without hardware."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

from drivers.base import DriverError
from drivers.framers import Terminator
from drivers.simulated.mqtt_turnstile import SimulatedMqttTurnstileOptions, run_mqtt_turnstile
from drivers.simulated.people import MIXED, Behaviour
from drivers.simulated.reader import (
    ENCLOSURES,
    SimulatedKind,
    SimulatedReaderOptions,
    lines_of,
    run_simulated_reader,
)
from drivers.simulated.turnstile_board import BoardKind, SimulatedBoardOptions, run_simulated_board
from drivers.simulated.turnstile_serial import SimulatedTurnstileOptions, run_simulated_turnstile
from gatewayd.app.errors import MISUSE, EarlyEnd
from gatewayd.cli.key_file import read_key
from gatewayd.cli.options import ended_early

MIXED_PEOPLE = "mixed"
GATELINK = "gatelink"
GATELINK_BAUDRATE = 115200
BAUDRATES = click.IntRange(300, 4_000_000)
_TERMINATORS = sorted(str(terminator) for terminator in ENCLOSURES)


@click.group()
def simulate() -> None:
    """Play a reader or a turnstile."""


@simulate.command(
    epilog="\b\nExample:\n  gatewayd simulate reader --port /tmp/reader --file codes.txt"
)
@click.option("--port", required=True, help="A tty; where nothing is, a pty is made at this path.")
@click.option(
    "--driver",
    type=click.Choice([str(kind) for kind in SimulatedKind]),
    default="line",
    show_default=True,
    help="The driver that it is for.",
)
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Codes, one a line  [default: standard input].",
)
@click.option(
    "--pace-ms",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    help="From one code to the next.",
)
@click.option("--terminator", type=click.Choice(_TERMINATORS), default="cr", show_default=True)
@click.option("--baudrate", type=BAUDRATES, default=115200, show_default=True)
@click.option("--wire-time", is_flag=True, help="Send as slowly as the baud rate would.")
@click.option("--escapes", is_flag=True, help=r"Read \xHH as one byte, for binary codes.")
def reader(  # noqa: PLR0913, one argument for each option
    *,
    port: str,
    driver: str,
    path: Path | None,
    pace_ms: int,
    terminator: str,
    baudrate: int,
    wire_time: bool,
    escapes: bool,
) -> None:
    """Type codes on a serial line, as a reader does.

    It ends after the last one.
    """
    options = SimulatedReaderOptions(
        port=port,
        kind=SimulatedKind(driver),
        pace_ms=pace_ms,
        terminator=Terminator(terminator),
        baudrate=baudrate,
        is_wire_timed=wire_time,
        has_escapes=escapes,
    )
    source = sys.stdin.fileno() if path is None else os.open(path, os.O_RDONLY)
    _play(run_simulated_reader(options, lines_of(source), _tell))


@simulate.command(
    epilog="\b\nOrders, one a line:"
    "\n  next pass|turn-back|force|tailgate|stay  what the next one does who is let in"
    "\n  exit                                     somebody walks out without a scan"
    "\n  force                                    somebody goes in right now"
    "\n  step in|back                             somebody goes in between the arms, and out again"
    "\n  fire on|off                              the fire alarm's input"
    "\n  deaf MS                                  it sends nothing for so long"
    "\n  reboot                                   as after a power cut"
    "\n  quit"
    "\n\n\b\nExample:\n  gatewayd simulate turnstile --port /tmp/lane-1 --psk-file lane-1.psk"
    "\n  gatewayd simulate turnstile --broker mqtt://127.0.0.1:1884 --device tripod-2 \\"
    "\n      --psk-file lane-2.psk"
    "\n  gatewayd simulate turnstile --driver modbus_relay --port /tmp/lane-3"
)
@click.option(
    "--driver",
    type=click.Choice([GATELINK, *(str(kind) for kind in BoardKind)]),
    default=GATELINK,
    show_default=True,
    help="The driver that serves it; all but gatelink are boards on --port, without a key.",
)
@click.option("--port", help="A tty; where nothing is, a pty is made at this path.")
@click.option("--broker", help="URL of the device broker, for a turnstile that speaks MQTT.")
@click.option("--device", default="simulated", show_default=True, help="Its name at the broker.")
@click.option(
    "--psk-file",
    type=click.Path(path_type=Path),
    help="The lane's key, 64 hex digits; gatelink only, and needed there.",
)
@click.option(
    "--people",
    type=click.Choice([*(str(one) for one in Behaviour), MIXED_PEOPLE]),
    default="pass",
    show_default=True,
    help="What people do who are let in.",
)
@click.option(
    "--walk-ms", type=click.IntRange(0), default=200, show_default=True, help="How long they walk."
)
@click.option("--seed", type=int, help="Makes a mixed crowd the same each time.")
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="File that keeps the turnstile's log over restarts; gatelink only.",
)
@click.option("--baudrate", type=BAUDRATES, help="[default: that of the driver]")
@click.option(
    "--address",
    type=click.IntRange(0, 126),
    help="On a line that it shares  [default: 1; gatelink: 0, on a line of its own]",
)
def turnstile(  # noqa: PLR0913, one argument for each option
    *,
    driver: str,
    port: str | None,
    broker: str | None,
    device: str,
    psk_file: Path | None,
    people: str,
    walk_ms: int,
    seed: int | None,
    state: Path | None,
    baudrate: int | None,
    address: int | None,
) -> None:
    """Play a turnstile with people.

    It tells what happens as JSON lines on standard output, and takes orders on standard input.
    """
    if (port is None) == (broker is None):
        raise click.UsageError("give either --port (serial) or --broker (MQTT)")
    behaviours = MIXED if people == MIXED_PEOPLE else (Behaviour(people),)
    orders = lines_of(sys.stdin.fileno())
    if driver != GATELINK:
        if port is None or psk_file is not None or state is not None:
            raise click.UsageError(f"{driver} takes --port, and neither --psk-file nor --state")
        board = SimulatedBoardOptions(
            kind=BoardKind(driver),
            port=port,
            address=1 if address is None else address,
            behaviours=behaviours,
            walk_ms=walk_ms,
            seed=seed,
            baudrate=baudrate,
        )
        _play(run_simulated_board(board, orders, _write, _tell))
        return
    if psk_file is None:
        raise click.UsageError("Missing option '--psk-file'.")
    psk = read_key(psk_file)
    if port is not None:
        serial = SimulatedTurnstileOptions(
            port=port,
            psk=psk,
            behaviours=behaviours,
            walk_ms=walk_ms,
            seed=seed,
            state=state,
            baudrate=baudrate or GATELINK_BAUDRATE,
            name=device,
            address=address or 0,
        )
        _play(run_simulated_turnstile(serial, orders, _write, _tell))
    if broker is not None:
        networked = SimulatedMqttTurnstileOptions(
            broker=broker,
            name=device,
            psk=psk,
            behaviours=behaviours,
            walk_ms=walk_ms,
            seed=seed,
            state=state,
        )
        _play(run_mqtt_turnstile(networked, orders, _write, _tell))


def _tell(sentence: str) -> None:
    click.echo(sentence, err=True)


def _write(line: str) -> None:
    click.echo(line)


def _play(playing: Coroutine[Any, Any, None]) -> None:
    """Play until it ends or is ended by SIGTERM or Ctrl-C, which leave no port behind."""
    with ended_early():
        try:
            asyncio.run(_until_ended(playing))
        except* DriverError as errors:
            raise EarlyEnd(str(errors.exceptions[0]), MISUSE) from errors
        except* (KeyboardInterrupt, asyncio.CancelledError):
            pass


async def _until_ended(playing: Coroutine[Any, Any, None]) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await playing
