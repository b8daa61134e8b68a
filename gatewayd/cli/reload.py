"""`gatewayd reload`: has the running gateway read its rules, lists and keys anew."""

from pathlib import Path

import click

from gatewayd.cli.options import ask_gateway, json_option, settings_option, tell
from gatewayd.core.words import Json


@click.command(epilog="\b\nExample:\n  gatewayd reload -c /etc/gatewayd/gatewayd.toml")
@settings_option
@json_option
def reload(*, path: Path, is_json: bool) -> None:
    """Have the gateway read policy, rosters and trust folder anew, while people go through.

    What needs a restart (lanes, devices, broker, storage) is named. Exit code 1: there are
    mistakes, each is named, and nothing was changed.
    """
    answer = ask_gateway(path, {"do": "reload"})
    tell(answer, "\n".join(_lines(answer)) if answer.get("ok") else "", is_json=is_json)


def _lines(answer: dict[str, Json]) -> list[str]:
    lines = [f"not used: {sentence}" for sentence in _texts(answer["left_out"])]
    sections = _texts(answer["needs_restart"])
    if sections:
        lines.append(f"needs a restart: [{'], ['.join(sections)}] (systemctl restart gatewayd)")
    return [*lines, f"in force: policy {', '.join(_texts(answer['policy']))}"]


def _texts(value: Json) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
