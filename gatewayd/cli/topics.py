"""`gatewayd topics`: what a centre can subscribe to."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from gatewayd.app.site import site_path
from gatewayd.cli.options import ended_early, json_option, settings_option
from gatewayd.mqtt.asyncapi import contract
from gatewayd.mqtt.topics import catalogue


@click.command(epilog="\b\nExamples:\n  gatewayd topics -c gate.toml\n  gatewayd topics --asyncapi")
@settings_option
@json_option
@click.option(
    "--asyncapi",
    "is_contract",
    is_flag=True,
    help="Print the contract of all sites (topics, messages, examples) as an AsyncAPI document.",
)
def topics(*, path: Path, is_json: bool, is_contract: bool) -> None:
    """Print the topics of the site, with what each carries."""
    if is_contract:
        click.echo(json.dumps(contract(), indent=2, ensure_ascii=False))
        return
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
