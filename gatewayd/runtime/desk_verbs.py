"""What only the officer's desk asks for: the terms of an admission, and a note for the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatewayd.core.passes import BADGES_MAX
from gatewayd.core.policy import ANONYMOUS
from gatewayd.core.words import Json
from gatewayd.runtime.admissions import GROUP_MAX
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import (
    REASON_SIZE_MAX,
    Answer,
    RequestError,
    Verb,
    officer_audit,
    record,
    signed,
)


@dataclass(frozen=True, slots=True)
class DeskVerbs:
    """shows_category: bystanders may read on the screen what somebody is here as."""

    gate: Gate
    recorder: Recorder
    shows_category: bool

    @property
    def verbs(self) -> Mapping[str, Verb]:
        return {"terms": self._tell_terms, "hand_over": self._hand_over}

    async def _tell_terms(self, _: Mapping[str, Any], __: str) -> Answer:
        """Tell what the policy asks of those who admit by hand, and offers them to choose from."""
        policy = self.gate.policy
        region = policy.region_test
        return {
            "ok": True,
            "policy": list[Json](policy.versions),
            "required": list[Json](policy.attestation_required),
            "purposes": list[Json](policy.purposes),
            "categories": list[Json](policy.categories),
            "staff": list[Json](policy.staff_categories),
            "anonymous": ANONYMOUS,
            "origins": list[Json](() if region is None else region.regions),
            "group_max": GROUP_MAX,
            "badge_max": BADGES_MAX,
            "referral_minutes": policy.officer.referral_minutes,
            "shift_hours": policy.officer.shift_hours,
            "alarm_percents": list[Json](policy.capacity.alarm_percents),
            "show_category": self.shows_category,
        }

    async def _hand_over(self, request: Mapping[str, Any], caller: str) -> Answer:
        """Leave a note for whoever is on duty next; an empty one takes the last away."""
        note = str(request.get("note") or "").strip()
        if len(note) > REASON_SIZE_MAX:
            raise RequestError(f"`note` has up to {REASON_SIZE_MAX} characters; no names in it")
        detail: dict[str, Json] = {"note": note, **signed(self.gate.cache, caller)}
        await record(self.recorder, officer_audit("handed_over", detail))
        return {"ok": True}
