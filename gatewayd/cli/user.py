"""`gatewayd user`: who may sign in at the pages, and the tokens of programs and screens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gatewayd.cli.options import ask_gateway, ask_secret, json_option, settings_option, tell
from gatewayd.core.accounts import ROLES
from gatewayd.core.roles import Role
from gatewayd.core.words import Json

_role = click.option(
    "--role",
    required=True,
    type=click.Choice([str(role) for role in ROLES]),
    help="What they are at this gate.",
)
_made_up = click.option(
    "--made-up",
    "is_made_up",
    is_flag=True,
    help="Have a secret made up that is good for one time, and shown once.",
)


@click.group()
def user() -> None:
    """Say who may sign in at the pages, and as what."""


@user.command(epilog="\b\nExample:\n  gatewayd user setup -c gate.toml")
@settings_option
@json_option
def setup(*, path: Path, is_json: bool) -> None:
    """Show the address of the pages; before there is a manager, that where the first one is made.

    The address with the token is for the manager alone. It is a new one at each start of the
    gateway, and ends with the first manager.
    """
    answer = ask_gateway(path, {"do": "user_setup"})
    tell(answer, "\n".join(_setup_lines(answer)), is_json=is_json)


@user.command("list", epilog="\b\nExample:\n  gatewayd user list --json")
@settings_option
@json_option
def list_users(*, path: Path, is_json: bool) -> None:
    """Show who may sign in, and the tokens; no secret is shown."""
    answer = ask_gateway(path, {"do": "user_list"})
    tell(answer, "\n".join(_lines(answer)), is_json=is_json)


@user.command(
    epilog="\b\nExample:\n  gatewayd user add pengelola --role manager\n"
    "  gatewayd user add petugas-3 --role officer --made-up"
)
@settings_option
@json_option
@_role
@_made_up
@click.argument("label")
def add(*, path: Path, is_json: bool, role: str, is_made_up: bool, label: str) -> None:
    """Let somebody sign in. The label stands in the records and goes to the centre: no name in it.

    Asks for their password of 12 or more characters (an officer may have a PIN of 6 to 12 digits).
    """
    request = {"do": "user_add", "label": label, "role": role}
    answer = ask_gateway(path, request | _secret(label, is_made_up=is_made_up))
    tell(answer, f"{label} can sign in as {role}{_shown(answer)}", is_json=is_json)


@user.command(epilog="\b\nExample:\n  gatewayd user password pengelola")
@settings_option
@json_option
@_made_up
@click.argument("label")
def password(*, path: Path, is_json: bool, is_made_up: bool, label: str) -> None:
    """Give somebody another secret; whoever is signed in with the old one is signed out."""
    request: dict[str, Json] = {"do": "user_password", "label": label}
    answer = ask_gateway(path, request | _secret(label, is_made_up=is_made_up))
    tell(answer, f"{label} has another secret{_shown(answer)}", is_json=is_json)


@user.command(epilog="\b\nExample:\n  gatewayd user remove petugas-3")
@settings_option
@json_option
@click.argument("label")
def remove(*, path: Path, is_json: bool, label: str) -> None:
    """Let somebody sign in no more; they are signed out, and off duty."""
    answer = ask_gateway(path, {"do": "user_remove", "label": label})
    tell(answer, f"{label} cannot sign in any more", is_json=is_json)


@user.command(epilog="\b\nExample:\n  gatewayd user token layar-1 --role display --lane lane-1")
@settings_option
@json_option
@click.option(
    "--role",
    required=True,
    type=click.Choice([str(role) for role in Role]),
    help="What it may do, like a person of that role; `display` is the screen at a lane.",
)
@click.option("--lane", help="The lane of a display.")
@click.argument("label")
def token(*, path: Path, is_json: bool, role: str, lane: str | None, label: str) -> None:
    """Make a token for a program (`Authorization: Bearer TOKEN`) or a lane's screen; shown once."""
    request: dict[str, Json] = {"do": "user_token", "label": label, "role": role, "lane": lane}
    answer = ask_gateway(path, request)
    tell(answer, str(answer.get("token")), is_json=is_json)


@user.command(epilog="\b\nExample:\n  gatewayd user untoken layar-1")
@settings_option
@json_option
@click.argument("label")
def untoken(*, path: Path, is_json: bool, label: str) -> None:
    """Make a token worthless, at once."""
    answer = ask_gateway(path, {"do": "user_untoken", "label": label})
    tell(answer, f"the token {label} is good for nothing any more", is_json=is_json)


def _secret(label: str, *, is_made_up: bool) -> dict[str, Json]:
    return {} if is_made_up else {"secret": ask_secret(f"Secret for {label}", is_new=True)}


def _shown(answer: Mapping[str, Any]) -> str:
    """Return the secret that was made up, in words."""
    secret = answer.get("secret")
    if secret is None:
        return ""
    return f", once with this secret, and then chooses another one: {secret}"


def _setup_lines(answer: Mapping[str, Any]) -> list[str]:
    lines = [f"the pages: {answer.get('address')}"]
    if answer.get("set_up_address"):
        lines += ["the first manager is made here, once:", f"  {answer['set_up_address']}"]
    else:
        lines.append("there is a manager already; add others with `gatewayd user add`")
    if answer.get("fingerprint"):
        lines.append(f"the certificate's SHA-256: {answer['fingerprint']}")
    return lines


def _lines(answer: Mapping[str, Any]) -> list[str]:
    accounts, tokens = answer.get("accounts") or [], answer.get("tokens") or []
    lines = [
        f"{one['label']}  {one['role']}, {one['kind']}{_to_change(one)}" for one in accounts
    ] or ["nobody can sign in: see `gatewayd user setup`"]
    for one in tokens:
        lane = f" at {one['lane']}" if one["lane"] else ""
        used = f"last used {one['used']}" if one["used"] else "never used"
        lines.append(f"{one['label']}  token, {one['role']}{lane}, made {one['made']}, {used}")
    return lines


def _to_change(account: Mapping[str, Any]) -> str:
    return ", chooses a secret at the first sign-in" if account["must_change"] else ""
