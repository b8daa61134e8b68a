"""`gatewayd policy matrix`: what a profile makes of everybody, as a table that people can read."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from gatewayd.app.errors import told_plainly
from gatewayd.app.policy_files import read_profile, shipped_profiles
from gatewayd.app.site import policy_here, read_rules
from gatewayd.cli.options import ended_early, json_option, time_option
from gatewayd.core.matrix import STATUSES, Matrix, make_matrix
from gatewayd.core.policy import Policy


@click.command(
    epilog="\b\nExamples:\n  gatewayd policy matrix market\n  gatewayd policy matrix -c gate.toml"
)
@click.argument("profile", required=False, type=click.Choice(list(shipped_profiles())))
@click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The policy of a settings file, instead of a profile.",
)
@click.option("--all", "is_all", is_flag=True, help="All profiles, as the page docs/profiles.md.")
@time_option
@json_option
def matrix(
    *, profile: str | None, path: Path | None, is_all: bool, at: datetime, is_json: bool
) -> None:
    """Show what a policy makes of each category and status, and of what else happens."""
    if [profile is not None, path is not None, is_all].count(True) != 1:
        raise click.UsageError("give a PROFILE, -c FILE or --all")
    if is_all:
        click.echo("\n".join(_page(at)))
        return
    with ended_early(), told_plainly():
        policy = policy_here(read_rules(path)) if path is not None else read_profile(str(profile))
    made = make_matrix(policy, at)
    click.echo(_document(made) if is_json else "\n".join(matrix_lines(policy.at(at), made)))


def _page(at: datetime) -> Iterator[str]:
    yield "# The profiles"
    yield ""
    yield "What each shipped policy makes of everybody, in a lane with a reader at the exit too."
    yield "`gatewayd policy matrix` prints it for one profile or your own settings. Made with:"
    yield ""
    yield f"    gatewayd policy matrix --all --at {at.isoformat()} > docs/profiles.md"
    for name, head in shipped_profiles().items():
        policy = read_profile(name)
        yield from ("", f"## {name}", "", "```text", head, "```", "")
        yield from matrix_lines(policy, make_matrix(policy, at))


def matrix_lines(policy: Policy, made: Matrix) -> list[str]:
    """Return the matrix as two Markdown tables, which are as good to read on a screen."""
    names = [str(status) for status in STATUSES]
    first = _table(["", *names], [[row.name, *row.answers] for row in made.by_status])
    rows = [[row.name, *row.answers] for row in made.otherwise]
    conditions = [f"- {status}: {words}" for status, words in policy.conditions.items()]
    told = ["", "Told to whom a status admits all the same:", "", *conditions] if conditions else []
    return [*first, *told, "", *_table(["what happens", "answer"], rows)]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]

    def line(cells: list[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    rule = f"|{'|'.join('-' * (width + 2) for width in widths)}|"
    return [line(head), rule, *map(line, rows)]


def _document(made: Matrix) -> str:
    names = [str(status) for status in STATUSES]
    by_status = {row.name: dict(zip(names, row.answers, strict=True)) for row in made.by_status}
    otherwise = {row.name: row.answers[0] for row in made.otherwise}
    return json.dumps({"by_status": by_status, "otherwise": otherwise}, ensure_ascii=False)
