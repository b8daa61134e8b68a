"""A controller's inputs for contacts of the site, on both bindings, as reports of the driver."""

import pytest

from drivers import base
from drivers.turnstiles.controller_reports import ControllerReports
from firmware_protocol import controller as machine
from firmware_protocol.bodies import decode, encode
from firmware_protocol.inputs import ContactsSeen, FireInput
from firmware_protocol.memory import Memory
from firmware_protocol.messages import GateState, Malformed, State
from firmware_protocol.reports import Connected, StateSeen
from firmware_protocol.words import Mode, Signal


def state(contacts: int | None) -> State:
    return State(
        uptime_ms=1,
        head=0,
        first=1,
        mode=Mode.NORMAL,
        gate=GateState.IDLE,
        entry_signal=Signal.READY,
        exit_signal=Signal.READY,
        contacts=contacts,
    )


@pytest.mark.parametrize("contacts", [None, 0, 0b101, (1 << 32) - 1])
def test_they_come_over_the_serial_line_as_they_were_sent(contacts):
    assert decode(*encode(state(contacts))) == state(contacts)


def test_contacts_that_are_no_number_of_32_bits_are_malformed():
    kind, body = encode(state(1))
    assert isinstance(decode(kind, body.replace(b"\x0b\x01", b"\x0b\x20")), Malformed)


def test_a_controller_tells_what_its_contacts_say_and_does_nothing_because_of_it():
    before, _ = machine.boot(Memory(), 0)
    seen, effects = machine.step(before, ContactsSeen(0b100), 5)
    assert (seen.contacts, effects) == (0b100, ())
    burning, _ = machine.step(seen, FireInput(is_on=True), 6)
    assert burning.contacts == 0b100


def test_the_driver_tells_them_with_each_link_and_at_each_change():
    reports = ControllerReports()
    told = []
    for report in (
        Connected("tripod", "1"),
        StateSeen(state(0b101)),
        StateSeen(state(0b101)),
        StateSeen(state(0)),
        Connected("tripod", "1"),
        StateSeen(state(0)),
    ):
        told += reports.translate(report)
    up, shut = base.LinkUp("tripod"), base.InputsSeen(frozenset())
    assert told == [up, base.InputsSeen(frozenset({1, 3})), shut, up, shut]


def test_a_controller_without_such_inputs_says_nothing_of_them():
    reports = ControllerReports()
    assert reports.translate(StateSeen(state(None))) == []
