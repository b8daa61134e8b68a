"""What an officer or a technician may ask of the running gateway, and its answers.

A request is a JSON object with `do` and the arguments of that; an answer has `ok`, and `text` for
people where it is no. What changes something is journaled before it is done, like every verdict;
only freeing a lane does not wait for the disk.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from typing import Any, TypeVar

from gatewayd.core.credential import Attested
from gatewayd.core.events import Access, AccessOutcome, Audit, AuditSubject, Event, Fact
from gatewayd.core.lane_terms import Order
from gatewayd.core.passes import BADGES_MAX
from gatewayd.core.policy import ANONYMOUS, PEOPLE_MAX
from gatewayd.core.projection import HOLDERS, REFERRALS, TABLES, Document, read_counts
from gatewayd.core.pseudonym import Namespace
from gatewayd.core.reasons import Locale, Reason, text
from gatewayd.core.spelling import EXPECTED_CATEGORY, is_category
from gatewayd.core.words import Direction, DoorId, HolderId, Json, LaneId
from gatewayd.runtime.doors import DoorShell
from gatewayd.runtime.gate import OFFICER, REFERRALS_MAX, Admission, Gate
from gatewayd.runtime.lane import LaneShell
from gatewayd.runtime.recorder import Recorder

T = TypeVar("T")

Answer = dict[str, Json]

GROUP_MAX = 60  # A coach; more is a mistake, and each of them is let through one by one.
DOOR_MINUTES_MAX = 480  # A working day; a door that stays open for longer is a gate.
REASON_SIZE_MAX = 200  # A sentence. It stays in the journal and goes to the centre.
ROWS_MAX = 1000  # Of a table, in one answer.

ORDERS = {"free": Order.FREE, "lock": Order.EXIT_ONLY, "resume": Order.NORMAL}


class RequestError(Exception):
    """The request cannot be carried out; the message says why and what to do."""


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
        retry_quarantined: Callable[[], int] | None = None,
    ) -> None:
        """Take all that can be asked for; without a centre there is no quarantine to retry."""
        self._lanes = lanes
        self._doors = doors
        self._gate = gate
        self._recorder = recorder
        self._status = status
        self._locale = locale
        self._retry_quarantined = retry_quarantined
        self._settling: set[int] = set()
        self._verbs: Mapping[str, Callable[[Mapping[str, Any], str], Awaitable[Answer]]] = {
            "status": self._tell_status,
            "admit": self._admit,
            "refuse": self._refuse,
            "referrals": self._tell_referrals,
            "lane": self._order_lane,
            "door": self._order_door,
            "count": self._set_count,
            "forgive": self._forgive,
            "cache": self._tell_cache,
            "quarantine": self._retry_quarantine,
        }

    async def answer(self, request: Mapping[str, Any], caller: str) -> Answer:
        """Carry out a request of `caller` (who it is by the system's own word) and answer it."""
        verb = self._verbs.get(str(request.get("do")))
        if verb is None:
            return {"ok": False, "text": f"`do` is one of: {', '.join(sorted(self._verbs))}"}
        try:
            return await verb(request, caller)
        except RequestError as refusal:
            return {"ok": False, "text": str(refusal)}

    async def _tell_status(self, _: Mapping[str, Any], __: str) -> Answer:
        return {"ok": True, **self._status()}

    # --- admissions ---

    async def _admit(self, request: Mapping[str, Any], caller: str) -> Answer:
        if request.get("referral") is not None:
            return await self._settle(
                _whole(request, "referral", 1, REFERRALS_MAX), request, caller
            )
        lane = self._lane(request)
        count = _whole(request, "count", 1, GROUP_MAX, default=1)
        category = str(request.get("category") or "visitor")
        attested = self._attested(request, caller, category, _sentence(request))
        badge = None
        if request.get("badge") is not None:
            badge = _whole(request, "badge", 1, BADGES_MAX)
            if count > 1:
                raise RequestError("a badge is for one guest: leave `count` out")
        for admitted in range(count):
            fact = await self._ask(lane, Admission(attested, badge=badge))
            if fact.outcome is not AccessOutcome.ADMITTED:
                return {**self._no(fact), "admitted": admitted}
        return {"ok": True, "admitted": count}

    async def _settle(self, number: int, request: Mapping[str, Any], caller: str) -> Answer:
        number, row = self._referral(number)
        lane = self._lane({"lane": request.get("lane") or row["lane"]})
        category, reason = (
            str(row["category"] or "visitor"),
            str(request.get("reason") or "referral"),
        )
        attested = self._attested(request, caller, category, reason)
        self._settling.add(number)
        try:
            fact = await self._ask(lane, Admission(attested, number))
        finally:
            self._settling.discard(number)
        if fact.outcome is AccessOutcome.ADMITTED:
            return {"ok": True, "admitted": 1, "referral": number}
        return {**self._no(fact), "referral": number}

    def _attested(
        self, request: Mapping[str, Any], caller: str, category: str, reason: str
    ) -> Attested:
        purpose, origin = request.get("purpose"), request.get("origin")
        purposes = self._gate.policy.purposes
        if purpose is not None and purpose not in purposes:
            known = f"`purpose` is one of: {', '.join(purposes)}"
            raise RequestError(known if purposes else "the policy names no `purposes`")
        if origin is not None and not is_category(str(origin)):
            raise RequestError(f"`origin` is a region: {EXPECTED_CATEGORY}")
        return Attested(
            officer=caller,
            reason=reason,
            category=category,
            healthy=request.get("healthy") is True,
            protocol=request.get("protocol") is True,
            purpose=None if purpose is None else str(purpose),
            origin=None if origin is None else str(origin),
            certificate=request.get("certificate") is True,
        )

    async def _ask(self, lane: LaneShell, admission: Admission) -> Access:
        answered: asyncio.Future[Access | None] = asyncio.get_running_loop().create_future()
        lane.admit(admission, _setter(answered))
        fact = await answered
        if fact is None:
            raise RequestError(text(Reason.RECORD_FAILED, self._locale))
        return fact

    def _no(self, fact: Access) -> Answer:
        reason = Reason(fact.reason)
        answer: Answer = {"ok": False, "reason": fact.reason, "text": text(reason, self._locale)}
        if reason is Reason.ATTESTATION_INCOMPLETE:
            answer["required"] = list[Json](self._gate.policy.attestation_required)
        return answer

    async def _refuse(self, request: Mapping[str, Any], caller: str) -> Answer:
        number, row = self._referral(_whole(request, "referral", 1, REFERRALS_MAX))
        holder, category = row["holder"], row["category"]
        fact = Access(
            outcome=AccessOutcome.REFUSED,
            lane=LaneId(str(row["lane"])),
            direction=Direction.ENTRY,
            reason=Reason.OFFICER_REFUSED,
            source=OFFICER,
            kind=str(row["kind"]),
            holder=None if holder is None else HolderId(str(holder)),
            category=None if category is None else str(category),
            referral=number,
            attestation={"officer": caller, "reason": _sentence(request)},
            policy=self._gate.policy.versions,
        )
        await self._record(fact)
        return {"ok": True, "referral": number}

    async def _tell_referrals(self, _: Mapping[str, Any], __: str) -> Answer:
        rows = self._gate.cache.items(REFERRALS)
        return {"ok": True, "referrals": [{"referral": int(key), **row} for key, row in rows]}

    def _referral(self, number: int) -> tuple[int, Document]:
        row = self._gate.cache.get(REFERRALS, str(number))
        if row is None or number in self._settling:
            raise RequestError(f"no referral {number} is open; see `gatewayd referral list`")
        return number, row

    # --- lanes and counts ---

    async def _order_lane(self, request: Mapping[str, Any], caller: str) -> Answer:
        lane = self._lane(request)
        order = ORDERS.get(str(request.get("order")))
        if order is None:
            raise RequestError(f"`order` is one of: {', '.join(ORDERS)}")
        if order is not Order.FREE and lane.state.in_fire:
            raise RequestError("a fire input is on: it must end at the panel before the lane can")
        detail: dict[str, Json] = {"lane": lane.id, "order": str(order), "officer": caller}
        audit = Audit(subject=AuditSubject.OFFICER, action="lane_ordered", detail=detail)
        if order is Order.FREE:
            self._recorder.keep(audit)  # Letting people out does not wait for the disk.
        else:
            await self._record(audit)
        lane.order(order)
        return {"ok": True, "lane": lane.id, "order": str(order)}

    async def _order_door(self, request: Mapping[str, Any], caller: str) -> Answer:
        door = self._door(request)
        detail: dict[str, Json] = {"door": door.id, "officer": caller}
        match request.get("order"):
            case "allow":
                minutes = _whole(request, "minutes", 1, DOOR_MINUTES_MAX)
                detail |= {"minutes": minutes, "reason": _sentence(request)}
                await self._record(_officer("door_allowed", detail))
                door.allow(minutes * 60)
            case "watch":
                await self._record(_officer("door_watched", detail))
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
        number = _whole(request, "to", 0, PEOPLE_MAX)
        by_category, uncertain = read_counts(self._gate.cache.get)
        detail: dict[str, Json] = {
            "category": category,
            "from": by_category.get(category, 0),
            "to": number,
            "uncertain_from": uncertain,
            "reason": _sentence(request),
            "officer": caller,
        }
        await self._record(Audit(subject=AuditSubject.OFFICER, action="count_set", detail=detail))
        return {"ok": True, "category": category, "from": detail["from"], "to": number}

    async def _forgive(self, request: Mapping[str, Any], caller: str) -> Answer:
        """Take somebody for outside: their id is turned into the pseudonym here and forgotten."""
        person = str(request.get("id") or "")
        holder = HolderId(str(request.get("holder") or ""))
        if bool(person) == bool(holder):
            raise RequestError("give `id`, a person's id, or `holder`, a pseudonym of the records")
        if person:
            holder = self._gate.knowledge.pseudonyms.of(Namespace.PERSON, person)
        row = self._gate.cache.get(HOLDERS, holder)
        if row is None or row.get("inside_since") is None:
            raise RequestError("by the records this person is not inside")
        detail: dict[str, Json] = {
            "holder": holder,
            "inside_since": row["inside_since"],
            "reason": _sentence(request),
            "officer": caller,
        }
        await self._record(_officer("forgiven", detail))
        return {"ok": True, "holder": holder}

    async def _tell_cache(self, request: Mapping[str, Any], _: str) -> Answer:
        table = str(request.get("table"))
        if table not in TABLES:
            raise RequestError(f"`table` is one of: {', '.join(TABLES)}")
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
        self._recorder.keep(_officer("quarantine_retried", {"count": count, "officer": caller}))
        return {"ok": True, "count": count}

    # --- arguments ---

    def _lane(self, request: Mapping[str, Any]) -> LaneShell:
        lane = self._lanes.get(LaneId(str(request.get("lane"))))
        if lane is None:
            raise RequestError(f"`lane` is one of: {', '.join(self._lanes)}")
        return lane

    def _door(self, request: Mapping[str, Any]) -> DoorShell:
        door = self._doors.get(DoorId(str(request.get("door"))))
        if door is None:
            known = f"`door` is one of: {', '.join(self._doors)}"
            raise RequestError(known if self._doors else "the settings name no [[doors]]")
        return door

    async def _record(self, fact: Fact) -> None:
        done: asyncio.Future[Event | None] = asyncio.get_running_loop().create_future()
        self._recorder.verdict(fact, _setter(done))
        if await done is None:
            raise RequestError(f"not done, since it cannot be recorded: {self._recorder.refusal}")


def _officer(action: str, detail: dict[str, Json]) -> Audit:
    return Audit(subject=AuditSubject.OFFICER, action=action, detail=detail)


def _setter(future: asyncio.Future[T]) -> Callable[[T], None]:
    """Return what resolves the future, unless whoever waited for it has gone."""

    def resolve(value: T) -> None:
        if not future.done():
            future.set_result(value)

    return resolve


def _whole(
    request: Mapping[str, Any], key: str, least: int, most: int, default: int | None = None
) -> int:
    value = request.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RequestError(f"`{key}` is a whole number from {least} to {most}")
    return value


def _sentence(request: Mapping[str, Any]) -> str:
    reason = str(request.get("reason") or "").strip()
    if not reason or len(reason) > REASON_SIZE_MAX:
        raise RequestError(
            f"`reason` says why, in up to {REASON_SIZE_MAX} characters; no names in it"
        )
    return reason
