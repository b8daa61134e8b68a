"""How often somebody may ask, and by which names."""

import pytest

from gatewayd.desk import rates as module
from gatewayd.desk.hosts import host_name, is_known
from gatewayd.desk.rates import Rate, asker_of
from tests.unit.doubles import SimClock


def test_a_burst_is_taken_then_a_steady_rate():
    clock = SimClock()
    rate = Rate(clock, 2.0, 5)
    assert [rate.wait_s("a") for _ in range(5)] == [0.0] * 5
    assert rate.wait_s("a") == pytest.approx(0.5)
    assert rate.wait_s("b") == 0.0, "others do not wait for them"
    clock.passed_s = 0.5
    assert rate.wait_s("a") == 0.0
    assert rate.wait_s("a") > 0
    clock.passed_s = 100.0
    assert [rate.wait_s("a") for _ in range(5)] == [0.0] * 5
    assert rate.wait_s("a") > 0, "patience makes no longer burst"


def test_the_table_of_askers_has_an_end(monkeypatch):
    monkeypatch.setattr(module, "ASKERS_MAX", 3)
    rate = Rate(SimClock(), 1.0, 1)
    for number in range(50):
        rate.wait_s(f"10.0.0.{number}")
    assert len(rate) == 3


@pytest.mark.parametrize(
    ("address", "asker"),
    [
        ("192.168.1.7", "192.168.1.7"),
        ("::ffff:192.168.1.7", "192.168.1.7"),
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::7", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_an_asker_is_an_address_or_a_network_that_one_machine_has(address, asker):
    assert asker_of(address) == asker


NAMES = frozenset({"gate-box", "gate.lan", "*.go.id"})


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8443", "[2001:db8::7]", "10.0.0.5",
     "gate-box", "Gate.Lan:8443", "gate.lan.", "gerbang.go.id"],
)  # fmt: skip
def test_a_host_of_ours_is_known(host):
    assert is_known(host, NAMES)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "gate.lan:80:80",
     "gate.lan:x", "[::1", "[evil]", "[::1]x", ":8080", "a.b.go.id", "go.id", "*.go.id.x",
     "gate.lan@evil.example", "gate.lan\x00", "١٢٧.0.0.1"],
)  # fmt: skip
def test_any_other_host_is_not(host):
    assert not is_known(host, NAMES)


def test_a_host_without_a_name_is_none():
    assert host_name("[::1]x") is None
    assert host_name("gate.lan:8443") == "gate.lan"
