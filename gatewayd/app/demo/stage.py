"""Sets the stage of the demo: files, brokers, turnstiles and gateway, each a process of its own."""

import asyncio
import json
import secrets
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt

from config.write import toml_text
from gatewayd.app.control_client import NoGatewayError, ask
from gatewayd.app.demo.broker import DemoBroker, free_port
from gatewayd.app.demo.child import Child
from gatewayd.app.demo.lane import DemoLane
from gatewayd.app.demo.sign_ons import SignOn, give_accounts
from gatewayd.core.words import Direction, Json
from gatewayd.mqtt.topics import SitePath
from gatewayd.runtime.blocking import ThreadBlocking

BACK_DOOR = "demo/back-door"
"""The topic of the contact at the back door."""

SERIAL_LANE, MQTT_LANE = "lane-1", "lane-2"
DEVICE = "tripod-2"
WALK_MS = 400
READY_S = 20.0
LOOK_S = 0.1

_SETTINGS = """\
# Made by `gatewayd demo`; it goes with this folder when the demo ends.
[site]
region = "{site.path.region}"
organisation = "{site.path.organisation}"
id = "{site.path.site}"
timezone = "{site.timezone}"
[storage]
directory = "state"
[trust]
directory = "trust"
[broker]
url = "{central.url}"
protocol = "{central.protocol}"
[device_broker]
url = "{devices.url}"
protocol = "{devices.protocol}"
[desk]
listen = "127.0.0.1:{desk_port}"
[[rosters]]
name = "cards"
file = "cards.csv"
[[doors]]
id = "back"
name = "Pintu belakang"
normally = "closed"
  [doors.sensor]
  driver = "mqtt_sensor"
  topic = "{door}"
  member = "contact"
  closed = "true"
  opened = "false"
"""
_LANE = """\
[[lanes]]
id = "{lane}"
  [lanes.entry_reader]
  driver = "line"
  port = "{entry}"
  [lanes.exit_reader]
  driver = "line"
  port = "{exit}"
  [lanes.turnstile]
  psk_file = "{lane}.psk"
  {turnstile}
"""


@dataclass(frozen=True, slots=True)
class DemoSite:
    """Where the demo plays. policy: the section of its settings."""

    path: SitePath
    timezone: str
    policy: Mapping[str, object]


