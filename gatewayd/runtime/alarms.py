"""Alarms: raised once, cleared once, remembered over a restart."""

import logging
from collections.abc import Mapping

from gatewayd.core.events import Alarm, AlarmOutcome
from gatewayd.core.projection import ALARMS, alarm_key
from gatewayd.core.words import Json
from gatewayd.ports import Cache
from gatewayd.runtime.recorder import Recorder

log = logging.getLogger(__name__)


class Alarms:
    def __init__(self, cache: Cache, recorder: Recorder) -> None:
        self._active = {key for key, _ in cache.items(ALARMS)}
        self._recorder = recorder

    def raise_(self, alarm: str, subject: str, detail: Mapping[str, Json] | None = None) -> None:
        self._change(AlarmOutcome.RAISED, alarm, subject, detail or {})

    def clear(self, alarm: str, subject: str) -> None:
        self._change(AlarmOutcome.CLEARED, alarm, subject, {})

    def active(self) -> list[str]:
        """Return `alarm/subject` of all that are raised, sorted."""
        return sorted(self._active)

    def _change(
        self, outcome: AlarmOutcome, alarm: str, subject: str, detail: Mapping[str, Json]
    ) -> None:
        key = alarm_key(alarm, subject)
        is_raised = outcome is AlarmOutcome.RAISED
        if is_raised == (key in self._active):
            return
        if is_raised:
            self._active.add(key)
        else:
            self._active.discard(key)
        level = logging.WARNING if is_raised else logging.INFO
        fields = {"alarm": alarm, "subject": subject, **detail}
        log.log(level, "alarm_%s", outcome, extra={"fields": fields})
        self._recorder.keep(
            Alarm(outcome=outcome, alarm=alarm, subject=subject, detail=dict(detail))
        )
