"""docs/officer.md: its settings are good, its commands are there, and it tells every key."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest

from gatewayd.app.site import read_rules
from gatewayd.cli.main import main
from gatewayd.core.assists import Cause
from gatewayd.core.duty import How
from gatewayd.desk.server import STATIC

PAGE = (Path(__file__).parents[2] / "docs" / "officer.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
TYPED = re.findall(r"`(gatewayd [^`]+)`", PAGE.replace("\n", " "))
LISTED = [line.partition("#")[0].strip() for line in re.findall(r"(?m)^    (gatewayd .*)$", PAGE)]
SITE = """\
[site]
region = "a"
organisation = "b"
id = "c"
timezone = "Asia/Jakarta"
[[lanes]]
id = "lane-1"
  [lanes.turnstile]
  driver = "gatelink"
  port = "/dev/serial/by-path/lane-1"
  psk_file = "lane-1.psk"
"""


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_help_button_of_the_page_is_good(example, tmp_path):
    (tmp_path / "lane-1.psk").touch(0o600)
    (tmp_path / "lane-1.psk").write_text("5a" * 32)
    path = tmp_path / "gate.toml"
    path.write_text(SITE + example)
    [button] = read_rules(path).settings.assist_buttons
    assert button.lane == "lane-1"


@pytest.mark.parametrize("typed", sorted({*TYPED, *LISTED}))
def test_a_command_of_the_page_is_one(typed):
    command: click.Command = main
    context = click.Context(main)
    words = shlex.split(typed)[1:]
    while words and isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None, typed
        command = found
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("word", [*How, *Cause])
def test_every_way_to_sign_on_and_to_ask_for_help_is_told(word):
    assert f"`{word}`" in PAGE


CARD = (STATIC / "officer-card.html").read_text()


@pytest.mark.parametrize("locale", ["id", "en"])
def test_the_card_to_print_calls_things_as_the_screen_does(locale):
    words = json.loads((STATIC / "texts" / f"{locale}.json").read_text())
    shown = [re.sub(r"\{\w+\}", "…", text) for key, text in words.items() if key[:5] == "desk."]
    [card] = re.findall(rf'<article lang="{locale}">(.*?)</article>', CARD, re.DOTALL)
    named = {part.strip() for bold in re.findall(r"<b>(.*?)</b>", card) for part in bold.split("→")}
    named |= {sign.lstrip("✓✕ ") for sign in re.findall(r"<dt>(.*?)</dt>", card)}
    assert len(named) > 15
    assert {
        one for one in named - {"/desk"} if not any(text.startswith(one) for text in shown)
    } == set()
