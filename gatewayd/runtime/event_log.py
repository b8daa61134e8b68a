"""Logs what was recorded about people at the gate: verdicts and passages, without who they are."""

import logging
from collections.abc import Sequence

from gatewayd.core.events import Access, Alarm, Audit, Event, Passage

log = logging.getLogger(__name__)


def log_committed(events: Sequence[Event]) -> None:
    for event in events:
        match event.fact:
            case Access() as fact:
                fields = {
                    "id": event.id,
                    "lane": fact.lane,
                    "direction": str(fact.direction),
                    "outcome": str(fact.outcome),
                    "reason": fact.reason,
                    "category": fact.category,
                    "source": fact.source,
                    "latency_us": fact.latency_us,
                }
                log.info("verdict", extra={"fields": fields})
            case Passage() as passed:
                fields = {
                    "id": event.id,
                    "lane": passed.lane,
                    "direction": str(passed.direction),
                    "outcome": str(passed.outcome),
                    "reason": passed.reason,
                    "category": passed.category,
                }
                log.info("passage", extra={"fields": fields})
            case Alarm() | Audit():
                pass  # They are logged where they are made.
