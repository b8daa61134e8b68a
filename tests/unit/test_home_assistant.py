"""Home Assistant finds a gate by itself, sees its states, and nobody who goes through."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from config.load import load
from config.problems import SettingsError
from gatewayd.app.sync import Sync
from gatewayd.core.door import Door, DoorState
from gatewayd.core.lane_terms import ExitOnly, Faulted, Free, Idle, Lane
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.words import DoorId, LaneId
from gatewayd.mqtt import payloads, topics
from gatewayd.mqtt.home_assistant import LANE_STATES, HomeAssistant, announcements
from gatewayd.mqtt.payloads import AsOf, Birth, Offline
from gatewayd.mqtt.topics import SitePath
from gatewayd.runtime.nonces import Nonces
from tests.sim.loop import run
from tests.unit import sync_world
from tests.unit.doubles import EPOCH, START, SimChance, Site
from tests.unit.test_payloads import BIRTH

SITE = SitePath("mojokerto", "dukcapil", "gmsc")
HOME = HomeAssistant("homeassistant", "Graha Mojokerto", "0.1.0")
LANE, DOOR = LaneId("lane-1"), DoorId("back")
AS_OF = AsOf(EPOCH, 9, START)
NODE = "onegate_mojokerto_dukcapil_gmsc"
SETTINGS = """\
[site]
region = "a"
organisation = "b"
id = "c"
timezone = "Asia/Jakarta"
[[lanes]]
id = "lane-1"
  [lanes.turnstile]
  driver = "gatelink"
  port = "/dev/x"
  psk_file = "x.psk"
"""
BROKER = '[broker]\nurl = "mqtt://127.0.0.1"\n'


def announced() -> dict[str, dict]:
    """Return the messages by what they are about."""
    told = announcements(HOME, SITE, [LANE], {DOOR: "Back door"})
    return {topic.split("/")[3]: json.loads(body) for topic, body in told}


def shown(entity: dict, state: bytes) -> str:
    """Do what Home Assistant does with the two kinds of template that we use."""
    body, template = json.loads(state), entity["value_template"]
    if found := re.fullmatch(r"{{ value_json\.(\w+) }}", template):
        return str(body[found[1]])
    form = r"{{ 'ON' if value_json\.(\w+) (==|!=) '(\w+)' else 'OFF' }}"
    key, comparison, word = re.fullmatch(form, template).groups()
    return "ON" if (body[key] == word) == (comparison == "==") else "OFF"


def test_each_thing_is_announced_at_a_topic_of_its_own():
    told = list(announcements(HOME, SITE, [LANE], {DOOR: "Back door"}))
    assert [topic for topic, _ in told] == [
        f"homeassistant/sensor/{NODE}/inside/config",
        f"homeassistant/binary_sensor/{NODE}/link/config",
        f"homeassistant/sensor/{NODE}/lane_lane-1/config",
        f"homeassistant/binary_sensor/{NODE}/door_back/config",
    ]
    assert len({body["unique_id"] for body in announced().values()}) == 4
    assert {body["device"]["name"] for body in announced().values()} == {"Graha Mojokerto"}


def test_two_sites_never_share_an_entity():
    one = announcements(HOME, SitePath("a-b", "c", "d"), [], {})
    other = announcements(HOME, SitePath("a", "b-c", "d"), [], {})
    assert not {topic for topic, _ in one} & {topic for topic, _ in other}


def test_what_it_shows_is_what_our_states_say():
    told = announced()
    count = payloads.occupancy((Occupancy({"visitor": 3}), {}), {}, AS_OF)
    assert told["inside"]["state_topic"] == topics.occupancy(SITE)
    assert shown(told["inside"], count) == "3"
    assert told["door_back"]["state_topic"] == topics.door(SITE, DOOR)
    for state in DoorState:
        door = payloads.door(DOOR, "Back door", Door(state), AS_OF)
        assert shown(told["door_back"], door) == ("OFF" if state is DoorState.CLOSED else "ON")
    assert told["lane_lane-1"]["state_topic"] == topics.lane(SITE, LANE)
    assert shown(told["lane_lane-1"], payloads.lane(LANE, Lane(), AS_OF)) in LANE_STATES


def test_the_states_of_a_lane_are_all_announced():
    assert announced()["lane_lane-1"]["options"] == list(LANE_STATES)
    assert len(LANE_STATES) == len((Idle, Faulted, Free, ExitOnly))
    assert {payloads._condition(rest()) for rest in (Idle, Faulted, Free, ExitOnly)} == set(
        LANE_STATES
    )


def test_all_are_unavailable_while_the_gate_is_not_online():
    told, birth = announced(), BIRTH
    assert isinstance(birth, Birth)
    will = payloads.offline("run", Offline.LOST)
    for what, body in told.items():
        if what != "link":
            assert body["availability"] == [
                {"topic": topics.state(SITE), "value_template": "{{ value_json.state }}"}
            ]
    assert "availability" not in told["link"]
    assert shown(told["link"], payloads.online(birth)) == "ON"
    assert shown(told["link"], will) == "OFF"


def test_nothing_that_it_says_is_listened_to():
    assert not any("command_topic" in body for body in announced().values())
    used = re.findall(r"onegate/v1/[^\"]+", json.dumps(announced()))
    assert {topic.split("/up/")[1].split("/")[0] for topic in used} == {
        "occupancy",
        "state",
        "lane",
        "door",
    }


def test_the_gate_announces_itself_at_the_broker_and_keeps_it_there():
    async def main():
        world, gate = sync_world.Sync(), Site([]).gate
        nonces = Nonces(world.clock, SimChance())
        sync = Sync(world.publisher, SITE, gate, nonces, world.clock, world.journal)
        sync.home = HOME
        sync.show({}, {})
        async with world.running():
            await asyncio.sleep(1)
        return [one for one in world.broker.arrived if one.topic.startswith("homeassistant/")]

    told = run(main())
    assert [one.topic.split("/")[3] for one in told] == ["inside", "link"]
    assert all(one.is_retained and one.qos == 1 for one in told)


def settings(folder: Path, *sections: str):
    path = folder / "gate.toml"
    path.write_text(SETTINGS + "".join(sections))
    (folder / "x.psk").touch(mode=0o600)
    return load(path)


def test_it_is_off_unless_the_settings_say_so(tmp_path):
    assert settings(tmp_path, BROKER).home_assistant is None
    assert settings(tmp_path, BROKER, "[home_assistant]\n").home_assistant == "homeassistant"
    own = settings(tmp_path, BROKER, '[home_assistant]\nprefix = "ha/discovery"\n')
    assert own.home_assistant == "ha/discovery"


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (("[home_assistant]\n",), "a [broker]"),
        ((BROKER, '[home_assistant]\nprefix = "a/+/b"\n'), "1 to 64 characters"),
        ((BROKER, '[home_assistant]\nprefix = ""\n'), "1 to 64 characters"),
        ((BROKER, '[home_assistant]\nprefx = "ha"\n'), "prefx"),
    ],
)
def test_a_prefix_that_cannot_be_one_is_refused(tmp_path, sections, said):
    with pytest.raises(SettingsError) as refused:
        settings(tmp_path, *sections)
    assert said in str(refused.value)
