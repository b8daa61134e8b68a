"""A back door watched by the daemon: on a Modbus line of its own, and over MQTT."""

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from paho.mqtt.publish import single

import gatewayd.mqtt
from tests.e2e.centre import Centre
from tests.e2e.daemon import Site, issue, until
from tests.e2e.input_board import InputBoard
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.pty_pair import PtyPair

pytestmark = pytest.mark.timeout(120)

SCHEMAS = Path(gatewayd.mqtt.__file__).parent / "schemas"
DOOR = """\
[[doors]]
id = "back"
name = "Pintu belakang"
normally = "closed"
[doors.sensor]
"""


def modbus(cable: PtyPair) -> str:
    return f'{DOOR}driver = "modbus_input"\nport = "{cable.left}"\naddress = 2\ninput = 4\n'


def door(site: Site) -> dict:
    return site.status()["doors"]["back"]


def is_shut(site: Site) -> bool:
    back = door(site)
    return back["seen"] and back["state"] == "closed"


@pytest.fixture
def cable(tmp_path):
    folder = tmp_path / "door"
    folder.mkdir()
    with PtyPair(folder) as cable:
        yield cable


@pytest.mark.alone  # It is held to its second.
async def test_the_back_door_that_opens_is_an_alarm_within_a_second_and_the_gate_goes_on(
    tmp_path, cable
):
    """R31, R33."""
    async with InputBoard(str(cable.right)) as board:
        board.closed = {4}
        async with Site(tmp_path, settings=modbus(cable)) as site:
            await site.pass_through(issue("1001"))
            await until(lambda: is_shut(site))
            loop = asyncio.get_running_loop()
            board.closed, opened_s = set(), loop.time()
            await until(lambda: site.log("alarm_raised", alarm="one_gate_broken", subject="back"))
            assert loop.time() - opened_s < 1.5  # A second, and a busy machine.
            await until(lambda: site.status()["occupancy"]["uncertain"] == 1)
            assert door(site)["state"] == "forced"
            await site.pass_through(issue("1002"))
            code, out, _ = await site.cli("status")
            assert (code, "back: OPENED without permission" in out) == (0, True)
            board.closed = {4}
            await until(lambda: is_shut(site))
            assert site.status()["alarms"] == []
            await until(lambda: len(site.journal("audit.door")) == 2)
            assert site.status()["occupancy"]["uncertain"] == 1


@pytest.mark.slow
async def test_an_officer_lets_the_back_door_be_opened_for_a_delivery(tmp_path, cable):
    async with InputBoard(str(cable.right)) as board:
        board.closed = {4}
        async with Site(tmp_path, settings=modbus(cable)) as site:
            await until(lambda: is_shut(site))
            reason = ("--reason", "delivery")
            code, out, _ = await site.cli("door", "allow", "back", "--minutes", "5", *reason)
            assert (code, out) == (0, "back: may be open for 5 minutes\n")
            board.closed = set()
            await until(lambda: door(site)["state"] == "open")
            assert site.status()["alarms"] == []
            code, out, _ = await site.cli("door", "watch", "back")
            assert (code, out) == (0, "back: must stay shut; it is held\n")
            assert site.status()["alarms"] == ["one_gate_broken/back"]
            code, _, error = await site.cli("door", "allow", "front", "--minutes", "5", *reason)
            assert (code, error) == (1, "`door` is one of: back\n")
            code, _, error = await site.cli("door", "allow", "back", "--minutes", "0", *reason)
            assert (code, error) == (1, "`minutes` is a whole number from 1 to 480\n")


@pytest.mark.slow
async def test_a_door_that_is_opened_while_the_daemon_is_down_is_found_at_the_start(
    tmp_path, cable
):
    async with InputBoard(str(cable.right)) as board:
        board.closed = {4}
        async with Site(tmp_path, settings=modbus(cable)) as site:
            await until(lambda: is_shut(site))
            site.kill()
            board.closed = set()
            await site.start()
            await until(lambda: door(site)["state"] == "forced")
            site.kill()
            await site.start()
            await until(lambda: door(site)["seen"])
            assert site.status()["alarms"] == ["one_gate_broken/back"]
            assert site.status()["occupancy"]["uncertain"] == 1


