"""The reader driver `line`: any reader that types its codes on a serial line."""

import asyncio
from functools import partial
from typing import Final, Never

from drivers.base import LinkLost, LinkUp, Signal
from drivers.framers import Aim, LineFramer, Terminator, silence_s
from drivers.readers.maker_commands import FEEDBACK, TRIGGER, AnswerFilter, Maker
from drivers.readers.scanning import Deadline, Report, Scanning
from drivers.serial_link import SerialLink

# A reader that was triggered looks for 3 s or more, so it never stops for long.
TRIGGER_S: Final = 1.0
# Newland wants this long between two commands.
SPACING_S: Final = 0.05
# More than this many commands ahead of the line tell of people who have gone.
AHEAD_S_MAX: Final = 4 * SPACING_S


class LineReader:
    """See `Terminator`, `Aim` and `silence_s` in drivers.framers for what the settings mean.

    repeat_ms: see Scanning. feedback, trigger: whose commands make it beep and light, and look for
    codes; see Maker.
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
        self._scanning = Scanning(link.port, repeat_ms)
        self._signals = FEEDBACK[feedback]
        self._trigger = TRIGGER[trigger]
        self._trigger_timer: asyncio.Handle | None = None
        self._answers = AnswerFilter() if Maker.NEWLAND in {feedback, trigger} else None
        self._free_s = 0.0

    async def run(self, report: Report) -> Never:
        silence = Deadline(partial(self._expire, report))
        try:
            await self._link.run(
                opened=partial(self._open, report),
                received=partial(self._take, report, silence),
                lost=partial(self._lose, report, silence),
            )
        finally:
            silence.set(None)
            self._stop_trigger()

    def show(self, signal: Signal) -> None:
        if signal in self._signals:
            self._command(self._signals[signal])

    # --- codes ---

    def _take(self, report: Report, silence: Deadline, data: bytes, at_s: float) -> None:
        if self._answers is not None:
            data = self._answers.feed(data, at_s)
        self._scanning.tell(report, self._framer.feed(data, at_s))
        silence.set(self._framer.deadline_s)

    def _expire(self, report: Report) -> None:
        self._scanning.tell(report, self._framer.expire(asyncio.get_running_loop().time()))

    def _lose(self, report: Report, silence: Deadline, reason: str) -> None:
        silence.set(None)
        self._stop_trigger()
        report(LinkLost(reason))

    # --- commands ---

    def _open(self, report: Report) -> None:
        # Half a code of before the outage does not become one with what comes now.
        self._framer = self._new_framer()
        if self._trigger:
            self._pull_trigger()
        report(LinkUp(device=""))

    def _pull_trigger(self) -> None:
        self._command(self._trigger)
        loop = asyncio.get_running_loop()
        self._trigger_timer = loop.call_later(TRIGGER_S, self._pull_trigger)

    def _stop_trigger(self) -> None:
        if self._trigger_timer is not None:
            self._trigger_timer.cancel()

    def _command(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        at_s = max(loop.time(), self._free_s)
        if at_s - loop.time() <= AHEAD_S_MAX:
            self._free_s = at_s + SPACING_S
            loop.call_at(at_s, self._link.write, data)  # Nothing is sent on a line that was lost.
