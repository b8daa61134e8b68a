"""Which events may be what the broker objects to, and when that is sure enough.

An event that was refused waits until all others had their turn. It is at fault only where the
broker takes others of its class meanwhile: rules that forbid a whole class are mended one day, and
its events wait for that. Behind a broker that hangs up, all that was in flight is suspected: each
receipt clears one, and who is left after three times is sent alone: in its place, and at last
after all others, where a receipt for any of them tells that it is not the line. While nothing at
all is taken, the broker hangs up at everything, and nobody is at fault.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from gatewayd.core.events import Event, EventClass, event_class
from gatewayd.runtime.quarantine import is_record

REFUSALS_MAX = 8  # With the waits between them, some two minutes: longer than a reload of rules.
HANG_UPS_MAX = 3  # A line breaks too; three times with the same event in flight is no accident.
LONE_HANG_UPS_MAX = 3  # The same when it was alone, so that a flapping line convicts nobody.
SUSPECTS_MAX = 1000  # Of a class that is refused as a whole; further ones are just sent again.
QUOTA_EXCEEDED = 0x97  # Passes by itself, and says nothing about the event.


@dataclass(slots=True)
class _Suspect:
    refusals: int = 0
    hang_ups: int = 0
    lone_hang_ups: int = 0
    taken_before: int = 0
    """How many of its class the broker had taken when it refused this one first."""
    all_taken_before: int = 0
    """How many of all classes it had taken when it hung up first."""

    @property
    def must_be_alone(self) -> bool:
        return self.hang_ups >= HANG_UPS_MAX


@dataclass(slots=True)
class Suspects:
    _suspects: dict[int, _Suspect] = field(default_factory=dict)
    _taken: Counter[EventClass] = field(default_factory=Counter)

    def is_held(self, seq: int) -> bool:
        """Tell whether an event waits for the others."""
        suspect = self._suspects.get(seq)
        return suspect is not None and (suspect.refusals > 0 or suspect.must_be_alone)

    def must_be_alone(self, seq: int) -> bool:
        return seq in self._suspects and self._suspects[seq].must_be_alone

    def held(self) -> list[int]:
        """Return those that wait for the others: what was refused after what was not."""
        return sorted(
            filter(self.is_held, self._suspects),
            key=lambda seq: (self._suspects[seq].refusals > 0, seq),
        )

    def keeps_its_place(self, seq: int) -> bool:
        """Tell whether it is tried alone, but where it stands: most lines just broke."""
        suspect = self._suspects.get(seq)
        return (
            suspect is not None
            and suspect.must_be_alone
            and suspect.refusals == 0
            and suspect.lone_hang_ups < LONE_HANG_UPS_MAX - 1
        )

    def forget(self, seq: int) -> None:
        self._suspects.pop(seq, None)

    def took(self, event: Event) -> None:
        self._taken[event_class(event.fact)] += 1
        self.forget(event.seq)

    def refused(self, event: Event, code: int) -> str | None:
        """Count a refusal; return why the event belongs into quarantine, if it does."""
        taken = self._taken[event_class(event.fact)]
        suspect = self._suspects.get(event.seq)
        if suspect is None:
            if len(self._suspects) >= SUSPECTS_MAX:
                return None
            suspect = self._suspects[event.seq] = _Suspect()
        if suspect.refusals == 0:
            suspect.taken_before = taken
        suspect.refusals += 1
        is_at_fault = suspect.refusals >= REFUSALS_MAX and taken > suspect.taken_before
        if not is_at_fault or code == QUOTA_EXCEEDED:
            return None
        return f"refused {suspect.refusals} times, with code 0x{code:02x}"

    def hung_up(self, in_flight: Iterable[Event]) -> str | None:
        """Count a hang-up; return why the one that was alone belongs into quarantine, if it does.

        in_flight: the events without an answer; one that had to be alone was.
        """
        taken = self._taken.total()
        for event in in_flight:
            suspect = self._suspects.setdefault(event.seq, _Suspect(all_taken_before=taken))
            if not suspect.must_be_alone:
                suspect.hang_ups += 1
                continue
            suspect.lone_hang_ups += 1
            is_sure = suspect.lone_hang_ups >= LONE_HANG_UPS_MAX
            # A record of the quarantine stays out of it, or each would bring the next.
            if is_sure and taken > suspect.all_taken_before and not is_record(event):
                times = suspect.hang_ups + suspect.lone_hang_ups
                return f"the broker hung up {times} times when it was sent"
        return None
