"""A reader whose scans are whole: the parts of one code, held up in any order, become one scan."""

import asyncio
from collections.abc import Callable
from typing import Never

from drivers import base
from gatewayd.core.parts import Gathering, expire, gather


class PartsReader:
    """Wraps a reader; `waits` is called when a part was taken and others are missing.

    Parts that are not completed in time are one scan, which reads as incomplete.
    """

    def __init__(self, reader: base.Reader, waits: Callable[[], None]) -> None:
        self._reader = reader
        self._waits = waits
        self._pending: Gathering | None = None
        self._over: asyncio.TimerHandle | None = None

    @property
    def missing_count(self) -> int:
        """How many parts of a code are still to be shown."""
        return 0 if self._pending is None else self._pending.missing_count

    async def run(self, report: Callable[[base.ReaderReport], None]) -> Never:
        def read(told: base.ReaderReport) -> None:
            if isinstance(told, base.ScanRead):
                self._read(told, report)
            else:
                report(told)

        try:
            await self._reader.run(read)
        finally:
            self._give_up(float("inf"), report)  # No scan is left without a verdict.

    def show(self, signal: base.Signal) -> None:
        self._reader.show(signal)

    def _read(self, scan: base.ScanRead, report: Callable[[base.ReaderReport], None]) -> None:
        before = self._pending
        self._pending, whole = gather(before, scan.data, scan.at_s)
        for data in whole:
            report(base.ScanRead(data, scan.at_s))
        if self._pending is before:
            return
        self._stop_timer()
        if self._pending is not None:
            until_s = self._pending.until_s
            loop = asyncio.get_running_loop()
            self._over = loop.call_at(until_s, self._give_up, until_s, report)
            self._waits()

    def _give_up(self, at_s: float, report: Callable[[base.ReaderReport], None]) -> None:
        self._stop_timer()
        self._pending, whole = expire(self._pending, at_s)
        now_s = asyncio.get_running_loop().time()
        for data in whole:
            report(base.ScanRead(data, now_s))

    def _stop_timer(self) -> None:
        if self._over is not None:
            self._over.cancel()
            self._over = None
