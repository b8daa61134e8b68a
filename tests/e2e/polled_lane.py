"""What a gateway does with a turnstile on a polled line."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from drivers import base
from drivers.polled_line import PolledLine
from drivers.serial_link import SerialLink
from tests.e2e.eventually import eventually


def polled_line(port: Path, baudrate: int) -> PolledLine:
    return PolledLine(SerialLink(str(port), baudrate, backoff=lambda _attempt: 0.05), gap_s=0.002)


class Lane:
    def __init__(self, driver: base.Turnstile) -> None:
        self.driver = driver
        self.reports: list[base.GateReport] = []

    def told(self, *kinds: type) -> list[base.GateReport]:
        return [report for report in self.reports if isinstance(report, kinds)]

    def open(self, grant: str, unlock_ms: int = 5000) -> None:
        self.driver.send(base.OpenOnce(grant, base.Direction.ENTRY, unlock_ms, 1500))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.driver.run(self.reports.append))
            await eventually(lambda: bool(self.told(base.LinkUp)))
            yield
            task.cancel()
