"""What Home Assistant is told, so that it finds a gate by itself (its MQTT discovery).

Each message is retained and points at a retained state of ours; nothing else is published for it,
and in those states there is no holder, status or reason.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gatewayd.core.words import DoorId, Json, LaneId
from gatewayd.mqtt import topics
from gatewayd.mqtt.topics import SitePath

LANE_STATES = ("ready", "faulted", "free", "exit_only")
"""What the state of a lane says."""


@dataclass(frozen=True, slots=True)
class HomeAssistant:
    """prefix: the first part of its topics. name: of the site, for people."""

    prefix: str
    name: str
    version: str


def announcements(
    home: HomeAssistant, site: SitePath, lanes: list[LaneId], doors: Mapping[DoorId, str]
) -> Iterator[tuple[str, bytes]]:
    """Yield topics with their retained messages. doors: their names for people."""
    node = f"onegate_{str(site).replace('/', '_')}"
    shared: dict[str, Json] = {
        "availability": [
            {"topic": topics.state(site), "value_template": "{{ value_json.state }}"},
        ],
        "device": {
            "identifiers": [node],
            "name": home.name,
            "manufacturer": "gatewayd",
            "model": "onegate/v1",
            "sw_version": home.version,
        },
    }
    for component, what, entity in _entities(site, lanes, doors):
        about = {key: value for key, value in shared.items() if what != _LINK or key == "device"}
        own = {"unique_id": f"{node}_{what}", "object_id": f"{node}_{what}"}
        message = json.dumps({**about, **own, **entity}, ensure_ascii=False).encode()
        yield f"{home.prefix}/{component}/{node}/{what}/config", message


_LINK = "link"
"""Whether the gate is online: what the others are available by."""

_Entity = tuple[str, str, dict[str, Json]]
"""The component of Home Assistant, what it is called, and what is said of it."""


def _entities(
    site: SitePath, lanes: list[LaneId], doors: Mapping[DoorId, str]
) -> Iterator[_Entity]:
    count = topics.occupancy(site)
    yield (
        "sensor",
        "inside",
        {
            "name": "People inside",
            "state_topic": count,
            "value_template": "{{ value_json.total }}",
            "json_attributes_topic": count,
            "state_class": "measurement",
            "icon": "mdi:account-group",
        },
    )
    yield (
        "binary_sensor",
        _LINK,
        {
            "name": "Gate online",
            "state_topic": topics.state(site),
            "value_template": _on_if("value_json.state == 'online'"),
            "device_class": "connectivity",
        },
    )
    for lane in lanes:
        state: dict[str, Json] = {
            "name": f"Lane {lane}",
            "state_topic": topics.lane(site, lane),
            "value_template": "{{ value_json.state }}",
            "device_class": "enum",
            "options": list(LANE_STATES),
            "icon": "mdi:turnstile",
        }
        yield "sensor", f"lane_{lane}", state
    for door, name in doors.items():
        opening: dict[str, Json] = {
            "name": f"Door {name}",
            "state_topic": topics.door(site, door),
            "value_template": _on_if("value_json.state != 'closed'"),
            "device_class": "door",
        }
        yield "binary_sensor", f"door_{door}", opening


def _on_if(condition: str) -> str:
    return f"{{{{ 'ON' if {condition} else 'OFF' }}}}"
