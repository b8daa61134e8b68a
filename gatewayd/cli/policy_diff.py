"""`gatewayd policy diff`: what yesterday would have been like under another policy."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from gatewayd.app.errors import MISUSE, EarlyEnd, told_plainly
from gatewayd.app.site import policy_here, read_rules
from gatewayd.cli.options import ended_early, json_option
from gatewayd.core.events import Draft, format_time, load_draft
from gatewayd.core.replay import Replay

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog="""\b
Example:
  gatewayd journal export -c gate.toml > yesterday.jsonl
  gatewayd policy diff gate.toml stricter.toml --replay yesterday.jsonl"""
)
@click.argument("before", type=_file)
@click.argument("after", type=_file)
@click.option("--replay", "records", type=_file, required=True, help="From `journal export`.")
@json_option
def diff(*, before: Path, after: Path, records: Path, is_json: bool) -> None:
    """Run recorded decisions through two settings files, and show who is answered differently.

    Exit code 0: nobody is. 1: somebody is.
    """
    with ended_early():
        with told_plainly():
            replay = Replay(policy_here(read_rules(before)), policy_here(read_rules(after)))
        replay.run(_read(records))
    click.echo(json.dumps(replay.document()) if is_json else "\n".join(_lines(replay)))
    sys.exit(1 if replay.counts else 0)


def _read(path: Path) -> Iterator[Draft]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if b'"type": "erased"' in line:
                continue
            try:
                yield load_draft(line)
            except ValueError as error:
                text = f"{path}:{number}: expected an event of `gatewayd journal export`"
                raise EarlyEnd(text, MISUSE) from error


def _lines(replay: Replay) -> Iterator[str]:
    changed = replay.counts.total()
    yield f"{replay.replayed} decisions replayed, {changed} answered differently"
    yield f"{replay.left_alone} more in which no policy has a say"
    if replay.has_other_rule_sets:
        yield "rule_sets differ: not replayable, as evidence is not kept; colours stand as recorded"
    for one, count in replay.counts.most_common():
        since = format_time(replay.first[one])
        yield f"{count:>6}  {one.category}: {one.before} -> {one.after}   (first {since})"
