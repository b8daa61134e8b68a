"""The manual page and the completion of shells are those of the commands as they are."""

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from gatewayd.cli.completion import SHELLS
from gatewayd.cli.main import main
from gatewayd.cli.manual import manual_page

CONFIG = Path(__file__).parents[2] / "config"
PAGE = CONFIG / "man" / "gatewayd.1"
FILES = {"bash": "gatewayd.bash", "zsh": "gatewayd.zsh", "fish": "gatewayd.fish"}


def run(*words):
    ended = CliRunner().invoke(main, words)
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_the_manual_page_is_current():
    made = run("manual")
    assert made == PAGE.read_text(), "run: gatewayd manual > config/man/gatewayd.1"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_completion_is_current(shell):
    file = f"config/completion/{FILES[shell]}"
    made = run("completion", shell)
    there = (CONFIG / "completion" / FILES[shell]).read_text()
    assert made == there, f"run: gatewayd completion {shell} > {file}"


def test_every_command_and_option_is_in_the_manual():
    page = PAGE.read_text().replace("\\-", "-")
    context = click.Context(main)
    for name in main.list_commands(context):
        assert re.search(rf"^\.SS gatewayd {name}", page, re.MULTILINE), name
    assert "-c, --config FILE" in page
    assert "\b" not in page


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_the_manual_page_is_set_without_a_warning():
    words = ["groff", "-man", "-Tutf8", "-ww", "-P-c", str(PAGE)]
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    shown = re.sub(r"\s+", " ", ended.stdout)
    assert "gatewayd - reads codes, decides, opens a gate for one person" in shown
    assert "gatewayd init --yes --region kaltim" in shown


def test_a_line_that_begins_like_a_request_is_text():
    @click.command(help=".SH not a heading\n\n'quoted and a back\\slash")
    def odd():
        pass

    page = manual_page(odd)
    assert r"\&.SH not a heading" in page
    assert r"\&'quoted and a back\eslash" in page


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ((), "journal"),
        (("journal",), "verify"),
        (("init", "--profile"), "market"),
        (("init",), "--lang"),
    ],
)
def test_a_shell_completes_commands_options_and_choices(typed, offered):
    shell = ShellComplete(main, {}, "gatewayd", "_GATEWAYD_COMPLETE")
    begun = offered[:3]
    assert offered in [item.value for item in shell.get_completions(list(typed), begun)]


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell)])
def test_a_shell_can_read_its_completion(shell):
    subprocess.run([shell, "-n", CONFIG / "completion" / FILES[shell]], check=True)
