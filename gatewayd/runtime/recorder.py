"""Writes facts to the journal: one commit at a time for all lanes, never waiting for company.

What is asked for while a commit runs goes into the next one. After a commit the events are folded
into the tables first, then whoever asked is told: nobody acts on a record that the tables do not
know. All others (the log, the centre, the pages) are told last: a person waits for the first two. A
refused commit tells verdicts at once (the lane closes); facts that must not be lost (a body
went through) stay here and are tried again.
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Never

from gatewayd.core.events import (
    Alarm,
    AlarmOutcome,
    Audit,
    AuditSubject,
    Draft,
    Event,
    Fact,
)
from gatewayd.ports import Blocking, Clock, Journal, StorageError

log = logging.getLogger(__name__)

BUSY_S = 2.0
"""So long after somebody came another one may come."""
KEPT_MAX = 10_000  # Passages that wait for a disk that refuses: hours at one gate, a few MB.
BATCH_MAX = 256  # One commit stays short even after a stall.
RETRY_S = 1.0
STUCK_S = 20.0
"""No disk that still works takes as long for a commit: its thread will not come back."""
ALARM = "journal_refuses"

Done = Callable[[Event | None], None]
"""Called on the event loop when the record is on disk, or with None where the disk refused it."""


@dataclass(frozen=True, slots=True)
class _Entry:
    draft: Draft
    at_s: float
    done: Done | None
    is_kept: bool


Committed = Callable[[Sequence[Event]], None]
"""Told what is on disk now, in order."""


class Recorder:
    """All records of the gateway go through one of these."""

    def __init__(
        self,
        journal: Journal,
        blocking: Blocking,
        clock: Clock,
        committed: Sequence[Committed],
        others: Sequence[Committed] = (),
    ) -> None:
        """Take the listeners that are called in their order after each commit.

        committed: before askers. others: after them.
        """
        self._journal = journal
        self._blocking = blocking
        self._clock = clock
        self._committed = committed
        self._others = others
        self._entries: deque[_Entry] = deque()
        self._wake = asyncio.Event()
        self._missed_verdicts = 0
        self._dropped = 0
        self._refusal: str | None = None
        self._commit_began_s: float | None = None
        self._asked_s = -math.inf

    @property
    def is_stuck(self) -> bool:
        """Whether a commit does not come to an end; one that is refused does."""
        began_s = self._commit_began_s
        return began_s is not None and self._clock.monotonic() - began_s > STUCK_S

    @property
    def is_committing(self) -> bool:
        return self._commit_began_s is not None

    @property
    def is_busy(self) -> bool:
        """Whether somebody waited for a record in the last seconds."""
        return self._clock.monotonic() - self._asked_s < BUSY_S

    @property
    def refusal(self) -> str | None:
        """Why the disk refuses at present, without its place; None while it takes records."""
        return self._refusal

    @property
    def missed_verdicts(self) -> int:
        """Verdicts of the present refusal that are on no disk."""
        return self._missed_verdicts

    def verdict(self, fact: Fact, done: Done) -> None:
        """Record once: if the disk refuses, `done(None)` and the fact is only counted."""
        self._asked_s = self._clock.monotonic()
        self._put(_Entry(self._draft(fact), self._asked_s, done, is_kept=False))

    async def record(self, fact: Fact) -> Event:
        """Record once, and return when it is on disk. Raises StorageError where that refuses."""
        answered: asyncio.Future[Event | None] = asyncio.get_running_loop().create_future()

        def answer(event: Event | None) -> None:
            if not answered.done():  # Whoever asked may have gone.
                answered.set_result(event)

        self.verdict(fact, answer)
        event = await answered
        if event is None:
            raise StorageError(f"not done, since it cannot be recorded: {self._refusal}")
        return event

    def keep(self, fact: Fact, done: Done | None = None, *, age_s: float = 0.0) -> None:
        """Record for certain: tried again until the disk takes it; `done` is called then.

        age_s: how long ago it happened.
        """
        kept = sum(entry.is_kept for entry in self._entries) if self._refusal else 0
        if kept >= KEPT_MAX:
            self._dropped += 1
            return
        draft = self._draft(fact)
        draft = replace(draft, at=draft.at - timedelta(seconds=age_s))
        self._put(_Entry(draft, self._clock.monotonic(), done, is_kept=True))

    async def run(self) -> Never:
        while True:
            with suppress(TimeoutError):  # A disk that refuses is tried again by the clock.
                async with asyncio.timeout(None if self._refusal is None else RETRY_S):
                    await self._wake.wait()
            self._wake.clear()
            while self._entries and await self._commit_batch():
                pass

    def _draft(self, fact: Fact) -> Draft:
        return Draft(fact, self._clock.utc(), self._clock.quality())

    def _put(self, entry: _Entry) -> None:
        self._entries.append(entry)
        self._wake.set()

    async def _commit_batch(self) -> bool:
        count = min(len(self._entries), BATCH_MAX)
        batch = [self._entries.popleft() for _ in range(count)]
        drafts = [(entry.draft, entry.at_s) for entry in batch]
        self._commit_began_s = self._clock.monotonic()
        try:
            events = await self._blocking.run(lambda: self._journal.commit(drafts))
        except StorageError as error:
            self._refused(batch, error)
            return False
        finally:
            self._commit_began_s = None
        for listener in self._committed:
            listener(events)
        for entry, event in zip(batch, events, strict=True):
            if entry.done is not None:
                entry.done(event)
        for listener in self._others:
            listener(events)
        if self._refusal is not None:
            self._recovered()
        return True

    def _refused(self, batch: list[_Entry], error: StorageError) -> None:
        kept = [entry for entry in batch if entry.is_kept]
        self._entries.extendleft(reversed(kept))
        verdicts = [entry for entry in batch if not entry.is_kept]
        self._missed_verdicts += len(verdicts)
        if self._refusal is None:
            log.error("journal_refuses", extra={"fields": {"what_to_do": str(error)}})
            self._refusal = error.reason
            self.keep(_alarm(AlarmOutcome.RAISED))
        for entry in verdicts:
            assert entry.done is not None
            entry.done(None)

    def _recovered(self) -> None:
        detail = {"missed_verdicts": self._missed_verdicts, "dropped": self._dropped}
        log.info("journal_recovered", extra={"fields": detail})
        self._refusal, self._missed_verdicts, self._dropped = None, 0, 0
        self.keep(Audit(subject=AuditSubject.JOURNAL, action="recovered", detail=dict(detail)))
        self.keep(_alarm(AlarmOutcome.CLEARED))


def _alarm(outcome: AlarmOutcome) -> Alarm:
    return Alarm(outcome=outcome, alarm=ALARM, subject="gateway")
