"""`gatewayd api`: the contract of the HTTP API."""

import json

import click

from gatewayd.app.desk import ROUTES
from gatewayd.desk.openapi import document


@click.command(epilog="\b\nExample:\n  gatewayd api >openapi.json")
def api() -> None:
    """Print the HTTP API of the pages (routes, roles, bodies, answers) as an OpenAPI document."""
    click.echo(json.dumps(document(ROUTES), indent=2, ensure_ascii=False))
