"""A controller under test in virtual time, good or broken, with somebody at its turnstile."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from drivers.conform.report import Report
from drivers.conform.runner import run_rules
from drivers.conform.serial_bench import SerialBench
from drivers.conform.serial_kit import serial_rules
from drivers.conform.words import Action, Finding, Hands, Nobody, Rule
from firmware_protocol.device import Device, Identity
from firmware_protocol.inputs import (
    FireInput,
    Input,
    PassageBegan,
    PassageCompleted,
    TurnedBack,
)
from firmware_protocol.memory import Memory
from firmware_protocol.words import Direction
from tests.sim.loop import run
from tests.unit.gatelink_line import LOG, PSK, counting_token

WIRE_S = 0.002

MakeDevice = Callable[..., Device]
Keeps = Callable[[Memory], Memory]
"""What a power cut makes of a memory."""


class ControllerLine:
    """Stands for a SerialLink with the controller at its other end."""

    port = "/dev/ttyTEST"
    baudrate = 115_200

    def __init__(
        self,
        make_device: MakeDevice = Device,
        address: int = 0,
        wire_s: float = WIRE_S,
        keeps: Keeps = lambda memory: memory,
    ) -> None:
        self._make_device = make_device
        self._keeps = keeps
        self._wire_s = wire_s
        self._address = address
        self._timer: asyncio.TimerHandle | None = None
        self._boots = 0
        self._flying: deque[Callable[[], None]] = deque()

    async def run(self, opened, received, lost):
        self._received, self.lose = received, lost
        self.boot(Memory())
        opened()
        await asyncio.get_running_loop().create_future()

    def write(self, data: bytes) -> bool:
        self._carry(lambda: self._run(self.device.feed(data, self.uptime_ms())))
        return True

    def boot(self, memory: Memory) -> None:
        self._boots += 1
        self._booted_s = asyncio.get_running_loop().time()
        self.device = self._make_device(
            PSK,
            self._keeps(memory),
            device=Identity("tripod", "1.0", LOG),
            token=counting_token(f"device {self._boots}"),
            address=self._address,
        )
        self._run(self.device.start(0))

    def reboot(self) -> None:
        self.boot(self.device.controller.memory)

    def sense(self, *inputs: Input) -> None:
        for what in inputs:
            self._run(self.device.sense(what, self.uptime_ms()))

    def uptime_ms(self) -> int:
        return round(1000 * (asyncio.get_running_loop().time() - self._booted_s))

    def _run(self, output) -> None:
        loop = asyncio.get_running_loop()
        if output.data:
            self._carry(lambda: self._received(output.data, loop.time()))
        if self._timer is not None:
            self._timer.cancel()
        deadline_ms = self.device.deadline_ms()
        if deadline_ms is not None:
            self._timer = loop.call_at(self._booted_s + deadline_ms / 1000, self._tick)

    def _carry(self, arrive: Callable[[], None]) -> None:
        """Timers of the same time fire in any order; a line has one order."""
        self._flying.append(arrive)
        asyncio.get_running_loop().call_later(self._wire_s, self._arrive)

    def _arrive(self) -> None:
        self._flying.popleft()()

    def _tick(self) -> None:
        self._run(self.device.tick(self.uptime_ms()))


class SimHands:
    """Does what is asked at once."""

    def __init__(self, turnstile) -> None:
        self._turnstile = turnstile

    def can(self, _: Action) -> bool:
        return True

    async def act(self, action: Action) -> bool:
        sensed: dict[Action, Sequence[Input]] = {
            Action.WALK_IN: [PassageBegan(Direction.ENTRY), PassageCompleted(Direction.ENTRY)],
            Action.FORCE_IN: [PassageCompleted(Direction.ENTRY)],
            Action.STEP_IN: [PassageBegan(Direction.ENTRY)],
            Action.STEP_BACK: [TurnedBack()],
            Action.WALK_OUT: [PassageBegan(Direction.EXIT), PassageCompleted(Direction.EXIT)],
            Action.FIRE_ON: [FireInput(is_on=True)],
            Action.FIRE_OFF: [FireInput(is_on=False)],
            Action.REBOOT: [],
        }
        if action is Action.REBOOT:
            self._turnstile.reboot()
        self._turnstile.sense(*sensed[action])
        return True


def conforms(
    make_device: MakeDevice = Device,
    *,
    rules: Sequence[str] | None = None,
    address: int = 0,
    alone: bool = False,
    psk: bytes = PSK,
    wire_s: float = WIRE_S,
    keeps: Keeps = lambda memory: memory,
) -> Report:
    """Test a controller by the rules with these ids, or by all of them."""

    async def main() -> Report:
        line = ControllerLine(make_device, address, wire_s, keeps)
        hands: Hands = Nobody() if alone else SimHands(line)
        bench = SerialBench(line, psk, hands, counting_token("kit"), address=address)
        kit: Sequence[Rule[SerialBench]] = serial_rules(address)
        chosen = [rule for rule in kit if rules is None or rule.id in rules]
        assert rules is None or len(chosen) == len(rules)
        told: list[Finding] = []
        async with bench.running():
            findings = await run_rules(bench, chosen, told.append)
        assert told == findings
        device = bench.device
        name, firmware = ("", "") if device is None else (device.device, device.firmware)
        return Report(line.port, name, firmware, findings, len(kit))

    return run(main())
