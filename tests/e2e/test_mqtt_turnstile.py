"""Turnstiles over a real mosquitto: the driver, the gateway's connection, simulated controllers."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys

import pytest

from drivers import base
from drivers.simulated.mqtt_turnstile import SimulatedMqttTurnstileOptions, run_mqtt_turnstile
from drivers.simulated.people import Behaviour
from drivers.turnstiles.mqtt import MqttTurnstile
from gatewayd.core.backoff import Backoff
from gatewayd.mqtt.account import Account
from gatewayd.mqtt.broker import AiomqttBroker
from gatewayd.mqtt.device_messages import DeviceMessages
from tests.e2e.eventually import eventually
from tests.e2e.mosquitto import Mosquitto
from tests.unit.doubles import InlineBlocking

pytestmark = [pytest.mark.broker]

PSK = bytes(range(32))
WALK_MS = 50


class Gateway:
    """One connection, a driver for each device, and everything that was reported."""

    def __init__(self, port, *devices):
        account = Account(host="127.0.0.1", port=port, client_id="gateway")
        broker = AiomqttBroker(account, InlineBlocking())
        self.messages = DeviceMessages(broker, Backoff(0.1, 0.2, lambda: 0.0))
        self.turnstiles = {
            device: MqttTurnstile(self.messages, device, PSK, token=os.urandom)
            for device in devices
        }
        self.reports = {device: [] for device in devices}
        self.grants = 0
        self.overheard = []

    @contextlib.asynccontextmanager
    async def running(self):
        self.messages.subscribe("gatelink/v1/+/open", self.overheard.append, lambda _: None)
        tasks = [asyncio.create_task(self.messages.run())]
        tasks += [
            asyncio.create_task(turnstile.run(self.listen(device)))
            for device, turnstile in self.turnstiles.items()
        ]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def listen(self, device):
        def report(report):
            self.reports[device].append(report)
            position = getattr(report, "log", None)
            if position is not None:
                done = base.Acknowledge(position.device, position.sequence)
                self.turnstiles[device].send(done)

        return report

    def told(self, device, kind):
        return [report for report in self.reports[device] if isinstance(report, kind)]

    def open(self, device):
        self.grants += 1
        grant = f"{self.grants:032x}"
        self.turnstiles[device].send(base.OpenOnce(grant, base.Direction.ENTRY, 2_000, 1_500))
        return grant

    async def linked(self, device, times=1):
        await eventually(lambda: len(self.told(device, base.LinkUp)) >= times)

    async def passed(self, device, grant):
        await eventually(
            lambda: grant in [report.grant for report in self.told(device, base.Passed)]
        )


class Controller:
    """A simulated controller in this process; `lines` is what physically happened."""

    def __init__(self, port, name, state, behaviour=Behaviour.PASS):
        self.options = SimulatedMqttTurnstileOptions(
            broker=f"mqtt://127.0.0.1:{port}",
            name=name,
            psk=PSK,
            behaviours=(behaviour,),
            walk_ms=WALK_MS,
            state=state,
        )
        self.lines = []
        self.sentences = []
        self.orders = asyncio.Queue()

    @contextlib.asynccontextmanager
    async def running(self):
        task = asyncio.create_task(
            run_mqtt_turnstile(
                self.options,
                self.read_orders(),
                lambda line: self.lines.append(json.loads(line)),
                self.sentences.append,
            )
        )
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def read_orders(self):
        while True:
            yield await self.orders.get()

    def order(self, order):
        self.orders.put_nowait(order.encode())

    def unlocked(self):
        return [line["grant"] for line in self.lines if line["event"] == "unlocked"]


@pytest.fixture
def mosquitto(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


def publish(port, topic, payload, *flags):
    subprocess.run(
        ["mosquitto_pub", "-p", str(port), "-q", "1", "-t", topic, "-s", *flags],
        input=payload,
        check=True,
    )


async def test_two_devices_let_their_own_people_through(mosquitto, tmp_path):
    gateway = Gateway(mosquitto.port, "tripod-1", "tripod-2")
    first = Controller(mosquitto.port, "tripod-1", tmp_path / "1.json")
    second = Controller(mosquitto.port, "tripod-2", tmp_path / "2.json", Behaviour.TURN_BACK)
    async with gateway.running(), first.running(), second.running():
        await gateway.linked("tripod-1")
        await gateway.linked("tripod-2")
        g1, g2 = gateway.open("tripod-1"), gateway.open("tripod-2")
        await gateway.passed("tripod-1", g1)
        await eventually(lambda: gateway.told("tripod-2", base.NotPassed))
    assert (first.unlocked(), second.unlocked()) == ([g1], [g2])
    assert gateway.told("tripod-1", base.Opened) == [base.Opened(g1)]
    assert gateway.told("tripod-2", base.NotPassed)[0].reason == "turned_back"
    assert gateway.told("tripod-2", base.Passed) == []


async def test_the_order_book_of_a_simulated_turnstile_works_over_mqtt(mosquitto):
    gateway = Gateway(mosquitto.port, "tripod-1")
    device = Controller(mosquitto.port, "tripod-1", None)
    async with gateway.running(), device.running():
        await gateway.linked("tripod-1")
        for order in ("exit", "force", "fire on", "fire off", "nonsense"):
            device.order(order)
        await eventually(lambda: len(gateway.told("tripod-1", base.Breached)) == 1)
        await eventually(lambda: len(gateway.told("tripod-1", base.FireChanged)) >= 4)
        await eventually(
            lambda: (
                [report.direction for report in gateway.told("tripod-1", base.Passed)]
                == [base.Direction.EXIT]
            )
        )
        device.order("reboot")
        await gateway.linked("tripod-1", times=2)
        grant = gateway.open("tripod-1")
        await gateway.passed("tripod-1", grant)
    assert "not_understood" in [line["event"] for line in device.lines]


async def test_a_broker_that_goes_and_comes_back_loses_no_passage(mosquitto, tmp_path):
    gateway = Gateway(mosquitto.port, "tripod-1")
    device = Controller(mosquitto.port, "tripod-1", tmp_path / "1.json")
    async with gateway.running(), device.running():
        await gateway.linked("tripod-1")
        grant = gateway.open("tripod-1")
        await gateway.passed("tripod-1", grant)
        mosquitto.stop()
        await eventually(lambda: gateway.told("tripod-1", base.LinkLost))
        during = gateway.open("tripod-1")
        assert gateway.told("tripod-1", base.NotOpened) == [base.NotOpened(during, "link_down")]
        device.order("exit")
        device.order("exit")
        await eventually(lambda: [line["event"] for line in device.lines].count("passed") == 3)
        mosquitto.start()
        await gateway.linked("tripod-1", times=2)
        await eventually(lambda: len(gateway.told("tripod-1", base.Passed)) == 3)
        await eventually(lambda: isinstance(gateway.reports["tripod-1"][-1], base.LogRead))
        after = gateway.open("tripod-1")
        await gateway.passed("tripod-1", after)
    places = [
        report.log.sequence
        for report in gateway.reports["tripod-1"]
        if getattr(report, "log", None) is not None
    ]
    assert places == list(range(1, len(places) + 1))
    assert device.unlocked() == [grant, after]


async def test_an_old_open_never_opens_however_it_is_published_again(mosquitto, tmp_path):
    gateway = Gateway(mosquitto.port, "tripod-1")
    state = tmp_path / "1.json"
    async with gateway.running():
        device = Controller(mosquitto.port, "tripod-1", state)
        async with device.running():
            await gateway.linked("tripod-1")
            grant = gateway.open("tripod-1")
            await gateway.passed("tripod-1", grant)
            captured = gateway.overheard[-1]
            known = len(gateway.overheard)
            publish(mosquitto.port, captured.topic, captured.payload)
            publish(mosquitto.port, captured.topic, captured.payload, "-r")
            await eventually(lambda: len(gateway.overheard) >= known + 2)
            await asyncio.sleep(0.2)
            assert device.unlocked() == [grant]
        # It is retained now: a device that subscribes gets it first of all. One that forgot
        # everything, too.
        for kept in (state, None):
            device = Controller(mosquitto.port, "tripod-1", kept)
            ups = len(gateway.told("tripod-1", base.LinkUp))
            async with device.running():
                await gateway.linked("tripod-1", times=ups + 1)
                publish(mosquitto.port, captured.topic, captured.payload)
                await asyncio.sleep(0.2)
                assert device.unlocked() == []
                fresh = gateway.open("tripod-1")
                await gateway.passed("tripod-1", fresh)
                assert device.unlocked() == [fresh]


async def test_a_gateway_that_restarts_is_linked_again_and_opens(mosquitto, tmp_path):
    device = Controller(mosquitto.port, "tripod-1", tmp_path / "1.json")
    async with device.running():
        for number in (1, 2):
            gateway = Gateway(mosquitto.port, "tripod-1")
            gateway.grants = 10 * number
            async with gateway.running():
                await gateway.linked("tripod-1")
                await gateway.passed("tripod-1", gateway.open("tripod-1"))
    assert len(device.unlocked()) == 2


_PROCESS = """
import asyncio, sys
from pathlib import Path
from drivers.simulated.mqtt_turnstile import SimulatedMqttTurnstileOptions, run_mqtt_turnstile
from drivers.simulated.people import Behaviour

