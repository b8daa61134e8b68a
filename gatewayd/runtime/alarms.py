"""Alarms: raised once, cleared once, remembered over a restart."""

import logging
from collections.abc import Container, Mapping

from gatewayd.core.events import Alarm, AlarmOutcome
from gatewayd.core.folded import ALARMS, alarm_key
from gatewayd.core.words import Json
from gatewayd.ports import Cache
from gatewayd.runtime import recorder
from gatewayd.runtime.recorder import Recorder

log = logging.getLogger(__name__)

END_WITH_RUN = frozenset({recorder.ALARM, "journal_damaged", "passage_stuck", "part_failed"})
"""What only the run that raised them would clear; all others are found out anew."""

OF_DEVICES = frozenset({"link_lost", "turnstile_fault", "fire", "one_gate_broken"})
"""What only the device can end that it is told of: a lane's turnstile, a reader, a door."""


class Alarms:
    def __init__(self, cache: Cache, recorder: Recorder) -> None:
        self._active = {key for key, _ in cache.items(ALARMS)}
        self._recorder = recorder

    def raise_(self, alarm: str, subject: str, detail: Mapping[str, Json] | None = None) -> None:
        self._change(AlarmOutcome.RAISED, alarm, subject, detail or {})

    def clear(self, alarm: str, subject: str) -> None:
        self._change(AlarmOutcome.CLEARED, alarm, subject, {})

    def end_earlier_runs(self) -> None:
        """Clear what a run that was killed left behind."""
        for alarm, subject in self._pairs():
            if alarm in END_WITH_RUN:
                self.clear(alarm, subject)

    def end_removed(self, devices: Container[str]) -> None:
        """Clear what was told of devices that are not among these any more."""
        for alarm, subject in self._pairs():
            if alarm in OF_DEVICES and subject not in devices:
                self.clear(alarm, subject)

    def active(self) -> list[str]:
        """Return `alarm/subject` of all that are raised, sorted."""
        # The recorder raises its own on the disk that refuses it, so it is on no disk yet.
        is_refused = self._recorder.refusal is not None
        refused = {alarm_key(recorder.ALARM, "gateway")} if is_refused else set()
        return sorted(self._active | refused)

    def _pairs(self) -> list[tuple[str, str]]:
        parts = (key.partition("/") for key in self.active())
        return [(alarm, subject) for alarm, _, subject in parts]

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
