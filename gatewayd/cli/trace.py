"""`gatewayd trace`: who was inside at the same time as somebody, once two people released it."""

import csv
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from gatewayd.app.tracing import Asked, Released, Tracing
from gatewayd.cli.options import ended_early, json_option, settings_option, time_option
from gatewayd.cli.trace_release import code_file_option, read_code, release
from gatewayd.core.events import format_time
from gatewayd.core.tracing import Contact
from gatewayd.core.words import HolderId

DAYS_MAX = 90  # Records are not kept longer than that, received or not.
_SEARCH = "find"


class _Trace(click.Group):
    """`trace HOLDER` beside `trace release`: what is no command of its own is asked for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = [_SEARCH, *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Trace, subcommand_metavar="HOLDER [OPTIONS]... | release COMMAND")
def trace() -> None:
    """Tell who was inside at the same time as somebody.

    Two people of the site release it with their codes, and it is recorded, before anything is told.
    `gatewayd trace find --help` has the options, `gatewayd trace release --help` the codes.
    """


trace.add_command(release)


@trace.command(
    _SEARCH,
    epilog="\b\nExamples:\n"
    "  gatewayd trace 5e9a.0b2f... --days 7 --minutes 15 -c gate.toml\n"
    "  gatewayd trace --id 198701012010011001 --csv -c gate.toml > contacts.csv",
)
@settings_option
@json_option
@click.argument("holder", required=False)
@click.option("--id", "person", help="Or the person's id, as in passes; it is not kept.")
@click.option(
    "--days", default=14, show_default=True, type=click.IntRange(1, DAYS_MAX), help="How far back."
)
@click.option(
    "--minutes",
    default=15,
    show_default=True,
    type=click.IntRange(1, 24 * 60),
    help="How long together, in all, makes a contact.",
)
@click.option(
    "--generations",
    default=1,
    show_default=True,
    type=click.IntRange(1, 2),
    help="2: and who met these contacts afterwards.",
)
@time_option
@click.option("--csv", "is_csv", is_flag=True, help="Print a table for a spreadsheet.")
@code_file_option
def find(  # noqa: PLR0913 - one for each option
    *,
    path: Path,
    is_json: bool,
    holder: str | None,
    person: str | None,
    days: int,
    minutes: int,
    generations: int,
    at: datetime,
    is_csv: bool,
    code_files: tuple[Path, ...],
) -> None:
    """Tell who was inside at the same time as HOLDER, a pseudonym of the records.

    Nobody is told by name. The window ends at TIME and begins so many days before.
    """
    if len(code_files) not in (0, 2):
        raise click.UsageError("give --code-file twice, once for each of the two people")
    with ended_early():
        tracing = Tracing(path)
        tracing.require_gateway()
        files = code_files or (None, None)
        given = [read_code(file, f"Code of person {n}") for n, file in enumerate(files, 1)]
        found = tracing.run(Asked(holder, person, at, days, minutes, generations), given)
    if is_json:
        click.echo(json.dumps(found.document()))
    elif is_csv:
        table = csv.writer(sys.stdout)
        table.writerow(
            ["generation", "who", "badge", "category", "through", "begin", "end", "certain"]
        )
        for one in found.answer.contacts:
            head = [one.generation, one.holder, found.badges.get(one.holder, ""), one.category]
            for begin, end, is_certain in one.meetings:
                times = [format_time(begin), format_time(end)]
                table.writerow([*head, one.through, *times, "yes" if is_certain else "no"])
    else:
        click.echo("\n".join(_lines(found)))


def _lines(found: Released) -> Iterator[str]:
    asked, answer = found.question, found.answer
    begins, ends = (at.astimezone(found.zone) for at in (asked.begins, asked.ends))
    yield f"{_called(asked.holder, found)}, {begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}"
    yield f"released by {' and '.join(found.labels)}, and recorded"
    yield f"inside: {len(answer.stays)} times"
    yield from (_span(*stay, found) for stay in answer.stays)
    for generation in range(1, asked.generations + 1):
        yield ""
        contacts = [one for one in answer.contacts if one.generation == generation]
        what = "met the holder" if generation == 1 else "met one of these afterwards"
        minutes = round(asked.least.total_seconds() / 60)
        yield f"{len(contacts)} {what} for {minutes} minutes or more"
        for one in contacts:
            yield from _contact_lines(one, found)
    yield ""
    yield f"{answer.others} others were inside on these days and met the holder for less, or never"
    if answer.nameless:
        yield f"{answer.nameless} came in on these days by hand or unseen: nobody can trace them"
    if any(not one.is_certain for each in answer.contacts for one in each.meetings):
        yield "~ is a time of which an end was not seen: it may have been shorter"


def _contact_lines(one: Contact, found: Released) -> Iterator[str]:
    minutes = one.together.total_seconds() / 60
    through = f"  through {_called(one.through, found)}" if one.generation > 1 else ""
    yield f"{_called(one.holder, found):<44} {one.category:<14} {minutes:>6.0f} min{through}"
    yield from (_span(*meeting, found) for meeting in one.meetings)


def _span(begin: datetime, end: datetime, is_certain: bool, found: Released) -> str:  # noqa: FBT001
    begins, ends = begin.astimezone(found.zone), end.astimezone(found.zone)
    return f"  {'' if is_certain else '~ '}{begins:%Y-%m-%d %H:%M} - {ends:%Y-%m-%d %H:%M}"


def _called(holder: HolderId, found: Released) -> str:
    badge = found.badges.get(holder)
    return holder if badge is None else f"badge {badge:03}"
