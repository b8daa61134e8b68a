"""The settings that say how a turnstile with dry contacts is wired to a board."""

from typing import Final

from drivers.base import Direction
from drivers.contacts import Contact, Normally
from drivers.keys import Key, UnfitError, choice, flag, shown, whole
from drivers.kinds import Problem, Values
from drivers.turnstiles.contact_inputs import Contacts
from drivers.turnstiles.wiring import PULSE_STEP_MS, Wiring

CHANNELS_MAX: Final = 32
"""The biggest relay boards that are sold."""

PULSE_MS_MAX: Final = 1000
"""More than any turnstile needs; the next person waits until the pulse is over."""


def wiring(values: Values) -> Wiring:
    """Return what the values of WIRING_KEYS say, in which `wiring_problems` finds nothing."""
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
    return Wiring(
        relays={direction: relay for direction, relay in relays.items() if relay},
        pulse_ms=values["pulse_ms"],
        contacts=contacts,
        assume_passed=values["assume_passed"],
    )


def wiring_problems(values: Values) -> list[Problem]:
    """Find relays and inputs that are used twice, and passages that nothing tells."""
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


def _contact(values: Values, name: str) -> Contact | None:
    number = values[f"{name}_input"]
    return Contact(number, values[f"{name}_normally"]) if number else None


def _input(name: str, meaning: str, normally: Normally) -> tuple[Key, Key]:
    return (
        whole(f"{name}_input", f"number of the input that {meaning}; 0: none", 0, CHANNELS_MAX, 0),
        choice(f"{name}_normally", "how its contact is while nothing happens", Normally, normally),
    )


def _pulse_ms(value: object) -> int:
    if type(value) is int and value in range(PULSE_STEP_MS, PULSE_MS_MAX + 1, PULSE_STEP_MS):
        return value
    raise UnfitError(shown(value))


WIRING_KEYS: Final = (
    whole("entry_relay", "number of the relay that opens the entry", 1, CHANNELS_MAX, 1),
    whole(
        "exit_relay",
        "number of the relay that opens the exit; 0: the exit is free at the turnstile",
        0,
        CHANNELS_MAX,
        0,
    ),
    Key("pulse_ms", "how long the relay is on", "100 to 1000 in steps of 100", _pulse_ms, 500),
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
)
