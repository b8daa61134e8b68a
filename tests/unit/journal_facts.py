"""What the tests of the journal record, how they open one, and what they hold it to."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from gatewayd.core.events import Audit, AuditSubject, Draft, Event
from gatewayd.store.journal import SqliteJournal

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
EPOCH_MS = 1_800_000_000_000


def a_draft(number: int, size: int = 0) -> Draft:
    detail = {"number": number, "padding": "x" * size}
    return Draft(Audit(subject=AuditSubject.GATEWAY, action="tested", detail=detail), AT)


def counted_tokens() -> Callable[[int], bytes]:
    """Chance that is the same in every run."""
    counter = itertools.count(1)
    return lambda size: next(counter).to_bytes(size, "big")


@contextmanager
def opened(
    directory: Path, run: str = "run-1", epoch_ms: int = EPOCH_MS
) -> Iterator[SqliteJournal]:
    journal = SqliteJournal.open(directory, run, epoch_ms, counted_tokens())
    try:
        yield journal
    finally:
        journal.close()


def fill(journal: SqliteJournal, count: int, size: int = 0) -> list[Event]:
    """Commit `count` events, one by one."""
    return [event for n in range(count) for event in journal.commit([(a_draft(n, size), float(n))])]
