"""A lane on a noisy wire of bytes: the real driver at one end, the real device's protocol at the other."""

import asyncio
from collections.abc import Callable, Iterator
from random import Random
from typing import Never

from drivers import base
from drivers.turnstiles.gatelink import GatelinkTurnstile
from firmware_protocol.device import Device, Identity, Output
from firmware_protocol.host import Host
from firmware_protocol.inputs import FireInput, Input
from firmware_protocol.memory import Memory
from firmware_protocol.messages import Indicate
from tests.sim.controller import SimController, uptime_ms
from tests.sim.port import Line, Port
from tests.sim.story import Sent, Story, Told
from tests.sim.weather import Sky

PSK = bytes(range(32))  # A test key.
TO_DEVICE, TO_HOST = 0, 1
GARBAGE_BYTES_MAX = 20
OVERTAKEN_S = (0.02, 0.5)


class WiredController(SimController):
    """The same machine, inside the device's side of gatelink."""

    def __init__(
        self, lane: str, story: Story, is_recorded: Callable[[str], bool], random: Random
    ) -> None:
        self.tell_wire: Callable[[bytes], None] = _nobody
        self._random = random
        super().__init__(lane, story, is_recorded, keeps_log=True)

    def take(self, what: Input) -> None:
        if isinstance(what, FireInput):
            self._is_fire = what.is_on
        self._did(self._device.sense(what, uptime_ms()))

    def hear(self, data: bytes) -> None:
        self._did(self._device.feed(data, uptime_ms()))

    def _boot(self, memory: Memory) -> None:
        identity = Identity("sim", "1.0", self.log)
        self._device = Device(PSK, memory, device=identity, token=self._random.randbytes)
        self._did(self._device.start(uptime_ms()))

    def _tick(self) -> None:
        self._did(self._device.tick(uptime_ms()))

    def _deadline_ms(self) -> int | None:
        return self._device.deadline_ms()

    def _did(self, output: Output) -> None:
        self._machine = self._device.controller
        self._follow([one for one in output.effects if not isinstance(one, Indicate)])
        for one in output.effects:
            if isinstance(one, Indicate):
                self.show(one.signal, one.direction)
        if output.data:
            self.tell_wire(output.data)


class Wire(Line):
    """The line of a controller."""

    def __init__(self, controller: WiredController, random: Random, sky: Sky, story: Story) -> None:
        super().__init__()
        self.controller = controller
        self.random = random
        self.story = story
        self._is_silent = False
        self._sky = sky
        self._arrives_s = [0.0, 0.0]
        controller.tell_wire = self._from_device

    def cut(self) -> None:
        self._break("the simulated wire was cut")

    def hush(self) -> None:
        """Carry no more word of the controller's; that shows when its heartbeats are missed."""
        self._is_silent = True

    def speak(self) -> None:
        self._is_silent = False

    def mend(self) -> None:
        self._make_whole()

    def driver(self, run: str) -> "WiredTurnstile":
        """Return the driver of a gateway process."""
        return WiredTurnstile(self, run)

    def from_host(self, data: bytes) -> None:
        self._carry(TO_DEVICE, data, self.controller.hear)

    def _from_device(self, data: bytes) -> None:
        port = self._port
        if port is not None and not self._is_silent:
            self._carry(TO_HOST, data, port.receive)

    def _carry(self, way: int, data: bytes, deliver: Callable[[bytes], None]) -> None:
        """Deliver after a moment, in order, in pieces, what the weather leaves of it."""
        cuts = self._cuts

        def arrive(piece: bytes) -> None:
            if cuts == self._cuts:
                deliver(piece)

        loop = asyncio.get_running_loop()
        for piece in self._spoilt(data):
            at_s = loop.time() + self.random.uniform(0.001, 0.01)
            if self.random.random() < self._sky.weather.overtaken:
                self.story.note("overtaken")
                loop.call_at(at_s + self.random.uniform(*OVERTAKEN_S), arrive, piece)
                continue
            self._arrives_s[way] = max(at_s, self._arrives_s[way] + 1e-6)
            loop.call_at(self._arrives_s[way], arrive, piece)

    def _spoilt(self, data: bytes) -> Iterator[bytes]:
        random = self.random
        if random.random() >= self._sky.weather.line_bad:
            yield data
            return
        at = random.randrange(len(data))
        match random.randrange(6):
            case 0:  # Lost as a whole.
                return
            case 1:
                yield data + data
            case 2:
                yield random.randbytes(random.randint(1, GARBAGE_BYTES_MAX)) + data
            case 3:
                yield data[:at] + data[at + 1 :]
            case 4:
                yield data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
            case _:
                yield data[:at]
                yield data[at:]


class WiredTurnstile:
    """The real driver of one gateway process, overheard; `die` ends it as a kill does."""

    def __init__(self, wire: Wire, run: str) -> None:
        self._wire = wire
        self._run = run
        self._port = Port(wire)
        host = Host(PSK, name="gateway", token=wire.random.randbytes)
        self._driver = GatelinkTurnstile(self._port, host)

    @property
    def capabilities(self) -> base.Capabilities:
        return self._driver.capabilities

    async def run(self, report: Callable[[base.GateReport], None]) -> Never:
        def tell(what: base.GateReport) -> None:
            if not self._port.is_dead:
                self._overhear(Told, report=what)
                report(what)

        await self._driver.run(tell)

    def send(self, command: base.GateCommand) -> None:
        if not self._port.is_dead:
            self._overhear(Sent, command=command)
            self._driver.send(command)

    def die(self) -> None:
        self._port.die()

    def _overhear(self, kind: type[Sent | Told], **what: object) -> None:
        now_s = asyncio.get_running_loop().time()
        lane = self._wire.controller.lane
        self._wire.story.saw(kind(at_s=now_s, run=self._run, lane=lane, **what))


def _nobody(*_: object) -> None:
    pass
