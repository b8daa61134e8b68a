"""A swing gate, flap or speed gate with the RS-485 board of `boards.board_7e_codec`."""

import asyncio
import math
from typing import Final

from drivers.base import Capabilities, Direction, Mode
from drivers.boards.board_7e_codec import COUNTER_BITS, Code, Status, command, find_status
from drivers.polled_line import PolledDevice, PolledLine
from drivers.turnstiles.counters import Watermarks
from drivers.turnstiles.polled import PolledTurnstile
from drivers.turnstiles.polled_board import Seen

POLL_S: Final = 0.100
# The firmware that speaks to such boards gives a frame 300 ms, and rests 50 ms after each.
ANSWER_S: Final = 0.300
GAP_S: Final = 0.050


def board_7e(line: PolledLine, address: int, left: Direction) -> PolledTurnstile:
    """left: which direction the board's left side is."""
    return PolledTurnstile(line, Board7e(line, address, left))


class Board7e:
    """Opens a side for one person; the board counts who passed, and closes after its own time.

    It is closed from here too, when the entry's time is over and nobody was counted. No side is
    ever forbidden. What the board says of its beams is not used: nothing tells what it means.
    """

    can_close = True
    poll_s = POLL_S
    sees = frozenset(Direction)
    capabilities = Capabilities(
        own_timing=True, feedback=True, direction=True, log=False, fire_input=False
    )

    def __init__(self, line: PolledLine, address: int, left: Direction) -> None:
        self._device = PolledDevice(line, address, ANSWER_S)
        self._address = address
        self._left = left
        self._right = Direction.EXIT if left is Direction.ENTRY else Direction.ENTRY
        self._watermarks = Watermarks(COUNTER_BITS)
        self._alarm = 0
        self._is_freed = False

    def ready_s(self, direction: Direction) -> float:
        del direction
        return 0.0  # At any time: it counts what it is told.

    async def start(self) -> Seen:
        return await self.read()

    async def read(self) -> Seen:
        return self._look(await self._ask(Code.QUERY))

    async def open(self, direction: Direction, before_s: float) -> Seen:
        side = Code.OPEN_LEFT if direction is self._left else Code.OPEN_RIGHT
        return self._look(await self._ask(side, 1, before_s))

    async def close_entry(self) -> None:
        await self._ask(Code.CLOSE)

    async def set_mode(self, mode: Mode) -> None:
        if mode is Mode.FREE:
            await self._ask(Code.KEEP_OPEN)
        elif self._is_freed:
            await self._ask(Code.CLOSE)
        self._is_freed = mode is Mode.FREE

    def _look(self, status: Status) -> Seen:
        counts = {self._left: status.left, self._right: status.right}
        risen = self._watermarks.advance(counts, asyncio.get_running_loop().time())
        is_alarm = status.alarm not in {0, self._alarm}
        self._alarm = status.alarm
        return Seen(
            passages=risen.passages,
            is_gap=risen.is_gap,
            is_free=self._is_freed,
            fault=f"the board reports fault {status.fault}" if status.fault else "",
            notes=(f"alarm_{status.alarm}",) * is_alarm + ("counters_jumped",) * risen.is_gap,
        )

    async def _ask(self, code: Code, d0: int = 0, before_s: float = math.inf) -> Status:
        return await self._device.ask(
            command(self._address, code, d0),
            lambda heard: find_status(heard, self._address),
            before_s=before_s,
        )
