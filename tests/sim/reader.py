"""A simulated reader: the device, which can be unplugged, and its driver in one gateway process."""

import asyncio
from collections.abc import Callable
from typing import Never

from drivers import base


class ReaderPort:
    """Outlives the gateway."""

    def __init__(self) -> None:
        self.is_plugged = True
        self.driver: SimReader | None = None

    def plug(self, *, is_in: bool) -> None:
        self.is_plugged = is_in
        if self.driver is not None:
            what = base.LinkUp("") if is_in else base.LinkLost("the simulated plug is out")
            self.driver.tell(what)


class SimReader:
    def __init__(self, port: ReaderPort) -> None:
        self._port = port
        self._report: Callable[[base.ReaderReport], None] | None = None

    async def run(self, report: Callable[[base.ReaderReport], None]) -> Never:
        self._report = report
        self._port.driver = self
        try:
            self._port.plug(is_in=self._port.is_plugged)
            while True:
                await asyncio.sleep(3600.0)
        finally:
            self._report = None

    def show(self, signal: base.Signal) -> None:
        """Its lamp is not looked at: the turnstile's says the same."""

    @property
    def is_reading(self) -> bool:
        return self._report is not None and self._port.is_plugged

    def tell(self, what: base.ReaderReport) -> None:
        if self._report is not None:
            self._report(what)

    def die(self) -> None:
        self._report = None
