"""Traces asked for at a page: released by the codes of two people, recorded, and only then told."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from gatewayd.app.desk_reading import Reading, drafts
from gatewayd.app.errors import EarlyEnd, told_plainly
from gatewayd.app.people import badges_of
from gatewayd.app.release_codes import ReleaseCodes
from gatewayd.app.tracing import REFUSALS, Released, is_of_a_stay, noted
from gatewayd.core.passes import BADGES_MAX, badge_subject
from gatewayd.core.pseudonym import PSEUDONYM, Namespace
from gatewayd.core.release import CODE_LENGTH_MAX, read_note
from gatewayd.core.stays import Sights
from gatewayd.core.tracing import Question, trace
from gatewayd.core.words import HolderId, Json
from gatewayd.ports import Clock
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import Answer, RequestError, record, whole

DAYS_MAX = 90  # Records are not kept longer than that, received or not.
PERSON_SIZE_MAX = 64


class Traces:
    def __init__(
        self, gate: Gate, reading: Reading, codes: ReleaseCodes, recorder: Recorder, clock: Clock
    ) -> None:
        self._gate = gate
        self._reading = reading
        self._codes = codes
        self._recorder = recorder
        self._clock = clock

    async def tell(self, request: Mapping[str, Any], caller: str) -> Answer:
        """Carry out the request `trace`, if `codes` are those of two people."""
        given = _codes(request)
        pseudonyms = self._gate.knowledge.pseudonyms
        badges = await self._reading.run(partial(badges_of, pseudonyms))
        question = self._question(request, badges)
        told = noted(question)
        labels = await self._reading.run(partial(self._released, given))
        if isinstance(labels, str):
            await self._note("trace_refused", {**told, "reason": labels}, caller)
            raise RequestError(REFUSALS[labels])
        sights = Sights()
        await self._reading.fold(drafts(sights.fold, is_of_a_stay))
        zone = self._gate.policy.zone

        def answered() -> Released:
            answer = trace(question, sights.attendance(question.ends), zone)
            return Released(question, answer, labels, badges, zone)

        found = await self._reading.run(answered)
        count = len(found.answer.contacts)
        names = list[Json](labels)
        await self._note("trace_released", {**told, "labels": names, "found": count}, caller)
        return {"ok": True, **found.document()}

    def _question(self, request: Mapping[str, Any], badges: Mapping[HolderId, int]) -> Question:
        now = self._clock.utc()
        return Question(
            self._holder(request),
            now - timedelta(days=whole(request, "days", 1, DAYS_MAX, 14)),
            now,
            timedelta(minutes=whole(request, "minutes", 1, 24 * 60, 15)),
            whole(request, "generations", 1, 2, 1),
            badges,
        )

    def _holder(self, request: Mapping[str, Any]) -> HolderId:
        """Return whom it is for: by their id, which is not kept, a badge, or a pseudonym."""
        pseudonyms = self._gate.knowledge.pseudonyms
        match request:
            case {"id": str(person)} if 0 < len(person.strip()) <= PERSON_SIZE_MAX:
                return pseudonyms.of(Namespace.PERSON, person.strip())
            case {"badge": int(number)} if 1 <= number <= BADGES_MAX:
                return pseudonyms.of(Namespace.PERSON, badge_subject(number))
            case {"holder": str(holder)} if PSEUDONYM.fullmatch(holder):
                return HolderId(holder)
            case _:
                raise RequestError("give `id`, a person's id, or the number of a `badge`")

    def _released(self, given: list[str]) -> tuple[str, str] | str:
        try:
            with told_plainly():
                return self._codes.release(given, self._clock.utc())
        except (EarlyEnd, OSError) as error:
            raise RequestError(str(error)) from error

    async def _note(self, action: str, detail: Mapping[str, Json], caller: str) -> None:
        fact = read_note({"action": action, "detail": dict(detail)}, caller)
        assert fact is not None, "what we note is of the kind that is noted"
        await record(self._recorder, fact)


def _codes(request: Mapping[str, Any]) -> list[str]:
    codes = request.get("codes")
    if not isinstance(codes, list) or len(codes) != 2:
        raise RequestError("`codes` are the codes of two people")
    given = [str(code).strip() for code in codes]
    if not all(0 < len(code) <= CODE_LENGTH_MAX for code in given):
        raise RequestError("both people type in their code")
    return given
