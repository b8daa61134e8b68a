"""Builds the doors of a site from its settings: each with a contact that is read somewhere."""

from collections.abc import Mapping

from config.schema import Contact, ContactState, DriverTable, LaneInput, Settings
from drivers.base import Sensor
from drivers.registry import SENSORS, Surroundings, complete
from gatewayd.core.words import DoorId, LaneId
from gatewayd.ports import Cache
from gatewayd.runtime import doors as runtime
from gatewayd.runtime.doors import DoorShell, Watched
from gatewayd.runtime.lane import LaneShell, Shared


def build_doors(
    settings: Settings,
    shared: Shared,
    cache: Cache,
    around: Surroundings,
    lanes: Mapping[LaneId, LaneShell],
) -> dict[DoorId, DoorShell]:
    """Return the doors in the order of the settings, each as it was left."""
    doors: dict[DoorId, DoorShell] = {}
    for door in settings.doors:
        watched = Watched(
            id=DoorId(door.id),
            name=door.name or door.id,
            sensor=build_sensor(door.contact, around, lanes),
            shut_closed=door.normally is ContactState.CLOSED,
        )
        doors[watched.id] = DoorShell(watched, cache, shared.recorder, shared.alarms)
    return doors


def build_sensor(
    contact: Contact, around: Surroundings, lanes: Mapping[LaneId, LaneShell]
) -> Sensor:
    match contact:
        case LaneInput(lane=lane, input=number):
            return runtime.LaneInput(lanes[LaneId(lane)], number)
        case DriverTable(driver=driver, values=values):
            kind = SENSORS[driver]
            return kind.build(complete(kind, values), around)
