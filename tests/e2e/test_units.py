"""The systemd units, as systemd itself reads them: sound, and how little they may do."""

import json
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.debian

UNITS = Path(__file__).parents[2] / "config" / "systemd"
RULES = UNITS.parent / "udev" / "61-gatewayd.rules"
NAMES = ("gatewayd.service", "gatewayd-backup.service", "gatewayd-backup.timer")
EXPOSURE_MAX = {"gatewayd.service": 20, "gatewayd-backup.service": 6}
"""Tenths, of 100: what is left is the network, serial ports, and a question about the clock."""


def analyze(*words):
    return subprocess.run(
        ["systemd-analyze", *map(str, words)], capture_output=True, text=True, check=False
    )


def assessed(path):
    """Return what `systemd-analyze security` holds against a unit, by name of the check."""
    found = analyze("security", "--offline=true", "--json=short", path)
    return {check["json_field"]: check for check in json.loads(found.stdout)}


def test_systemd_finds_nothing_wrong_in_the_units(tmp_path):
    for name in NAMES:
        text = (UNITS / name).read_text()
        # Verify wants to see the program; where that is, the test of the package shows.
        (tmp_path / name).write_text(
            re.sub(r"^(ExecStart)=\S+", r"\1=/bin/true", text, flags=re.MULTILINE)
        )
    found = analyze("verify", "--man=no", *(tmp_path / name for name in NAMES))
    assert (found.returncode, found.stderr) == (0, "")


def test_verify_notices_a_word_that_systemd_does_not_know(tmp_path):
    text = (UNITS / NAMES[0]).read_text().replace("NoNewPrivileges", "NoNewPrivilege")
    (tmp_path / NAMES[0]).write_text(text)
    assert "NoNewPrivilege" in analyze("verify", "--man=no", tmp_path / NAMES[0]).stderr


@pytest.mark.parametrize("name", EXPOSURE_MAX)
def test_a_unit_is_exposed_no_more_than_it_has_to_be(name):
    threshold = EXPOSURE_MAX[name]
    found = analyze("security", "--offline=true", f"--threshold={threshold}", UNITS / name)
    assert found.returncode == 0, found.stdout


def test_what_the_gateway_may_do_is_a_list_of_reasons():
    missing = {name for name, check in assessed(UNITS / NAMES[0]).items() if not check["set"]}
    assert missing == {
        "DeviceAllow",  # Serial ports.
        "IPAddressDeny",  # Only the site knows its addresses.
        "PrivateDevices",  # Serial ports.
        "PrivateNetwork",
        "PrivateUsers",  # The audit names who sits at the control socket.
        "ProcSubset",  # /proc/stat, for the metrics.
        "ProtectClock",  # See the filter of system calls.
        "RestrictAddressFamilies_AF_INET_INET6",
        "RestrictAddressFamilies_AF_UNIX",
        "RootDirectoryOrRootImage",
        "SupplementaryGroups",  # dialout
        "SystemCallFilter_clock",  # adjtimex, to ask; not to set, which needs a capability.
        "SystemCallFilter_privileged",  # The same two calls.
    }


def test_no_unit_is_left_unassessed():
    assert {path.name for path in UNITS.iterdir()} == {*NAMES, "backup.conf"}


def test_each_line_of_the_udev_rules_has_the_form_of_one():
    """There is no udev here; keys and operators are held against udev(7)."""
    keys = (
        "ACTION|SUBSYSTEM|KERNEL|DRIVER|ATTR{[a-z_]+}|ENV{[A-Z_.]+}|GOTO|LABEL|GROUP|MODE|SYMLINK"
    )
    token = re.compile(rf'({keys})(==|!=|\+=|=)"[^"]*"')
    lines = [line for line in RULES.read_text().splitlines() if line and line[0] != "#"]
    assert lines
    for line in lines:
        assert all(token.fullmatch(part) for part in line.split(", ")), line
    assert RULES.name > "60-serial.rules", "which finds the place and the maker of a port"
