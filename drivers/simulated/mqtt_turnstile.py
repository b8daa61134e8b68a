"""A simulated turnstile on an MQTT broker."""

import asyncio
import secrets
from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Never
from urllib.parse import SplitResult

import aiomqtt

from drivers.serial_link import double_to_five_seconds
from drivers.simulated.live_client import LiveClient, dial, parse_broker, place
from drivers.simulated.people import Behaviour, People
from drivers.simulated.turnstile import Acted, SimulatedTurnstile
from drivers.simulated.turnstile_state import StateFile
from firmware_protocol import controller
from firmware_protocol.controller import Controller
from firmware_protocol.device import Identity
from firmware_protocol.inputs import Input
from firmware_protocol.memory import Memory
from firmware_protocol.mqtt_device import DeviceOutput, DeviceSide
from firmware_protocol.mqtt_messages import HostKind, topic_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedMqttTurnstileOptions:
    """broker: `mqtt[s]://[user[:password]@]host[:port]`. name: what it is called at the broker.

    psk: the lane's 32 bytes. behaviours: drawn from for each person. walk_ms: from the open gate to
    behind it. seed: makes what people do the same each time. state: a file that keeps the log and
    the commands over runs; without it each run is a new device with an empty log.
    """

    broker: str
    name: str
    psk: bytes
    behaviours: Sequence[Behaviour] = (Behaviour.PASS,)
    walk_ms: int = 200
    seed: int | None = None
    state: Path | None = None


async def run_mqtt_turnstile(
    options: SimulatedMqttTurnstileOptions,
    orders: AsyncIterable[bytes],
    write: Callable[[str], None],
    tell: Callable[[str], None],
) -> None:
    """Serve until an order says `quit`. `write` gets a JSON line for all that happens.

    `tell` gets a sentence at each change of the connection. Raises DriverError if the broker's
    address or the state file is not one.
    """
    broker = parse_broker(options.broker)
    state = StateFile(options.state, secrets.token_bytes)
    log, memory = state.load()
    device = Identity(options.name, "simulated 1", log)
    people = People(options.behaviours, options.walk_ms, Random(options.seed))  # noqa: S311 - play
    turnstile = SimulatedTurnstile(
        partial(MqttWire, broker, options.psk, device, tell),
        people=people,
        memory=memory,
        store=state.store,
        write=write,
    )
    await turnstile.run(orders)


class MqttWire:
    """The MQTT binding of a simulated controller; see `turnstile.Wire`."""

    def __init__(
        self,
        broker: SplitResult,
        psk: bytes,
        device: Identity,
        tell: Callable[[str], None],
        uptime_ms: Callable[[], int],
        acted: Acted,
    ) -> None:
        self._broker = broker
        self._psk = psk
        self._identity = device
        self._tell = tell
        self._uptime_ms = uptime_ms
        self._acted = acted
        self._is_mute = False
        self._client: LiveClient | None = None
        self._rebooted = asyncio.Event()
        self._device = self._make(Controller(Memory()))

    @property
    def controller(self) -> Controller:
        return self._device.controller

    def boot(self, memory: Memory) -> None:
        booted, effects = controller.boot(memory, self._uptime_ms())
        self._device = self._make(booted)
        self._rebooted.set()
        self._acted(booted, effects)

    def sense(self, what: Input) -> None:
        self._run(self._device.sense(what, self._uptime_ms()))

    def tick(self) -> None:
        self._run(self._device.tick(self._uptime_ms()))

    def deadline_ms(self) -> int | None:
        return self._device.deadline_ms()

    def mute(self, *, is_mute: bool) -> None:
        self._is_mute = is_mute

    async def run(self) -> Never:
        attempt = 0
        is_told = False
        while True:
            self._rebooted.clear()
            try:
                async with self._connect() as client:
                    attempt, is_told = 0, False
                    await self._serve(client)
            except* aiomqtt.MqttError as errors:
                if not is_told:
                    self._tell(f"{place(self._broker)}: {errors.exceptions[0]}; trying again")
                is_told = True
            finally:
                self._client = None
                self._device.disconnected()
            if not self._rebooted.is_set():
                await asyncio.sleep(double_to_five_seconds(attempt))
                attempt += 1

    def _connect(self) -> LiveClient:
        will = self._device.will()
        return dial(
            self._broker,
            f"turnstile-{self._identity.name}",
            aiomqtt.Will(will.topic, will.payload, qos=1),
        )

    async def _serve(self, client: LiveClient) -> None:
        """Return after a reboot, which takes the connection with it."""
        for kind in HostKind:
            await client.subscribe(topic_of(self._identity.name, kind), qos=1)
        if self._rebooted.is_set():
            return  # This connection has the will of before.
        self._client = client
        self._tell(f"{place(self._broker)}: connected")
        self._run(self._device.connected(self._uptime_ms()))
        async with asyncio.TaskGroup() as tasks:
            receiving = tasks.create_task(self._receive(client), name="simulated-turnstile-in")
            await self._rebooted.wait()
            client.drop()
            receiving.cancel()

    async def _receive(self, client: LiveClient) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            output = self._device.feed(
                str(message.topic),
                message.payload,
                is_retained=message.retain,
                now_ms=self._uptime_ms(),
            )
            self._run(output)

    def _make(self, booted: Controller) -> DeviceSide:
        return DeviceSide(self._psk, booted, device=self._identity, token=secrets.token_bytes)

    def _run(self, output: DeviceOutput) -> None:
        self._acted(self._device.controller, output.effects)
        if self._client is not None and not self._is_mute:
            for publication in output.publications:
                self._client.send(publication.topic, publication.payload)