@pytest.mark.slow
async def test_a_cut_line_to_the_door_is_told_and_the_lane_does_not_mind(tmp_path, cable):
    async with InputBoard(str(cable.right)) as board:
        board.closed = {4}
        async with Site(tmp_path, settings=modbus(cable)) as site:
            await until(lambda: is_shut(site))
            cable.unplug()
            await until(lambda: site.log("alarm_raised", alarm="link_lost", subject="back"))
            await site.pass_through(issue("1001"))
            assert not door(site)["seen"]
            cable.plug()
            await until(lambda: is_shut(site))


async def test_a_door_and_the_fire_panel_at_inputs_of_a_turnstiles_controller(tmp_path):
    settings = (
        '[[doors]]\nid = "back"\nname = ""\nturnstile = "lane-1"\ninput = 3\nnormally = "closed"\n'
        '[[fire_inputs]]\nid = "panel"\nturnstile = "lane-1"\ninput = 4\n'
    )
    async with Site(tmp_path, settings=settings) as site:
        for contact in (4, 3):
            site.lane.turnstile.order(f"input {contact} closed")
        await until(lambda: is_shut(site))
        await until(lambda: not site.status()["fire"])
        site.lane.turnstile.order("input 3 open")
        await until(lambda: "one_gate_broken/back" in site.status()["alarms"])
        site.lane.turnstile.order("input 3 closed")
        await until(lambda: not site.status()["alarms"])
        site.lane.turnstile.order("input 4 open")
        await until(lambda: site.lane.turnstile.told("mode_changed", mode="free"))
        assert site.status()["fire"] == ["panel"]
        site.lane.turnstile.order("input 4 closed")
        await until(lambda: site.lane.turnstile.told("mode_changed", mode="normal"))
        await site.pass_through(issue("1001"))


async def test_a_lane_without_inputs_is_refused_for_a_door(tmp_path):
    settings = (
        '[[doors]]\nid = "back"\nname = ""\nturnstile = "lane-1"\ninput = 1\nnormally = "open"\n'
    )
    site = Site(tmp_path, settings=settings)
    text = site.settings.read_text().replace('driver = "gatelink"', 'driver = "modbus_relay"')
    site.settings.write_text(text.replace('psk_file = "lane-1.psk"\n', "assume_passed = true\n"))
    code, _, error = await site.cli("check")
    assert code == 2
    assert "[doors] turnstile: expected a lane whose controller tells its inputs" in error


async def test_a_sensor_on_the_line_of_something_else_is_refused(tmp_path):
    line = f"{tmp_path}/lane-1-entry"
    site = Site(tmp_path, settings=f'{DOOR}driver = "modbus_input"\nport = "{line}"\n')
    code, _, error = await site.cli("check")
    assert code == 2
    assert "expected a port of its own, or one with Modbus devices" in error


@pytest.mark.broker
async def test_a_wireless_sensor_is_shown_to_the_centre(tmp_path):
    settings = DOOR + 'driver = "mqtt_sensor"\ntopic = "zigbee2mqtt/back"\nmember = "contact"\n'
    with Mosquitto(tmp_path) as broker, Centre(broker.port) as centre:
        settings += f'[device_broker]\nurl = "mqtt://127.0.0.1:{broker.port}"\n'
        async with Site(tmp_path, settings=settings, broker=broker.port) as site:
            said = partial(single, "zigbee2mqtt/back", qos=1, retain=True, port=broker.port)
            said('{"contact": true}')
            await until(lambda: is_shut(site))
            said('{"contact": false}')
            await until(lambda: centre.latest("door/back").get("state") == "forced")
        schema = json.loads((SCHEMAS / "door.json").read_text())
        for body in centre.states("door/back"):
            Draft202012Validator(schema).validate(body)
