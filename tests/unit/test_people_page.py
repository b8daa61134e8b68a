"""The page docs/people.md: every option, event and list that it names is there."""

import re
from pathlib import Path

import click
import pytest

from gatewayd.cli.main import main
from gatewayd.cli.trace import trace
from gatewayd.core.muster import USUAL_ALARMS
from gatewayd.core.release import CODE_LENGTH_MIN, LOCKED_FOR, NOTED, WRONG_MAX
from gatewayd.core.stays import STAY_S_MAX

PAGE = (Path(__file__).parents[2] / "docs" / "people.md").read_text()
COMMANDS = re.findall(r"(?m)^    gatewayd (\w+)([^#\n]*)", PAGE)


def _options(name: str, words: str) -> set[str]:
    command: click.Command | None = main.get_command(click.Context(main), name)
    if command is trace:
        is_release = "release" in words.split()
        command = trace.commands["release" if is_release else "find"]
        if isinstance(command, click.Group):
            command = command.commands[words.split()[1]]
    assert command is not None
    return {option for each in command.params for option in each.opts}


@pytest.mark.parametrize(("name", "words"), COMMANDS)
def test_every_command_has_the_options_it_is_shown_with(name, words):
    shown = set(re.findall(r"(?<= )--?[a-z][a-z-]*", words))
    assert shown <= _options(name, words)


def test_what_is_recorded_and_the_limits_are_those_of_the_code():
    told = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert set(NOTED) <= told
    assert f"{CODE_LENGTH_MIN} characters or more" in PAGE
    assert (WRONG_MAX, LOCKED_FOR.total_seconds()) == (5, 15 * 60)
    assert "After five releases with a wrong code nobody\ncan try for 15 minutes" in PAGE
    assert STAY_S_MAX == 12 * 3600
    assert len(USUAL_ALARMS) == 3
