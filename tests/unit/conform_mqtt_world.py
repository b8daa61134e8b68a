"""A controller on a broker under test in virtual time, good or broken, with somebody at it."""

import asyncio
from collections.abc import Callable, Sequence

from drivers.conform.mqtt_bench import MqttBench
from drivers.conform.mqtt_kit import mqtt_rules
from drivers.conform.report import Report
from drivers.conform.runner import run_rules
from drivers.conform.words import Nobody
from firmware_protocol.controller import boot
from firmware_protocol.device import Identity
from firmware_protocol.inputs import Input
from firmware_protocol.memory import Memory
from firmware_protocol.mqtt_device import DeviceSide
from firmware_protocol.mqtt_messages import Publication
from tests.sim.loop import run
from tests.unit.conform_world import Keeps, SimHands
from tests.unit.gatelink_line import LOG, PSK, counting_token

DEVICE = "tripod-2"
WIRE_S = 0.003

MakeSide = Callable[..., DeviceSide]


class ControllerBroker:
    """Stands for the broker, with the controller as its other client."""

    def __init__(self, make_side: MakeSide, keeps: Keeps) -> None:
        self._make_side = make_side
        self._keeps = keeps
        self._timer: asyncio.TimerHandle | None = None
        self._boots = 0
        self._count = 0

    async def run(self, opened, received, lost):
        self._received = received
        self.boot(Memory())
        opened()
        await asyncio.get_running_loop().create_future()

    def publish(self, publication: Publication) -> None:
        self._carry(self._deliver, publication)

    def boot(self, memory: Memory) -> None:
        self._boots += 1
        self._booted_s = asyncio.get_running_loop().time()
        controller, _ = boot(self._keeps(memory), 0)
        identity = Identity(DEVICE, "1.0", LOG)
        token = counting_token(f"device {self._boots}")
        self.side = self._make_side(PSK, controller, device=identity, token=token)
        self._will = self.side.will()
        self._run(self.side.connected(0))

    def reboot(self) -> None:
        self._carry(self._hand_over, self._will)
        self.boot(self.side.controller.memory)

    def sense(self, *inputs: Input) -> None:
        for what in inputs:
            self._run(self.side.sense(what, self.uptime_ms()))

    def uptime_ms(self) -> int:
        return round(1000 * (asyncio.get_running_loop().time() - self._booted_s))

    def _deliver(self, publication: Publication) -> None:
        now_ms = self.uptime_ms()
        topic, payload = publication.topic, publication.payload
        self._run(self.side.feed(topic, payload, is_retained=False, now_ms=now_ms))

    def _hand_over(self, publication: Publication) -> None:
        self._received(publication.topic, publication.payload, False)  # noqa: FBT003 - as a BrokerLine does

    def _run(self, output) -> None:
        for publication in output.publications:
            self._carry(self._hand_over, publication)
        if self._timer is not None:
            self._timer.cancel()
        deadline_ms = self.side.deadline_ms()
        if deadline_ms is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._booted_s + deadline_ms / 1000, self._tick)

    def _carry(self, arrive: Callable[[Publication], None], publication: Publication) -> None:
        # Timers of one time fire in any order; a broker keeps the order of what it is sent.
        self._count += 1
        loop = asyncio.get_running_loop()
        loop.call_at(loop.time() + WIRE_S + 1e-9 * self._count, arrive, publication)

    def _tick(self) -> None:
        self._run(self.side.tick(self.uptime_ms()))


def conforms(
    make_side: MakeSide = DeviceSide,
    *,
    rules: Sequence[str] | None = None,
    alone: bool = False,
    psk: bytes = PSK,
    keeps: Keeps = lambda memory: memory,
) -> Report:
    """Test a controller by the rules with these ids, or by all of them."""

    async def main() -> Report:
        broker = ControllerBroker(make_side, keeps)
        hands = Nobody() if alone else SimHands(broker)
        bench = MqttBench(broker, DEVICE, psk, hands, counting_token("kit"))
        kit = mqtt_rules()
        chosen = [rule for rule in kit if rules is None or rule.id in rules]
        assert rules is None or len(chosen) == len(rules)
        async with bench.running():
            findings = await run_rules(bench, chosen, lambda _: None)
        return Report("broker", DEVICE, "1.0", findings, len(kit))

    return run(main())
