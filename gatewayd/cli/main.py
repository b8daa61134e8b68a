"""The command `gatewayd`: words in, exit codes out (0 done, 1 the answer is no, 2 misuse)."""

import click

from gatewayd import __version__
from gatewayd.cli.demo import demo
from gatewayd.cli.gate import admit, count, lane, referral, status
from gatewayd.cli.passes import passes
from gatewayd.cli.records import cache, journal, topics
from gatewayd.cli.run import check, run
from gatewayd.cli.simulate import simulate


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="gatewayd")
def main() -> None:
    """One gate for a building: reads codes, decides, opens for one person, tells the centre."""


for command in (
    run,
    check,
    demo,
    status,
    admit,
    referral,
    lane,
    count,
    passes,
    simulate,
    journal,
    cache,
    topics,
):
    main.add_command(command)
