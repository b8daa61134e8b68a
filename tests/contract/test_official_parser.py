"""The committed contract, read by the parser of AsyncAPI itself."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "asyncapi.json"
ERROR, WARNING = 0, 1  # Severities of the parser; the others are hints.

Said = list[dict[str, Any]]


def parse(*documents: dict[str, Any]) -> list[Said]:
    """Return what the parser says of each."""
    node = shutil.which("node")
    assert node, "install node, or leave out the tests marked node"
    assert (HERE / "node_modules").exists(), "scripts/test installs the parser (npm ci)"
    command = [node, str(HERE / "check.mjs")]
    asked = json.dumps(documents)
    ran = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    answer: list[Said] = json.loads(ran.stdout)
    return answer


def committed() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DOCUMENT.read_text())
    return document


@pytest.mark.node
def test_the_official_parser_takes_the_contract_and_refuses_a_broken_one() -> None:
    broken = committed()
    broken["operations"]["send_up_state"]["action"] = "publish"
    of_ours, of_broken = parse(committed(), broken)
    assert [one for one in of_ours if one["severity"] <= WARNING] == []
    errors = [one["path"] for one in of_broken if one["severity"] == ERROR]
    assert errors == ["operations/send_up_state/action"]


def test_the_lock_pins_each_package_by_its_hash_and_names_no_address() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text())
    packages = {path: one for path, one in lock["packages"].items() if path}
    assert len(packages) > 100
    for path, one in packages.items():
        assert one["integrity"].startswith("sha512-"), path
        assert "resolved" not in one, path
