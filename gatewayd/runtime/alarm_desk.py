"""Alarms for people: what stands, since when, who has seen it; and saying that one saw it."""

from collections.abc import Mapping
from typing import Any

from gatewayd.core.alarm_texts import alarm_text
from gatewayd.core.events import Alarm, AlarmOutcome
from gatewayd.core.folded import ALARMS, alarm_key
from gatewayd.core.reasons import Locale
from gatewayd.core.words import Json
from gatewayd.ports import Cache
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.requests import REASON_SIZE_MAX, Answer, RequestError, Verb, record, signed


class AlarmDesk:
    def __init__(self, alarms: Alarms, cache: Cache, recorder: Recorder) -> None:
        self._alarms = alarms
        self._cache = cache
        self._recorder = recorder
        self.verbs: Mapping[str, Verb] = {"alarm_acknowledge": self._acknowledge}

    def rows(self) -> list[Json]:
        """Return what is raised, as it is on disk: with `seen` (by whom, when) if it is."""
        told: list[Json] = []
        for key in self._alarms.active():
            alarm, _, subject = key.partition("/")
            row = self._cache.get(ALARMS, key) or {}
            texts = {str(locale): _text(alarm, locale) for locale in Locale}
            told.append({"alarm": alarm, "subject": subject, **row, "text": texts})
        return told

    async def _acknowledge(self, request: Mapping[str, Any], caller: str) -> Answer:
        """Record who saw an alarm that stands; it stands until its cause is gone."""
        alarm, subject = str(request.get("alarm")), str(request.get("subject"))
        row = self._cache.get(ALARMS, alarm_key(alarm, subject))
        if row is None:
            raise RequestError(f"there is no alarm {alarm} of {subject}: it may be over by now")
        note = str(request.get("note") or "").strip()
        if len(note) > REASON_SIZE_MAX:
            raise RequestError(f"`note` has up to {REASON_SIZE_MAX} characters; no names in it")
        detail: dict[str, Json] = {
            **signed(self._cache, caller),
            **({"note": note} if note else {}),
        }
        seen = AlarmOutcome.ACKNOWLEDGED
        await record(
            self._recorder, Alarm(outcome=seen, alarm=alarm, subject=subject, detail=detail)
        )
        return {"ok": True, "alarm": alarm, "subject": subject, "seen": detail}


def _text(alarm: str, locale: Locale) -> Json:
    text = alarm_text(alarm, locale)
    return {"title": text.title, "instruction": text.instruction}
