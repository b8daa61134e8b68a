"""Builds what a site has contacts for: doors, fire inputs, help buttons."""

from collections.abc import Mapping

from config.schema import Contact, ContactState, DriverTable, LaneInput, Settings
from drivers.base import Sensor
from drivers.registry import SENSORS, Surroundings, complete
from gatewayd.core.words import DoorId, LaneId
from gatewayd.ports import Cache
from gatewayd.runtime import doors as runtime
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.assist_button import AssistButton
from gatewayd.runtime.assists import Assists
from gatewayd.runtime.doors import DoorShell, Watched
from gatewayd.runtime.fire import FireInput
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
        shell = DoorShell(watched, cache, shared.recorder, shared.alarms)
        shared.fire.listen(shell.id, shell.fire)
        doors[watched.id] = shell
    return doors


def build_fire_inputs(
    settings: Settings,
    shared: Shared,
    around: Surroundings,
    lanes: Mapping[LaneId, LaneShell],
) -> dict[str, FireInput]:
    return {
        one.id: FireInput(
            one.id, build_sensor(one.contact, around, lanes), shared.fire, shared.alarms
        )
        for one in settings.fire_inputs
    }


def build_assist_buttons(
    settings: Settings,
    assists: Assists,
    alarms: Alarms,
    around: Surroundings,
    lanes: Mapping[LaneId, LaneShell],
) -> dict[str, AssistButton]:
    return {
        one.id: AssistButton(
            one.id, LaneId(one.lane), build_sensor(one.contact, around, lanes), assists, alarms
        )
        for one in settings.assist_buttons
    }


def build_sensor(
    contact: Contact, around: Surroundings, lanes: Mapping[LaneId, LaneShell]
) -> Sensor:
    match contact:
        case LaneInput(lane=lane, input=number):
            return runtime.LaneInput(lanes[LaneId(lane)], number)
        case DriverTable(driver=driver, values=values):
            kind = SENSORS[driver]
            return kind.build(complete(kind, values), around)
