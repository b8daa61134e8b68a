"""Our own drivers of contacts (doors, fire panel), with the settings that each takes."""

from typing import Final

from drivers.base import Sensor
from drivers.boards.modbus import silence_s
from drivers.keys import text, whole
from drivers.kinds import DriverKind, Problem, Surroundings, Values
from drivers.sensors.modbus_input import ModbusInput
from drivers.sensors.mqtt_sensor import MqttSensor
from drivers.serial_keys import PORT

INPUT_MAX: Final = 64
"""The biggest input boards that are sold."""


def _build_modbus_input(values: Values, around: Surroundings) -> Sensor:
    baudrate = values["baudrate"]
    line = around.lines.take(values["port"], baudrate, gap_s=silence_s(baudrate))
    return ModbusInput(line, values["address"], values["input"])


MODBUS_INPUT: Final[DriverKind[Sensor]] = DriverKind(
    "modbus_input",
    (
        PORT,
        whole("baudrate", "bits per second, as set in the device", 1200, 256_000, 9600),
        whole("address", "of the board on its line, as set in it", 1, 247, 1),
        whole("input", "number of the input, counted from 1", 1, INPUT_MAX, 1),
    ),
    _build_modbus_input,
)


def _build_mqtt_sensor(values: Values, around: Surroundings) -> Sensor:
    assert around.messages is not None, "the kind says so"
    return MqttSensor(
        around.messages,
        values["topic"],
        values["member"],
        closed=values["closed"],
        opened=values["opened"],
    )


def _sensor_problems(values: Values) -> list[Problem]:
    if values["closed"] != values["opened"]:
        return []
    return [Problem(("opened",), "another word than closed", values["opened"])]


MQTT_SENSOR: Final[DriverKind[Sensor]] = DriverKind(
    "mqtt_sensor",
    (
        text("topic", "where it tells its state", "a topic without + and #", r"[^\0+#]{1,200}"),
        text("member", "of the JSON object; inner ones after a dot", "a name", r"[^\0]{0,64}", ""),
        text(
            "closed", "what it says while the contact is closed", "a word", r"[^\0]{1,32}", "true"
        ),
        text("opened", "what it says while the contact is open", "a word", r"[^\0]{1,32}", "false"),
    ),
    _build_mqtt_sensor,
    needs_messages=True,
    across=_sensor_problems,
)
