"""The conformance kit against the reference controller, and against one that breaks each rule."""

import pytest

from drivers.conform.report import Report
from drivers.conform.serial_kit import serial_rules
from drivers.conform.words import Verdict
from firmware_protocol.device import Device
from firmware_protocol.words import Mode
from tests.unit.conform_broken_gate import BROKEN as GATE
from tests.unit.conform_broken_gate import PATCHES as GATE_PATCHES
from tests.unit.conform_broken_serial import BROKEN, MODE_BEFORE, PATCHES
from tests.unit.conform_world import WIRE_S, conforms

ALONE = [rule.id for rule in serial_rules(0)]
SHARED = [rule.id for rule in serial_rules(5)]


@pytest.mark.parametrize("address", [0, 5])
def test_the_reference_controller_keeps_every_rule(address: int) -> None:
    report = conforms(Device, address=address)
    assert [(it.rule, it.seen) for it in report.findings if it.verdict is not Verdict.PASSED] == []
    assert [it.rule for it in report.findings] == (SHARED if address else ALONE)
    assert (report.device, report.firmware) == ("tripod", "1.0")


@pytest.mark.parametrize("rule", ["R8b", "R11a"])
def test_an_entry_that_comes_again_before_its_acknowledgement_is_no_new_one(rule: str) -> None:
    report = conforms(Device, rules=[rule], wire_s=0.11)  # The device repeats after 0.2 s.
    assert [it.verdict for it in report.findings] == [Verdict.PASSED]


def test_there_is_a_broken_controller_for_each_rule() -> None:
    assert {*BROKEN, *GATE} == {*ALONE, *SHARED}
    assert not set(BROKEN) & set(GATE)


@pytest.mark.parametrize("rule", sorted(BROKEN))
def test_a_controller_that_breaks_a_rule_fails_by_its_name(rule: str, monkeypatch) -> None:
    MODE_BEFORE[0] = Mode.NORMAL
    address = 0 if rule in ALONE else 5
    if rule in PATCHES:
        monkeypatch.setattr(*PATCHES[rule])
    wire_s = 0.09 if rule == "R26" else WIRE_S
    expect_broken(rule, conforms(BROKEN[rule], rules=[rule], address=address, wire_s=wire_s))


@pytest.mark.parametrize("rule", sorted(GATE))
def test_a_gate_that_breaks_a_rule_fails_by_its_name(rule: str, monkeypatch) -> None:
    if rule in GATE_PATCHES:
        monkeypatch.setattr(*GATE_PATCHES[rule])
    # What was heard before is judged at the end.
    chosen = ["R19a", "R17b"] if rule == "R17b" else [rule]
    broken = GATE[rule]
    expect_broken(rule, conforms(broken.serial, keeps=broken.keeps, rules=chosen))


def expect_broken(rule: str, report: Report) -> None:
    (finding,) = [it for it in report.findings if it.rule == rule]
    assert (finding.verdict, bool(finding.seen)) == (Verdict.FAILED, True)
