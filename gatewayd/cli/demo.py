"""`gatewayd demo`: a whole gate on this machine, with people."""

import asyncio
import json
import sys
from dataclasses import asdict

import click
from click.core import ParameterSource

from gatewayd.app.demo.accounts import Ledger
from gatewayd.app.demo.perform import Options, Watcher, perform
from gatewayd.app.demo.screen import Screen
from gatewayd.app.demo.story import Story, find_story, read_story, story_names
from gatewayd.app.demo.words import summary

PACE_S = 1.0  # To read two lines; the act itself takes another one.
_CROWDS = ("people", "seconds", "outage")
"""Options that a story has no use for."""


def _read_site(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> Story | None:
    if value is None:
        return None
    name = find_story(value)
    if name is None:
        raise click.BadParameter(f"expected one of {', '.join(story_names())}")
    return read_story(name)


@click.command(
    epilog="\b\nExamples:\n  gatewayd demo --people 60 --outage\n  gatewayd demo --site palembang"
)
@click.option(
    "--site",
    "story",
    callback=_read_site,
    metavar="NAME",
    help=f"Play the day of one of the five sites: {', '.join(story_names())}.",
)
@click.option(
    "--people", type=click.IntRange(1, 500), default=60, show_default=True, help="How many come."
)
@click.option(
    "--seconds",
    type=click.IntRange(10, 3600),
    default=60,
    show_default=True,
    help="How long they come.",
)
@click.option("--outage", is_flag=True, help="Take the centre's broker away in the middle third.")
@click.option(
    "--embedded", is_flag=True, help="Use the embedded broker, with or without mosquitto."
)
@click.option("--seed", default=1, show_default=True, help="Makes the same crowd each time.")
@click.option(
    "--stay",
    is_flag=True,
    help="Leave the gate and its pages up after the accounts, with people coming, until Ctrl-C.",
)
@click.option("--json", "is_json", is_flag=True, help="No screen; the last line is the accounts.")
@click.pass_context
def demo(  # noqa: PLR0913, one argument for each option
    context: click.Context,
    *,
    story: Story | None,
    people: int,
    seconds: int,
    outage: bool,
    embedded: bool,
    seed: int,
    stay: bool,
    is_json: bool,
) -> None:
    """Play a whole gate with people on this machine.

    It has two lanes and brokers, and needs no hardware; its pages are for browsers on this machine,
    with user names that are printed. Exit code 0 only if the accounts add up:
    one verdict for each scan, no opening without a record, every event at the centre, and the
    count equal to who went in and out. With --site also: everything as that site's story has it.
    """
    given = [name for name in _CROWDS if _is_given(context, name)]
    if story is not None and given:
        raise click.UsageError(f"--site tells who comes and when: leave out --{given[0]}")
    if stay and is_json:
        raise click.UsageError("--json ends with the accounts: leave out --stay")
    options = Options(
        people=people,
        seconds=seconds,
        has_outage=outage,
        is_embedded=embedded,
        seed=seed,
        story=story,
        pace_s=0.0 if is_json else PACE_S,
        is_left_open=stay,
    )
    watcher = Watcher() if is_json else Screen()
    try:
        ledger = asyncio.run(perform(options, watcher))
    except KeyboardInterrupt:
        sys.exit(1)
    if is_json:
        click.echo(json.dumps(_document(ledger, story), ensure_ascii=False))
    elif not stay:  # Else they stand above what happened since.
        click.echo(summary(ledger))
    sys.exit(1 if ledger.problems else 0)


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is not ParameterSource.DEFAULT


def _document(ledger: Ledger, story: Story | None) -> dict[str, object]:
    told: dict[str, object] = {**ledger.figures, "problems": list(ledger.problems)}
    if story is not None:
        told |= {"site": story.name, "statements": [asdict(one) for one in ledger.statements]}
    return told
