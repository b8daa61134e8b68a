"""Our own drivers of turnstiles that speak only when asked, with the settings that each takes."""

from typing import Final

from drivers.base import Direction, Turnstile
from drivers.boards.modbus import silence_s
from drivers.keys import Key, choice, whole
from drivers.kinds import DriverKind, Surroundings, Values
from drivers.osdp_keys import OSDP_KEYS
from drivers.polled_line import PolledLine
from drivers.serial_keys import PORT
from drivers.turnstiles.board_7e import GAP_S, board_7e
from drivers.turnstiles.modbus_relay import modbus_relay
from drivers.turnstiles.modbus_turnstile import modbus_turnstile
from drivers.turnstiles.osdp import osdp_turnstile
from drivers.wiring_keys import WIRING_KEYS, wiring, wiring_problems

UNLOCK_MS: Final = whole(
    "unlock_ms",
    "how long the person may take to begin; no longer than the turnstile itself waits",
    100,
    30_000,
    5000,
)


def _baudrate(default: int) -> Key:
    return whole("baudrate", "bits per second, as set in the device", 1200, 256_000, default)


def _address(last: int) -> Key:
    return whole("address", "of the device on its line, as set in it", 1, last, 1)


# --- modbus_relay ---------------------------------------------------------------------------------


def _build_relay(values: Values, around: Surroundings) -> Turnstile:
    return modbus_relay(_modbus_line(values, around), values["address"], wiring(values))


def _modbus_line(values: Values, around: Surroundings) -> PolledLine:
    baudrate = values["baudrate"]
    return around.lines.take(values["port"], baudrate, gap_s=silence_s(baudrate))


MODBUS_RELAY: Final[DriverKind[Turnstile]] = DriverKind(
    "modbus_relay",
    (PORT, _baudrate(9600), _address(247), UNLOCK_MS, *WIRING_KEYS),
    _build_relay,
    across=wiring_problems,
)

# --- osdp -----------------------------------------------------------------------------------------


def _build_osdp(values: Values, around: Surroundings) -> Turnstile:
    device = around.osdp_lines.place(
        values["port"], values["baudrate"], values["address"], values["scbk_file"]
    )
    return osdp_turnstile(device, wiring(values))


OSDP: Final[DriverKind[Turnstile]] = DriverKind(
    "osdp", (*OSDP_KEYS, UNLOCK_MS, *WIRING_KEYS), _build_osdp, across=wiring_problems
)

# --- modbus_turnstile -----------------------------------------------------------------------------


def _build_turnstile(values: Values, around: Surroundings) -> Turnstile:
    return modbus_turnstile(_modbus_line(values, around), values["address"])


MODBUS_TURNSTILE: Final[DriverKind[Turnstile]] = DriverKind(
    "modbus_turnstile",
    (PORT, _baudrate(115_200), _address(32), UNLOCK_MS),
    _build_turnstile,
)

# --- board_7e -------------------------------------------------------------------------------------


def _build_board_7e(values: Values, around: Surroundings) -> Turnstile:
    line = around.lines.take(values["port"], values["baudrate"], gap_s=GAP_S)
    return board_7e(line, values["address"], values["left_is"])


BOARD_7E: Final[DriverKind[Turnstile]] = DriverKind(
    "board_7e",
    (
        PORT,
        _baudrate(19_200),
        _address(255),
        choice("left_is", "which direction the board's left side is", Direction),
        UNLOCK_MS,
    ),
    _build_board_7e,
)
