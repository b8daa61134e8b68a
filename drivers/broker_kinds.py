"""The turnstiles that are reached by a broker, with the settings that each takes."""

from typing import Final

from drivers.base import Turnstile
from drivers.controller_keys import UNLOCK_MS
from drivers.keys import Key, UnfitError, choice, shown, text, whole
from drivers.kinds import DriverKind, Surroundings, Values
from drivers.psk import PSK_FILE
from drivers.turnstiles.mqtt import MqttTurnstile
from drivers.turnstiles.relay import RelayTurnstile
from drivers.turnstiles.relay_profiles import RelayKind, relay_profile


def _build_mqtt(values: Values, around: Surroundings) -> Turnstile:
    assert around.messages is not None, "the kind says so"
    return MqttTurnstile(around.messages, values["device"], values["psk_file"], token=around.token)


MQTT: Final[DriverKind[Turnstile]] = DriverKind(
    "mqtt",
    (
        text(
            "device",
            "what the controller calls itself in its topics, gatelink/v1/DEVICE/...",
            "1 to 32 characters of a-z, 0-9 and -",
            "[a-z0-9-]{1,32}",
        ),
        PSK_FILE,
        UNLOCK_MS,
    ),
    _build_mqtt,
    needs_messages=True,
    tells_inputs=True,
)


def _build_relay(values: Values, around: Surroundings) -> Turnstile:
    assert around.messages is not None, "the kind says so"
    # People count from 1, and so does Tasmota, where POWER0 would switch every relay at once.
    channel = values["channel"] - (1 if values["relay"] is RelayKind.SHELLY else 0)
    profile = relay_profile(values["relay"], values["device"], channel, values["pulse_ms"])
    return RelayTurnstile(
        around.messages, values["device"], profile, assume_passed=values["assume_passed"]
    )


def _pulse_ms(value: object) -> int:
    if type(value) is int and value in range(100, 11_101, 100):
        return value
    raise UnfitError(shown(value))


def _assume_passed(value: object) -> bool:
    if value is True:
        return True
    raise UnfitError(shown(value), "a turnstile that reports passages needs a controller")


RELAY: Final[DriverKind[Turnstile]] = DriverKind(
    "mqtt_relay",
    (
        text(
            "device",
            "the first part of its topics: the prefix of a Shelly, the Topic of a Tasmota",
            "1 to 64 characters of A-Z, a-z, 0-9 and . _ - /",
            "[A-Za-z0-9._/-]{1,64}",
        ),
        choice("relay", "the maker of its software", RelayKind),
        whole("channel", "which of its relays, counted from 1", 1, 8, 1),
        # What a Tasmota can time in its finest steps; turnstiles want 100 to 1000 ms.
        Key("pulse_ms", "how long the relay is on", "100 to 11100 in steps of 100", _pulse_ms, 500),
        UNLOCK_MS,
        Key(
            "assume_passed",
            "a relay cannot tell whether a person passed: each opening counts as one",
            "true",
            _assume_passed,
        ),
    ),
    _build_relay,
    needs_messages=True,
)
