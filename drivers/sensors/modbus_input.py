"""A contact at an input of a Modbus board, far from the gate or in it.

The board may be one of its own, or that of a turnstile: devices on one line share it.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Never

from drivers.base import ContactSeen, LinkLost, LinkUp, SensorReport
from drivers.boards.modbus import ModbusDevice
from drivers.contacts import Debounced
from drivers.polled_line import LineDownError, PolledLine, RefusedError, SilentError

# Three readings and the bouncing of a heavy door's contact fit into half a second.
POLL_S: Final = 0.1
DEBOUNCE_S: Final = 0.1
# One lost frame on a long line is no outage.
LOST_S: Final = 1.0
# A board that is switched off must not slow down the others on its line.
RETRY_S: Final = 3.0


class ModbusInput:
    """Reads whole bytes of inputs, as boards send them, and looks at one."""

    def __init__(self, line: PolledLine, address: int, number: int) -> None:
        """Watch input `number`, counted from 1."""
        self._line = line
        self._device = ModbusDevice(line, address)
        self._number = number
        self._count = -8 * (-number // 8)

    async def run(self, report: Callable[[SensorReport], None]) -> Never:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._line.keep(), name=f"line {self._line.port}")
            tasks.create_task(
                self._serve(report), name=f"input {self._number} of {self._line.port}"
            )
        raise AssertionError("it is watched until it is cancelled")

    async def _serve(self, report: Callable[[SensorReport], None]) -> Never:
        await self._line.tried()
        is_loss_told = False
        while True:
            try:
                is_closed = await self._read()
                report(LinkUp(""))
                is_loss_told = False
                report(ContactSeen(is_closed))
                await self._watch(Debounced(DEBOUNCE_S, is_on=is_closed), report)
            except (LineDownError, SilentError, RefusedError) as loss:
                if not is_loss_told:
                    report(LinkLost(str(loss)))
                is_loss_told = True
                if isinstance(loss, LineDownError):
                    await self._line.opened()
                else:
                    await asyncio.sleep(RETRY_S)

    async def _watch(self, state: Debounced, report: Callable[[SensorReport], None]) -> Never:
        """Read until the board is silent for too long, or the line is lost."""
        loop = asyncio.get_running_loop()
        heard_s = loop.time()
        while True:
            await asyncio.sleep(POLL_S)
            try:
                is_closed = await self._read()
            except SilentError:
                if loop.time() - heard_s >= LOST_S:
                    raise
                continue
            heard_s = loop.time()
            if state.feed(is_closed, heard_s):
                report(ContactSeen(state.is_on))

    async def _read(self) -> bool:
        return (await self._device.read_inputs(self._count))[self._number - 1]
