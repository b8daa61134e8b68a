"""The command `gatewayd`: words in, exit codes out (0 done, 1 the answer is no, 2 misuse)."""

import gc
from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click

from gatewayd import __version__

# Where each command is. It is imported when it is asked for: an officer's `admit` takes a quarter
# of the time that the import of the daemon, the demo and all drivers takes.
_PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "init": ("init", "init"),
    "run": ("run", "run"),
    "check": ("run", "check"),
    "reload": ("reload", "reload"),
    "doctor": ("doctor", "doctor"),
    "diag": ("diag", "diag"),
    "metrics": ("metrics", "metrics"),
    "demo": ("demo", "demo"),
    "status": ("gate", "status"),
    "admit": ("gate", "admit"),
    "referral": ("gate", "referral"),
    "lane": ("gate", "lane"),
    "count": ("gate", "count"),
    "forgive": ("gate", "forgive"),
    "door": ("door", "door"),
    "officer": ("officer", "officer"),
    "user": ("user", "user"),
    "assist": ("assist", "assist"),
    "pass": ("passes", "passes"),
    "sign": ("sign", "sign"),
    "trust": ("trust", "trust"),
    "credential": ("credential", "credential"),
    "policy": ("policy", "policy"),
    "simulate": ("simulate", "simulate"),
    "conform": ("conform", "conform"),
    "muster": ("muster", "muster"),
    "report": ("report", "report"),
    "trace": ("trace", "trace"),
    "journal": ("journal", "journal"),
    "cache": ("cache", "cache"),
    "privacy": ("privacy", "privacy"),
    "backup": ("backup", "backup"),
    "restore": ("backup", "restore"),
    "poster": ("poster", "poster"),
    "topics": ("topics", "topics"),
    "api": ("api", "api"),
    "fleet": ("fleet", "fleet"),
    "completion": ("completion", "completion"),
    "manual": ("manual", "manual"),
}


class Commands(click.Group):
    """The commands, in the order in which somebody comes to need them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002, the library's call
        return list(_PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _PLACES:
            return None
        module, name = _PLACES[cmd_name]
        gc.disable()  # An import leaves no garbage, and looking for it is a tenth of a start.
        try:
            command = getattr(import_module(f"gatewayd.cli.{module}"), name)
        finally:
            gc.enable()
        assert isinstance(command, click.Command)
        return command


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gatewayd")
def main() -> None:
    """One gate for a building: reads codes, decides, opens for one person, tells the centre."""
