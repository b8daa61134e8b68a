"""The pages docs/drivers.md and docs/readers.md: every driver and key is there, and what they show is good."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from drivers.kinds import Surroundings, check, complete
from drivers.readers.maker_commands import Maker
from drivers.registry import READERS, SENSORS, TURNSTILES
from tests.unit.sim_messages import SimMessages

DOCS = Path(__file__).parents[2] / "docs"
TURNSTILES_PAGE = (DOCS / "drivers.md").read_text()
READERS_PAGE = (DOCS / "readers.md").read_text()
DEVICES, SENSOR_PAGE = TURNSTILES_PAGE.split("## Contacts of doors")
PAGES = {
    ("lanes", "turnstile"): (DEVICES, TURNSTILES),
    ("lanes", "entry_reader"): (READERS_PAGE, READERS),
    ("doors", "sensor"): (SENSOR_PAGE, SENSORS),
}
KINDS = [(page, kind) for page, kinds in PAGES.values() for kind in kinds.values()]
HEADING = r"^##+ `([a-z0-9_]+)`\n(.*?)(?=^##|\Z)"
EXAMPLES = [
    (place, name, table)
    for place, (page, _) in PAGES.items()
    for name, text in re.findall(HEADING, page, re.DOTALL | re.MULTILINE)
    for table in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
]


def sections(page) -> dict[str, str]:
    return dict(re.findall(HEADING, page, re.DOTALL | re.MULTILINE))


def first_column(page, title) -> set[str]:
    """Return the names in the first column of the table whose first heading is this."""
    (rows,) = re.findall(rf"^\| {title} \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, re.MULTILINE)
    return set(re.findall(r"^\| `([a-z0-9_]+)` \|", rows, re.MULTILINE))


def listed(section) -> dict[str, str]:
    """Return the defaults of the keys in the table of keys; one default may stand for several."""
    (rows,) = re.findall(r"^\| key \| default \|.*\n\|[-|]+\n((?:\|.*\n)+)", section, re.MULTILINE)
    found: dict[str, str] = {}
    for names, values in re.findall(r"^\| ([^|]*) \| ([^|]*) \|", rows, re.MULTILINE):
        keys, defaults = re.findall(r"`([a-z_]+)`", names), values.split(", ")
        many = defaults * len(keys) if len(defaults) == 1 else defaults
        found |= dict(zip(keys, many, strict=True))
    return found


def shown(default: object) -> str:
    return "-" if default is None else str(default).lower() or "empty"


@pytest.mark.parametrize(
    ("page", "kinds"), PAGES.values(), ids=["turnstiles", "readers", "sensors"]
)
def test_every_driver_has_a_section_and_a_row_and_no_other_does(page, kinds):
    assert set(sections(page)) == set(kinds) == first_column(page, "driver")


@pytest.mark.parametrize(("page", "kind"), KINDS, ids=lambda it: getattr(it, "name", ""))
def test_a_section_lists_every_key_of_its_driver_with_its_default_and_no_other(page, kind):
    assert listed(sections(page)[kind.name]) == {key.name: shown(key.default) for key in kind.keys}


def device_table(place, example, folder) -> dict[str, object]:
    """Return the device's table of an example, with its driver, and with key files that are there."""
    section, device = place
    found = tomllib.loads(example)[section]
    table = (found[0] if isinstance(found, list) else found)[device]
    for key, digits in {"psk_file": 64, "scbk_file": 32}.items():
        if key in table:
            path = folder / table[key]
            path.touch(0o600)
            path.write_text("5a" * (digits // 2))
            table[key] = str(path)
    return table


@pytest.mark.parametrize(("place", "name", "example"), EXAMPLES)
def test_an_example_is_good(place, name, example, tmp_path):
    table = device_table(place, example, tmp_path)
    assert table.pop("driver") == name
    assert check(PAGES[place][1][name], table) == []


@pytest.mark.parametrize(
    ("place", "name", "example"), [it for it in EXAMPLES if it[0] == ("lanes", "turnstile")]
)
def test_what_a_turnstile_can_tell_is_what_its_driver_declares(place, name, example, tmp_path):
    (row,) = re.findall(rf"^\| `{name}` \| (.*) \|$", DEVICES, re.MULTILINE)
    _, passages, direction, _, found, fire, *_ = row.split(" | ")
    table = device_table(place, example, tmp_path)
    kind = TURNSTILES[table.pop("driver")]
    around = Surroundings("gate-1", bytes, SimMessages())
    can = kind.build(complete(kind, table), around).capabilities
    assert can.own_timing
    assert can.feedback is (not passages.startswith("**no**"))
    assert can.direction is (direction != "no")
    assert can.log is (found == "all, from its log")
    assert can.fire_input is (fire != "no")


def test_the_hand_scanner_that_is_shown_is_good():
    (text,) = re.findall(r"```toml\n(\[desk_reader\].*?)```", READERS_PAGE, re.DOTALL)
    table = tomllib.loads(text)["desk_reader"]
    assert check(READERS[table.pop("driver")], table) == []


def test_each_driver_has_an_example():
    assert sorted(name for _, name, _ in EXAMPLES) == sorted([*TURNSTILES, *READERS, *SENSORS])


def test_the_driver_of_somebody_else_that_is_shown_works_once_it_is_installed(
    tmp_path, monkeypatch
):
    (module,) = re.findall(r"```python\n(.*?)```", TURNSTILES_PAGE, re.DOTALL)
    (announced,) = re.findall(r"```ini\n(.*?)```", TURNSTILES_PAGE, re.DOTALL)
    ((group, name, place),) = re.findall(
        r'^\[project\.entry-points\."([a-z.]+)"\]\n([a-z_]+) = "([a-zA-Z_:]+)"$',
        announced,
        re.MULTILINE,
    )
    (tmp_path / "acme_gate.py").write_text(module)
    distribution = tmp_path / "acme_gate-7.0.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-gate\nVersion: 7.0\n")
    (distribution / "entry_points.txt").write_text(f"[{group}]\n{name} = {place}\n")
    assert name not in TURNSTILES
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "acme_gate", raising=False)
    assert set(TURNSTILES) >= {name, "gatelink"}
    kind = TURNSTILES[name]
    assert kind.name == name
    assert [problem.path for problem in check(kind, {"prot": "/dev/ttyS1"})] == [
        ("prot",),
        ("port",),
    ]
    gate = kind.build(complete(kind, {"port": "/dev/ttyS1"}), Surroundings("gate-1", bytes))
    assert (gate.port, gate.unlock_ms) == ("/dev/ttyS1", 5000)
    assert gate.capabilities.feedback


@pytest.mark.parametrize("page", ["drivers.md", "readers.md"])
def test_links_between_the_pages_lead_somewhere(page):
    text = (DOCS / page).read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        name, _, anchor = target.partition("#")
        to = (DOCS / (name or page)).resolve()
        assert to.exists(), target
        headings = re.findall(r"^#+ (.*)$", to.read_text(), re.MULTILINE)
        anchors = {re.sub(r"[^a-z0-9_ -]", "", it.lower()).replace(" ", "-") for it in headings}
        assert not anchor or anchor in anchors, target


def test_every_maker_whose_commands_are_known_is_on_the_page():
    assert first_column(READERS_PAGE, "maker") == {str(it) for it in Maker if it is not Maker.NONE}
