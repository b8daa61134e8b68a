"""The conformance kit over MQTT: the reference controller, and one that breaks each rule."""

import pytest

from drivers.base import DriverError
from drivers.conform.mqtt_kit import mqtt_rules, parse_target
from drivers.conform.report import Report
from drivers.conform.words import Verdict
from firmware_protocol.words import Mode
from tests.unit.conform_broken_gate import BROKEN as GATE
from tests.unit.conform_broken_gate import PATCHES as GATE_PATCHES
from tests.unit.conform_broken_mqtt import BROKEN, MODE_BEFORE, PATCHES
from tests.unit.conform_mqtt_world import conforms


def test_the_reference_controller_keeps_every_rule() -> None:
    report = conforms()
    assert [(it.rule, it.seen) for it in report.findings if it.verdict is not Verdict.PASSED] == []
    assert [it.rule for it in report.findings] == [rule.id for rule in mqtt_rules()]


def test_there_is_a_broken_controller_for_each_rule() -> None:
    assert {*BROKEN, *GATE} == {rule.id for rule in mqtt_rules()}
    assert not set(BROKEN) & set(GATE)


@pytest.mark.parametrize("rule", sorted(BROKEN))
def test_a_controller_that_breaks_a_rule_fails_by_its_name(rule: str, monkeypatch) -> None:
    MODE_BEFORE[0] = Mode.NORMAL
    if rule in PATCHES:
        monkeypatch.setattr(*PATCHES[rule])
    expect_broken(rule, conforms(BROKEN[rule], rules=[rule]))


@pytest.mark.parametrize("rule", sorted(GATE))
def test_a_gate_that_breaks_a_rule_fails_by_its_name(rule: str, monkeypatch) -> None:
    if rule in GATE_PATCHES:
        monkeypatch.setattr(*GATE_PATCHES[rule])
    # What was heard before is judged at the end.
    chosen = ["R19a", "R17b"] if rule == "R17b" else [rule]
    broken = GATE[rule]
    expect_broken(rule, conforms(broken.mqtt, keeps=broken.keeps, rules=chosen))


def expect_broken(rule: str, report: Report) -> None:
    (finding,) = [it for it in report.findings if it.rule == rule]
    assert (finding.verdict, bool(finding.seen)) == (Verdict.FAILED, True)


def test_another_key_fails_at_once_and_says_so() -> None:
    first, second = conforms(psk=bytes(32), alone=True, rules=["M3a", "M3b"]).findings
    assert first.verdict is Verdict.FAILED
    assert first.seen == "the MACs of tripod-2 are not those of the key"
    assert (second.verdict, second.seen) == (Verdict.UNTESTED, "there is no session")


def test_a_device_at_a_broker_is_named_by_a_url() -> None:
    target = parse_target("mqtts://anna:secret@site.example:8884/tripod-2")
    assert (target.device, target.broker.hostname, target.broker.port) == (
        "tripod-2",
        "site.example",
        8884,
    )


@pytest.mark.parametrize(
    "url", ["mqtt://site.example", "mqtt://site.example/Tripod", "mqtt://site.example/a/b"]
)
def test_a_url_without_a_device_is_refused(url: str) -> None:
    with pytest.raises(DriverError, match="expected mqtt://host:port/DEVICE"):
        parse_target(url)


def test_another_scheme_is_refused_without_showing_a_password() -> None:
    with pytest.raises(DriverError, match="expected mqtt://host:port") as refusal:
        parse_target("http://anna:secret@site.example/tripod-2")
    assert "secret" not in str(refusal.value)
