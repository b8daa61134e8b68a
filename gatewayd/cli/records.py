"""What a manager reads without disturbing the gateway: its journal, its cache."""

import csv
import json
import sys
from pathlib import Path

import click

from gatewayd.app.records import read_events, read_table
from gatewayd.app.storage_directory import storage_directory
from gatewayd.cli.options import ended_early, json_option, settings_option
from gatewayd.core.projection import TABLES
from gatewayd.core.words import Json

CSV_COLUMNS = ("id", "time", "type", "data")


@click.group()
def journal() -> None:
    """Read the records of the site."""


@journal.command(epilog="\b\nExample:\n  gatewayd journal tail -n 50 -c gate.toml")
@settings_option
@json_option
@click.option("-n", "count", default=20, show_default=True, help="How many of the last events.")
def tail(*, path: Path, is_json: bool, count: int) -> None:
    """Print the last events, oldest first."""
    with ended_early():
        for event in read_events(storage_directory(path), max(count, 0)):
            click.echo(json.dumps(event, ensure_ascii=False) if is_json else _line(event))


@journal.command(epilog="\b\nExample:\n  gatewayd journal export --format csv -c gate.toml > a.csv")
@settings_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="One JSON object a line, or a table for a spreadsheet.",
)
def export(*, path: Path, form: str) -> None:
    """Print all events, oldest first."""
    with ended_early():
        events = read_events(storage_directory(path))
        if form == "jsonl":
            for event in events:
                click.echo(json.dumps(event, ensure_ascii=False))
            return
        table = csv.writer(sys.stdout)
        table.writerow(CSV_COLUMNS)
        for event in events:
            data = json.dumps(event["data"], ensure_ascii=False)
            table.writerow([event["id"], event.get("time", ""), event["type"], data])


@click.group()
def cache() -> None:
    """Look at what the door decides from (the tables in TinyDB)."""


@cache.command("list", epilog="\b\nExample:\n  gatewayd cache list holders -c gate.toml")
@settings_option
@json_option
@click.argument("table", type=click.Choice(TABLES), default="holders")
def list_rows(*, path: Path, is_json: bool, table: str) -> None:
    """Print a table, one row a line, as of the last second."""
    with ended_early():
        for key, row in read_table(storage_directory(path), table):
            shown = {"key": key, **row}
            click.echo(json.dumps(shown, ensure_ascii=False) if is_json else _row_line(key, row))


@cache.command("get", epilog="\b\nExample:\n  gatewayd cache get counts occupancy -c gate.toml")
@settings_option
@click.argument("table", type=click.Choice(TABLES))
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


def _line(event: dict[str, Json]) -> str:
    data = event["data"]
    assert isinstance(data, dict)
    words = " ".join(f"{key}={value}" for key, value in data.items())
    return f"{event['id']}  {event.get('time', '')}  {event['type']}  {words}"


def _row_line(key: str, row: dict[str, Json]) -> str:
    words = " ".join(f"{name}={value}" for name, value in row.items() if value is not None)
    return f"{key}  {words}"
