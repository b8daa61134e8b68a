"""`gatewayd journal`: reads and proves the records of the site, without disturbing the gateway."""

import csv
import json
import sys
from pathlib import Path
from typing import NoReturn

import click

from gatewayd.app.errors import told_plainly
from gatewayd.app.records import read_events, read_table
from gatewayd.app.storage_directory import storage_directory
from gatewayd.cli.options import ask_gateway, ended_early, json_option, settings_option, tell
from gatewayd.core import base64url
from gatewayd.core.custody import EVENT_ID
from gatewayd.core.folded import QUARANTINE
from gatewayd.core.words import Json
from gatewayd.store.checkup import look_over
from gatewayd.store.journal_rows import CHAIN_SIZE
from gatewayd.store.journal_verify import Head, Verified
from gatewayd.store.journal_verify import verify as verify_journal

CSV_COLUMNS = ("id", "time", "type", "data")


@click.group()
def journal() -> None:
    """Read and prove the records of the site."""


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


@journal.command(
    epilog="""\b
Examples:
  gatewayd journal verify -c gate.toml
  gatewayd journal verify -c gate.toml --head 019abc0123450001-42=5f0e...   (64 digits)"""
)
@settings_option
@json_option
@click.option(
    "--head",
    "known",
    callback=lambda _context, _option, value: _read_head(value),
    metavar="ID=CHAIN",
    help="A head of the chain that the centre has; it must be the one here.",
)
def verify(*, path: Path, is_json: bool, known: Head | None) -> None:
    """Prove that no record was changed, removed or swapped since it was written.

    Exit code 0: all hold. 1: what does not is named. It reads everything, at some 20,000 events a
    second, and the gateway may run meanwhile.
    """
    with ended_early(), told_plainly():
        looked = verify_journal(storage_directory(path), known)
    _tell_proof(looked, is_json=is_json)


@journal.command(epilog="\b\nExample:\n  gatewayd journal check -c gate.toml")
@settings_option
@json_option
def check(*, path: Path, is_json: bool) -> None:
    """Look over the files of the storage; changes nothing.

    Exit code 0: all are sound. 1: what is not is named, with what the next start makes of it.
    """
    with ended_early(), told_plainly():
        looked = look_over(storage_directory(path))
    if is_json:
        told = [{"file": one.file, "ok": one.is_good, "what": one.what} for one in looked]
        click.echo(json.dumps(told))
    else:
        for one in looked:
            click.echo(f"{'ok ' if one.is_good else 'BAD'} {one.file} {one.what}")
    sys.exit(0 if all(one.is_good for one in looked) else 1)


@journal.group()
def quarantine() -> None:
    """See to the events that the centre's broker does not take.

    One that is refused eight times, or that the broker hangs up at, while it takes others, is set
    apart so that nothing else waits for it. The journal has it.
    """


@quarantine.command("list", epilog="\b\nExample:\n  gatewayd journal quarantine list -c gate.toml")
@settings_option
@json_option
def list_quarantine(*, path: Path, is_json: bool) -> None:
    """Print which they are, since when, and why; as of the last second."""
    with ended_early():
        rows = sorted(read_table(storage_directory(path), QUARANTINE))
    for event_id, row in rows:
        shown = {"id": event_id, **row}
        line = f"{event_id}  {row['at']}  {row['reason']}"
        click.echo(json.dumps(shown, ensure_ascii=False) if is_json else line)
    if not rows and not is_json:
        click.echo("none", err=True)


@quarantine.command(
    "retry", epilog="\b\nExample:\n  gatewayd journal quarantine retry -c gate.toml"
)
@settings_option
@json_option
def retry_quarantine(*, path: Path, is_json: bool) -> None:
    """Have the gateway send them once more, when the broker's rules were mended, say.

    What the broker takes leaves the list; what it refuses stays, and so does what was removed for
    its age by now.
    """
    answer = ask_gateway(path, {"do": "quarantine"})
    tell(answer, f"tried once more: {answer.get('count')}; see `list`", is_json=is_json)


def _tell_proof(looked: Verified, *, is_json: bool) -> NoReturn:
    head = None if looked.head is None else f"{looked.head.id}={looked.head.chain.hex()}"
    if is_json:
        document: dict[str, Json] = {
            "ok": looked.finding_count == 0,
            "rows": looked.row_count,
            "erased": looked.erased_count,
            "removed_upto": looked.trimmed,
            "checkpoints": looked.checkpoint_count,
            "signers": [base64url.encode(key) for key in sorted(looked.signers)],
            "head": head,
            "findings": [{"id": each.id, "what": each.what} for each in looked.findings],
            "finding_count": looked.finding_count,
        }
        click.echo(json.dumps(document))
        sys.exit(0 if looked.finding_count == 0 else 1)
    for finding in looked.findings:
        click.echo(f"{finding.id} {finding.what}", err=True)
    if looked.finding_count:
        what = f"DOES NOT HOLD: {looked.finding_count} findings in {looked.row_count} events"
        click.echo(what, err=True)
        sys.exit(1)
    click.echo(
        f"ok: events {looked.row_count} (erased, as listed: {looked.erased_count}), "
        f"signed checkpoints {looked.checkpoint_count}"
    )
    if looked.trimmed:
        click.echo(f"removed for their age or the size, as listed: all up to {looked.trimmed}")
    for key in sorted(looked.signers):
        click.echo(f"signed by {base64url.encode(key)}")
    if head is not None:
        click.echo(f"head {head}")
    sys.exit(0)


def _read_head(text: str | None) -> Head | None:
    if text is None:
        return None
    event_id, _, chain = text.partition("=")
    try:
        link = bytes.fromhex(chain)
    except ValueError:
        link = b""
    if EVENT_ID.fullmatch(event_id) is None or len(link) != CHAIN_SIZE:
        raise click.BadParameter("expected an event's id, =, and 64 hex digits")
    return Head(event_id, link)


def _line(event: dict[str, Json]) -> str:
    data = event["data"]
    assert isinstance(data, dict)
    words = " ".join(f"{key}={value}" for key, value in data.items())
    return f"{event['id']}  {event.get('time', '')}  {event['type']}  {words}"
