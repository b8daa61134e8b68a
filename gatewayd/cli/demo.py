"""`gatewayd demo`: a whole gate on this machine, with people."""

import asyncio
import json
import sys

import click

from gatewayd.app.demo.perform import Options, Watcher, perform
from gatewayd.app.demo.screen import Screen
from gatewayd.app.demo.words import summary


@click.command(epilog="\b\nExample:\n  gatewayd demo --people 60 --outage")
@click.option(
    "--people", type=click.IntRange(1, 500), default=60, show_default=True, help="How many come."
)
@click.option(
    "--seconds",
    type=click.IntRange(10, 3600),
    default=60,
    show_default=True,
    help="How long they come.",
)
@click.option("--outage", is_flag=True, help="Take the centre's broker away in the middle third.")
@click.option(
    "--embedded", is_flag=True, help="Use the embedded broker, with or without mosquitto."
)
@click.option("--seed", default=1, show_default=True, help="Makes the same crowd each time.")
@click.option("--json", "is_json", is_flag=True, help="No screen; the last line is the accounts.")
def demo(
    *, people: int, seconds: int, outage: bool, embedded: bool, seed: int, is_json: bool
) -> None:
    """Play a whole gate with people on this machine.

    It has two lanes and brokers, and needs no hardware. Exit code 0 only if the accounts add up:
    one verdict for each scan, no opening without a record, every event at the centre, and the
    count equal to who went in and out.
    """
    options = Options(
        people=people, seconds=seconds, has_outage=outage, is_embedded=embedded, seed=seed
    )
    watcher = Watcher() if is_json else Screen()
    try:
        ledger = asyncio.run(perform(options, watcher))
    except KeyboardInterrupt:
        sys.exit(1)
    if is_json:
        click.echo(json.dumps({**ledger.figures, "problems": list(ledger.problems)}))
    else:
        click.echo(summary(ledger))
    sys.exit(1 if ledger.problems else 0)
