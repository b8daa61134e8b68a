"""The queue of those who need help at the gate: asked for, answered by an officer, or over."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Never

from gatewayd.core.assists import ASSISTS_MAX, LAPSE_MINUTES, Cause, FailedScans
from gatewayd.core.events import Audit, Event, format_time, parse_time
from gatewayd.core.folded import ASSISTS, Document
from gatewayd.core.words import Json, LaneId
from gatewayd.ports import Cache, Clock
from gatewayd.runtime.lane import LaneShell
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import (
    REASON_SIZE_MAX,
    Answer,
    RequestError,
    Verb,
    find_lane,
    officer_audit,
    record,
    signed,
    whole,
)

LOOK_S = 1.0


class Assists:
    """One for each daemon. What is open is known here at once, before it is on disk."""

    def __init__(
        self,
        lanes: Mapping[LaneId, LaneShell],
        cache: Cache,
        recorder: Recorder,
        clock: Clock,
    ) -> None:
        self._lanes = lanes
        self._cache = cache
        self._recorder = recorder
        self._clock = clock
        self._failed = FailedScans()
        self._open: dict[int, Document] = {int(key): row for key, row in cache.items(ASSISTS)}
        self._last = max(self._open, default=0)
        self.verbs: Mapping[str, Verb] = {
            "assist_request": self._ask_for,
            "assists": self._tell,
            "assist_take": self._take,
            "assist_done": self._end,
        }

    def waiting(self) -> list[dict[str, Json]]:
        """Return those who wait, the longest first: assist (its number), lane, cause, at, by."""
        rows = sorted(self._open.items(), key=lambda one: str(one[1]["at"]))
        return [{"assist": number, **row} for number, row in rows]

    def request(self, lane: LaneId, cause: Cause) -> int:
        """Ask for an officer; return the number, that of before where it was asked already."""
        number, audit = self._begin(lane, cause)
        if audit is not None:
            self._recorder.keep(audit)
        return number

    def committed(self, events: Sequence[Event]) -> None:
        """Notice lanes where scans fail."""
        for event in events:
            lane = self._failed.note(event.fact, event.appended_s)
            if lane is not None:
                self.request(lane, Cause.FAILED_SCANS)

    async def run(self) -> Never:
        """End what nobody answered, for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            overdue = self._clock.utc() - timedelta(minutes=LAPSE_MINUTES)
            for number, row in list(self._open.items()):
                if parse_time(str(row["at"])) < overdue:
                    del self._open[number]
                    detail: dict[str, Json] = {"assist": number, "lane": row["lane"]}
                    self._recorder.keep(officer_audit("assist_lapsed", detail))

    # --- verbs ---

    async def _ask_for(self, request: Mapping[str, Any], caller: str) -> Answer:
        lane = find_lane(self._lanes, request)
        number, audit = self._begin(lane.id, Cause.DESK, signed(self._cache, caller))
        if audit is not None:
            self._recorder.keep(audit)  # Help does not wait for the disk.
        return {"ok": True, "assist": number, "already": audit is None}

    async def _tell(self, _: Mapping[str, Any], __: str) -> Answer:
        return {"ok": True, "assists": list[Json](self.waiting())}

    async def _take(self, request: Mapping[str, Any], caller: str) -> Answer:
        """Say that somebody is on the way, so that nobody else sets out."""
        number, row = self._find(request)
        word = signed(self._cache, caller)
        if row.get("by") not in (None, word["officer"]):
            raise RequestError(f"{row['by']} is on the way already")
        self._open[number] = {**row, "by": word["officer"]}
        detail: dict[str, Json] = {"assist": number, "lane": row["lane"], **word}
        self._recorder.keep(officer_audit("assist_taken", detail))  # Does not wait for the disk.
        return {"ok": True, "assist": number}

    def _find(self, request: Mapping[str, Any]) -> tuple[int, Document]:
        number = whole(request, "assist", 1, ASSISTS_MAX)
        row = self._open.get(number)
        if row is None:
            raise RequestError(f"nobody waits under {number}; see `gatewayd assist list`")
        return number, row

    async def _end(self, request: Mapping[str, Any], caller: str) -> Answer:
        number, row = self._find(request)
        note = str(request.get("note") or "").strip()
        if len(note) > REASON_SIZE_MAX:
            raise RequestError(f"`note` has up to {REASON_SIZE_MAX} characters; no names in it")
        waited = self._clock.utc() - parse_time(str(row["at"]))
        seconds = max(0, round(waited.total_seconds()))
        detail: dict[str, Json] = {
            "assist": number,
            "lane": row["lane"],
            "cause": row["cause"],
            "seconds": seconds,
            **signed(self._cache, caller),
        }
        if note:
            detail["note"] = note
        del self._open[number]
        try:
            await record(self._recorder, officer_audit("assist_done", detail))
        except RequestError:
            self._open[number] = row
            raise
        return {"ok": True, "assist": number, "seconds": seconds}

    def _begin(
        self, lane: LaneId, cause: Cause, word: Mapping[str, Json] | None = None
    ) -> tuple[int, Audit | None]:
        """Return the number, and what to record; nothing where it is open already."""
        for number, row in self._open.items():
            if row["lane"] == lane and row["cause"] == cause:
                return number, None
        self._last = self._last % ASSISTS_MAX + 1
        row = {"lane": lane, "cause": str(cause), "at": format_time(self._clock.utc())}
        self._open[self._last] = row
        detail: dict[str, Json] = {"assist": self._last, "lane": lane, "cause": str(cause)}
        return self._last, officer_audit("assist_requested", {**detail, **(word or {})})
