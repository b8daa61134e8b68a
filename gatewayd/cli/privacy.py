"""`gatewayd privacy`: what is known of one person, shown to them, or erased at their request."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from gatewayd.app.privacy import count_records, disclose, find_holder
from gatewayd.app.privacy import erase as erase_person
from gatewayd.cli.options import CommandT, ended_early, json_option, settings_option
from gatewayd.core.words import Json


@click.group()
def privacy() -> None:
    """Answer a person who asks what is known of them, or asks to be forgotten.

    A person's id is the one on passes and in rosters. Who only ever showed a health certificate has
    none: have them show it at a reader, and take the `holder` of the last record (`journal tail`).
    """


def _person_options(command: CommandT) -> CommandT:
    command = click.option("--holder", help="Or the pseudonym that the records have.")(command)
    return click.option(
        "--id", "person", help="The person's id, as on passes and in rosters; it is not kept."
    )(command)


@privacy.command(
    epilog="\b\nExample:\n  gatewayd privacy export --id 198701012010011001 -c gate.toml > a.json"
)
@settings_option
@_person_options
def export(*, path: Path, person: str | None, holder: str | None) -> None:
    """Print all that is known of a person as JSON, in words they understand.

    Every record with its meaning, what of it was sent, until when it is kept, and what the gate
    decides from. The gateway may run. Exit code 1: nothing is known.
    """
    with ended_early():
        found = disclose(path, find_holder(path, person, holder))
    click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    sys.exit(0 if found["records"] or found["tables"] else 1)


@privacy.command(
    epilog="\b\nExample:\n  gatewayd privacy erase --id 198701012010011001 -c gate.toml"
)
@settings_option
@json_option
@_person_options
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask first.")
def erase(
    *, path: Path, is_json: bool, person: str | None, holder: str | None, is_sure: bool
) -> None:
    """Erase a person from the records and tables of the gate, for good.

    What stays is that somebody was counted, and when. The centre is told which events it must
    erase too. The gateway may run or not. Exit code 1: nothing is known of them, or it is not done.
    """
    with ended_early():
        if not is_sure:
            records, rows = count_records(path, find_holder(path, person, holder))
            asked = f"Erase {records} records and {rows} rows of tables? There is no way back"
            click.confirm(asked, abort=True, err=True)
        answer = erase_person(path, person, holder)
    is_done = answer.get("ok") is True
    records_erased = answer.get("records", [])
    assert isinstance(records_erased, list)
    if is_json:
        click.echo(json.dumps(answer))
    elif not is_done:
        click.echo(str(answer.get("text")), err=True)
    else:
        _tell(answer, len(records_erased))
    sys.exit(0 if is_done and (records_erased or answer.get("rows")) else 1)


def _tell(answer: Mapping[str, Json], count: int) -> None:
    if not count and not answer["rows"]:
        click.echo("nothing is known of this person", err=True)
    else:
        click.echo(f"erased: records {count}, rows of tables {answer['rows']}")
    also_in = answer["also_in"]
    assert isinstance(also_in, list)
    for place in also_in:
        click.echo(f"may still hold it, delete it: {place}", err=True)
