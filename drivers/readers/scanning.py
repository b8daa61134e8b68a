"""What becomes of the codes that a reader's framer finds: new ones are scans, the rest is noise."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from drivers.base import NoiseDropped, ReaderReport, ScanOverlong, ScanRead
from drivers.framers import Empty, Fragment, Frame, Framed, Overlong
from drivers.repeat_filter import RepeatFilter

log = logging.getLogger(__name__)

Report = Callable[[ReaderReport], None]


class Scanning:
    """repeat_ms: the same code again in this time is noise; it begins anew while it is in view."""

    def __init__(self, port: str, repeat_ms: int) -> None:
        self._port = port
        self._repeats = RepeatFilter(repeat_ms / 1000)

    def tell(self, report: Report, framed: Iterable[Framed]) -> None:
        noise_count = 0
        for item in framed:
            match item:
                case Frame(code, at_s):
                    if self._repeats.is_repeat(code, at_s):
                        noise_count += 1
                    else:
                        report(ScanRead(code, at_s))
                case Overlong(size, at_s):
                    # Its bytes are gone; the same size again is taken for the same code.
                    if self._repeats.is_repeat(b"overlong %d" % size, at_s):
                        noise_count += 1
                    else:
                        report(ScanOverlong(size, at_s))
                case Empty():
                    noise_count += 1
                case Fragment(size):
                    log.warning(
                        "reader_fragment_dropped",
                        extra={"fields": {"port": self._port, "size": size}},
                    )
                    noise_count += 1
        if noise_count:
            report(NoiseDropped(noise_count))


class Deadline:
    """Calls back when a time has come, after the bytes that came before it have been read."""

    def __init__(self, due: Callable[[], None]) -> None:
        self._due = due
        self._timer: asyncio.Handle | None = None

    def set(self, at_s: float | None) -> None:
        """Replace the time; None takes it away."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at_s is not None:
            self._timer = asyncio.get_running_loop().call_at(at_s, self._reached)

    def _reached(self) -> None:
        # One turn later, so that bytes which came while the loop was held up are read first.
        self._timer = asyncio.get_running_loop().call_soon(self._due)