class Stage:
    """`on_log`: called with each line of the gateway's log, parsed."""

    def __init__(
        self,
        site: DemoSite,
        directory: Path,
        tasks: asyncio.TaskGroup,
        blocking: ThreadBlocking,
        on_log: Callable[[Mapping[str, Any]], None],
        *,
        is_embedded: bool,
    ) -> None:
        self.site = site
        self.directory = directory
        self.central = DemoBroker("central", directory, tasks, is_embedded=is_embedded)
        self.devices = DemoBroker("devices", directory, tasks, is_embedded=is_embedded)
        self.sign_ons: tuple[SignOn, ...] = ()
        """Set once the gateway runs."""
        self.lanes = {name: DemoLane(name, directory) for name in (SERIAL_LANE, MQTT_LANE)}
        self._desk_port = free_port()
        self._tasks = tasks
        self._blocking = blocking
        self._on_log = on_log
        self._readers: list[asyncio.Task[None]] = []
        self._gateway = Child(
            "gateway", _gatewayd("run", "-c", "gate.toml"), directory, on_errors=self._heard
        )

    @property
    def state_directory(self) -> Path:
        return self.directory / "state"

    @property
    def address(self) -> str:
        """Return where the pages are."""
        return f"http://127.0.0.1:{self._desk_port}"

    def write_files(self, public_key: Path, roster: str) -> None:
        """Write the settings of a site with two lanes, its keys and its roster."""
        trust = self.directory / "trust"
        trust.mkdir()
        shutil.copy(public_key, trust / public_key.name)
        (self.directory / "cards.csv").write_text(roster)
        settings = _SETTINGS.format(
            site=self.site,
            central=self.central,
            devices=self.devices,
            door=BACK_DOOR,
            desk_port=self._desk_port,
        )
        settings += toml_text({"policy": self.site.policy})
        for lane in self.lanes.values():
            psk = self.directory / f"{lane.name}.psk"
            psk.touch(mode=0o600)
            psk.write_text(secrets.token_hex(32))
            settings += _LANE.format(
                lane=lane.name,
                entry=lane.port("entry-reader"),
                exit=lane.port("exit-reader"),
                turnstile=_TURNSTILES[lane.name].format(port=lane.port("turnstile")),
            )
        (self.directory / "gate.toml").write_text(settings)

    async def set_up(self) -> None:
        """Start devices and gateway (the centre is there); returns when both lanes are ready."""
        await self.devices.start()
        await self.move_back_door(is_shut=True)
        for lane in self.lanes.values():
            lane.turnstile = self._turnstile(lane)
            await lane.turnstile.start(self._tasks)
            self._readers += [
                self._tasks.create_task(lane.run_reader(direction), name=f"{lane.name} reader")
                for direction in Direction
            ]
        await self._gateway.start(self._tasks)
        async with asyncio.timeout(READY_S):
            while not await self._is_ready():  # noqa: ASYNC110 - other processes
                await asyncio.sleep(LOOK_S)
        self.sign_ons = await give_accounts(self.ask)

    async def ask(self, request: Mapping[str, Json]) -> dict[str, Any]:
        return await self._blocking.run(lambda: ask(self.state_directory, request))

    async def move_back_door(self, *, is_shut: bool) -> None:
        """Have the contact at the back door tell that it was opened, or shut."""
        async with aiomqtt.Client(
            "127.0.0.1", self.devices.port, protocol=aiomqtt.ProtocolVersion.V311
        ) as contact:
            told = json.dumps({"contact": is_shut})
            await contact.publish(BACK_DOOR, told, qos=1, retain=True)

    async def end_gateway(self) -> None:
        await self._gateway.stop()

    async def strike(self) -> None:
        """Stop all that still runs."""
        for task in self._readers:
            task.cancel()
        await self._gateway.stop()
        for lane in self.lanes.values():
            if lane.turnstile is not None:
                await lane.turnstile.stop()
        await self.central.stop()
        await self.devices.stop()

    def _turnstile(self, lane: DemoLane) -> Child:
        wire = {
            SERIAL_LANE: ("--port", lane.port("turnstile"), "--device", "tripod-1"),
            MQTT_LANE: ("--broker", self.devices.url, "--device", DEVICE),
        }
        shared = ("--psk-file", f"{lane.name}.psk", "--walk-ms", str(WALK_MS))
        command = _gatewayd("simulate", "turnstile", *wire[lane.name], *shared)
        return Child(
            f"{lane.name}-turnstile", command, self.directory, on_output=lane.hear_turnstile
        )

    def _heard(self, line: str) -> None:
        try:
            told = json.loads(line)
        except ValueError:
            told = {"event": "not_json", "text": line}
        lane = self.lanes.get(told.get("lane", ""))
        if told.get("event") == "verdict" and lane is not None:
            lane.hear_verdict(told)
        self._on_log(told)

    async def _is_ready(self) -> bool:
        if not self._gateway.is_running:
            raise RuntimeError("the gateway did not start")
        try:
            status = await self.ask({"do": "status"})
        except NoGatewayError:
            return False
        return all(lane["state"] == "idle" for lane in status["lanes"].values()) and not any(
            alarm.startswith("link_lost") for alarm in status["alarms"]
        )


_TURNSTILES = {
    SERIAL_LANE: 'driver = "gatelink"\n  port = "{port}"',
    MQTT_LANE: f'driver = "mqtt"\n  device = "{DEVICE}"',
}


def _gatewayd(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gatewayd", *arguments]
