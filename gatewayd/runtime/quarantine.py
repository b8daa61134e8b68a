"""Events that the centre's broker does not take: set apart, told, and sent again when asked.

The journal keeps them like all others; an audit event names each, and the table `quarantine` is
folded from those events.
"""

from collections.abc import Callable
from typing import Protocol

from gatewayd.core.events import Audit, AuditSubject, Event, Fact
from gatewayd.core.folded import QUARANTINE
from gatewayd.core.words import Json
from gatewayd.ports import Cache

SET_APART = "event_quarantined"
DELIVERED = "quarantined_delivered"


class Keep(Protocol):
    """Records for certain, as `Recorder.keep` does."""

    def __call__(self, fact: Fact, done: Callable[[Event | None], None] | None = None) -> None: ...


class Quarantine:
    """By id of the event, so that those of earlier epochs stay in it."""

    def __init__(self, cache: Cache, keep: Keep) -> None:
        self._cache = cache
        self._keep = keep

    @property
    def size(self) -> int:
        return self._cache.size(QUARANTINE)

    def ids(self) -> list[str]:
        return [event_id for event_id, _ in self._cache.items(QUARANTINE)]

    def holds(self, event_id: str) -> bool:
        return self._cache.get(QUARANTINE, event_id) is not None

    def put(self, event_id: str, reason: str, done: Callable[[], None]) -> None:
        """Record that this one is set apart; `done` is called when that is on disk."""
        detail: dict[str, Json] = {"event": event_id, "reason": reason}
        self._keep(_audit(SET_APART, detail), lambda _: done())

    def delivered(self, event_id: str) -> None:
        """Record that the broker took it after all."""
        self._keep(_audit(DELIVERED, {"event": event_id}))


def is_record(event: Event) -> bool:
    """Tell whether an event is about the quarantine itself."""
    return isinstance(event.fact, Audit) and event.fact.action in {SET_APART, DELIVERED}


def _audit(action: str, detail: dict[str, Json]) -> Audit:
    return Audit(subject=AuditSubject.JOURNAL, action=action, detail=detail)
