"""The soak of the controller link (benchmarks/gatelink_soak.py), short; and that it notices faults."""

from dataclasses import replace

import pytest

from benchmarks import gatelink_world
from benchmarks.gatelink_soak import Soak
from benchmarks.gatelink_world import Figures
from firmware_protocol import controller as machine
from firmware_protocol.device import Device

pytestmark = pytest.mark.slow

NOISE = 5e-4
STORM = 5e-3
RESTART_S = 10.0


def faults(figures: Figures) -> dict[str, int]:
    return {
        "executed twice": figures.executed_twice,
        "lost": figures.passages_lost,
        "counted twice": figures.passages_counted_twice,
        "settled": figures.wrongly_settled + figures.never_settled,
    }


@pytest.mark.parametrize("error_rate", [0.0, NOISE, STORM])
def test_nothing_is_executed_twice_lost_or_counted_twice(error_rate: float) -> None:
    figures = Soak(7, error_rate, RESTART_S).run(0.1)
    assert set(faults(figures).values()) == {0}, faults(figures)
    assert figures.commands > 60
    assert figures.bodies > 50
    assert min(figures.host_restarts, figures.device_restarts) > 10
    assert (figures.bad_frames > 0) == (error_rate > 0)
    answered = figures.opened + figures.refused + figures.not_sent
    assert answered + figures.unknown == figures.commands


def test_a_controller_without_a_memory_for_commands_is_noticed(monkeypatch) -> None:
    monkeypatch.setattr(machine.kept, "recall", lambda _memory, _grant: None)
    monkeypatch.setattr(gatelink_world, "WALK_MS", 30)  # Through before the OPEN comes again.
    assert faults(Soak(1, STORM, 0).run(0.1))["executed twice"] > 0


def test_a_controller_that_loses_its_log_is_noticed(monkeypatch) -> None:
    def boot(psk, memory, **kwargs) -> Device:
        return Device(psk, replace(memory, entries=(), acknowledged=memory.head), **kwargs)

    monkeypatch.setattr(gatelink_world, "Device", boot)
    assert faults(Soak(1, NOISE, RESTART_S).run(0.1))["lost"] > 0
