"""The reader driver `gm65`: scan modules of the Grow GM65 family, set up and watched."""

import asyncio
import logging
from typing import Never

from drivers.base import LinkLost, LinkUp, Signal
from drivers.framers import Empty, Fragment, Frame, Overlong
from drivers.gm65_codec import CodeOutput
from drivers.gm65_zones import ScanMode
from drivers.readers.gm65_session import Found, Gm65Session, Lost, Output
from drivers.readers.scanning import Deadline, Report, Scanning
from drivers.serial_link import SerialLink

log = logging.getLogger(__name__)


class Gm65Reader:
    """See `ScanMode` and `CodeOutput` for the settings.

    The speed of the link is only the first one that is tried. saves: the reader keeps what it is
    set to in its flash memory. repeat_ms: see Scanning.
    """

    def __init__(
        self,
        link: SerialLink,
        *,
        mode: ScanMode = ScanMode.CONTINUOUS,
        output: CodeOutput = CodeOutput.ENCLOSED,
        saves: bool = False,
        repeat_ms: int = 2000,
    ) -> None:
        self._link = link
        self._session = Gm65Session(link.port, mode, output, saves=saves, baudrate=link.baudrate)
        self._scanning = Scanning(link.port, repeat_ms)

    async def run(self, report: Report) -> Never:
        deadline = Deadline(lambda: act(self._session.tick(_now_s())))

        def act(output: Output) -> None:
            self._act(report, output)
            deadline.set(self._session.deadline_s)

        try:
            await self._link.run(
                opened=lambda: act(self._session.open(_now_s())),
                received=lambda data, at_s: act(self._session.feed(data, at_s)),
                lost=lambda reason: act(self._session.close(reason)),
            )
        finally:
            deadline.set(None)

    def show(self, signal: Signal) -> None:
        """Show nothing: it sounds at a code it reads, and knows no command to sound or light."""

    def _act(self, report: Report, output: Output) -> None:
        if output.baudrate is not None:
            self._link.set_baudrate(output.baudrate)
        if output.data:
            self._link.write(output.data)  # If the line is lost, `lost` is told so.
        for event in output.events:
            match event:
                case Found(baudrate):
                    fields = {"port": self._link.port, "baudrate": baudrate}
                    log.info("reader_found", extra={"fields": fields})
                    report(LinkUp(device=""))
                case Lost(reason):
                    report(LinkLost(reason))
                case Frame() | Overlong() | Empty() | Fragment():
                    self._scanning.tell(report, [event])


def _now_s() -> float:
    return asyncio.get_running_loop().time()
