"""Whether the tables of devices in the settings fit their drivers, and what they are wired to."""

from collections.abc import Iterator, Mapping
from typing import Any

from config.problems import KeyPath, Problem, shown
from config.schema import Contact, DriverTable, LaneInput, Settings
from drivers.base import DriverError
from drivers.registry import READERS, SENSORS, TURNSTILES, DriverKind, check, complete

WIRELESS = frozenset({"mqtt_sensor"})
NO_RADIO = "a battery or a broker must not decide over a fire"


def device_problems(settings: Settings) -> Iterator[Problem]:
    """Find what the sections themselves, which know no drivers, could not say."""
    for table, kinds in _devices(settings):
        yield from _table_problems(settings, table, kinds)
    for index, door in enumerate(settings.doors):
        yield from _contact_problems(settings, ("doors", index), door.contact)
    for index, fire_input in enumerate(settings.fire_inputs):
        yield from _contact_problems(settings, ("fire_inputs", index), fire_input.contact)
        if isinstance(fire_input.contact, DriverTable) and fire_input.contact.driver in WIRELESS:
            path = (*fire_input.contact.path, "driver")
            found = shown(fire_input.contact.driver)
            yield settings.where.problem(path, "a contact on a wire", found, NO_RADIO)
    for index, button in enumerate(settings.assist_buttons):
        yield from _contact_problems(settings, ("assist_buttons", index), button.contact)


def _contact_problems(settings: Settings, path: KeyPath, contact: Contact) -> Iterator[Problem]:
    match contact:
        case LaneInput(lane=name):
            for lane in settings.lanes:
                kind = _kind(TURNSTILES, lane.turnstile)
                if lane.id == name and kind is not None and not kind.tells_inputs:
                    expected = "a lane whose controller tells its inputs (gatelink, mqtt)"
                    found = f"one with {lane.turnstile.driver}"
                    hint = 'give the contact as [... .sensor] with driver = "modbus_input"'
                    yield settings.where.problem((*path, "turnstile"), expected, found, hint)
        case DriverTable() as table:
            problems = list(_table_problems(settings, table, SENSORS))
            yield from problems or _line_problems(settings, table)


def _line_problems(settings: Settings, sensor: DriverTable) -> Iterator[Problem]:
    """Find devices on the sensor's line that cannot share it."""
    for table, kinds in _devices(settings):
        kind = _kind(kinds, table)
        if kind is None or check(kind, table.values) or "port" not in sensor.values:
            continue
        values = complete(kind, table.values)
        if values.get("port") != sensor.values["port"]:
            continue
        own = complete(SENSORS[sensor.driver], sensor.values)
        found = f"{shown(values['port'])}, which is the port of {table.driver}"
        if not table.driver.startswith("modbus_"):
            expected = "a port of its own, or one with Modbus devices"
            yield settings.where.problem((*sensor.path, "port"), expected, found)
        elif values["baudrate"] != own["baudrate"]:
            expected = f"{values['baudrate']}, as of the other devices on the port"
            found = str(own["baudrate"])
            yield settings.where.problem((*sensor.path, "baudrate"), expected, found)


def _devices(settings: Settings) -> Iterator[tuple[DriverTable, Mapping[str, DriverKind[Any]]]]:
    for lane in settings.lanes:
        for table in (lane.entry_reader, lane.exit_reader):
            if table is not None:
                yield table, READERS
        yield lane.turnstile, TURNSTILES
    if settings.desk_reader is not None:
        yield settings.desk_reader, READERS


def _kind(kinds: Mapping[str, DriverKind[Any]], table: DriverTable) -> DriverKind[Any] | None:
    try:
        return kinds.get(table.driver)
    except DriverError:
        return None


def _table_problems(
    settings: Settings, table: DriverTable, kinds: Mapping[str, DriverKind[Any]]
) -> Iterator[Problem]:
    where = settings.where
    try:
        kind = kinds.get(table.driver)
    except DriverError as error:
        yield where.problem((*table.path, "driver"), "a driver that loads", str(error))
        return
    if kind is None:
        if table.driver:  # One that is missing is named already.
            expected = f"one of {', '.join(kinds)}"
            yield where.problem((*table.path, "driver"), expected, shown(table.driver))
        return
    for found in check(kind, table.values):
        yield where.problem((*table.path, *found.path), found.expected, found.found, found.hint)
    if kind.needs_messages and settings.device_broker is None:
        hint = "the driver speaks MQTT; add [device_broker] with a url"
        yield where.problem((*table.path, "driver"), "a [device_broker] section", "none", hint)
