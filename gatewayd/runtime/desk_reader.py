"""The hand scanner at the officer's desk: what it reads is decided at whichever lane is free."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Never

from drivers import base
from gatewayd.core.events import Access, AccessOutcome
from gatewayd.core.lane_terms import Faulted, Idle
from gatewayd.core.words import Direction, LaneId
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.asked import Scan
from gatewayd.runtime.lamps import NOTICE_S
from gatewayd.runtime.lane import LaneShell
from gatewayd.runtime.parts_reader import PartsReader

SUBJECT: Final = "desk_reader"
"""What alarms call it."""

_SHOWN: Final = {
    AccessOutcome.ADMITTED: base.Signal.GO,
    AccessOutcome.REFUSED: base.Signal.REFUSED,
    AccessOutcome.REFERRED: base.Signal.ASK_OFFICER,
}


TakePass = Callable[[Scan, Callable[[str | None], None]], bool]
"""Signs on an officer whose pass it is; False: it is somebody who wants to come in."""


class DeskReader:
    """Lets people in, never out: at the exit nobody needs to be helped with a code."""

    def __init__(
        self,
        reader: base.Reader,
        lanes: Mapping[LaneId, LaneShell],
        alarms: Alarms,
        take_pass: TakePass,
    ) -> None:
        """`lanes`: in the order in which they are taken when several are free."""
        self._take_pass = take_pass
        self.noise_count = 0
        self._reader = PartsReader(reader, self._wait_for_part)
        self._lanes = lanes
        self._alarms = alarms
        self._notice: asyncio.TimerHandle | None = None

    async def run(self) -> Never:
        try:
            await self._reader.run(self._read)
        finally:
            self._end_notice()

    def _read(self, report: base.ReaderReport) -> None:
        match report:
            case base.ScanRead(data, at_s):
                self._scanned(Scan(data, at_s))
            case base.ScanOverlong(_, at_s):
                self._scanned(Scan(None, at_s))
            case base.NoiseDropped(count):
                self.noise_count += count
            case base.LinkUp():
                self._alarms.clear("link_lost", SUBJECT)
            case base.LinkLost(reason):
                self._alarms.raise_("link_lost", SUBJECT, {"reason": reason})

    def _wait_for_part(self) -> None:
        self._end_notice()
        self._reader.show(base.Signal.WAIT)

    def _scanned(self, scan: Scan) -> None:
        if self._take_pass(scan, self._signed_on):
            return
        # The first of those that wait least; one that cannot open only where no other can.
        lane = min(self._lanes.values(), key=_wait)
        lane.scan(scan, Direction.ENTRY, self._answered)

    def _answered(self, verdict: Access | None) -> None:
        """Where the disk refuses the verdict, nobody goes in."""
        self._notify(base.Signal.REFUSED if verdict is None else _SHOWN[verdict.outcome])

    def _signed_on(self, officer: str | None) -> None:
        self._notify(base.Signal.REFUSED if officer is None else base.Signal.GO)

    def _notify(self, signal: base.Signal) -> None:
        """Show it to the officer for a moment."""
        self._end_notice()
        self._reader.show(signal)
        loop = asyncio.get_running_loop()
        self._notice = loop.call_later(NOTICE_S, self._reader.show, base.Signal.READY)

    def _end_notice(self) -> None:
        if self._notice is not None:
            self._notice.cancel()


def _wait(lane: LaneShell) -> tuple[bool, bool, int]:
    state = lane.state
    return isinstance(state.state, Faulted), not isinstance(state.state, Idle), len(state.waiting)
