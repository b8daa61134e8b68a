"""The driver `modbus_turnstile` on two ttys, with pymodbus's own server at the other end."""

import asyncio
import contextlib

import pytest
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers import base
from drivers.turnstiles.modbus_turnstile import modbus_turnstile
from tests.e2e.eventually import eventually
from tests.e2e.polled_lane import Lane, polled_line
from tests.e2e.pty_pair import PtyPair

pytestmark = pytest.mark.alone  # Polled boards: contacts close for a time, and are not kept.

ENTRY = base.Direction.ENTRY
ANNA = "a1" * 16
LEFT, COUNT = 0, 4
"""Places among the registers from 0x0040 on: passages left for the entry, and its counter."""
WALK_S = 0.1


class Turnstile:
    """The registers of a turnstile behind pymodbus's server, and one person per grant."""

    def __init__(self, port) -> None:
        self.port = str(port)
        self.state = [0] * 9
        self.granted: list[int] = []
        self.walks = True

    @contextlib.asynccontextmanager
    async def serving(self):
        registers = DataType.REGISTERS
        device = SimDevice(
            1,
            simdata=[
                SimData(0x0040, values=[0] * 9, datatype=registers),
                SimData(0x3000, values=[0], datatype=registers),
            ],
            action=self._act,
        )
        server = ModbusSerialServer(device, port=self.port, baudrate=115200)
        await server.serve_forever(background=True)
        try:
            yield
        finally:
            await server.shutdown()

    async def _act(self, _function, start, address, _count, registers, values):
        if address == 0x0040 and values:
            self.granted.append(values[0])
            self.state[LEFT] = values[0]
            if values[0] and self.walks:
                asyncio.get_running_loop().call_later(WALK_S, self.walk)
        registers[0x0040 - start : 0x0049 - start] = self.state

    def walk(self) -> None:
        self.state[LEFT] = 0
        self.state[COUNT] += 1


def lane_at(port) -> Lane:
    return Lane(modbus_turnstile(polled_line(port, 115200), 1))


@pytest.fixture
def cable(tmp_path):
    with PtyPair(tmp_path) as pair:
        yield pair


async def test_twenty_people_pass_one_after_the_other(cable) -> None:
    turnstile, lane = Turnstile(cable.right), lane_at(cable.left)
    async with turnstile.serving(), lane.running():
        for number in range(20):
            grant = f"{number:032x}"
            lane.open(grant)
            await eventually(lambda it=grant: base.Passed(ENTRY, it) in lane.reports)
        assert turnstile.granted == [1] * 20
        assert len(lane.told(base.Opened)) == len(lane.told(base.Passed)) == 20


async def test_an_entry_that_nobody_used_is_taken_back(cable) -> None:
    turnstile, lane = Turnstile(cable.right), lane_at(cable.left)
    turnstile.walks = False
    async with turnstile.serving(), lane.running():
        lane.open(ANNA, unlock_ms=300)
        await eventually(lambda: base.NotPassed(ANNA) in lane.reports)
        assert turnstile.granted == [1, 0]


async def test_who_passed_while_the_cable_was_out_is_found_afterwards(cable) -> None:
    turnstile, lane = Turnstile(cable.right), lane_at(cable.left)
    turnstile.walks = False
    async with contextlib.AsyncExitStack() as serving:
        await serving.enter_async_context(turnstile.serving())
        async with lane.running():
            lane.open(ANNA)
            await eventually(lambda: bool(lane.told(base.Opened)))
            await serving.aclose()
            cable.unplug()
            await eventually(lambda: bool(lane.told(base.LinkLost)))
            turnstile.walk()
            turnstile.walk()
            cable.plug()
            async with turnstile.serving():
                await eventually(lambda: bool(lane.told(base.Breached)))
            assert lane.reports == [
                base.LinkUp(""),
                base.Opened(ANNA),
                *lane.told(base.LinkLost),
                base.LinkUp(""),
                base.Passed(ENTRY, ANNA),
                base.Breached(base.BreachKind.TAILGATE, ENTRY),
            ]
            assert turnstile.granted == [1]
