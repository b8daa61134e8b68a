"""`gatewayd init`: the settings of a new site from those of one that works."""

from pathlib import Path

import click

from gatewayd.app.errors import told_plainly
from gatewayd.app.template import Place, export_template, use_template
from gatewayd.cli.options import ended_early


@click.command(
    epilog="\b\nExamples:\n  gatewayd init --export -c gate.toml > template.toml"
    "\n  gatewayd init --from template.toml --region kaltim --organisation setda"
    " --id kantor-gubernur \\\n      -o gate.toml"
)
@click.option("--export", "is_export", is_flag=True, help="Print a template of the settings -c.")
@click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The settings to export.",
)
@click.option(
    "--from",
    "template",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A template to begin with.",
)
@click.option("--region", help="Where the new site is.")
@click.option("--organisation", help="Whose it is.")
@click.option("--id", "site_id", help="What it is called at the centre.")
@click.option("--name", default="", help="What it is called by people.")
@click.option("--timezone", help="Its time zone  [default: that of the template].")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("gatewayd.toml"),
    show_default=True,
    help="The settings file to write.",
)
def init(  # noqa: PLR0913, one argument for each option
    *,
    is_export: bool,
    path: Path | None,
    template: Path | None,
    region: str | None,
    organisation: str | None,
    site_id: str | None,
    name: str,
    timezone: str | None,
    output: Path,
) -> None:
    """Make the settings of a new site from a template, or a template from a site that works.

    A template has the policy with its files, and the shape of the lanes: which devices, and how
    they are set. It has no place, address, port, key, roster or person.
    """
    if is_export:
        if path is None or template is not None:
            raise click.UsageError("--export needs -c FILE, and no --from")
        with ended_early(), told_plainly():
            click.echo(export_template(path), nl=False)
        return
    if template is None or region is None or organisation is None or site_id is None:
        raise click.UsageError("give --from TEMPLATE with --region, --organisation and --id")
    with ended_early(), told_plainly():
        place = Place(region, organisation, site_id, name, timezone)
        made = use_template(template, place, output)
    click.echo(f"written: {', '.join(str(file) for file in made.files)}")
    click.echo("What is left to do:")
    for sentence in made.left:
        click.echo(f"  - {sentence}")
