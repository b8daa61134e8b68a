"""`gatewayd init`: the settings of a new site, by asking, or from those of one that works."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from gatewayd.app.doctor_ports import FOLDER
from gatewayd.app.errors import told_plainly
from gatewayd.app.template import Made, Place, export_template, use_template
from gatewayd.app.wizard import LANES_MAX, READERS, TURNSTILES, write_site
from gatewayd.cli.init_dialogue import Dialogue
from gatewayd.cli.init_words import PROFILES
from gatewayd.cli.options import CommandT, ended_early
from gatewayd.core.reasons import Locale

Answer = str | int | bool | tuple[str, ...] | None
"""What an option of a question gives; None where somebody is to be asked."""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_ANSWERS = (
    click.option("--region", help="Where the new site is."),
    click.option("--organisation", help="Whose it is."),
    click.option("--id", help="What it is called at the centre."),
    click.option("--name", help="What it is called by people."),
    click.option("--timezone", help="Its time zone, like Asia/Makassar."),
    click.option("--profile", type=click.Choice(list(PROFILES)), help="The kind of place."),
    click.option("--lanes", type=click.IntRange(1, LANES_MAX), help="How many lanes."),
    click.option("--reader", type=click.Choice(READERS), help="The kind of QR reader."),
    click.option("--exit-reader/--no-exit-reader", default=None, help="One at the way out?"),
    click.option("--turnstile", type=click.Choice(list(TURNSTILES)), help="Its controller."),
    click.option("--entry-port", multiple=True, help="Of the entry reader; once for each lane."),
    click.option("--exit-port", multiple=True, help="Of the exit reader; once for each lane."),
    click.option("--gate-port", multiple=True, help="Of the turnstile; once for each lane."),
    click.option("--broker", help="The address of the centre's broker."),
    click.option("--broker-user", help="The user name there."),
    click.option("--desk/--no-desk", default=None, help="Pages for officer and manager?"),
)


def _answer_options(command: CommandT) -> CommandT:
    """Add an option for each question; whoever gives one is not asked."""
    for option in reversed(_ANSWERS):
        command = option(command)
    return command


@click.command(
    epilog="\b\nExamples:\n  gatewayd init -o /etc/gatewayd/gatewayd.toml"
    "\n  gatewayd init --yes --region kaltim --organisation setda --id gubernur"
    " --profile governor-office"
    "\n  gatewayd init --export -c gate.toml > template.toml"
    "\n  gatewayd init --from template.toml --region kaltim --organisation setda"
    " --id kantor-gubernur \\\n      -o gate.toml"
)
@click.option("--export", "is_export", is_flag=True, help="Print a template of the settings -c.")
@click.option("-c", "--config", "path", type=_FILE, help="The settings to export.")
@click.option("--from", "template", type=_FILE, help="A template to begin with.")
@click.option(
    "--lang",
    type=click.Choice([str(one) for one in Locale]),
    help="Language  [default: that of LANG].",
)
@click.option("-y", "--yes", "takes_defaults", is_flag=True, help="Ask nothing; take defaults.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("gatewayd.toml"),
    show_default=True,
    help="The settings file to write.",
)
@_answer_options
def init(
    *,
    is_export: bool,
    path: Path | None,
    template: Path | None,
    lang: str | None,
    takes_defaults: bool,
    output: Path,
    **answers: Answer,
) -> None:
    """Make the settings of a new site: by asking, from a template, or a template from a site.

    On a terminal it asks the few things that it has to know, and finds out which port is whose:
    pull the plug, or show a code. It writes the settings with comments and a key for each
    turnstile, and never writes over a file.

    A template has the policy with its files, and the shape of the lanes: which devices, and how
    they are set. It has no place, address, port, key, roster or person.
    """
    if is_export:
        if path is None or template is not None:
            raise click.UsageError("--export needs -c FILE, and no --from")
        with ended_early(), told_plainly():
            click.echo(export_template(path), nl=False)
        return
    locale = Locale(lang) if lang else _language(os.environ.get("LANG", ""))
    dialogue = Dialogue(locale, answers, not takes_defaults, FOLDER)
    with ended_early(), told_plainly():
        if template is not None:
            made = _from_template(template, answers, output)
        elif takes_defaults or _is_terminal():
            made = write_site(dialogue.hold(), output)
        else:
            raise click.UsageError(
                "there is no terminal to ask on: give --yes with the options that matter, or "
                "--from TEMPLATE"
            )
    click.echo(dialogue.say("written", files=", ".join(str(file) for file in made.files)))
    click.echo(dialogue.say("left"))
    for sentence in made.left:
        click.echo(f"  - {sentence}")


def _from_template(template: Path, answers: Mapping[str, Answer], output: Path) -> Made:
    names = [answers[key] for key in ("region", "organisation", "id")]
    if None in names:
        raise click.UsageError("--from TEMPLATE needs --region, --organisation and --id")
    zone = None if answers["timezone"] is None else str(answers["timezone"])
    region, organisation, site_id = map(str, names)
    place = Place(region, organisation, site_id, str(answers["name"] or ""), zone)
    return use_template(template, place, output)


def _language(lang: str) -> Locale:
    """Return the language of a machine; one that is set to none speaks Indonesian."""
    return Locale.EN if lang.startswith("en") else Locale.ID


def _is_terminal() -> bool:
    return sys.stdin.isatty()
