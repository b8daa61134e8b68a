"""The page docs/drivers.md: every driver and every key is on it, and what it shows is good."""

import re
import tomllib
from pathlib import Path

import pytest

from drivers.kinds import check
from drivers.registry import READERS, TURNSTILES

PAGE = (Path(__file__).parents[2] / "docs" / "drivers.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def section(name):
    found = re.search(rf"^### `{name}`\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None, f"### `{name}` is missing"
    return found[1]


@pytest.mark.parametrize("kind", [*READERS.values(), *TURNSTILES.values()], ids=lambda it: it.name)
def test_every_key_of_a_driver_is_in_its_section(kind):
    keys = set(re.findall(r"`([a-z_]+)`", section(kind.name)))
    assert {key.name for key in kind.keys} - keys == set()


@pytest.mark.parametrize("kind", [*READERS.values(), *TURNSTILES.values()], ids=lambda it: it.name)
def test_a_section_names_no_key_that_the_driver_has_not(kind):
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \| [^|]* \|", section(kind.name), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert named == {key.name for key in kind.keys}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_good(example, tmp_path):
    (lane,) = [tomllib.loads(example)["lanes"]]
    table = dict(lane["turnstile"])
    kind = TURNSTILES[table.pop("driver")]
    if "psk_file" in table:
        path = tmp_path / table["psk_file"]
        path.touch(0o600)
        path.write_text("5a" * 32)
        table["psk_file"] = str(path)
    assert check(kind, table) == []


def test_each_turnstile_has_an_example():
    drivers = [tomllib.loads(example)["lanes"]["turnstile"]["driver"] for example in EXAMPLES]
    assert sorted(drivers) == sorted(TURNSTILES)
