"""The command `gatewayd`: words in, exit codes out (0 done, 1 the answer is no, 2 misuse)."""

import gc
from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click
from click.shell_completion import CompletionItem

from gatewayd import __version__

# Where each command is, and the first sentence of its help. It is imported when it is run: an
# officer's `admit` takes a tenth of the time that importing the daemon, the demo and all drivers
# takes, and so does the list of all commands, for whoever asks for help or presses Tab.
_PLACES: Final[Mapping[str, tuple[str, str, str]]] = {
    "init": (
        "init",
        "init",
        "Make the settings of a new site: by asking, from a template, or a template from a site.",
    ),
    "run": ("run", "run", "Run the gateway until SIGTERM or Ctrl-C."),
    "check": ("run", "check", "Check all files of a site; changes nothing."),
    "reload": (
        "reload",
        "reload",
        "Have the gateway read policy, rosters and trust folder anew, while people go through.",
    ),
    "doctor": (
        "doctor",
        "doctor",
        "Examine a site: ports, devices, brokers, files, clock and disk.",
    ),
    "diag": ("diag", "diag", "Collect what somebody who helps from afar has to see."),
    "metrics": (
        "metrics",
        "metrics",
        "Print the figures of the running gateway in the text form of Prometheus.",
    ),
    "demo": ("demo", "demo", "Play a whole gate with people on this machine."),
    "status": ("gate", "status", "Show how the gate stands."),
    "admit": ("gate", "admit", "Let a guest in by hand, on your declaration."),
    "referral": ("gate", "referral", "Settle the people whom the gate referred to you."),
    "lane": ("gate", "lane", "Order a lane: free it, lock it (exit only), or resume."),
    "count": ("gate", "count", "Correct how many people are inside."),
    "forgive": (
        "gate",
        "forgive",
        "Take somebody for outside who left unseen, so that they may come in again.",
    ),
    "door": ("door", "door", "Allow a door to be opened for a while, or watch it again."),
    "officer": ("officer", "officer", "Sign officers on and out, and give them PINs."),
    "user": ("user", "user", "Say who may sign in at the pages, and as what."),
    "assist": ("assist", "assist", "Ask for an officer at a lane, and answer who asked."),
    "pass": ("passes", "passes", "Make the keys of signed passes, issue passes, verify them."),
    "sign": (
        "sign",
        "sign",
        "Sign messages for gates, as their centre does, and make the keys for it.",
    ),
    "trust": ("trust", "trust", "See and change whose codes a gate believes."),
    "credential": ("credential", "credential", "Look at codes without a gate."),
    "policy": ("policy", "policy", "Look at rules without a gate."),
    "simulate": ("simulate", "simulate", "Play a reader or a turnstile."),
    "conform": ("conform", "conform", "Test a turnstile controller by the rules of its protocol."),
    "muster": (
        "muster",
        "muster",
        "List who is inside, or was at a time or when an alarm began: for the meeting point.",
    ),
    "report": ("report", "report", "Recap a day in numbers: nobody can be recognised in it."),
    "trace": ("trace", "trace", "Tell who was inside at the same time as somebody."),
    "journal": ("journal", "journal", "Read and prove the records of the site."),
    "cache": ("cache", "cache", "Look at what the door decides from (the tables in TinyDB)."),
    "privacy": (
        "privacy",
        "privacy",
        "Answer a person who asks what is known of them, or asks to be forgotten.",
    ),
    "backup": (
        "backup",
        "backup",
        "Write the records and tables of the site to a file; the gateway may run meanwhile.",
    ),
    "restore": (
        "backup",
        "restore",
        "Put a backup in place, on a new disk or a new machine; the gateway must not run.",
    ),
    "poster": (
        "poster",
        "poster",
        "Print the codes of the lanes as posters, or show one that changes.",
    ),
    "topics": ("topics", "topics", "Print the topics of the site, with what each carries."),
    "api": (
        "api",
        "api",
        "Print the HTTP API of the pages (routes, roles, bodies, answers) as an OpenAPI document.",
    ),
    "fleet": (
        "fleet",
        "fleet",
        "Show every gate at the broker of a centre: whether it is there, and what it has in force.",
    ),
    "completion": (
        "completion",
        "completion",
        "Print the completion script of a shell: bash, zsh or fish.",
    ),
    "manual": ("manual", "manual", "Print the manual page of all commands, in the form of man(1)."),
}


class Commands(click.Group):
    """The commands, in the order in which somebody comes to need them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002, the library's call
        return list(_PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _PLACES:
            return None
        module, name, _ = _PLACES[cmd_name]
        gc.disable()  # An import leaves no garbage, and looking for it is a tenth of a start.
        try:
            command = getattr(import_module(f"gatewayd.cli.{module}"), name)
        finally:
            gc.enable()
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, says) for name, (_, _, says) in _PLACES.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        named = [
            CompletionItem(name, help=says)
            for name, (_, _, says) in _PLACES.items()
            if name.startswith(incomplete)
        ]
        # Past the group's own, which would import all of them.
        return [*named, *super(click.Group, self).shell_complete(ctx, incomplete)]


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gatewayd")
def main() -> None:
    """One gate for a building: reads codes, decides, opens for one person, tells the centre."""
