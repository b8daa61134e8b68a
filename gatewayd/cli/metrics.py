"""`gatewayd metrics`: the figures of the running gateway, as a Prometheus reads them."""

from pathlib import Path

import click

from gatewayd.cli.options import ask_gateway, json_option, settings_option, tell


@click.command(epilog="\b\nExample:\n  gatewayd metrics -c gate.toml | grep occupancy")
@settings_option
@json_option
def metrics(*, path: Path, is_json: bool) -> None:
    """Print the figures of the running gateway in the text form of Prometheus.

    For a look by hand, and for the textfile collector of a node exporter.
    """
    answer = ask_gateway(path, {"do": "metrics"})
    tell(answer, str(answer.get("text", "")).rstrip("\n"), is_json=is_json)
