"""`gatewayd officer`: who is on duty at the gate, and the PINs that they sign on with."""

from pathlib import Path
from typing import Any

import click

from gatewayd.cli.options import ask_gateway, ask_secret, json_option, settings_option, tell
from gatewayd.core.words import Json


@click.group()
def officer() -> None:
    """Sign officers on and out, and give them PINs."""


@officer.command("in", epilog="\b\nExample:\n  gatewayd officer in petugas-1 -c gate.toml")
@settings_option
@json_option
@click.argument("label", required=False)
@click.option("--pass", "is_pass", is_flag=True, help="By your own pass instead of a PIN.")
def sign_in(*, path: Path, is_json: bool, label: str | None, is_pass: bool) -> None:
    """Begin your duty: what you do at the gate from now on is recorded under your label.

    Asks for the PIN, or with --pass for the code of the pass (a hand scanner types it), without
    showing it. From a pipe it is one line. Whoever was signed on at this terminal goes off duty.
    """
    if is_pass == (label is not None):
        raise click.UsageError("give your LABEL, or --pass")
    request: dict[str, Json] = {"do": "officer", "sign": "in"}
    if is_pass:
        request["pass"] = ask_secret("Pass")
    else:
        request |= {"officer": label, "pin": ask_secret(f"PIN of {label}")}
    answer = ask_gateway(path, request)
    word = "is on duty already, since" if answer.get("already") else "is on duty since"
    tell(answer, f"{answer.get('officer')} {word} {answer.get('since')}", is_json=is_json)


@officer.command(epilog="\b\nExample:\n  gatewayd officer out")
@settings_option
@json_option
@click.argument("label", required=False)
def out(*, path: Path, is_json: bool, label: str | None) -> None:
    """End your duty, or that of the officer with this label."""
    answer = ask_gateway(path, {"do": "officer", "sign": "out", "officer": label})
    tell(answer, f"{answer.get('officer')} is off duty", is_json=is_json)


@officer.command("list", epilog="\b\nExample:\n  gatewayd officer list --json")
@settings_option
@json_option
def list_officers(*, path: Path, is_json: bool) -> None:
    """Show who is on duty, and who has a PIN."""
    answer = ask_gateway(path, {"do": "officers"})
    tell(answer, "\n".join(_lines(answer)), is_json=is_json)


@officer.command(epilog="\b\nExample:\n  gatewayd officer add petugas-1")
@settings_option
@json_option
@click.argument("label")
def add(*, path: Path, is_json: bool, label: str) -> None:
    """Give an officer a PIN of 6 to 12 digits, or another one.

    The label stands in the records and goes to the centre: no name in it.
    """
    pin = ask_secret(f"PIN for {label}", is_new=True)
    answer = ask_gateway(path, {"do": "officer_add", "officer": label, "pin": pin})
    what = "has another PIN" if answer.get("changed") else "can sign on"
    tell(answer, f"{label} {what}", is_json=is_json)


@officer.command(epilog="\b\nExample:\n  gatewayd officer remove petugas-1")
@settings_option
@json_option
@click.argument("label")
def remove(*, path: Path, is_json: bool, label: str) -> None:
    """Take an officer's PIN away; a duty ends with it."""
    answer = ask_gateway(path, {"do": "officer_remove", "officer": label})
    tell(answer, f"{label} cannot sign on any more", is_json=is_json)


def _lines(answer: dict[str, Any]) -> list[str]:
    on_duty = answer.get("on_duty") or []
    if not on_duty:
        needed = ": nobody can be admitted by hand" if answer.get("required") else ""
        return [f"nobody is on duty{needed}", *_with_pin(answer)]
    lines = [f"{one['officer']}  on duty since {one['since']}, by {one['how']}" for one in on_duty]
    return [*lines, *_with_pin(answer)]


def _with_pin(answer: dict[str, Any]) -> list[str]:
    return [f"with a PIN: {', '.join(answer.get('officers') or []) or 'nobody'}"]
