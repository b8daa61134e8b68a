"""What `gatewayd conform` says of a controller, and how it ends."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from drivers.conform.report import Conclusion, Report, summary, to_json, to_junit
from drivers.conform.serial_kit import serial_rules
from drivers.conform.words import Finding, Verdict, picked
from gatewayd.cli.conform import conform

KEPT = Finding("R8a", "an OPEN unlocks", Verdict.PASSED, "", 0.5)
BROKEN = Finding("R9a", "the gate locks", Verdict.FAILED, "no log entry not_passed", 1.25)
LEFT_OUT = Finding("R16", "a command ends", Verdict.UNTESTED, "it needs somebody to reboot", 0.0)


def report(*findings: Finding, rule_count: int = 2) -> Report:
    return Report("/dev/ttyTEST", "tripod", "1.0", findings, rule_count)


@pytest.mark.parametrize(
    ("findings", "conclusion", "told"),
    [
        ([KEPT, KEPT], Conclusion.CONFORMS, "tripod at /dev/ttyTEST keeps every rule: 2 kept"),
        ([KEPT], Conclusion.INCOMPLETE, "keeps every rule that was tested: 1 kept"),
        ([KEPT, LEFT_OUT], Conclusion.INCOMPLETE, "1 kept, 0 broken, 1 not tested."),
        ([LEFT_OUT, BROKEN], Conclusion.BREAKS_RULES, "breaks R9a: 0 kept, 1 broken"),
    ],
)
def test_the_conclusion_is_of_all_rules(findings, conclusion, told) -> None:
    assert report(*findings).conclusion is conclusion
    assert told in summary(report(*findings))


def test_a_program_gets_every_finding() -> None:
    told = json.loads(to_json(report(KEPT, BROKEN)))
    assert (told["target"], told["device"], told["firmware"]) == ("/dev/ttyTEST", "tripod", "1.0")
    assert (told["conclusion"], told["passed"], told["failed"]) == ("breaks_rules", 1, 1)
    assert told["rules"][1] == {
        "rule": "R9a",
        "says": "the gate locks",
        "verdict": "failed",
        "seen": "no log entry not_passed",
        "took_s": 1.25,
    }


def test_a_build_server_gets_a_test_suite() -> None:
    suite = ET.fromstring(to_junit(report(KEPT, BROKEN, LEFT_OUT)))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert suite.get("errors") == "0"
    kept, broken, left_out = suite.findall("testcase")
    assert (kept.get("classname"), kept.get("name")) == ("gatelink.R8a", "an OPEN unlocks")
    assert list(kept) == []
    (failure,), (skipped,) = list(broken), list(left_out)
    assert (failure.tag, failure.get("message")) == ("failure", "no log entry not_passed")
    assert (skipped.tag, skipped.get("message")) == ("skipped", "it needs somebody to reboot")


def test_a_rule_is_picked_by_its_number_or_by_its_letter() -> None:
    rules = serial_rules(0)
    assert picked(rules, ()) == rules
    assert [rule.id for rule in picked(rules, ["R1", "R10b"])] == ["R1a", "R1b", "R10b"]
    assert picked(rules, ["R", "R99"]) == []


# --- misuse -------------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "lane.psk"
    path.write_text("ab" * 32)
    path.chmod(0o600)
    return str(path)


def refuse(*arguments: str) -> str:
    """Run the command, which must be misuse; return what it says."""
    run = CliRunner().invoke(conform, arguments)
    assert run.exit_code == 2, run.output
    return run.output


def test_a_port_that_is_not_there_is_named(key: str) -> None:
    told = refuse("/dev/ttyNONE", "--psk-file", key, "--unattended")
    assert "/dev/ttyNONE does not exist: is the cable in" in told


def test_a_key_file_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lane.psk"
    path.write_text("not a key")
    path.chmod(0o600)
    assert "expected a file with 64 hex digits" in refuse("/dev/ttyNONE", "--psk-file", str(path))


def test_a_rule_that_is_none_is_named(key: str) -> None:
    told = refuse("/dev/ttyNONE", "--psk-file", key, "--only", "R8", "--only", "R99")
    assert "there is no rule R99" in told


def test_a_report_that_cannot_be_written_is_told_before_the_test(key: str, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere" / "report.json")
    told = refuse("/dev/ttyNONE", "--psk-file", key, "--json", nowhere)
    assert "nowhere" in told
    assert "does not exist: is the cable in" not in told
