"""A start imports what it needs, and nothing that only others need: it is half of its time."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from gatewayd.cli.main import main

EXAMPLE = Path(__file__).parents[2] / "config/examples/one-serial-lane.toml"
LOOK = "import sys; {}; print(*sys.modules)"

OF_PAGES = {"aiohttp", "segno", "gatewayd.desk.server", "gatewayd.app.desk_records"}
OF_OTHER_DRIVERS = {
    "pymodbus",
    "drivers.polled_kinds",
    "drivers.reader_kinds",
    "drivers.broker_kinds",
}


def imported_by(code: str) -> set[str]:
    words = [sys.executable, "-c", LOOK.format(code)]
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    return set(ended.stdout.splitlines()[-1].split())


def test_a_gate_without_pages_imports_nothing_of_theirs_and_its_own_drivers_only():
    code = (
        "from pathlib import Path; from gatewayd.cli.run import run; from config.load import read;"
        "from gatewayd.app.device_tables import device_problems;"
        f"list(device_problems(read(Path({str(EXAMPLE)!r})).settings))"
    )
    found = imported_by(code)
    assert {"drivers.line_kind", "drivers.gatelink_kind"} <= found
    assert not found & (OF_PAGES | OF_OTHER_DRIVERS)


@pytest.mark.parametrize(
    "words",
    ["main(['--help'], standalone_mode=False)", "main.shell_complete(click.Context(main), '')"],
)
def test_a_list_of_the_commands_imports_none_of_them(words):
    found = imported_by(f"import click; from gatewayd.cli.main import main; {words}")
    assert {name for name in found if name.startswith("gatewayd")} == {
        "gatewayd",
        "gatewayd.cli",
        "gatewayd.cli.main",
    }


def test_the_list_says_of_each_command_what_its_own_help_begins_with():
    context = click.Context(main)
    listed = {item.value: item.help for item in main.shell_complete(context, "")}
    own = {
        name: main.get_command(context, name).get_short_help_str(limit=1000)
        for name in main.list_commands(context)
    }
    assert listed == own
