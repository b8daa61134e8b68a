"""What an officer or a technician may ask of the running gateway, and its answers.

A request is a JSON object with `do` and the arguments of that; an answer has `ok`, and `text` for
people where it is no. What changes something is journaled before it is done, like every verdict;
only freeing a lane does not wait for the disk.
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from gatewayd.core.centre_statuses import RECEIVED
from gatewayd.core.folded import TABLES, read_counts
from gatewayd.core.lane_terms import Order
from gatewayd.core.policy import ANONYMOUS, PEOPLE_MAX
from gatewayd.core.reasons import Locale
from gatewayd.core.release import NOTED, read_note
from gatewayd.core.words import DoorId, Json, LaneId
from gatewayd.ports import StorageError
from gatewayd.runtime.admissions import Admissions
from gatewayd.runtime.doors import DoorShell
from gatewayd.runtime.erasure import Erasure
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.lane import LaneShell
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import (
    Answer,
    RequestError,
    Verb,
    find_holder,
    find_lane,
    officer_audit,
    record,
    sentence,
    signed,
    whole,
)

DOOR_MINUTES_MAX = 480  # A working day; a door that stays open for longer is a gate.
CHANGE_MAX = 60  # A coach; whoever is off by more counts anew.
ROWS_MAX = 1000  # Of a table, in one answer.

ORDERS = {"free": Order.FREE, "lock": Order.EXIT_ONLY, "resume": Order.NORMAL}


class Commands:
    def __init__(  # noqa: PLR0913 - one for each thing that may be asked for
        self,
        lanes: Mapping[LaneId, LaneShell],
        doors: Mapping[DoorId, DoorShell],
        gate: Gate,
        recorder: Recorder,
        status: Callable[[], Answer],
        locale: Locale,
        *,
        erasure: Erasure,
        retry_quarantined: Callable[[], int] | None = None,
        more: Mapping[str, Verb] | None = None,
    ) -> None:
        """Take all that can be asked for; without a centre there is no quarantine to retry.

        more: the verbs of parts that are not named here.
        """
        self._lanes = lanes
        self._doors = doors
        self._gate = gate
        self._recorder = recorder
        self._status = status
        self._erasure = erasure
        self._retry_quarantined = retry_quarantined
        self._verbs: Mapping[str, Verb] = {
            "status": self._tell_status,
            **Admissions(lanes, gate, recorder, locale).verbs,
            "lane": self._order_lane,
            "door": self._order_door,
            "count": self._set_count,
            "erase": self._erase,
            "cache": self._tell_cache,
            "quarantine": self._retry_quarantine,
            "release": self._note_release,
            **(more or {}),
        }

    async def answer(self, request: Mapping[str, Any], caller: str) -> Answer:
        """Carry out a request of `caller` (who it is by the system's own word) and answer it."""
        verb = self._verbs.get(str(request.get("do")))
        if verb is None:
            return {"ok": False, "text": f"`do` is one of: {', '.join(sorted(self._verbs))}"}
        try:
            return await verb(request, caller)
        except (RequestError, StorageError) as refusal:
            return {"ok": False, "text": str(refusal)}

    async def _tell_status(self, _: Mapping[str, Any], __: str) -> Answer:
        return {"ok": True, **self._status()}

    # --- lanes and counts ---

    async def _order_lane(self, request: Mapping[str, Any], caller: str) -> Answer:
        """Order one lane, or all of them where none is named."""
        is_one = request.get("lane") is not None
        lanes = [find_lane(self._lanes, request)] if is_one else list(self._lanes.values())
        order = ORDERS.get(str(request.get("order")))
        if order is None:
            raise RequestError(f"`order` is one of: {', '.join(ORDERS)}")
        if order is not Order.FREE and any(lane.state.in_fire for lane in lanes):
            raise RequestError("a fire input is on: it must end at the panel before the lane can")
        for lane in lanes:
            detail: dict[str, Json] = {"lane": lane.id, "order": str(order), **self._signed(caller)}
            if request.get("reason") is not None:
                detail["reason"] = sentence(request)
            audit = officer_audit("lane_ordered", detail)
            if order is Order.FREE:
                self._recorder.keep(audit)  # Letting people out does not wait for the disk.
            else:
                await record(self._recorder, audit)
            lane.order(order)
        return {"ok": True, "lanes": [lane.id for lane in lanes], "order": str(order)}

    async def _order_door(self, request: Mapping[str, Any], caller: str) -> Answer:
        door = self._door(request)
        detail: dict[str, Json] = {"door": door.id, **self._signed(caller)}
        match request.get("order"):
            case "allow":
                minutes = whole(request, "minutes", 1, DOOR_MINUTES_MAX)
                detail |= {"minutes": minutes, "reason": sentence(request)}
                await record(self._recorder, officer_audit("door_allowed", detail))
                door.allow(minutes * 60)
            case "watch":
                await record(self._recorder, officer_audit("door_watched", detail))
                door.watch()
            case _:
                raise RequestError("`order` is one of: allow, watch")
        return {"ok": True, "door": door.id, "state": str(door.state.state)}

    async def _set_count(self, request: Mapping[str, Any], caller: str) -> Answer:
        policy = self._gate.policy
        category = str(request.get("category") or "visitor")
        if category not in (*policy.categories, ANONYMOUS):
            raise RequestError(
                f"`category` is one of: {', '.join((*policy.categories, ANONYMOUS))}"
            )
        if request.get("by") is not None:
            return await self._change_count(request, caller, category)
        number = whole(request, "to", 0, PEOPLE_MAX)
        by_category, uncertain = read_counts(self._gate.cache.get)
        detail: dict[str, Json] = {
            "category": category,
            "from": by_category.get(category, 0),
            "to": number,
            "uncertain_from": uncertain,
            "reason": sentence(request),
            **self._signed(caller),
        }
        await record(self._recorder, officer_audit("count_set", detail))
        return {"ok": True, "category": category, "from": detail["from"], "to": number}

    async def _change_count(self, request: Mapping[str, Any], caller: str, category: str) -> Answer:
        """Count so many more or fewer; passages that are recorded meanwhile count too."""
        by = whole(request, "by", -CHANGE_MAX, CHANGE_MAX)
        before = read_counts(self._gate.cache.get)[0].get(category, 0)
        if before + by < 0:
            raise RequestError(f"by the records there are only {before} of {category} inside")
        detail: dict[str, Json] = {
            "category": category,
            "by": by,
            "reason": sentence(request),
            **self._signed(caller),
        }
        await record(self._recorder, officer_audit("count_changed", detail))
        return {"ok": True, "category": category, "by": by}

    async def _tell_cache(self, request: Mapping[str, Any], _: str) -> Answer:
        table = str(request.get("table"))
        if table not in (*TABLES, *RECEIVED):
            raise RequestError(f"`table` is one of: {', '.join((*TABLES, *RECEIVED))}")
        key = request.get("key")
        if key is not None:
            row = self._gate.cache.get(table, str(key))
            if row is None:
                raise RequestError(f"nothing in {table} under {key!r}")
            return {"ok": True, "row": dict(row)}
        rows = islice(self._gate.cache.items(table), ROWS_MAX)
        size = self._gate.cache.size(table)
        return {"ok": True, "size": size, "rows": {key: dict(row) for key, row in rows}}

    async def _retry_quarantine(self, _: Mapping[str, Any], caller: str) -> Answer:
        if self._retry_quarantined is None:
            raise RequestError("the settings name no [broker]: nothing is sent")
        count = self._retry_quarantined()
        self._recorder.keep(
            officer_audit("quarantine_retried", {"count": count, **self._signed(caller)})
        )
        return {"ok": True, "count": count}

    async def _erase(self, request: Mapping[str, Any], caller: str) -> Answer:
        """Take somebody out of all records and tables."""
        holder = find_holder(self._gate, request)
        erased = await self._erasure.erase(holder, caller)
        return {"ok": True, "holder": holder, **erased.document()}

    async def _note_release(self, request: Mapping[str, Any], caller: str) -> Answer:
        """Record what somebody does with traces and their codes; they wait for the answer."""
        fact = read_note(request, caller)
        if fact is None:
            raise RequestError(f"`action` is one of: {', '.join(NOTED)}, with its `detail`")
        await record(self._recorder, fact)
        return {"ok": True}

    def _signed(self, caller: str) -> dict[str, Json]:
        return signed(self._gate.cache, caller)

    def _door(self, request: Mapping[str, Any]) -> DoorShell:
        door = self._doors.get(DoorId(str(request.get("door"))))
        if door is None:
            known = f"`door` is one of: {', '.join(self._doors)}"
            raise RequestError(known if self._doors else "the settings name no [[doors]]")
        return door
