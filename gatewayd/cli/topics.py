"""`gatewayd topics`: what a centre can subscribe to."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from gatewayd.app.site import site_path
from gatewayd.cli.options import ended_early, json_option, settings_option
from gatewayd.mqtt.topics import catalogue


@click.command(epilog="\b\nExample:\n  gatewayd topics -c gate.toml")
@settings_option
@json_option
def topics(*, path: Path, is_json: bool) -> None:
    """Print the topics of the site, with what each carries."""
    with ended_early():
        entries = catalogue(site_path(path))
    if is_json:
        click.echo(json.dumps([asdict(entry) for entry in entries], indent=2))
        return
    width = max(len(entry.topic) for entry in entries)
    for entry in entries:
        retained = "retained" if entry.is_retained else ""
        click.echo(f"{entry.topic:<{width}}  QoS {entry.qos}  {retained:<8}  {entry.carries}")
    root = site_path(path).root
    click.echo(f"\nTo watch them:  mosquitto_sub -h BROKER -t '{root}/up/#' -v")
