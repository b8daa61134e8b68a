"""A host and a device on one serial line, in virtual time, with a line that a test may spoil."""

import hashlib
import itertools
from collections.abc import Callable, Iterable

from firmware_protocol import bodies
from firmware_protocol.device import Device, Identity
from firmware_protocol.frames import Deframer, Frame
from firmware_protocol.host import Host
from firmware_protocol.inputs import Input
from firmware_protocol.memory import Memory
from firmware_protocol.settings import FACTORY, Settings
from firmware_protocol.words import Command, Direction

PSK = bytes(range(32))
LOG = b"log name"
ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
ANNA, BUDI = b"anna" * 4, b"budi" * 4

Spoil = Callable[[str, bytes], Iterable[bytes]]
"""Gets who it goes to (`host` or `device`) and the bytes; returns what arrives, piece by piece."""


def counting_token(seed: str) -> Callable[[int], bytes]:
    """Make a source of bytes that are never the same and the same in each run."""
    numbers = itertools.count()
    return lambda size: hashlib.sha256(f"{seed} {next(numbers)}".encode()).digest()[:size]


class Line:
    """Runs both sides; what they report and do is kept with its time, bytes as they were sent."""

    def __init__(
        self,
        *,
        host_psk: bytes = PSK,
        memory: Memory | None = None,
        delay_ms: int = 2,
        seed: str = "line",
        settings: Settings = FACTORY,
    ) -> None:
        self.now_ms = 0
        self.delay_ms = delay_ms
        self.spoil: Spoil = lambda _, data: [data]
        self.reports: list[object] = []
        self.effects: list[object] = []
        self.sent: list[tuple[int, str, bytes]] = []
        self.is_plugged = False
        token = counting_token(f"host {seed}")
        self.host = Host(host_psk, name="gateway", token=token, settings=settings)
        self._seed = seed
        self._boots = itertools.count()
        self._booted_at_ms = 0
        self._flying: list[tuple[int, str, bytes]] = []
        self.boot(memory or Memory())

    # --- what a test does ----------------------------------------------------------------------

    def boot(self, memory: Memory, log: bytes = LOG, name: str = "tripod") -> None:
        """Power the device up with this memory."""
        self._booted_at_ms = self.now_ms
        token = counting_token(f"device {self._seed} {next(self._boots)}")
        self.device = Device(PSK, memory, device=Identity(name, "1.0", log), token=token)
        self._from_device(self.device.start(0))

    def reboot(self) -> None:
        self.boot(self.device.controller.memory)

    def plug(self) -> None:
        self.is_plugged = True
        self._from_host(self.host.open_line(self.now_ms))

    def unplug(self) -> None:
        self.is_plugged = False
        self._flying.clear()
        self._from_host(self.host.close_line(self.now_ms))

    def connect(self) -> "Line":
        """Plug in, read the log to its end and forget that."""
        self.plug()
        self.run(100)
        self.acknowledge()
        self.run(100)
        self.reports.clear()
        self.effects.clear()
        self.sent.clear()
        return self

    def open(self, grant: bytes = ANNA, direction: Direction = ENTRY, ttl_ms: int = 1500) -> None:
        self._from_host(self.host.open(Command(grant, direction), 5000, ttl_ms, self.now_ms))

    def wish(self, message) -> None:
        self._from_host(self.host.wish(message, self.now_ms))

    def acknowledge(self, upto: int | None = None, log: bytes = LOG) -> None:
        head = self.device.controller.memory.head
        self._from_host(self.host.acknowledge(log, upto or head, self.now_ms))

    def sense(self, *inputs: Input) -> None:
        for what in inputs:
            self._from_device(self.device.sense(what, self.uptime_ms))

    def inject(self, to: str, data: bytes) -> None:
        """Have bytes arrive that nobody of the two sent."""
        self._deliver(to, data)

    def run(self, for_ms: int) -> None:
        end_ms = self.now_ms + for_ms
        while (at_ms := self._next_ms()) is not None and at_ms <= end_ms:
            self.now_ms = max(at_ms, self.now_ms)
            self._step()
        self.now_ms = end_ms

    # --- what a test looks at ------------------------------------------------------------------

    @property
    def uptime_ms(self) -> int:
        return self.now_ms - self._booted_at_ms

    def told(self, *kinds: type) -> list[object]:
        return [report for report in self.reports if isinstance(report, kinds)]

    def done(self, *kinds: type) -> list[object]:
        return [effect for effect in self.effects if isinstance(effect, kinds)]

    # --- the line ------------------------------------------------------------------------------

    def _next_ms(self) -> int | None:
        device_ms = self.device.deadline_ms()
        times = [at_ms for at_ms, _, _ in self._flying]
        times += [] if device_ms is None else [device_ms + self._booted_at_ms]
        host_ms = self.host.deadline_ms()
        times += [] if host_ms is None else [host_ms]
        return min(times, default=None)

    def _step(self) -> None:
        arrived = [item for item in self._flying if item[0] <= self.now_ms]
        self._flying = [item for item in self._flying if item[0] > self.now_ms]
        for _, to, data in arrived:
            self._deliver(to, data)
        host_ms, device_ms = self.host.deadline_ms(), self.device.deadline_ms()
        if host_ms is not None and host_ms <= self.now_ms:
            self._from_host(self.host.tick(self.now_ms))
        if device_ms is not None and device_ms <= self.uptime_ms:
            self._from_device(self.device.tick(self.uptime_ms))

    def _deliver(self, to: str, data: bytes) -> None:
        if to == "host":
            self._from_host(self.host.feed(data, self.now_ms))
        else:
            self._from_device(self.device.feed(data, self.uptime_ms))

    def _from_host(self, output) -> None:
        self.reports += output.reports
        self._send("device", output.data)

    def _from_device(self, output) -> None:
        self.effects += output.effects
        self._send("host", output.data)

    def _send(self, to: str, data: bytes) -> None:
        if not data or not self.is_plugged:
            return
        self.sent.append((self.now_ms, to, data))
        for piece in self.spoil(to, data):
            self._flying.append((self.now_ms + self.delay_ms, to, piece))


def lose_all(_: str, __: bytes) -> list[bytes]:
    return []


def lose_to(whom: str) -> Spoil:
    return lambda to, data: [] if to == whom else [data]


def messages(line: Line, to: str, kind: type) -> list:
    """Return what was sent of a kind: time, repeat flag, message."""
    decoded = [
        (at_ms, frame.is_repeat, bodies.decode(frame.kind, frame.body))
        for at_ms, whom, data in line.sent
        if whom == to
        for frame in Deframer().feed(data)
        if isinstance(frame, Frame)
    ]
    return [item for item in decoded if isinstance(item[2], kind)]


def lose(kind: type, count: int = 1):
    """Lose the first frames of a kind, whoever they go to; whole writes, as they are sent."""
    left = [count]

    def spoil(_: str, data: bytes) -> list[bytes]:
        kept = b""
        for part in [b"\0" + it + b"\0" for it in data.split(b"\0") if it]:
            (frame,) = Deframer().feed(part)
            if left[0] and isinstance(bodies.decode(frame.kind, frame.body), kind):
                left[0] -= 1
            else:
                kept += part
        return [kept]

    return spoil
