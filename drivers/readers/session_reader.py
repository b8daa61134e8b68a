"""Runs the session of a reader on its serial line: the drivers `gm65` and `ssi`."""

import asyncio
import logging
from typing import Never

from drivers.base import LinkLost, LinkUp, Signal
from drivers.framers import Empty, Fragment, Frame, Overlong
from drivers.readers.scanning import Deadline, Report, Scanning
from drivers.readers.session import Found, Lost, Output, Session
from drivers.serial_link import SerialLink

log = logging.getLogger(__name__)


class SessionReader:
    """repeat_ms: see Scanning."""

    def __init__(self, link: SerialLink, session: Session, repeat_ms: int = 2000) -> None:
        self._link = link
        self._session = session
        self._scanning = Scanning(link.port, repeat_ms)
        self._report: Report | None = None
        self._deadline = Deadline(lambda: self._act(self._session.tick(_now_s())))

    async def run(self, report: Report) -> Never:
        self._report = report
        try:
            await self._link.run(
                opened=lambda: self._act(self._session.open(_now_s())),
                received=lambda data, at_s: self._act(self._session.feed(data, at_s)),
                lost=lambda reason: self._act(self._session.close(reason)),
            )
        finally:
            self._deadline.set(None)
            self._report = None

    def show(self, signal: Signal) -> None:
        if self._report is not None:
            self._act(self._session.show(signal, _now_s()))

    def _act(self, output: Output) -> None:
        if output.baudrate is not None:
            self._link.set_baudrate(output.baudrate)
        if output.data:
            self._link.write(output.data)  # If the line is lost, `lost` is told so.
        self._deadline.set(self._session.deadline_s)
        for event in output.events:
            self._tell(event)

    def _tell(self, event: Found | Lost | Frame | Overlong | Empty | Fragment) -> None:
        assert self._report is not None, "events come while it runs"
        match event:
            case Found(device, baudrate):
                fields = {"port": self._link.port, "device": device, "baudrate": baudrate}
                log.info("reader_found", extra={"fields": fields})
                self._report(LinkUp(device))
            case Lost(reason):
                self._report(LinkLost(reason))
            case Frame() | Overlong() | Empty() | Fragment():
                self._scanning.tell(self._report, [event])


def _now_s() -> float:
    return asyncio.get_running_loop().time()
