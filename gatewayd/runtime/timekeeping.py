"""The clock of the gateway: the system's, held against what was known, watched and noted down."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Never, Protocol

from gatewayd.core.events import Audit, AuditSubject, format_time
from gatewayd.core.timekeeping import Known, Reading, judge, step
from gatewayd.core.words import ClockQuality, Json
from gatewayd.ports import Blocking, StorageError
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.clock import BEFORE_US
from gatewayd.runtime.recorder import Recorder

log = logging.getLogger(__name__)

ALARM = "clock_unsynced"
LOOK_S = 1.0
NOTE_S = 60.0  # What a power cut may cost; a note is one small write.


class System(Protocol):
    """The clocks of the machine, as they are."""

    def monotonic(self) -> float: ...

    def utc(self) -> datetime: ...

    def is_kept(self) -> bool: ...


class SiteClock:
    """Implements `ports.Clock`: wall time that does not go back behind what was known.

    last_known: of earlier runs. is_noted: it was noted as such; a time far ahead is not believed
    then. What the kernel says of NTP is as old as the last `look`, or as the clock was set since.
    """

    def __init__(
        self, system: System, last_known: datetime | None, *, is_noted: bool = True
    ) -> None:
        self._system = system
        self._is_kept = system.is_kept()
        at = max(BEFORE_US, last_known or BEFORE_US)
        self._known = Known(at, system.monotonic(), is_first=last_known is None or not is_noted)
        self._last = Reading(system.utc(), system.monotonic(), self._is_kept)

    def monotonic(self) -> float:
        return self._system.monotonic()

    def utc(self) -> datetime:
        return judge(self._read(), self._known)[0]

    def quality(self) -> ClockQuality:
        return judge(self._read(), self._known)[1]

    def look(self) -> tuple[dict[str, Json] | None, datetime | None]:
        """Look at the machine again; return what was stepped, and what time it is at least.

        That is None before any time was known, and while a date far ahead is not believed: then
        somebody may take the note away, so that it is.
        """
        self._is_kept = self._system.is_kept()
        before, self._last = self._last, self._read()
        stepped = step(before, self._last)
        at, quality = judge(self._last, self._known)
        if quality is not ClockQuality.UNSYNCED:
            self._known = Known(at, self._last.monotonic_s)
        is_least = at <= self._known.after(self._last.monotonic_s)
        detail: dict[str, Json] | None = None
        if stepped is not None:
            detail = {
                "by_ms": round(stepped.total_seconds() * 1000),
                "to": format_time(self._last.wall),
                "quality": str(quality),
            }
        return detail, at if is_least and not self._known.is_first else None

    def _read(self) -> Reading:
        reading = Reading(self._system.utc(), self._system.monotonic(), self._is_kept)
        if step(self._last, reading) is None:
            return reading
        # Whoever sets the clock ends that NTP keeps it: no verdict goes by that until a look.
        self._is_kept = self._system.is_kept()
        reading = replace(reading, is_kept=self._is_kept)
        at, quality = judge(reading, self._known)
        if quality is not ClockQuality.UNSYNCED:  # Verdicts go by it from here on, not from a look.
            self._known = Known(at, reading.monotonic_s)
        return reading


class Timekeeping:
    """Watches the clock: steps and changes of its quality are recorded, the time is noted down.

    note: stores what time it is at least; called in a thread, may raise StorageError.
    """

    def __init__(
        self,
        clock: SiteClock,
        recorder: Recorder,
        alarms: Alarms,
        blocking: Blocking,
        note: Callable[[datetime], None],
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._alarms = alarms
        self._blocking = blocking
        self._note = note
        self._quality: ClockQuality | None = None

    async def run(self) -> Never:
        noted_s: float | None = None
        while True:
            stepped, at = self._clock.look()
            if stepped is not None:
                log.warning("clock_stepped", extra={"fields": stepped})
                self._record("stepped", stepped)
            self._tell(self._clock.quality())
            now_s = self._clock.monotonic()
            if at is not None and (noted_s is None or now_s - noted_s >= NOTE_S):
                noted_s = now_s
                await self._store(at)
            await asyncio.sleep(LOOK_S)

    def _tell(self, quality: ClockQuality) -> None:
        before, self._quality = self._quality, quality
        if quality is before:
            return
        if before is not None:
            self._record("quality_changed", {"from": str(before), "to": str(quality)})
        if quality is ClockQuality.UNSYNCED:
            self._alarms.raise_(ALARM, "gateway", {"what_to_do": _SET_IT})
        else:
            self._alarms.clear(ALARM, "gateway")

    async def _store(self, at: datetime) -> None:
        try:
            await self._blocking.run(lambda: self._note(at))
        except StorageError as error:
            log.warning("clock_not_noted", extra={"fields": {"reason": str(error)}})

    def _record(self, action: str, detail: dict[str, Json]) -> None:
        self._recorder.keep(Audit(subject=AuditSubject.CLOCK, action=action, detail=detail))


_SET_IT = (
    "the clock of this machine lost its time: let NTP set it; where there is none, set it with "
    "`date` and restart gatewayd, and if it is right and not believed, delete the file `clock` in "
    "the state directory before that"
)
