"""The events of this run that are still news, in order, for as long as they are."""

from collections import deque
from collections.abc import Callable, Sequence

from gatewayd.core.events import Event
from gatewayd.ports import Clock

LIVE_S_MAX = 10.0  # Older news is history, and goes the way of the backfill.
LIVE_COUNT_MAX = 1000  # Far more than a gate makes in that time.


class LiveQueue:
    """Everything below `floor` that was not taken from here is left to the backfill."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[Event] = deque()
        self._taken: deque[Event] = deque()
        self.has_dropped = False
        """Some grew too old here; whoever looks sets it back."""

    @property
    def floor(self) -> int | None:
        """Return the lowest seq that may still be taken from here."""
        return self._waiting[0].seq if self._waiting else None

    def add(self, events: Sequence[Event]) -> None:
        self._waiting.extend(events)
        self._drop_old()

    def rewind(self, is_open: Callable[[int], bool]) -> None:
        """Begin anew after a reconnect with all that is still news and has no receipt."""
        again = [event for event in (*self._taken, *self._waiting) if is_open(event.seq)]
        self._taken.clear()
        self._waiting = deque(again)
        self._drop_old()

    def take(self) -> Event | None:
        """Return the next one, or None."""
        self._drop_old()
        if not self._waiting:
            return None
        event = self._waiting.popleft()
        self._taken.append(event)
        return event

    def _drop_old(self) -> None:
        old_s = self._clock.monotonic() - LIVE_S_MAX
        for queue in (self._taken, self._waiting):
            while queue and (queue[0].appended_s < old_s or len(queue) > LIVE_COUNT_MAX):
                queue.popleft()
                self.has_dropped |= queue is self._waiting
