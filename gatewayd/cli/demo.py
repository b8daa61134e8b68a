"""`gatewayd demo`: a whole gate on this machine, with people."""

import click


@click.command()
def demo() -> None:
    """Play a gate with people."""
