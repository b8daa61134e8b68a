"""Several controllers on one RS-485 line, in virtual time, where two that speak at once collide."""

import asyncio
from collections.abc import Callable

from drivers import base
from drivers.bus import BITS_A_CHARACTER, TURNAROUND_CHARACTERS, Bus, BusPlace
from drivers.turnstiles.gatelink import GatelinkTurnstile
from firmware_protocol.device import Device, Identity
from firmware_protocol.host import Host
from firmware_protocol.inputs import Input, Unlock
from firmware_protocol.memory import Memory
from tests.unit.gatelink_line import PSK, counting_token

Spoil = Callable[[int, bytes], bytes]
"""Gets who speaks (0: the host) and what; returns what arrives."""


class SharedLine:
    """Stands for a SerialLink with the devices of `addresses` at it."""

    port = "/dev/ttyRS485"

    def __init__(self, addresses: list[int], baudrate: int = 115_200) -> None:
        self.baudrate = baudrate
        self.spoil: Spoil = lambda _, data: data
        self.devices: dict[int, SimDevice] = {}
        self.heard: list[tuple[float, int, bytes]] = []
        self.collisions: list[tuple[float, int]] = []
        self.run_count = 0
        self._addresses = addresses
        self._is_open = False
        self._busy_until_s = 0.0
        self._speaker = 0

    async def run(self, opened, received, lost):
        self.run_count += 1
        self._received, self._lost = received, lost
        for address in self._addresses:
            if address not in self.devices:
                self.devices[address] = SimDevice(self, address)
        self._is_open = True
        opened()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._is_open = False

    def write(self, data: bytes) -> bool:
        if data and self._is_open:
            self.speak(0, data)
        return self._is_open

    def pull(self) -> None:
        self._is_open = False
        self._lost("/dev/ttyRS485 hung up")

    def speak(self, who: int, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        rest_s = TURNAROUND_CHARACTERS * BITS_A_CHARACTER / self.baudrate
        is_other = who != self._speaker
        if loop.time() < self._busy_until_s + (rest_s if is_other else 0.0) - 1e-9:
            self.collisions.append((loop.time(), who))
        self._speaker = who
        duration_s = len(data) * BITS_A_CHARACTER / self.baudrate
        self._busy_until_s = loop.time() + duration_s
        self.heard.append((loop.time(), who, data))
        arriving = self.spoil(who, data)
        loop.call_at(self._busy_until_s, self._arrive, who, arriving)

    def _arrive(self, who: int, data: bytes) -> None:
        for address, device in self.devices.items():
            if address != who:
                device.hear(data)
        if self._is_open:
            # Its own echo, too: many adapters hear what they say.
            self._received(data, asyncio.get_running_loop().time())

    def spoken(self, who: int) -> list[float]:
        return [at_s for at_s, speaker, _ in self.heard if speaker == who]


class SimDevice:
    """A controller with an address, which answers after two characters, and its clock."""

    def __init__(self, line: SharedLine, address: int, memory: Memory | None = None) -> None:
        self.effects: list[object] = []
        self.is_dead = False
        self._line = line
        self._address = address
        self._timer: asyncio.TimerHandle | None = None
        self._boots = 0
        self.boot(memory or Memory())

    def boot(self, memory: Memory) -> None:
        self._boots += 1
        self.device = Device(
            PSK,
            memory,
            device=Identity(f"tripod-{self._address}", "1.0", b"log-%04d" % self._address),
            token=counting_token(f"device {self._address} {self._boots}"),
            address=self._address,
        )
        self._run(self.device.start(_now_ms()))

    def reboot(self) -> None:
        self.boot(self.device.controller.memory)

    def hear(self, data: bytes) -> None:
        if not self.is_dead:
            self._run(self.device.feed(data, _now_ms()))

    def sense(self, *inputs: Input) -> None:
        for what in inputs:
            self._run(self.device.sense(what, _now_ms()))

    @property
    def unlocked(self) -> list[bytes | None]:
        return [effect.grant for effect in self.effects if isinstance(effect, Unlock)]

    def _run(self, output) -> None:
        loop = asyncio.get_running_loop()
        self.effects += output.effects
        if output.data:
            rest_s = TURNAROUND_CHARACTERS * BITS_A_CHARACTER / self._line.baudrate
            loop.call_later(rest_s + 0.0005, self._line.speak, self._address, output.data)
        if self._timer is not None:
            self._timer.cancel()
        deadline_ms = self.device.deadline_ms()
        if deadline_ms is not None:
            self._timer = loop.call_at(deadline_ms / 1000, self._tick)

    def _tick(self) -> None:
        self._run(self.device.tick(_now_ms()))


class SharedLane:
    """What a lane does with one of the turnstiles: records the log, and keeps what it is told."""

    def __init__(self, bus: Bus, address: int, psk: bytes = PSK) -> None:
        token = counting_token(f"host {address}")
        self.host = Host(psk, name="gateway", token=token, address=address)
        self.turnstile = GatelinkTurnstile(BusPlace(bus, self.host), self.host)
        self.reports: list[base.GateReport] = []
        self.told_s: list[float] = []

    async def run(self) -> None:
        await self.turnstile.run(self.take)

    def take(self, report: base.GateReport) -> None:
        self.reports.append(report)
        self.told_s.append(asyncio.get_running_loop().time())
        log = getattr(report, "log", None)
        if log is not None:
            self.turnstile.send(base.Acknowledge(log.device, log.sequence))

    def told(self, *kinds: type) -> list[base.GateReport]:
        return [report for report in self.reports if isinstance(report, kinds)]

    def when(self, kind: type) -> float:
        return next(
            at_s
            for at_s, report in zip(self.told_s, self.reports, strict=True)
            if isinstance(report, kind)
        )

    def open(self, grant: str, ttl_ms: int = 1_500) -> None:
        self.turnstile.send(base.OpenOnce(grant, base.Direction.ENTRY, 5_000, ttl_ms))


def _now_ms() -> int:
    return round(asyncio.get_running_loop().time() * 1000)
