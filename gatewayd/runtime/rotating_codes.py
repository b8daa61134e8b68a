"""The rotating codes that were held up lately, as far as no table knows of them (yet)."""

from dataclasses import dataclass

from gatewayd.core.reasons import Reason
from gatewayd.core.rotating import WRONG_MAX, CodeFound, CodeUse
from gatewayd.core.words import ClockQuality, HolderId
from gatewayd.ports import Clock

FORGOTTEN_AFTER_S = 600.0
"""So long after somebody's last code: by then none of theirs counts any more, and its record is on
disk. Who tries wrong ones has 5 in 10 minutes; to find one of the three in a million that count
they must stand at the gate for most of a year, day and night, for an even chance."""


@dataclass(frozen=True, slots=True)
class _Held:
    """step: the newest that was used. at_s: monotonic time of the last code that was looked at."""

    at_s: float
    step: int | None = None
    wrong_count: int = 0


class RotatingCodes:
    """One for each gate: what one lane has seen counts at the others at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[HolderId, _Held] = {}
        """At most as many as have a secret in a roster."""

    def use(self, holder: HolderId, recorded_step: int | None) -> CodeUse:
        """Return what is known of a holder's codes; `recorded_step`: the newest in the tables."""
        self._forget()
        held = self._held.get(holder, _Held(0.0))
        return CodeUse(
            used_step=recorded_step if held.step is None else held.step,
            wrong_count=held.wrong_count,
            is_clock_known=self._clock.quality() is not ClockQuality.UNSYNCED,
        )

    def held_up(self, holder: HolderId, found: CodeFound) -> None:
        """Remember what somebody's code came to."""
        now_s = self._clock.monotonic()
        held = self._held.get(holder, _Held(now_s))
        if found.step is not None:
            self._held[holder] = _Held(now_s, found.step)
        elif found.reason is Reason.CODE_WRONG and held.wrong_count < WRONG_MAX:
            self._held[holder] = _Held(now_s, held.step, held.wrong_count + 1)

    def _forget(self) -> None:
        before_s = self._clock.monotonic() - FORGOTTEN_AFTER_S
        self._held = {one: held for one, held in self._held.items() if held.at_s > before_s}
