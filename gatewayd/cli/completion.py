"""`gatewayd completion`: what a shell needs to complete our commands when Tab is pressed."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command(
    epilog="\b\nExample:\n  gatewayd completion bash > /etc/bash_completion.d/gatewayd.bash"
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Print the completion script of a shell: bash, zsh or fish."""
    click.echo(completion_script(context.find_root().command, shell), nl=False)


def completion_script(main: click.Command, shell: str) -> str:
    """Return the script; not asked: the version of a bash that may not even be here."""
    kind = get_completion_class(shell)
    assert kind is not None, "one of SHELLS"
    maker = kind(main, {}, "gatewayd", "_GATEWAYD_COMPLETE")
    return f"{(maker.source_template % maker.source_vars()).strip()}\n"
