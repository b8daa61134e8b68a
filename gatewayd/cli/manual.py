"""`gatewayd manual`: the manual page, made from the commands themselves."""

import re
from collections.abc import Iterator
from typing import Final

import click

from gatewayd import __version__

_HEAD: Final = r"""'\" Made by `gatewayd manual`; change the help of the commands instead.
.TH GATEWAYD 1 "" "gatewayd {version}" "One gate for a building"
.ad l
.SH NAME
gatewayd \- reads codes, decides, opens a gate for one person, tells the centre over MQTT
.SH SYNOPSIS
.B gatewayd
.I COMMAND
[\fIOPTIONS\fR] [\fIARGUMENTS\fR]
.SH DESCRIPTION
A daemon for the one entrance of a building, and the commands of those who install it, stand at it
and look after it.
.SH COMMANDS
"""
_TAIL: Final = r""".SH EXIT STATUS
.TP
.B 0
Done; the answer is yes.
.TP
.B 1
The answer is no, or something is not well.
.TP
.B 2
Misuse, or settings with mistakes.
.SH ENVIRONMENT
.TP
.B GATEWAYD_CONFIG
The settings file, where no \-c names one.
.TP
.B LANG
The language of \fBgatewayd init\fR.
.SH FILES
.TP
.I /etc/gatewayd/gatewayd.toml
The settings; beside them keys, rosters and the folder \fItrust\fR.
.TP
.I /var/lib/gatewayd
The journal, the tables and the keys of the gate.
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1),
.BR mosquitto (8)
"""


@click.command(epilog="\b\nExample:\n  gatewayd manual > gatewayd.1; man -l gatewayd.1")
@click.pass_context
def manual(context: click.Context) -> None:
    """Print the manual page of all commands, in the form of man(1)."""
    click.echo(manual_page(context.find_root().command), nl=False)


def manual_page(main: click.Command) -> str:
    root = click.Context(main, info_name="gatewayd")
    sections = "".join(
        f"{line}\n" for context in _commands(root) for line in _section(context) if line
    )
    return f"{_HEAD.format(version=__version__)}{sections}{_TAIL}"


def _commands(context: click.Context) -> Iterator[click.Context]:
    """Yield the context of each command that does something, in the order of the help."""
    group = context.command
    if not isinstance(group, click.Group):
        yield context
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield from _commands(click.Context(command, info_name=name, parent=context))


def _section(context: click.Context) -> Iterator[str]:
    command = context.command
    yield f".SS {_plain(context.command_path)}"
    yield f".B {_plain(context.command_path)}"
    yield _plain(" ".join(command.collect_usage_pieces(context)))
    yield ".PP"
    yield from _prose(command.help or "")
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in record[0]:
            yield from (".TP", f".B {_plain(record[0])}", _plain(record[1]))
    yield from _prose(command.epilog or "")


def _prose(text: str) -> Iterator[str]:
    """Yield paragraphs; one that begins with a backspace keeps its lines, as for click."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = paragraph.strip("\n").splitlines()
        if lines and lines[0].strip() == "\b":
            yield from (".PP", ".nf", *map(_plain, lines[1:]), ".fi")
        elif lines:
            yield from (".PP", *(_plain(line.strip()) for line in lines))


def _plain(text: str) -> str:
    """Escape what roff takes for its own: backslashes, hyphens, and a line's first character."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped
