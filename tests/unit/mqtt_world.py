"""One host and one device of the MQTT binding on a broker that remembers everything it carried."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from firmware_protocol.controller import Controller, boot
from firmware_protocol.device import Identity
from firmware_protocol.inputs import Input, PassageBegan, PassageCompleted, Unlock
from firmware_protocol.memory import Memory
from firmware_protocol.messages import Indicate
from firmware_protocol.mqtt_device import DeviceOutput, DeviceSide
from firmware_protocol.mqtt_host import HostSide
from firmware_protocol.mqtt_messages import Publication
from firmware_protocol.mqtt_reports import Output, Report
from firmware_protocol.reports import Logged
from firmware_protocol.words import Command, Direction

PSK = bytes(range(32))
DEVICE = "tripod-2"
LATENCY_MS = 5


@dataclass(slots=True)
class Carried:
    """A message on its way; `to_device` None: the broker keeps it for nobody."""

    at_ms: int
    order: int
    to_device: bool
    publication: Publication
    is_retained: bool = False


class World:
    """Virtual time; `faults` gets each message and returns the delays of its copies, in ms."""

    def __init__(self, seed: int = 0) -> None:
        self.chance = random.Random(seed)
        self.faults: Callable[[Publication], list[int]] = lambda _: [LATENCY_MS]
        self.now_ms = 1_000
        self.order = 0
        self.wire: list[Carried] = []
        self.carried: list[Carried] = []
        self.reports: list[Report] = []
        self.unlocked: list[bytes | None] = []
        self.unlocked_at_ms: dict[bytes | None, int] = {}
        self.shown: list[Indicate] = []
        self.logged_by_device: set[int] = set()
        self.log = self.token(8)
        self.is_power_on = False
        self.acknowledges = True
        self.start_host()
        self.start_device(Memory())

    # --- parts coming and going ------------------------------------------------------------------

    def start_host(self) -> None:
        self.host = HostSide(DEVICE, PSK, self.token)
        self.host.start(self.now_ms)

    def start_device(self, memory: Memory | None = None) -> None:
        """Boot; without `memory` with what was kept, on an uptime that begins anew."""
        self.booted_at_ms = self.now_ms
        controller, effects = boot(memory or self.device.controller.memory, 0)
        self.device = self.side(controller)
        self.note(effects)
        self.remember()
        self.is_power_on = True
        self.connect_device()

    def side(self, controller: Controller, psk: bytes = PSK, name: str = DEVICE) -> DeviceSide:
        identity = Identity(name, "sim 1.0", self.log)
        return DeviceSide(psk, controller, device=identity, token=self.token)

    def connect_device(self) -> None:
        self.will = self.device.will()
        self.from_device(self.device.connected(self.uptime_ms))

    def lose_device(self) -> None:
        """Cut the device off; the broker publishes its will."""
        self.device.disconnected()
        self.publish(self.will, to_device=False)

    def stop_device(self) -> None:
        self.is_power_on = False
        self.lose_device()

    # --- time ------------------------------------------------------------------------------------

    @property
    def uptime_ms(self) -> int:
        return self.now_ms - self.booted_at_ms

    def run(self, duration_ms: int) -> None:
        """Let time pass; messages and timers come in their order."""
        until_ms = self.now_ms + duration_ms
        while (next_ms := self.next_ms()) <= until_ms:
            self.now_ms = max(self.now_ms, next_ms)
            self.deliver()
            if self.is_power_on:
                self.from_device(self.device.tick(self.uptime_ms))
            self.from_host(self.host.tick(self.now_ms))
        self.now_ms = until_ms

    def next_ms(self) -> float:
        times = [carried.at_ms for carried in self.wire]
        device_ms = self.device.deadline_ms()
        if self.is_power_on and device_ms is not None:
            times.append(device_ms + self.booted_at_ms)
        host_ms = self.host.deadline_ms()
        if host_ms is not None:
            times.append(host_ms)
        return min(times, default=float("inf"))

    def deliver(self) -> None:
        due = sorted(
            (carried for carried in self.wire if carried.at_ms <= self.now_ms),
            key=lambda carried: (carried.at_ms, carried.order),
        )
        for carried in due:
            self.wire.remove(carried)
            self.hand_over(
                carried.publication, to_device=carried.to_device, is_retained=carried.is_retained
            )

    def hand_over(
        self, publication: Publication, *, to_device: bool, is_retained: bool = False
    ) -> None:
        """Give a message to its receiver now, as a subscription would."""
        topic, payload = publication.topic, publication.payload
        if not to_device:
            self.from_host(
                self.host.feed(topic, payload, is_retained=is_retained, now_ms=self.now_ms)
            )
        elif self.is_power_on:
            self.from_device(
                self.device.feed(topic, payload, is_retained=is_retained, now_ms=self.uptime_ms)
            )

    # --- what the sides put out ----------------------------------------------------------------------

    def from_host(self, output: Output) -> None:
        self.reports += output.reports
        for publication in output.publications:
            self.publish(publication, to_device=True)
        for report in output.reports:
            if isinstance(report, Logged) and self.acknowledges:
                self.from_host(self.host.acknowledge(report.log, report.entry.sequence))

    def from_device(self, output: DeviceOutput) -> None:
        self.note(output.effects)
        self.remember()
        for publication in output.publications:
            self.publish(publication, to_device=False)

    def note(self, effects: tuple[object, ...]) -> None:
        self.shown += [effect for effect in effects if isinstance(effect, Indicate)]
        for effect in effects:
            if isinstance(effect, Unlock):
                self.unlocked.append(effect.grant)
                self.unlocked_at_ms[effect.grant] = self.now_ms

    def remember(self) -> None:
        self.logged_by_device |= {entry.sequence for entry in self.device.controller.memory.entries}

    def publish(self, publication: Publication, *, to_device: bool) -> None:
        self.order += 1
        self.carried.append(Carried(self.now_ms, self.order, to_device, publication))
        for delay_ms in self.faults(publication):
            self.wire.append(Carried(self.now_ms + delay_ms, self.order, to_device, publication))

    # --- short words for tests -------------------------------------------------------------------

    def token(self, size: int) -> bytes:
        return self.chance.randbytes(size)

    def link(self) -> None:
        self.link_again()
        self.reports.clear()

    def link_again(self) -> None:
        self.reports.clear()
        self.run(1_500)
        assert self.host.is_linked

    def open(
        self, grant: bytes, ttl_ms: int = 1_500, direction: Direction = Direction.ENTRY
    ) -> None:
        self.from_host(self.host.open(Command(grant, direction), 5_000, ttl_ms, self.now_ms))

    def sense(self, what: Input) -> None:
        self.from_device(self.device.sense(what, self.uptime_ms))

    def walk(self, direction: Direction = Direction.ENTRY) -> None:
        self.sense(PassageBegan(direction))
        self.sense(PassageCompleted(direction))

    def sent(self, kind: str) -> list[Publication]:
        """Return every message carried on topics that end with `kind`."""
        return [
            carried.publication
            for carried in self.carried
            if carried.publication.topic.endswith(f"/{kind}")
        ]

    def told(self, kind: type) -> list[Report]:
        return [report for report in self.reports if isinstance(report, kind)]

    @property
    def controller(self) -> Controller:
        return self.device.controller


def grant_of(number: int) -> bytes:
    return number.to_bytes(16, "big")
