"""What an officer asks of the running gateway: status, admit, referral, lane, count, forgive."""

from pathlib import Path
from typing import Any

import click

from gatewayd.cli.options import CommandT, ask_gateway, json_option, settings_option, tell
from gatewayd.cli.status_text import status_text
from gatewayd.core.words import Json

_DECLARED = (
    click.option("--healthy", is_flag=True, help="You declare: they are healthy."),
    click.option("--protocol", is_flag=True, help="You declare: they keep the health protocol."),
    click.option("--certificate", is_flag=True, help="You have seen a certificate on paper."),
    click.option("--purpose", help="What they came for; a word that the policy lists."),
    click.option("--origin", help="The region they come from."),
)


@click.command(epilog="\b\nExample:\n  gatewayd status -c gate.toml")
@settings_option
@json_option
def status(*, path: Path, is_json: bool) -> None:
    """Show how the gate stands.

    Lanes, people inside, referrals, alarms, records, and the link to the centre.
    """
    answer = ask_gateway(path, {"do": "status"})
    tell(answer, status_text(answer) if answer.get("ok") else "", is_json=is_json)


def _declaration(command: CommandT) -> CommandT:
    """Add what an officer declares of a guest; which of it has to be, the policy says."""
    for option in reversed(_DECLARED):
        command = option(command)
    return command


@click.command(
    epilog="\b\nExample:\n  gatewayd admit --lane lane-1 --reason 'no phone' --healthy --protocol"
)
@settings_option
@json_option
@click.option("--lane", required=True, help="The lane that lets them in.")
@click.option("--reason", required=True, help="Why by hand; a sentence without names.")
@click.option("--category", default="visitor", show_default=True)
@_declaration
@click.option(
    "--badge",
    type=int,
    multiple=True,
    help="The number of the badge that they carry and leave with; once for each guest.",
)
@click.option("--count", default=1, show_default=True, help="How many, let in one by one.")
def admit(*, path: Path, is_json: bool, badge: tuple[int, ...], **request: Json) -> None:
    """Let a guest in by hand, on your declaration."""
    request["badge"] = list[Json](badge)
    answer = ask_gateway(path, {"do": "admit", **request})
    number = len(badge) or request["count"]
    before = f"; {answer.get('admitted')} of {number} came in before"
    no = _refusal(answer) + (before if answer.get("admitted") else "")
    tell(answer, f"admitted: {answer.get('admitted')}", is_json=is_json, no=no)


@click.group()
def referral() -> None:
    """Settle the people whom the gate referred to you."""


@referral.command("list", epilog="\b\nExample:\n  gatewayd referral list -c gate.toml")
@settings_option
@json_option
def list_referrals(*, path: Path, is_json: bool) -> None:
    """Show who waits for you, by number."""
    answer = ask_gateway(path, {"do": "referrals"})
    rows = answer.get("referrals", [])
    assert isinstance(rows, list)
    lines = [_referral_line(row) for row in rows if isinstance(row, dict)]
    tell(answer, "\n".join(lines) or "nobody is waiting", is_json=is_json)


@referral.command("admit", epilog="\b\nExample:\n  gatewayd referral admit 7 --healthy --protocol")
@settings_option
@json_option
@click.argument("number", type=int)
@click.option("--lane", help="Another lane than the one they came to.")
@click.option("--reason", default="referral", show_default=True)
@_declaration
def admit_referral(*, path: Path, is_json: bool, number: int, **request: Json) -> None:
    """Let the person with this number in."""
    answer = ask_gateway(path, {"do": "admit", "referral": number, **request})
    tell(answer, f"referral {number}: admitted", is_json=is_json, no=_refusal(answer))


@referral.command("refuse", epilog="\b\nExample:\n  gatewayd referral refuse 7 --reason 'left'")
@settings_option
@json_option
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Why; a sentence without names.")
def refuse_referral(*, path: Path, is_json: bool, number: int, reason: str) -> None:
    """Turn the person with this number away."""
    answer = ask_gateway(path, {"do": "refuse", "referral": number, "reason": reason})
    tell(answer, f"referral {number}: refused", is_json=is_json)


@click.group()
def lane() -> None:
    """Order a lane: free it, lock it (exit only), or resume."""


def _order(word: str, text: str) -> None:
    @lane.command(word, help=text, epilog=f"\b\nExample:\n  gatewayd lane {word} lane-1")
    @settings_option
    @json_option
    @click.argument("name", metavar="LANE")
    def order(*, path: Path, is_json: bool, name: str) -> None:
        answer = ask_gateway(path, {"do": "lane", "lane": name, "order": word})
        tell(answer, f"{name}: {answer.get('order')}", is_json=is_json)


_order("free", "Emergency: let everybody through, in and out, until `resume`.")
_order("lock", "Lock-down: nobody comes in; going out stays free.")
_order("resume", "Back to normal. Refused while the fire input is on.")


@click.command(
    epilog="\b\nExample:\n  gatewayd count --set 12 --category visitor --reason 'counted by hand'"
)
@settings_option
@json_option
@click.option("--set", "to", required=True, type=int, help="How many of the category are inside.")
@click.option("--category", default="visitor", show_default=True)
@click.option("--reason", required=True, help="Why the count was wrong.")
def count(*, path: Path, is_json: bool, **request: Json) -> None:
    """Correct how many people are inside. Nothing is uncertain any more after that."""
    answer = ask_gateway(path, {"do": "count", **request})
    text = f"{answer.get('category')}: {answer.get('from')} -> {answer.get('to')}"
    tell(answer, text, is_json=is_json)


@click.command(
    epilog="\b\nExample:\n  gatewayd forgive --id 198701012010011001 --reason 'left with a group'"
)
@settings_option
@json_option
@click.option("--id", "id", help="The person's id, as on passes and in rosters; it is not kept.")
@click.option("--holder", help="Or the pseudonym that the records have.")
@click.option("--reason", required=True, help="How they got out; a sentence without names.")
def forgive(*, path: Path, is_json: bool, **request: Json) -> None:
    """Take somebody for outside who left unseen, so that they may come in again."""
    answer = ask_gateway(path, {"do": "forgive", **request})
    tell(answer, f"{answer.get('holder')}: may come in again", is_json=is_json)


def _refusal(answer: dict[str, Json]) -> str:
    """Say why the gate did not let somebody in, and what the officer can do about it."""
    told = str(answer.get("text"))
    match answer.get("reason"):
        case None:
            return told  # It was not even decided.
        case "attestation_incomplete" as reason:
            required = answer.get("required")
            assert isinstance(required, list)
            options = " and ".join(f"--{name}" for name in required if name != "reason")
            return f"not admitted ({reason}): {told} Declare it with {options}"
        case "officer_absent" as reason:
            return f"not admitted ({reason}): {told} Sign on with `gatewayd officer in`"
        case reason:
            return f"not admitted ({reason}): {told}"


def _referral_line(row: dict[str, Any]) -> str:
    category = row["category"] or "not known"
    return f"{row['referral']:>4}  {row['lane']}  {row['reason']}  {category}  since {row['at']}"
