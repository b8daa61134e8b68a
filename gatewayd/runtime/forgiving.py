"""Forgiving: takes somebody for outside who, by the records, is still inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from gatewayd.core.events import Access
from gatewayd.core.folded import HOLDERS
from gatewayd.core.reasons import Reason
from gatewayd.core.words import HolderId, Json
from gatewayd.ports import Blocking, Journal
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import (
    Answer,
    RequestError,
    Verb,
    find_holder,
    officer_audit,
    record,
    sentence,
    signed,
)


@dataclass(frozen=True, slots=True)
class Forgiving:
    """Whoever is meant is named by an id, a pseudonym, or the event that refused them.

    Pages know nobody's pseudonym: they name the event, and no pseudonym is in the answer.
    """

    gate: Gate
    recorder: Recorder
    journal: Journal
    blocking: Blocking

    @property
    def verbs(self) -> Mapping[str, Verb]:
        return {"forgive": self._forgive}

    async def _forgive(self, request: Mapping[str, Any], caller: str) -> Answer:
        event = request.get("event")
        holder = (
            find_holder(self.gate, request) if event is None else await self._refused(str(event))
        )
        row = self.gate.cache.get(HOLDERS, holder)
        if row is None or row.get("inside_since") is None:
            raise RequestError("by the records this person is not inside")
        detail: dict[str, Json] = {
            "holder": holder,
            "inside_since": row["inside_since"],
            "reason": sentence(request),
            **signed(self.gate.cache, caller),
        }
        await record(self.recorder, officer_audit("forgiven", detail))
        return {"ok": True, **({"holder": holder} if event is None else {})}

    async def _refused(self, event_id: str) -> HolderId:
        """Return whom an event refused since they are inside. Raises RequestError."""
        epoch, _, number = event_id.rpartition("-")
        is_ours = epoch == self.journal.epoch and number.isascii() and number.isdigit()
        seq = int(number[:18]) if is_ours else 0
        found = await self.blocking.run(partial(self.journal.read, seq - 1, 1)) if seq else []
        fact = found[0].fact if found and found[0].seq == seq else None
        if isinstance(fact, Access) and fact.reason == Reason.ALREADY_INSIDE and fact.holder:
            return fact.holder
        raise RequestError("`event` is the id of a refusal of somebody who was inside already")
