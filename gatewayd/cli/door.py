"""`gatewayd door`: what the officer may say of a door that must stay shut."""

from pathlib import Path

import click

from gatewayd.cli.options import ask_gateway, json_option, settings_option, tell
from gatewayd.core.words import Json


@click.group()
def door() -> None:
    """Allow a door to be opened for a while, or watch it again."""


@door.command(
    epilog="\b\nExample:\n  gatewayd door allow back --minutes 15 --reason 'paper delivery'"
)
@settings_option
@json_option
@click.argument("name", metavar="DOOR")
@click.option("--minutes", required=True, type=int, help="For how long, beginning now.")
@click.option("--reason", required=True, help="What for; a sentence without names.")
def allow(*, path: Path, is_json: bool, name: str, minutes: int, reason: str) -> None:
    """Let a door be opened without an alarm.

    Each opening is recorded and makes the count of people less certain all the same. A door that is
    still open when the time is over raises the alarm.
    """
    request: dict[str, Json] = {
        "do": "door",
        "door": name,
        "order": "allow",
        "minutes": minutes,
        "reason": reason,
    }
    answer = ask_gateway(path, request)
    tell(answer, f"{name}: may be open for {minutes} minutes", is_json=is_json)


@door.command(epilog="\b\nExample:\n  gatewayd door watch back")
@settings_option
@json_option
@click.argument("name", metavar="DOOR")
def watch(*, path: Path, is_json: bool, name: str) -> None:
    """End a permission before its time: each opening is an alarm again."""
    answer = ask_gateway(path, {"do": "door", "door": name, "order": "watch"})
    tell(answer, f"{name}: must stay shut; it is {answer.get('state')}", is_json=is_json)
