"""A broker in virtual time: the drivers' side of `Messages`, and simulated devices on the other."""

import asyncio
import fnmatch
import random
from collections.abc import Callable
from functools import partial

from drivers.base import Inbound
from firmware_protocol.controller import boot
from firmware_protocol.device import Identity
from firmware_protocol.inputs import Input, PassageBegan, PassageCompleted, Unlock
from firmware_protocol.memory import Memory
from firmware_protocol.mqtt_device import DeviceOutput, DeviceSide
from firmware_protocol.words import Direction

LATENCY_S = 0.005


class SimMessages:
    """Implements `drivers.base.Messages`; `faults` returns the delays of a message's copies."""

    def __init__(self, seed: int = 0) -> None:
        self.chance = random.Random(seed)
        self.faults: Callable[[str], list[float]] = lambda _topic: [LATENCY_S]
        self.published: list[tuple[str, bytes]] = []
        self.carried: list[tuple[str, bytes]] = []
        self.is_up = True
        self.takes = True
        self.subscriptions: list[tuple[str, Callable, Callable]] = []
        self.devices: list[SimDevice] = []

    # --- drivers.base.Messages -------------------------------------------------------------------

    def publish(self, topic: str, payload: bytes) -> bool:
        if not (self.is_up and self.takes):
            return False
        self.published.append((topic, payload))
        self.carry(topic, payload)
        return True

    def subscribe(self, topic_filter, receive, link) -> None:
        subscription = (topic_filter, receive, link)
        if subscription not in self.subscriptions:
            self.subscriptions.append(subscription)
            if self.is_up:
                link(self.is_up)

    # --- the broker --------------------------------------------------------------------------------

    def set_up(self, *, is_up: bool) -> None:
        """Make or cut the host's connection."""
        self.is_up = is_up
        for _, _, link in self.subscriptions:
            link(is_up)

    def carry(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        self.carried.append((topic, payload))
        loop = asyncio.get_running_loop()
        for delay_s in self.faults(topic):
            loop.call_later(delay_s, partial(self.deliver, topic, payload, is_retained=is_retained))

    def deliver(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        if self.is_up:
            for topic_filter, receive, _ in self.subscriptions:
                if fnmatch.fnmatch(topic, topic_filter.replace("+", "*")):
                    receive(Inbound(topic, payload, is_retained))
        for device in self.devices:
            device.receive(topic, payload, is_retained=is_retained)

    def say(self, topic: str, payload: bytes | str, *, is_retained: bool = False) -> None:
        """Give a message to the drivers now."""
        self.deliver(
            topic,
            payload.encode() if isinstance(payload, str) else payload,
            is_retained=is_retained,
        )

    def sent(self, topic_end: str) -> list[bytes]:
        return [payload for topic, payload in self.published if topic.endswith(topic_end)]


class SimDevice:
    """The device's side of gatelink over the simulated broker."""

    def __init__(self, broker: SimMessages, name: str, psk: bytes, log: bytes = b"01234567"):
        self.broker = broker
        self.name, self.psk, self.log = name, psk, log
        self.unlocked: list[str | None] = []
        self.timer: asyncio.TimerHandle | None = None
        self.is_on = False
        self.memory = Memory()
        self.booted_s = 0.0
        broker.devices.append(self)

    def start(self) -> None:
        self.booted_s = asyncio.get_running_loop().time()
        controller, _ = boot(self.memory, 0)
        identity = Identity(self.name, "sim 1.0", self.log)
        self.side = DeviceSide(
            self.psk, controller, device=identity, token=self.broker.chance.randbytes
        )
        self.is_on = True
        self.will = self.side.will()
        self.act(self.side.connected(self.uptime_ms))

    def stop(self, *, will: bool = True) -> None:
        self.is_on = False
        if self.timer is not None:
            self.timer.cancel()
        if will:
            self.broker.carry(self.will.topic, self.will.payload)

    def receive(self, topic: str, payload: bytes, *, is_retained: bool) -> None:
        if self.is_on:
            self.act(self.side.feed(topic, payload, is_retained=is_retained, now_ms=self.uptime_ms))

    def sense(self, what: Input) -> None:
        self.act(self.side.sense(what, self.uptime_ms))

    def walk(self, direction: Direction = Direction.ENTRY) -> None:
        self.sense(PassageBegan(direction))
        self.sense(PassageCompleted(direction))

    def act(self, output: DeviceOutput) -> None:
        self.memory = self.side.controller.memory
        for act in output.effects:
            if isinstance(act, Unlock):
                self.unlocked.append(None if act.grant is None else act.grant.hex())
        for publication in output.publications:
            self.broker.carry(publication.topic, publication.payload)
        if self.timer is not None:
            self.timer.cancel()
        deadline_ms = self.side.deadline_ms()
        if deadline_ms is not None:
            at_s = self.booted_s + deadline_ms / 1000
            self.timer = asyncio.get_running_loop().call_at(at_s, self.tick)

    def tick(self) -> None:
        self.act(self.side.tick(self.uptime_ms))

    @property
    def uptime_ms(self) -> int:
        return round((asyncio.get_running_loop().time() - self.booted_s) * 1000)
