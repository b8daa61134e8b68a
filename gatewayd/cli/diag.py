"""`gatewayd diag`: a bundle for whoever helps from afar, without any person in it."""

from pathlib import Path

import click

from gatewayd.app.diag import collect, write_bundle
from gatewayd.cli.options import ended_early, settings_option
from gatewayd.runtime.clock import SystemClock


@click.command(epilog="\b\nExample:\n  gatewayd diag -c /etc/gatewayd/gatewayd.toml -o diag.tar.gz")
@settings_option
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write  [default: gatewayd-diag-TIME.tar.gz here].",
)
def diag(*, path: Path, output: Path | None) -> None:
    """Collect what somebody who helps from afar has to see.

    Doctor's findings, status, figures, settings, policy, log and versions, in one file. Names,
    numbers, pseudonyms, codes, PINs and keys are taken out. It works while the gateway is down, and
    with settings that have mistakes.
    """
    at = SystemClock().utc()
    target = output or Path(f"gatewayd-diag-{at:%Y%m%d-%H%M%S}.tar.gz")
    with ended_early():
        bundle = collect(path, at)
        write_bundle(bundle, target, at)
    click.echo(f"written: {target}")
    for name in bundle.missing:
        click.echo(f"  without {name}: it says why")
    click.echo("Look through it, then send it to whoever helps you.")
