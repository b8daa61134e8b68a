"""The driver `modbus_relay` on a cable of two ttys, with pymodbus's own server at the other end."""

import asyncio
import contextlib

import pytest
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers import base
from drivers.contacts import Contact, Normally
from drivers.turnstiles.contact_inputs import Contacts
from drivers.turnstiles.modbus_relay import modbus_relay
from drivers.turnstiles.wiring import Wiring
from tests.e2e.eventually import eventually
from tests.e2e.polled_lane import Lane, polled_line
from tests.e2e.pty_pair import PtyPair

pytestmark = pytest.mark.alone  # Polled boards: contacts close for a time, and are not kept.

ENTRY, EXIT = base.Direction.ENTRY, base.Direction.EXIT
WIRING = Wiring(
    relays={ENTRY: 1},
    pulse_ms=200,
    contacts=Contacts(
        passages={ENTRY: Contact(1, Normally.OPEN), EXIT: Contact(2, Normally.OPEN)},
        fire=Contact(3, Normally.CLOSED),
    ),
)
WALK_S, PASSAGE_S = 0.4, 0.2
NO_FIRE = 0b100


class Board:
    """Memory of a relay board behind pymodbus's server, and one person per pulse."""

    def __init__(self, port) -> None:
        self.port = str(port)
        self.pulses: list[tuple[int, int]] = []
        self.inputs = NO_FIRE
        self.modes: list[int] = [1] * 8
        self.walks = True

    @contextlib.asynccontextmanager
    async def serving(self):
        server = ModbusSerialServer(
            SimDevice(1, simdata=self._memory(), action=self._act),
            port=self.port,
            baudrate=19200,
            custom_pdu=[self._pulse_pdu()],
        )
        await server.serve_forever(background=True)
        try:
            yield
        finally:
            await server.shutdown()

    def _memory(self):
        bits = DataType.BITS
        registers = DataType.REGISTERS
        return (
            [SimData(0, values=[False] * 16, datatype=bits)],
            [SimData(0, values=[False] * 16, datatype=bits)],
            [SimData(0x1000, values=[1] * 8, datatype=registers)],
            [SimData(0, values=[0], datatype=registers)],
        )

    async def _act(self, function, _start, address, _count, registers, values):
        if function == 2:
            registers[0] = self.inputs
        if function == 6 and values:
            self.modes[address - 0x1000] = values[0]

    def _pulse_pdu(self):
        board = self

        class Pulse(ModbusPDU):
            """Function 5 with any value; pymodbus's own one knows only on and off."""

            function_code = 5
            rtu_frame_size = 8

            def encode(self) -> bytes:
                return self.raw

            def decode(self, data: bytes) -> None:
                self.raw = data

            async def datastore_update(self, _context, _device_id):
                address, value = self.raw[:2], int.from_bytes(self.raw[2:], "big")
                board.write(int.from_bytes(address, "big"), value)
                return self

        return Pulse

    def write(self, address: int, value: int) -> None:
        if address < 0x0200:
            return
        self.pulses.append((address, value))
        if self.walks:
            loop = asyncio.get_running_loop()
            loop.call_later(WALK_S, self.set_inputs, NO_FIRE | 0b001)
            loop.call_later(WALK_S + PASSAGE_S, self.set_inputs, NO_FIRE)

    def set_inputs(self, levels: int) -> None:
        self.inputs = levels


def lane_at(port) -> Lane:
    return Lane(modbus_relay(polled_line(port, 19200), 1, WIRING))


@pytest.fixture
def cable(tmp_path):
    with PtyPair(tmp_path) as pair:
        yield pair


async def test_people_pass_one_after_the_other_with_one_timed_pulse_each(cable) -> None:
    board, lane = Board(cable.right), lane_at(cable.left)
    async with board.serving(), lane.running():
        assert board.modes[0] == 0
        for number in range(5):
            grant = f"{number:032x}"
            lane.open(grant)
            await eventually(lambda it=grant: base.Passed(ENTRY, it) in lane.reports)
        assert board.pulses == [(0x0200, 2)] * 5
        assert len(lane.told(base.Opened)) == len(lane.told(base.Passed)) == 5


async def test_an_open_fire_contact_is_told_within_two_tenths_of_a_second(cable) -> None:
    board, lane = Board(cable.right), lane_at(cable.left)
    async with board.serving(), lane.running():
        board.set_inputs(0)
        await eventually(lambda: base.FireChanged(is_on=True) in lane.reports)
        lane.open("a" * 32)
        assert lane.reports[-1] == base.NotOpened("a" * 32, "fire")
        assert board.pulses == []


async def test_a_pulled_cable_is_told_once_and_the_board_is_found_again(cable) -> None:
    board, lane = Board(cable.right), lane_at(cable.left)
    board.walks = False
    async with lane_after_board(board, lane) as stop:
        lane.open("a" * 32)
        await eventually(lambda: bool(lane.told(base.Opened)))
        await stop()
        cable.unplug()
        await eventually(lambda: bool(lane.told(base.LinkLost)))
        lane.open("b" * 32)
        assert lane.reports[-1] == base.NotOpened("b" * 32, "link_down")
        cable.plug()
        async with board.serving():
            await eventually(lambda: len(lane.told(base.LinkUp)) == 2)
            assert len(lane.told(base.LinkLost)) == 1
            assert len(board.pulses) == 1


@contextlib.asynccontextmanager
async def lane_after_board(board, lane):
    async with contextlib.AsyncExitStack() as serving:
        await serving.enter_async_context(board.serving())
        async with lane.running():
            yield serving.aclose
