"""Our own drivers of turnstiles that speak only when asked, with the settings that each takes."""

from typing import Final

from drivers.base import Direction, Turnstile
from drivers.boards.modbus import silence_s
from drivers.contacts import Contact, Normally
from drivers.keys import Key, UnfitError, choice, flag, shown, whole
from drivers.kinds import DriverKind, Problem, Surroundings, Values
from drivers.polled_line import PolledLine
from drivers.serial_keys import PORT
from drivers.turnstiles.board_7e import GAP_S, board_7e
from drivers.turnstiles.contact_inputs import Contacts
from drivers.turnstiles.modbus_relay import PULSE_STEP_MS, Wiring, modbus_relay
from drivers.turnstiles.modbus_turnstile import modbus_turnstile

CHANNELS_MAX: Final = 32
"""The biggest relay boards that are sold."""

PULSE_MS_MAX: Final = 1000
"""More than any turnstile needs; the next person waits until the pulse is over."""

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
    relays = {Direction.ENTRY: values["entry_relay"], Direction.EXIT: values["exit_relay"]}
    passages = {
        direction: contact
        for direction in Direction
        if (contact := _contact(values, str(direction))) is not None
    }
    fire = values["fire_input"]
    contacts = Contacts(
        passages=passages,
        ready=_contact(values, "ready"),
        alarm=_contact(values, "alarm"),
        fire=Contact(fire, Normally.CLOSED) if fire else None,
    )
    wiring = Wiring(
        relays={direction: relay for direction, relay in relays.items() if relay},
        pulse_ms=values["pulse_ms"],
        contacts=contacts,
        assume_passed=values["assume_passed"],
    )
    return modbus_relay(_modbus_line(values, around), values["address"], wiring)


def _contact(values: Values, name: str) -> Contact | None:
    number = values[f"{name}_input"]
    return Contact(number, values[f"{name}_normally"]) if number else None


def _modbus_line(values: Values, around: Surroundings) -> PolledLine:
    baudrate = values["baudrate"]
    return around.lines.take(values["port"], baudrate, gap_s=silence_s(baudrate))


def _input(name: str, meaning: str, normally: Normally) -> tuple[Key, Key]:
    return (
        whole(f"{name}_input", f"number of the input that {meaning}; 0: none", 0, CHANNELS_MAX, 0),
        choice(f"{name}_normally", "how its contact is while nothing happens", Normally, normally),
    )


def _pulse_ms(value: object) -> int:
    if type(value) is int and value in range(PULSE_STEP_MS, PULSE_MS_MAX + 1, PULSE_STEP_MS):
        return value
    raise UnfitError(shown(value))


def _relay_problems(values: Values) -> list[Problem]:
    problems: list[Problem] = []
    if values["entry_relay"] == values["exit_relay"]:
        problems.append(
            Problem(("exit_relay",), "another relay than entry_relay", str(values["exit_relay"]))
        )
    used: dict[int, str] = {}
    for name in ("entry_input", "exit_input", "ready_input", "alarm_input", "fire_input"):
        number = values[name]
        if number and used.setdefault(number, name) != name:
            problems.append(Problem((name,), f"another input than {used[number]}", str(number)))
    is_all_seen = bool(values["entry_input"] and values["exit_input"])
    if is_all_seen and values["assume_passed"]:
        hint = "both directions have an input that tells passages; leave it out"
        problems.append(Problem(("assume_passed",), "false", "true", hint))
    if not is_all_seen and not values["assume_passed"]:
        hint = (
            "a direction without an input that tells passages counts each opening as one person; "
            "write that down as assume_passed = true, or wire entry_input and exit_input"
        )
        problems.append(Problem(("assume_passed",), "true", "false", hint))
    return problems


MODBUS_RELAY: Final[DriverKind[Turnstile]] = DriverKind(
    "modbus_relay",
    (
        PORT,
        _baudrate(9600),
        _address(247),
        whole("entry_relay", "number of the relay that opens the entry", 1, CHANNELS_MAX, 1),
        whole(
            "exit_relay",
            "number of the relay that opens the exit; 0: the exit is free at the turnstile",
            0,
            CHANNELS_MAX,
            0,
        ),
        Key("pulse_ms", "how long the relay is on", "100 to 1000 in steps of 100", _pulse_ms, 500),
        UNLOCK_MS,
        *_input("entry", "tells that somebody went in", Normally.OPEN),
        *_input("exit", "tells that somebody went out", Normally.OPEN),
        *_input("ready", "tells that the turnstile can open", Normally.CLOSED),
        *_input("alarm", "tells that the turnstile raises an alarm", Normally.OPEN),
        whole(
            "fire_input",
            "number of the input that is closed while there is no fire; 0: none",
            0,
            CHANNELS_MAX,
            0,
        ),
        flag(
            "assume_passed",
            "each opening counts as a passage where no input tells passages",
            default=False,
        ),
    ),
    _build_relay,
    across=_relay_problems,
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

OWN_POLLED: Final = (MODBUS_RELAY, MODBUS_TURNSTILE, BOARD_7E)