async def none():
    await asyncio.Event().wait()
    yield b""

options = SimulatedMqttTurnstileOptions(
    broker=sys.argv[1], name="tripod-1", psk=bytes(range(32)), behaviours=(Behaviour.STAY,),
    state=Path(sys.argv[2]),
)
asyncio.run(run_mqtt_turnstile(options, none(), print, print))
"""


async def test_a_controller_killed_under_a_grant_is_missed_at_once_and_tells_when_it_is_back(
    mosquitto, tmp_path
):
    gateway = Gateway(mosquitto.port, "tripod-1")
    command = [sys.executable, "-c", _PROCESS, f"mqtt://127.0.0.1:{mosquitto.port}"]
    command.append(str(tmp_path / "1.json"))
    async with gateway.running():
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            await gateway.linked("tripod-1")
            grant = gateway.open("tripod-1")
            await eventually(lambda: gateway.told("tripod-1", base.Opened))
            process.send_signal(signal.SIGKILL)
            await eventually(lambda: gateway.told("tripod-1", base.LinkLost))
            assert "the broker lost tripod-1" in gateway.told("tripod-1", base.LinkLost)[0].reason
            process.wait()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            await gateway.linked("tripod-1", times=2)
            await eventually(lambda: gateway.told("tripod-1", base.NotPassed))
        finally:
            process.kill()
            process.wait()
    (ended,) = gateway.told("tripod-1", base.NotPassed)
    assert (ended.grant, ended.reason) == (grant, "reboot")


async def test_a_frozen_broker_is_an_outage_after_three_seconds(mosquitto):
    gateway = Gateway(mosquitto.port, "tripod-1")
    device = Controller(mosquitto.port, "tripod-1", None)
    async with gateway.running(), device.running():
        await gateway.linked("tripod-1")
        mosquitto.freeze()
        try:
            await eventually(lambda: gateway.told("tripod-1", base.LinkLost))
            assert "3 s" in gateway.told("tripod-1", base.LinkLost)[0].reason
        finally:
            mosquitto.kill()
            mosquitto.start()
        await gateway.linked("tripod-1", times=2)


@pytest.mark.parametrize("url", ["127.0.0.1:1883", "http://x", "mqtt://", "mqtt://x:0", "mqtt://["])
async def test_an_address_that_is_no_broker_is_named_without_its_password(url):
    async def none():
        yield b""

    options = SimulatedMqttTurnstileOptions(
        broker=url.replace("//", "//me:secret@"), name="x", psk=PSK
    )
    with pytest.raises(base.DriverError, match="expected mqtt://host:port") as raised:
        await run_mqtt_turnstile(options, none(), print, print)
    assert "secret" not in str(raised.value)


async def test_an_unreachable_broker_is_told_once_and_tried_again(tmp_path):
    broker = Mosquitto(tmp_path)
    device = Controller(broker.port, "tripod-1", None)
    async with device.running():
        await asyncio.sleep(1)
        assert len(device.sentences) == 1
        assert "trying again" in device.sentences[0]
        broker.start()
        try:
            await eventually(lambda: device.sentences[-1].endswith("connected"))
        finally:
            broker.stop()
