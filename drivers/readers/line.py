"""The reader driver `line`: any reader that types its codes on a serial line."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Final, Never

from drivers.base import (
    LinkLost,
    LinkUp,
    NoiseDropped,
    ReaderReport,
    ScanOverlong,
    ScanRead,
    Signal,
)
from drivers.framers import (
    Aim,
    Empty,
    Fragment,
    Frame,
    Framed,
    LineFramer,
    Overlong,
    Terminator,
    silence_s,
)
from drivers.readers.maker_commands import FEEDBACK, TRIGGER, AnswerFilter, Maker
from drivers.repeat_filter import RepeatFilter
from drivers.serial_link import SerialLink

log = logging.getLogger(__name__)

Report = Callable[[ReaderReport], None]

# A reader that was triggered looks for 3 s or more, so it never stops for long.
TRIGGER_S: Final = 1.0
# Newland wants this long between two commands.
SPACING_S: Final = 0.05
# More than this many commands ahead of the line tell of people who have gone.
AHEAD_S_MAX: Final = 4 * SPACING_S


class LineReader:
    """See `Terminator`, `Aim` and `silence_s` in drivers.framers for what the settings mean.

    repeat_ms: the same code again in this time is noise; it begins anew while the code is in view.
    feedback, trigger: whose commands make it beep and light, and look for codes; see Maker.
    """

    def __init__(  # noqa: PLR0913, one argument for each setting
        self,
        link: SerialLink,
        *,
        terminator: Terminator = Terminator.AUTO,
        aim: Aim = Aim.STRIP,
        idle_ms: int = 0,
        repeat_ms: int = 2000,
        feedback: Maker = Maker.NONE,
        trigger: Maker = Maker.NONE,
    ) -> None:
        self._link = link
        gap_s = silence_s(terminator, link.baudrate, idle_ms)
        self._new_framer = partial(LineFramer, terminator, gap_s, aim)
        self._framer = self._new_framer()
        self._repeats = RepeatFilter(repeat_ms / 1000)
        self._timer: asyncio.Handle | None = None
        self._signals = FEEDBACK[feedback]
        self._trigger = TRIGGER[trigger]
        self._trigger_timer: asyncio.Handle | None = None
        self._answers = AnswerFilter() if Maker.NEWLAND in {feedback, trigger} else None
        self._free_s = 0.0

    async def run(self, report: Report) -> Never:
        try:
            await self._link.run(
                opened=partial(self._open, report),
                received=partial(self._take, report),
                lost=partial(self._lose, report),
            )
        finally:
            self._stop_timer()
            self._stop_trigger()

    def show(self, signal: Signal) -> None:
        if signal in self._signals:
            self._command(self._signals[signal])

    def _open(self, report: Report) -> None:
        if self._trigger:
            self._pull_trigger()
        report(LinkUp(device=""))

    def _pull_trigger(self) -> None:
        self._command(self._trigger)
        loop = asyncio.get_running_loop()
        self._trigger_timer = loop.call_later(TRIGGER_S, self._pull_trigger)

    def _command(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        at_s = max(loop.time(), self._free_s)
        if at_s - loop.time() <= AHEAD_S_MAX:
            self._free_s = at_s + SPACING_S
            loop.call_at(at_s, self._link.write, data)  # Nothing is sent on a line that was lost.

    def _take(self, report: Report, data: bytes, at_s: float) -> None:
        if self._answers is not None:
            data = self._answers.feed(data, at_s)
        self._tell(report, self._framer.feed(data, at_s))
        self._stop_timer()
        if self._framer.deadline_s is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._framer.deadline_s, self._fall_silent, report)

    def _fall_silent(self, report: Report) -> None:
        # One turn later, so that bytes which came while the loop was held up are read first.
        self._timer = asyncio.get_running_loop().call_soon(self._expire, report)

    def _expire(self, report: Report) -> None:
        self._tell(report, self._framer.expire(asyncio.get_running_loop().time()))

    def _lose(self, report: Report, reason: str) -> None:
        # Half a code does not become one, alone or with what comes after the outage.
        self._framer = self._new_framer()
        self._stop_timer()
        self._stop_trigger()
        report(LinkLost(reason))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _stop_trigger(self) -> None:
        if self._trigger_timer is not None:
            self._trigger_timer.cancel()

    def _tell(self, report: Report, framed: list[Framed]) -> None:
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
                        extra={"fields": {"port": self._link.port, "size": size}},
                    )
                    noise_count += 1
        if noise_count:
            report(NoiseDropped(noise_count))
