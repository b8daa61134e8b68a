"""Guests and referred people: whom the officer lets in or turns away, through the lanes."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from gatewayd.core.credential import Attested
from gatewayd.core.duty import CENTRE, find_session, read_sessions
from gatewayd.core.events import OFFICER, Access, AccessOutcome
from gatewayd.core.folded import OFFICERS, REFERRALS, Document
from gatewayd.core.passes import BADGES_MAX
from gatewayd.core.reasons import Locale, Reason, text
from gatewayd.core.spelling import EXPECTED_CATEGORY, is_category
from gatewayd.core.words import Json, LaneId
from gatewayd.runtime.asked import Admission
from gatewayd.runtime.gate import REFERRALS_MAX, Gate
from gatewayd.runtime.lane import OFFICER_WAITS_MS, SCAN_WAITS_MS, LaneShell
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.referrals import settle_by_refusal
from gatewayd.runtime.requests import (
    Answer,
    RequestError,
    Verb,
    find_lane,
    record,
    sentence,
    setter,
    signed,
    whole,
)

GROUP_MAX = 60  # A coach; more is a mistake, and each of them is let through one by one.


class Admissions:
    def __init__(
        self,
        lanes: Mapping[LaneId, LaneShell],
        gate: Gate,
        recorder: Recorder,
        locale: Locale,
    ) -> None:
        self._lanes = lanes
        self._gate = gate
        self._recorder = recorder
        self._locale = locale
        self.verbs: Mapping[str, Verb] = {
            "admit": self._admit,
            "refuse": self._refuse,
            "referrals": self._tell_referrals,
        }

    async def _admit(self, request: Mapping[str, Any], caller: str) -> Answer:
        if request.get("referral") is not None:
            return await self._settle(whole(request, "referral", 1, REFERRALS_MAX), request, caller)
        lane = find_lane(self._lanes, request)
        count = whole(request, "count", 1, GROUP_MAX, default=1)
        category = str(request.get("category") or "visitor")
        attested = self._attested(request, caller, category, sentence(request))
        badges = _badges(request)
        if badges and count not in (1, len(badges)):
            raise RequestError("a badge is for one guest: leave `count` out, or give one to each")
        for admitted, badge in enumerate(badges or [None] * count):
            fact = await self._ask(lane, Admission(attested, badge=badge), caller)
            if fact.outcome is not AccessOutcome.ADMITTED:
                return {**self._no(fact), "admitted": admitted}
        return {"ok": True, "admitted": len(badges) or count}

    async def _settle(self, number: int, request: Mapping[str, Any], caller: str) -> Answer:
        with self._referral(number) as row:
            lane = find_lane(self._lanes, {"lane": request.get("lane") or row["lane"]})
            category = str(row["category"] or "visitor")
            reason = str(request.get("reason") or "referral")
            attested = self._attested(request, caller, category, reason)
            fact = await self._ask(lane, Admission(attested, number), caller)
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
        session = find_session(read_sessions(self._gate.cache.items(OFFICERS)), caller)
        return Attested(
            officer=caller if session is None else session.officer,
            caller=None if session is None else caller,
            is_on_duty=session is not None or caller.startswith(CENTRE),
            reason=reason,
            category=category,
            healthy=request.get("healthy") is True,
            protocol=request.get("protocol") is True,
            purpose=None if purpose is None else str(purpose),
            origin=None if origin is None else str(origin),
            certificate=request.get("certificate") is True,
        )

    async def _ask(self, lane: LaneShell, admission: Admission, caller: str) -> Access:
        answered: asyncio.Future[Access | None] = asyncio.get_running_loop().create_future()
        # A centre that sees nobody is not to open long after it said so.
        wait_ms = SCAN_WAITS_MS if caller.startswith(CENTRE) else OFFICER_WAITS_MS
        lane.admit(admission, setter(answered), wait_ms)
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
        number = whole(request, "referral", 1, REFERRALS_MAX)
        with self._referral(number) as row:
            lapsed = settle_by_refusal(self._gate, number, row)
            word = {**signed(self._gate.cache, caller), "reason": sentence(request)}
            fact = replace(lapsed, reason=Reason.OFFICER_REFUSED, source=OFFICER, attestation=word)
            await record(self._recorder, fact)
        return {"ok": True, "referral": number}

    async def _tell_referrals(self, _: Mapping[str, Any], __: str) -> Answer:
        rows = self._gate.cache.items(REFERRALS)
        return {"ok": True, "referrals": [{"referral": int(key), **row} for key, row in rows]}

    @contextmanager
    def _referral(self, number: int) -> Iterator[Document]:
        """Hold an open referral, so that it is settled once only."""
        row = self._gate.claim_referral(number)
        if row is None:
            raise RequestError(f"no referral {number} is open; see `gatewayd referral list`")
        try:
            yield row
        finally:
            self._gate.release_referral(number)


def _badges(request: Mapping[str, Any]) -> list[int]:
    """Read the numbers of the badges that are given out: one, a list, or none."""
    given = request.get("badge")
    listed = given if isinstance(given, list) else [] if given is None else [given]
    badges = [whole({"badge": one}, "badge", 1, BADGES_MAX) for one in listed]
    if len(badges) > GROUP_MAX or len(set(badges)) < len(badges):
        raise RequestError(f"`badge` is a number, or up to {GROUP_MAX} different ones")
    return badges
