"""A Modbus board with eight inputs on a real tty, for doors and fire panels."""

import asyncio
from types import TracebackType
from typing import Self

from drivers.serial_link import SerialLink
from drivers.simulated.modbus_slave import ModbusSlave


class InputBoard:
    """Used as `async with`; `closed` are the inputs that are closed, counted from 1.

    asked_count: how often somebody asked for them; the last answer but one has arrived.
    """

    def __init__(self, port: str, address: int = 2, baudrate: int = 9600) -> None:
        self.closed: set[int] = set()
        self.asked_count = 0
        self._link = SerialLink(port, baudrate)
        self._slave = ModbusSlave(address)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        serving = self._link.run(lambda: None, self._hear, lambda _reason: None)
        self._task = loop.create_task(serving, name="input board")
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _hear(self, data: bytes, at_s: float) -> None:
        self._link.write(self._slave.hear(data, self, round(at_s * 1000)))

    # --- see `modbus_slave.Device` ---

    def inputs(self, address: int, count: int) -> list[bool] | None:
        self.asked_count += 1
        return [number + 1 in self.closed for number in range(address, address + count)]

    def coils(self, address: int, count: int) -> list[bool] | None:
        del address, count
        return None

    def registers(self, address: int, count: int) -> list[int] | None:
        del address, count
        return None

    def write_coil(self, address: int, value: int) -> bool:
        del address, value
        return False

    def write_registers(self, address: int, values: list[int]) -> bool:
        del address, values
        return False
