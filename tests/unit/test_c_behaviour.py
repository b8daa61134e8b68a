"""The C controller passes the tests of the Python one: the same functions, with it in its place."""

from collections.abc import Callable
from types import ModuleType

import pytest

from drivers.conform.words import Verdict
from tests.unit import (
    gatelink_line,
    test_firmware_commands,
    test_firmware_link,
    test_firmware_log,
    test_firmware_lossy,
    test_firmware_settings,
    test_firmware_shared,
    test_gatelink,
)
from tests.unit.c_controller import CDevice
from tests.unit.conform_world import conforms

# The first of them builds the controller, on a machine that may have other work.
pytestmark = [pytest.mark.compiler, pytest.mark.timeout(120), pytest.mark.slow]

MAKERS = (gatelink_line, test_firmware_shared, test_gatelink)
"""Modules that make a `Device`."""

SHARED: tuple[ModuleType, ...] = (
    test_firmware_commands,
    test_firmware_link,
    test_firmware_log,
    test_firmware_lossy,
    test_firmware_shared,
    test_firmware_settings,
    test_gatelink,
)

NOT_HERE = frozenset(
    {
        # They take the Python device apart, or spoil a part of it.
        "firmware_link_messages_of_the_wrong_side_do_nothing",
        "firmware_link_a_signed_body_that_makes_no_sense_is_ignored",
        "firmware_link_the_session_id_is_never_zero_nor_the_one_in_force",
        "firmware_settings_a_device_that_does_not_take_them_is_told_once_and_asked_each_second",
        "gatelink_what_is_wrong_on_the_line_is_told_when_it_changes",
        # They have a sensor say what only the line can.
        "firmware_link_a_host_that_is_back_need_not_be_told_again",
        "firmware_settings_a_drift_is_seen_with_the_next_state",
        # Its memory has a hole that no controller's own log can have.
        "gatelink_overwritten_entries_are_told_as_lost",
    }
)


def shared_tests() -> dict[str, Callable[..., None]]:
    """Return them by what they are called there; those that need no device do no harm."""
    return {
        f"{module.__name__.rpartition('.test_')[2]}_{name.removeprefix('test_')}": test
        for module in SHARED
        for name, test in vars(module).items()
        if name.startswith("test_")
    }


@pytest.fixture(autouse=True, scope="module")
def _controller():
    with pytest.MonkeyPatch.context() as patch:
        for module in MAKERS:
            patch.setattr(module, "Device", CDevice)
        yield


globals().update({f"test_{it}": test for it, test in shared_tests().items() if it not in NOT_HERE})


def test_what_is_left_out_is_there() -> None:
    assert shared_tests().keys() > NOT_HERE


@pytest.mark.parametrize("address", [0, 5])
def test_the_conformance_kit_finds_nothing(address: int) -> None:
    report = conforms(CDevice, address=address)
    assert [(it.rule, it.seen) for it in report.findings if it.verdict is not Verdict.PASSED] == []
