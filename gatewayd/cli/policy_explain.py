"""`gatewayd policy explain`: every check of a decision, its outcome, and the layer it came from."""

import json
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

import click

from gatewayd.app.explain import (
    Asked,
    explain_described,
    explain_event,
    explain_scan,
    read_described,
)
from gatewayd.cli.options import ended_early, json_option, settings_option, time_option
from gatewayd.core.credential import SCAN_SIZE_MAX
from gatewayd.core.decide import Admit, CheckOutcome
from gatewayd.core.described import Described
from gatewayd.core.explain import Explained, Explanation
from gatewayd.core.matrix import verdict_word
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.reasons import Locale, text
from gatewayd.core.words import Direction, Json, Status

_LONG_AGO = timedelta(hours=1)  # Long enough to be inside, and within any timed anti-passback.


@click.command(
    epilog="""\b
Examples:
  gatewayd policy explain --category visitor --status red -c gate.toml
  gatewayd policy explain --person guest.toml --at 2022-07-17T08:00:00+07:00 -c gate.toml
  gatewayd policy explain --scan - -c gate.toml < code.txt
  gatewayd policy explain --event 0000018b2f7c3a00-17 -c gate.toml"""
)
@settings_option
@json_option
@time_option
@click.option("--scan", "code", metavar="CODE", help="What a QR code holds; - is stdin's line.")
@click.option("--event", "event_id", metavar="ID", help="A verdict in the journal.")
@click.option(
    "--person",
    "person",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A person, described in a TOML file (docs/rules.md).",
)
@click.option("--category", default="visitor", show_default=True, help="Without a file: what as.")
@click.option(
    "--status",
    type=click.Choice([str(one) for one in Status]),
    help="Without a file: their status.",
)
@click.option("--region", help="Without a file: where they come from.")
@click.option("--exit", "is_exit", is_flag=True, help="They want out, not in.")
@click.option("--already-inside", is_flag=True, help="By the records they are inside.")
@click.option("--inside", multiple=True, metavar="CATEGORY=N", help="So many are inside; repeat.")
def explain(  # noqa: PLR0913, one for each option
    *,
    path: Path,
    is_json: bool,
    at: datetime,
    code: str | None,
    event_id: str | None,
    person: Path | None,
    category: str,
    status: str | None,
    region: str | None,
    is_exit: bool,
    already_inside: bool,
    inside: tuple[str, ...],
) -> None:
    """Explain a decision: of a scan, of a recorded verdict, or of a person who is described.

    Exit code 0: they may pass. 1: they are refused or referred.
    """
    if sum(one is not None for one in (code, event_id, person)) > 1:
        raise click.UsageError("give one of --scan, --event and --person")
    asked = Asked(
        at,
        Direction.EXIT if is_exit else Direction.ENTRY,
        Occupancy(_counts(inside)),
        at - _LONG_AGO if already_inside else None,
    )
    record: dict[str, Json] | None = None
    with ended_early():
        if code is not None:
            found = explain_scan(path, _scan(code), asked)
        elif event_id is not None:
            found, record = explain_event(path, event_id)
        elif person is not None:
            found = explain_described(path, read_described(path, person), asked)
        else:
            known = None if status is None else Status(status)
            found = explain_described(path, Described(category, region, known), asked)
    if is_json:
        click.echo(json.dumps(_document(found, record), ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(found, record)))
    sys.exit(0 if isinstance(found.verdict, Admit) else 1)


def _scan(code: str) -> bytes:
    if code != "-":
        return os.fsencode(code)
    return sys.stdin.buffer.readline(SCAN_SIZE_MAX + 2).rstrip(b"\r\n")


def _counts(inside: tuple[str, ...]) -> dict[str, int]:
    counts = {}
    for one in inside:
        name, equals, number = one.partition("=")
        if not equals or not number.isdigit():
            raise click.BadParameter(f"expected like visitor=12, got {one}", param_hint="--inside")
        counts[name] = int(number)
    return counts


def _lines(found: Explanation, record: dict[str, Json] | None) -> list[str]:
    case, standing = found.case, found.standing
    lines = [f"at        {case.at.astimezone(case.policy.zone).isoformat(timespec='seconds')}"]
    lines.append(f"policy    {', '.join(found.versions)} ({case.policy.mode_at(case.at)})")
    lines.append(f"status    {standing.status}{_whence(found)}")
    lines += ["", *map(_line, found.checks), ""]
    lines.append(f"verdict   {verdict_word(found.verdict)}: {found.verdict.reason}")
    lines.append(f"shown     {text(found.verdict.reason, Locale.ID)}")
    if found.condition is not None:
        lines.append(f"condition {found.condition}")
    if found.verdict.findings:
        lines.append(f"findings  {', '.join(found.verdict.findings)}")
    return lines if record is None else [*_recorded(record), *lines]


def _recorded(record: dict[str, Json]) -> list[str]:
    data = record["data"]
    assert isinstance(data, dict)
    outcome = str(record["type"]).split(".")[2]
    versions = data.get("policy", [])
    assert isinstance(versions, list)
    return [
        f"recorded  {outcome}: {data.get('reason')}, by {', '.join(map(str, versions))}",
        "below     the rules of today for that time; evidence and counts of then are not kept",
        "",
    ]


def _whence(found: Explanation) -> str:
    ruling = found.standing.ruling
    if ruling is None:
        return ""
    until = ruling.until.astimezone(found.case.policy.zone).isoformat(timespec="minutes")
    why = f"no rule of {ruling.rule_set} holds" if ruling.rule is None else ""
    if ruling.rule is not None:
        told = f': "{found.rule.text}"' if found.rule is not None and found.rule.text else ""
        why = f"rule {ruling.rule} of {ruling.rule_set}{told}"
    failed = f"; it fails: {ruling.failed}" if ruling.failed else ""
    return f" until {until} ({why}{failed})"


def _line(one: Explained) -> str:
    checked = one.checked
    if checked.outcome is CheckOutcome.PASSED:
        return f"  {checked.name:<13} passed"
    answer = "noted" if checked.outcome is CheckOutcome.NOTED else str(checked.answer)
    layer = one.layer or "by default"
    source = "" if one.key is None else f"   {one.key} ({layer})"
    return f"  {checked.name:<13} {answer:<7} {checked.reason}{source}"


def _document(found: Explanation, record: dict[str, Json] | None) -> dict[str, Json]:
    told = found.document()
    return told if record is None else {**told, "recorded": record}
