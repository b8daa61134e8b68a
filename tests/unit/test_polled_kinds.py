"""Drivers of turnstiles that speak only when asked, by their settings; see test_registry too."""

import pytest

from drivers.base import Direction, DriverError
from drivers.contacts import Contact, Normally
from drivers.kinds import Surroundings, check, complete
from drivers.polled_kinds import BOARD_7E, MODBUS_RELAY, MODBUS_TURNSTILE
from drivers.turnstiles.polled import PolledTurnstile

PORT = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0"
SEEN = {"port": PORT, "entry_input": 1, "exit_input": 2}


@pytest.fixture
def around():
    return Surroundings("gate-1", bytes)


def wiring(turnstile):
    return turnstile._board._wiring


# --- modbus_relay ---------------------------------------------------------------------------------


def test_a_relay_board_needs_its_port_and_how_passages_are_known(around):
    assert check(MODBUS_RELAY, SEEN) == []
    turnstile = MODBUS_RELAY.build(complete(MODBUS_RELAY, SEEN), around)
    assert isinstance(turnstile, PolledTurnstile)
    found = wiring(turnstile)
    assert found.relays == {Direction.ENTRY: 1}
    assert found.pulse_ms == 500
    assert found.contacts.passages == {
        Direction.ENTRY: Contact(1, Normally.OPEN),
        Direction.EXIT: Contact(2, Normally.OPEN),
    }
    assert found.contacts.fire is None


def test_every_wire_is_where_the_settings_say(around):
    table = {
        **SEEN,
        "address": 7,
        "entry_relay": 3,
        "exit_relay": 4,
        "pulse_ms": 1000,
        "entry_normally": "closed",
        "ready_input": 5,
        "alarm_input": 6,
        "alarm_normally": "closed",
        "fire_input": 8,
    }
    assert check(MODBUS_RELAY, table) == []
    found = wiring(MODBUS_RELAY.build(complete(MODBUS_RELAY, table), around))
    assert found.relays == {Direction.ENTRY: 3, Direction.EXIT: 4}
    assert found.pulse_ms == 1000
    assert found.contacts.passages[Direction.ENTRY] == Contact(1, Normally.CLOSED)
    assert found.contacts.ready == Contact(5, Normally.CLOSED)
    assert found.contacts.alarm == Contact(6, Normally.CLOSED)
    assert found.contacts.fire == Contact(8, Normally.CLOSED)


@pytest.mark.parametrize(
    ("more", "path", "expected", "hint"),
    [
        ({"exit_input": 0}, "assume_passed", "true", "counts each opening"),
        ({"entry_input": 0, "exit_input": 0}, "assume_passed", "true", "counts each opening"),
        ({"assume_passed": True}, "assume_passed", "false", "leave it out"),
        ({"exit_relay": 1}, "exit_relay", "another relay than entry_relay", ""),
        ({"exit_input": 1}, "exit_input", "another input than entry_input", ""),
        ({"fire_input": 2}, "fire_input", "another input than exit_input", ""),
        ({"pulse_ms": 550}, "pulse_ms", "100 to 1000 in steps of 100", ""),
        ({"pulse_ms": 1100}, "pulse_ms", "100 to 1000 in steps of 100", ""),
        ({"pulse_ms": True}, "pulse_ms", "100 to 1000 in steps of 100", ""),
        ({"address": 0}, "address", "1 to 247", ""),
        ({"entry_relay": 0}, "entry_relay", "1 to 32", ""),
        ({"entry_normally": "nc"}, "entry_normally", "one of open, closed", ""),
    ],
)
def test_a_relay_board_that_cannot_work_is_told_before_the_start(more, path, expected, hint):
    (problem,) = check(MODBUS_RELAY, {**SEEN, **more})
    assert (problem.path, problem.expected) == ((path,), expected)
    assert hint in problem.hint


def test_what_only_shows_between_keys_waits_until_each_is_good():
    problems = check(MODBUS_RELAY, {"port": PORT, "exit_relay": 1, "pulse_ms": 1})
    assert [problem.path for problem in problems] == [("pulse_ms",)]


def test_boards_on_one_port_share_its_line_and_its_baud_rate(around):
    tables = [{**SEEN, "address": address} for address in (1, 2)]
    one, two = (MODBUS_RELAY.build(complete(MODBUS_RELAY, table), around) for table in tables)
    assert one._line is two._line
    other = complete(MODBUS_RELAY, {**SEEN, "address": 3, "baudrate": 19200})
    with pytest.raises(DriverError, match="9600 and at 19200"):
        MODBUS_RELAY.build(other, around)


# --- modbus_turnstile -----------------------------------------------------------------------------


def test_a_lot_turnstile_needs_its_port_alone(around):
    assert check(MODBUS_TURNSTILE, {"port": PORT}) == []
    values = complete(MODBUS_TURNSTILE, {"port": PORT})
    assert values == {"port": PORT, "baudrate": 115200, "address": 1, "unlock_ms": 5000}
    assert MODBUS_TURNSTILE.build(values, around).capabilities.feedback


def test_a_lot_turnstile_has_an_address_up_to_32():
    (problem,) = check(MODBUS_TURNSTILE, {"port": PORT, "address": 33})
    assert problem.expected == "1 to 32"


# --- board_7e -------------------------------------------------------------------------------------


@pytest.mark.parametrize("left_is", ["entry", "exit"])
def test_a_7e_board_needs_its_port_and_what_its_left_side_is(around, left_is):
    table = {"port": PORT, "left_is": left_is}
    assert check(BOARD_7E, table) == []
    values = complete(BOARD_7E, table)
    assert values["baudrate"] == 19200
    assert BOARD_7E.build(values, around)._board._left == left_is


def test_a_7e_board_whose_sides_nobody_named_is_a_mistake():
    (problem,) = check(BOARD_7E, {"port": PORT})
    assert (problem.path, problem.expected) == (("left_is",), "one of entry, exit")
