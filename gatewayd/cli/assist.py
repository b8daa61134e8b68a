"""`gatewayd assist`: who needs help at the gate, and who has been helped."""

from pathlib import Path

import click

from gatewayd.cli.options import ask_gateway, json_option, settings_option, tell

_CAUSES = {
    "failed_scans": "two scans failed",
    "button": "the help button",
    "desk": "asked for at the desk",
}


@click.group()
def assist() -> None:
    """Ask for an officer at a lane, and answer who asked."""


@assist.command(epilog="\b\nExample:\n  gatewayd assist request lane-1")
@settings_option
@json_option
@click.argument("lane")
def request(*, path: Path, is_json: bool, lane: str) -> None:
    """Call an officer to a lane."""
    answer = ask_gateway(path, {"do": "assist_request", "lane": lane})
    when = " already" if answer.get("already") else ""
    tell(answer, f"{lane}: help is asked for{when}, number {answer.get('assist')}", is_json=is_json)


@assist.command("list", epilog="\b\nExample:\n  gatewayd assist list --json")
@settings_option
@json_option
def list_assists(*, path: Path, is_json: bool) -> None:
    """Show who waits for help, the longest first."""
    answer = ask_gateway(path, {"do": "assists"})
    rows = answer.get("assists", [])
    assert isinstance(rows, list)
    lines = [
        f"{row['assist']:>4}  {row['lane']}  {_CAUSES[str(row['cause'])]}  since {row['at']}"
        + (f"  {row['by']} is on the way" if "by" in row else "")
        for row in rows
        if isinstance(row, dict)
    ]
    tell(answer, "\n".join(lines) or "nobody needs help", is_json=is_json)


@assist.command(epilog="\b\nExample:\n  gatewayd assist done 3 --note 'the screen was too dark'")
@settings_option
@json_option
@click.argument("number", type=int)
@click.option("--note", default="", help="What it was; a sentence without names.")
def done(*, path: Path, is_json: bool, number: int, note: str) -> None:
    """Say that the one with this number has been helped."""
    answer = ask_gateway(path, {"do": "assist_done", "assist": number, "note": note})
    tell(answer, f"{number}: helped after {answer.get('seconds')} s", is_json=is_json)
