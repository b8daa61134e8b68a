"""`gatewayd cache`: what the door decides from, read without disturbing the gateway."""

import json
import sys
from pathlib import Path

import click

from gatewayd.app.records import read_table
from gatewayd.app.storage_directory import storage_directory
from gatewayd.cli.options import ended_early, json_option, settings_option
from gatewayd.core.centre_statuses import RECEIVED
from gatewayd.core.folded import TABLES
from gatewayd.core.words import Json


@click.group()
def cache() -> None:
    """Look at what the door decides from (the tables in TinyDB)."""


@cache.command("list", epilog="\b\nExample:\n  gatewayd cache list holders -c gate.toml")
@settings_option
@json_option
@click.argument("table", type=click.Choice((*TABLES, *RECEIVED)), default="holders")
def list_rows(*, path: Path, is_json: bool, table: str) -> None:
    """Print a table, one row a line, as of the last second."""
    with ended_early():
        for key, row in read_table(storage_directory(path), table):
            shown = {"key": key, **row}
            click.echo(json.dumps(shown, ensure_ascii=False) if is_json else _row_line(key, row))


@cache.command("get", epilog="\b\nExample:\n  gatewayd cache get counts occupancy -c gate.toml")
@settings_option
@click.argument("table", type=click.Choice((*TABLES, *RECEIVED)))
@click.argument("key")
def get_row(*, path: Path, table: str, key: str) -> None:
    """Print one row as JSON. Exit code 1: there is none."""
    with ended_early():
        for found, row in read_table(storage_directory(path), table):
            if found == key:
                click.echo(json.dumps(row, ensure_ascii=False))
                return
    click.echo(f"nothing in {table} under {key!r}", err=True)
    sys.exit(1)


def _row_line(key: str, row: dict[str, Json]) -> str:
    words = " ".join(f"{name}={value}" for name, value in row.items() if value is not None)
    return f"{key}  {words}"
