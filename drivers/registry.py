"""The drivers by name: our own, and those that installed packages bring."""

from typing import Final

from drivers.base import Reader, Sensor, Turnstile
from drivers.keys import Key, UnfitError, choice, shown, text, whole
from drivers.kinds import DriverKind, Kinds, Surroundings, Values, check, complete
from drivers.polled_kinds import OWN_POLLED
from drivers.psk import PSK_FILE
from drivers.reader_kinds import OWN_READERS
from drivers.sensor_kinds import OWN_SENSORS
from drivers.serial_keys import BAUDRATE, PORT
from drivers.serial_link import SerialLink
from drivers.turnstiles.gatelink import GatelinkTurnstile
from drivers.turnstiles.mqtt import MqttTurnstile
from drivers.turnstiles.relay import RelayTurnstile
from drivers.turnstiles.relay_profiles import RelayKind, relay_profile
from firmware_protocol.host import Host
from firmware_protocol.settings import UNLOCK_MS_MAX, Settings, WithoutHost

__all__ = ["READERS", "SENSORS", "TURNSTILES", "DriverKind", "Surroundings", "check", "complete"]

UNLOCK_MS: Final = whole(
    "unlock_ms", "how long the turnstile waits for the person", 100, UNLOCK_MS_MAX, 5000
)


# --- our own drivers ---


def _build_gatelink(values: Values, around: Surroundings) -> Turnstile:
    port, baudrate = values["port"], values["baudrate"]
    host = Host(
        values["psk_file"],
        name=around.host_id,
        token=around.token,
        address=values["address"],
        settings=Settings(unlock_ms=values["unlock_ms"], without_host=values["host_lost"]),
    )
    if values["address"]:
        return GatelinkTurnstile(around.buses.place(port, baudrate, host), host)
    return GatelinkTurnstile(SerialLink(port, baudrate), host)


GATELINK: Final[DriverKind[Turnstile]] = DriverKind(
    "gatelink",
    (
        PORT,
        BAUDRATE,
        whole("address", "of the controller on a line that it shares; else 0", 0, 126, 0),
        PSK_FILE,
        UNLOCK_MS,
        choice(
            "host_lost",
            "what becomes of the entry while the gateway is away: locked, or free for everybody",
            WithoutHost,
            WithoutHost.SECURE,
        ),
    ),
    _build_gatelink,
    tells_inputs=True,
)


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

READERS: Final = Kinds[Reader]("gatewayd.readers", OWN_READERS)
TURNSTILES: Final = Kinds[Turnstile]("gatewayd.turnstiles", [GATELINK, MQTT, RELAY, *OWN_POLLED])
SENSORS: Final = Kinds[Sensor]("gatewayd.sensors", OWN_SENSORS)
