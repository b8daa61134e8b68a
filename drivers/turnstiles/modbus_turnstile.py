"""A turnstile of LOT Group, which has a Modbus register for each thing that it does.

Source: the maker's SDK with its emulator (github.com/lotltd/TurnstileModbusSDK) and the description
of registers in it; functions 3 and 16, 115200 baud, 8N1, addresses 1 to 32. It was not tried on a
device: that several registers are read by one question is from the protocol, not from the SDK.
"""

import asyncio
import contextlib
from typing import Final

from drivers.base import Capabilities, Direction, Mode
from drivers.boards.modbus import ModbusDevice
from drivers.polled_line import LineDownError, PolledLine, RefusedError, SilentError
from drivers.turnstiles.counters import Watermarks
from drivers.turnstiles.polled import PolledTurnstile
from drivers.turnstiles.polled_board import Seen

POLL_S: Final = 0.050
# Somebody changes it at the turnstile a few times a year.
MODE_EVERY_READINGS: Final = 20

STATE: Final = 0x0040
"""From here: passages left for entry and exit, somebody in it from either side, counters, error."""
STATE_COUNT: Final = 9
GRANTS: Final = {Direction.ENTRY: 0x0040, Direction.EXIT: 0x0041}
FREE: Final = 0xFFFF
"""As many passages as there are people."""
MODE: Final = 0x3000
NORMAL_MODE: Final = 0
BLOCKED_MODE: Final = 1
FREE_MODE: Final = 2
"""Anti-panic; the turnstile keeps it over a power cut."""
COUNTER_BITS: Final = 32


def modbus_turnstile(line: PolledLine, address: int) -> PolledTurnstile:
    return PolledTurnstile(line, LotBoard(ModbusDevice(line, address)))


class LotBoard:
    """Grants one passage at a time; the turnstile counts them, and takes back what nobody used.

    Anti-panic that somebody else began is not ended from here, and the exit is never closed.
    """

    can_close = True
    poll_s = POLL_S
    sees = frozenset(Direction)
    capabilities = Capabilities(
        own_timing=True, feedback=True, direction=True, log=False, fire_input=False
    )

    def __init__(self, device: ModbusDevice) -> None:
        self._device = device
        self._watermarks = Watermarks(COUNTER_BITS)
        self._mode = NORMAL_MODE
        self._is_freed_by_us = False
        self._is_exit_free = False
        self._readings_to_mode = 0

    def ready_s(self, direction: Direction) -> float:
        del direction
        return 0.0  # At any time: it counts what it is told.

    async def start(self) -> Seen:
        self._readings_to_mode = 0
        return await self.read()

    async def read(self) -> Seen:
        notes = await self._read_mode()
        words = await self._device.read_registers(STATE, STATE_COUNT)
        left = {Direction.ENTRY: words[0], Direction.EXIT: words[1]}
        present = {Direction.ENTRY: words[2], Direction.EXIT: words[3]}
        counts = {
            Direction.ENTRY: words[4] | words[5] << 16,
            Direction.EXIT: words[6] | words[7] << 16,
        }
        self._is_exit_free = left[Direction.EXIT] == FREE
        risen = self._watermarks.advance(counts, asyncio.get_running_loop().time())
        return Seen(
            passages=risen.passages,
            is_gap=risen.is_gap,
            is_free=self._mode == FREE_MODE,
            fault=self._fault(words[8]),
            notes=(*notes, *("counters_jumped",) * risen.is_gap),
            is_open={way: count > 0 for way, count in left.items() if count != FREE},
            passing=frozenset(way for way, position in present.items() if position),
        )

    async def open(self, direction: Direction, before_s: float) -> Seen | None:
        # Where the exit is free, one passage instead of all of them would close it.
        if direction is Direction.ENTRY or not self._is_exit_free:
            await self._device.write_registers(GRANTS[direction], [1], before_s=before_s)
        with contextlib.suppress(LineDownError, RefusedError, SilentError):
            return await self.read()
        return None  # It is open all the same.

    async def close_entry(self) -> None:
        await self._device.write_registers(GRANTS[Direction.ENTRY], [0])

    async def set_mode(self, mode: Mode) -> None:
        """Entry is closed by itself without a grant, so that only free is a mode of its own."""
        if mode is Mode.FREE:
            await self._device.write_registers(MODE, [FREE_MODE])
        elif self._is_freed_by_us:
            await self._device.write_registers(MODE, [NORMAL_MODE])
        self._is_freed_by_us = mode is Mode.FREE
        self._readings_to_mode = 0

    async def _read_mode(self) -> tuple[str, ...]:
        """Read it now and then; return what is to be noted of it."""
        self._readings_to_mode -= 1
        if self._readings_to_mode > 0:
            return ()
        before = self._mode
        (self._mode,) = await self._device.read_registers(MODE, 1)
        self._readings_to_mode = MODE_EVERY_READINGS
        return () if self._mode == before else (f"mode_{self._mode}",)

    def _fault(self, error: int) -> str:
        if self._mode == BLOCKED_MODE:
            return "the turnstile is blocked in both directions: set its register 0x3000 to 0"
        return f"the turnstile reports error {error}" if error else ""
