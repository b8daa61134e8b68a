"""The page docs/doors.md: every setting that it shows is good, and every state is explained."""

import re
from pathlib import Path

import pytest

from gatewayd.app.site import read_rules
from gatewayd.core.door import DoorState

PAGE = (Path(__file__).parents[2] / "docs" / "doors.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
SITE = """\
[site]
region = "kaltim"
organisation = "setda"
id = "governor-office"
timezone = "Asia/Makassar"
"""
LANE = """\
[[lanes]]
id = "lane-1"
  [lanes.turnstile]
  driver = "gatelink"
  port = "/dev/serial/by-path/lane-1"
  psk_file = "inner.psk"
"""


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_good(example, tmp_path):
    for name in ("inner.psk", "outer.psk", "service-room.psk"):
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text("5a" * 32)
    path = tmp_path / "gate.toml"
    names_its_gate = "[[lanes]]" in example and "area =" not in example
    path.write_text(SITE + ("" if names_its_gate else LANE) + example)
    settings = read_rules(path).settings
    is_shown = [lane.interlock or lane.area for lane in settings.lanes]
    assert settings.doors or settings.fire_inputs or any(is_shown)


def test_there_is_an_example_for_each_way_to_wire():
    assert len(EXAMPLES) == 6


@pytest.mark.parametrize("state", DoorState)
def test_each_state_of_a_door_is_explained(state):
    assert re.search(rf"^\| {state} \| ", PAGE, re.MULTILINE)
