"""Finds the mistakes that only show between sections: what is named twice, or named and missing."""

import re
from collections.abc import Iterator

from config.fields import Notes, nearest, one_of
from config.problems import KeyPath, shown
from config.schema import AssistButton, Contact, Door, DriverTable, FireInput, LaneInput, Settings

_SHARED = " (devices on one line: the same driver and baudrate, and an address for each)"

# The kernel numbers these in the order of plugging in: after a reboot two readers may have swapped.
_NUMBERED_PORT = re.compile(r"/dev/tty(USB|ACM)[0-9]+")


def check_across(settings: Settings, notes: Notes) -> None:
    """Note mistakes and advice. Empty names stand for mistakes that are already noted."""
    _check_unique([lane.id for lane in settings.lanes], "lanes", "id", notes)
    _check_unique([roster.name for roster in settings.rosters], "rosters", "name", notes)
    _check_unique([door.id for door in settings.doors], "doors", "id", notes)
    _check_unique([one.id for one in settings.fire_inputs], "fire_inputs", "id", notes)
    _check_unique([one.id for one in settings.assist_buttons], "assist_buttons", "id", notes)
    _check_devices(settings, notes)
    _check_interlocks(settings, notes)
    _check_areas(settings, notes)
    _check_doors(settings, notes)
    for index in range(len(settings.rosters)):
        text = (
            "whoever copies a plain id passes as its owner; where that matters: gatewayd pass totp"
        )
        notes.advise(("rosters", index, "file"), text)


def _check_unique(words: list[str], section: str, key: str, notes: Notes) -> None:
    first: dict[str, int] = {}
    for index, word in enumerate(words):
        if first.setdefault(word, index) != index and word:
            line = notes.where.find((section, first[word], key)).line
            expected = f"a different {key} for each of [[{section}]]"
            notes.mistake((section, index, key), expected, f"{shown(word)} as in line {line}")


def _check_devices(settings: Settings, notes: Notes) -> None:
    """Each device serves one place. Sharing a port needs an address for each device on it."""
    seen: list[DriverTable] = []
    for table in _drivers(settings):
        for key in ("port", "device"):
            for other in seen:
                if _is_same(table, other, key):
                    line = notes.where.find((*other.path, key)).line
                    found = f"{shown(table.values[key])} as in line {line}"
                    expected = f"a {key} of its own{_SHARED if key == 'port' else ''}"
                    notes.mistake((*table.path, key), expected, found)
        seen.append(table)
        port = table.values.get("port")
        if isinstance(port, str) and _NUMBERED_PORT.fullmatch(port):
            text = f"{port} may be another device after a reboot; use its /dev/serial/by-path/ name"
            notes.advise((*table.path, "port"), text)


def _is_same(table: DriverTable, other: DriverTable, key: str) -> bool:
    value, address = table.values.get(key), table.values.get("address")
    if value is None or value != other.values.get(key):
        return False
    is_shared_line = (
        key == "port"
        and table.driver == other.driver
        and table.values.get("baudrate") == other.values.get("baudrate")
        # Address 0 is that of a device with a line of its own.
        and all(one.values.get("address") for one in (table, other))
        and address != other.values["address"]
    )
    return not is_shared_line


def _drivers(settings: Settings) -> Iterator[DriverTable]:
    for lane in settings.lanes:
        tables = (lane.entry_reader, lane.exit_reader, lane.turnstile)
        yield from (table for table in tables if table)
    if settings.desk_reader is not None:
        yield settings.desk_reader


def _check_interlocks(settings: Settings, notes: Notes) -> None:
    """Each lane belongs to one pair at most; one of the two names the other, or both do."""
    lanes = [lane.id for lane in settings.lanes]
    partners: dict[str, str] = {}
    for index, lane in enumerate(settings.lanes):
        other, path = lane.interlock, ("lanes", index, "interlock")
        if not other or not lane.id:
            continue
        if other == lane.id or other not in lanes:
            others = [name for name in lanes if name != lane.id]
            expected = f"the id of another lane: {one_of(others) or 'there is none'}"
            notes.mistake(path, expected, shown(other), nearest(other, others))
        elif (
            partners.setdefault(lane.id, other) != other
            or partners.setdefault(other, lane.id) != lane.id
        ):
            expected = "two lanes that have no interlock with a third"
            notes.mistake(path, expected, shown(other))


def _check_areas(settings: Settings, notes: Notes) -> None:
    """See that the gate has a lane: whoever is in an inner area came through it before."""
    if settings.lanes and all(lane.area is not None for lane in settings.lanes):
        expected = "a lane without `area`: one of the gate itself"
        notes.mistake(("lanes", 0, "area"), expected, shown(settings.lanes[0].area))


def _check_doors(settings: Settings, notes: Notes) -> None:
    lanes = [lane.id for lane in settings.lanes]
    contacts: list[tuple[KeyPath, Contact]] = []
    taken: dict[str, KeyPath] = {name: ("lanes", index) for index, name in enumerate(lanes) if name}
    sections: tuple[tuple[str, tuple[Door | FireInput | AssistButton, ...]], ...] = (
        ("doors", settings.doors),
        ("fire_inputs", settings.fire_inputs),
        ("assist_buttons", settings.assist_buttons),
    )
    for section, listed in sections:
        for index, one in enumerate(listed):
            contacts.append(((section, index), one.contact))
            before = taken.setdefault(one.id, (section, index))
            if one.id and before[0] != section:
                line = notes.where.find((*before, "id")).line
                found = f"{shown(one.id)} as in [[{before[0]}]] in line {line}"
                notes.mistake((section, index, "id"), f"another id than in [[{before[0]}]]", found)
    _check_contacts(contacts, lanes, notes)
    for index, button in enumerate(settings.assist_buttons):
        at = button.contact.lane if isinstance(button.contact, LaneInput) else ""
        if button.lane and lanes and all(lanes) and button.lane not in (*lanes, at):
            expected = f"the id of a lane: {one_of(lanes)}"
            hint = nearest(button.lane, lanes)
            notes.mistake(("assist_buttons", index, "lane"), expected, shown(button.lane), hint)


def _check_contacts(
    contacts: list[tuple[KeyPath, Contact]], lanes: list[str], notes: Notes
) -> None:
    """Each door has a contact of its own."""
    first: dict[str, KeyPath] = {}
    for path, contact in contacts:
        match contact:
            case LaneInput(lane=lane, input=number):
                place = f"{shown(number)}, {lane}"
                key = (*path, "input")
                if lane and lanes and all(lanes) and lane not in lanes:
                    expected = f"the id of a lane: {one_of(lanes)}"
                    notes.mistake((*path, "turnstile"), expected, shown(lane), nearest(lane, lanes))
            case DriverTable(driver=driver, values=values):
                place = f"{driver}, {sorted(values.items())}"
                key = contact.path
        before = first.setdefault(place, key)
        if before != key:
            line = notes.where.find(before).line
            notes.mistake(key, "an input of its own", f"the one of line {line}")
