"""The drivers by name: our own, and those that installed packages bring."""

from typing import Final

from drivers.base import Reader, Sensor, Turnstile
from drivers.kinds import DriverKind, Kinds, Surroundings, check, complete

__all__ = ["READERS", "SENSORS", "TURNSTILES", "DriverKind", "Surroundings", "check", "complete"]

READERS: Final = Kinds[Reader](
    "gatewayd.readers",
    {
        "line": "drivers.line_kind:LINE",
        "gm65": "drivers.reader_kinds:GM65",
        "ssi": "drivers.reader_kinds:SSI",
        "osdp": "drivers.reader_kinds:OSDP",
    },
)
TURNSTILES: Final = Kinds[Turnstile](
    "gatewayd.turnstiles",
    {
        "gatelink": "drivers.gatelink_kind:GATELINK",
        "mqtt": "drivers.broker_kinds:MQTT",
        "mqtt_relay": "drivers.broker_kinds:RELAY",
        "modbus_relay": "drivers.polled_kinds:MODBUS_RELAY",
        "osdp": "drivers.polled_kinds:OSDP",
        "modbus_turnstile": "drivers.polled_kinds:MODBUS_TURNSTILE",
        "board_7e": "drivers.polled_kinds:BOARD_7E",
    },
)
SENSORS: Final = Kinds[Sensor](
    "gatewayd.sensors",
    {
        "modbus_input": "drivers.sensor_kinds:MODBUS_INPUT",
        "mqtt_sensor": "drivers.sensor_kinds:MQTT_SENSOR",
    },
)
