"""The recorder: group commit, and what becomes of records while the disk refuses, hangs or is slow."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from gatewayd.core.events import (
    Access,
    AccessOutcome,
    Alarm,
    AlarmOutcome,
    Audit,
    AuditSubject,
    Event,
    Fact,
    Passage,
    PassageOutcome,
)
from gatewayd.core.words import ClockQuality, Direction, LaneId
from gatewayd.runtime import recorder as module
from gatewayd.runtime.recorder import BATCH_MAX, BUSY_S, RETRY_S, Recorder
from tests.sim.loop import run
from tests.unit.doubles import JOURNAL_PATH, START, InlineBlocking, SimClock, SimJournal

LANE = LaneId("lane-1")
FULL = "no space left: make room"
RAISED = Alarm(outcome=AlarmOutcome.RAISED, alarm="journal_refuses", subject="gateway")
CLEARED = Alarm(outcome=AlarmOutcome.CLEARED, alarm="journal_refuses", subject="gateway")


def verdict(reason: str = "ok") -> Access:
    return Access(
        outcome=AccessOutcome.ADMITTED,
        lane=LANE,
        direction=Direction.ENTRY,
        reason=reason,
        source="gateway",
        kind="pass",
    )


def body(number: int) -> Passage:
    return Passage(
        outcome=PassageOutcome.BREACHED,
        lane=LANE,
        direction=Direction.ENTRY,
        device="sim-1",
        device_sequence=number,
    )


def recovered(missed: int = 0, dropped: int = 0) -> Audit:
    return Audit(
        subject=AuditSubject.JOURNAL,
        action="recovered",
        detail={"missed_verdicts": missed, "dropped": dropped},
    )


class Desk:
    """A recorder over doubles, and what it told whom, in order."""

    def __init__(self) -> None:
        self.journal = SimJournal()
        self.blocking = InlineBlocking(delay_s=0.005)
        self.clock = SimClock()
        self.told: list[tuple[str, object]] = []
        tables = [self._listener("first"), self._listener("second")]
        others = [self._listener("last")]
        self.recorder = Recorder(self.journal, self.blocking, self.clock, tables, others)

    def _listener(self, name: str) -> Callable[[Sequence[Event]], None]:
        return lambda events: self.told.append((name, [event.seq for event in events]))

    def done(self, name: str) -> Callable[[Event | None], None]:
        return lambda event: self.told.append((name, None if event is None else event.seq))

    def answers(self, *names: str) -> list[tuple[str, object]]:
        return [entry for entry in self.told if entry[0] in names]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Recorder]:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.recorder.run())
            await asyncio.sleep(0)
            yield self.recorder
            task.cancel()


def played(play: Callable[[Desk, Recorder], Awaitable[None]]) -> Desk:
    """Run a play with a running recorder, in virtual time."""
    desk = Desk()

    async def main() -> None:
        async with desk.running() as recorder:
            await play(desk, recorder)

    run(main())
    return desk


# --- commits ---


def test_a_verdict_is_committed_without_waiting_for_company():
    async def play(desk: Desk, recorder: Recorder) -> None:
        recorder.verdict(verdict(), desk.done("verdict"))
        await asyncio.sleep(0.005)
        await asyncio.sleep(0)
        assert desk.journal.commit_sizes == [1]

    played(play)


def test_what_is_asked_for_while_a_commit_runs_goes_into_the_next_one():
    async def play(desk: Desk, recorder: Recorder) -> None:
        recorder.verdict(verdict("a"), desk.done("a"))
        await asyncio.sleep(0.001)
        recorder.verdict(verdict("b"), desk.done("b"))
        recorder.keep(body(1))
        recorder.verdict(verdict("c"), desk.done("c"))
        await asyncio.sleep(1)

    desk = played(play)
    assert desk.journal.commit_sizes == [1, 3]
    assert desk.journal.facts == [verdict("a"), verdict("b"), body(1), verdict("c")]


def test_the_tables_know_a_record_before_whoever_asked_for_it_and_all_others_after():
    async def play(desk: Desk, recorder: Recorder) -> None:
        recorder.verdict(verdict(), desk.done("asker"))
        recorder.keep(body(1), desk.done("keeper"))
        await asyncio.sleep(1)

    tables, askers = [("first", [1, 2]), ("second", [1, 2])], [("asker", 1), ("keeper", 2)]
    assert played(play).told == [*tables, *askers, ("last", [1, 2])]


def test_the_gate_is_busy_for_a_while_after_somebody_came_and_not_after_a_fact():
    async def play(desk: Desk, recorder: Recorder) -> None:
        recorder.keep(body(1))
        assert not recorder.is_busy
        await asyncio.sleep(1)
        recorder.verdict(verdict(), desk.done("verdict"))
        await asyncio.sleep(BUSY_S - 0.1)
        assert recorder.is_busy
        await asyncio.sleep(0.2)
        assert not recorder.is_busy

    played(play)


def test_a_fact_bears_the_time_at_which_it_happened():
    async def play(desk: Desk, recorder: Recorder) -> None:
        desk.blocking.delay_s = 3.0
        await asyncio.sleep(10)
        desk.clock.told = ClockQuality.HOLDOVER
        recorder.keep(body(1))
        desk.clock.told = ClockQuality.SYNCED
        await asyncio.sleep(60)

    (event,) = played(play).journal.read(0, 10)
    assert event.draft.at == START + timedelta(seconds=10)
    assert event.draft.clock is ClockQuality.HOLDOVER
    assert event.appended_s == 10.0


def test_a_commit_stays_short_after_a_stall():
    async def play(desk: Desk, recorder: Recorder) -> None:
        for number in range(1, BATCH_MAX + 2):
            recorder.keep(body(number))
        await asyncio.sleep(1)

    desk = played(play)
    assert desk.journal.commit_sizes == [BATCH_MAX, 1]
    assert desk.journal.facts == [body(number) for number in range(1, BATCH_MAX + 2)]


def test_a_disk_that_hangs_answers_nobody_and_loses_nothing():
    async def play(desk: Desk, recorder: Recorder) -> None:
        desk.blocking.hang()
        recorder.verdict(verdict(), desk.done("verdict"))
        recorder.keep(body(1), desk.done("body"))
        await asyncio.sleep(3600)
        assert desk.told == []
        assert recorder.refusal is None
        desk.blocking.resume()
        await asyncio.sleep(1)

    desk = played(play)
    assert desk.journal.facts == [verdict(), body(1)]
    assert desk.answers("verdict", "body") == [("verdict", 1), ("body", 2)]


# --- a disk that refuses ---


def test_a_refused_verdict_is_answered_at_once_and_only_counted():
    async def play(desk: Desk, recorder: Recorder) -> None:
        desk.journal.refusal = FULL
        recorder.verdict(verdict(), desk.done("verdict"))
        await asyncio.sleep(0.1)
        assert desk.told == [("verdict", None)]
        assert recorder.refusal == FULL
        assert recorder.missed_verdicts == 1

    assert played(play).journal.facts == []


def test_each_verdict_during_a_refusal_is_answered_at_once():
    async def play(desk: Desk, recorder: Recorder) -> None:
        desk.journal.refusal = FULL
        for number in range(3):
            recorder.verdict(verdict(), desk.done(f"verdict {number}"))
            await asyncio.sleep(0.1)
            assert desk.told[-1] == (f"verdict {number}", None)
        assert recorder.missed_verdicts == 3

    played(play)


def test_bodies_survive_a_refusal_in_their_order_and_verdicts_are_counted():
    async def play(desk: Desk, recorder: Recorder) -> None:
        desk.journal.refusal = FULL
        for number in range(1, 4):
            recorder.keep(body(number), desk.done(f"body {number}"))
            recorder.verdict(verdict(), desk.done("verdict"))
            await asyncio.sleep(0.7)
        assert desk.answers("body 1", "body 2", "body 3") == []
        desk.journal.refusal = None
        await asyncio.sleep(RETRY_S + 1)
        assert recorder.refusal is None
        assert recorder.missed_verdicts == 0

    desk = played(play)
    assert [fact for fact in desk.journal.facts if isinstance(fact, Passage)] == [
        body(1),
        body(2),
        body(3),
    ]
    assert desk.journal.facts[-2:] == [recovered(missed=3), CLEARED]
    assert [name for name, _ in desk.told if name.startswith("body")] == [
        "body 1",
        "body 2",
        "body 3",
    ]
    assert desk.answers("verdict") == [("verdict", None)] * 3


def test_the_alarm_is_raised_once_and_cleared_once_in_each_refusal():
    async def play(desk: Desk, recorder: Recorder) -> None:
        for _ in range(2):
            desk.journal.refusal = FULL
            recorder.verdict(verdict(), desk.done("verdict"))
            await asyncio.sleep(10)
            desk.journal.refusal = None
            await asyncio.sleep(10)

    desk = played(play)
    assert desk.journal.facts == [RAISED, recovered(missed=1), CLEARED] * 2


def test_a_refusal_is_logged_once_with_what_to_do_and_its_end_once(caplog):
    async def play(desk: Desk, recorder: Recorder) -> None:
        desk.journal.refusal = FULL
        for _ in range(3):
            recorder.verdict(verdict(), desk.done("verdict"))
            await asyncio.sleep(2)
        desk.journal.refusal = None
        await asyncio.sleep(10)

    with caplog.at_level(logging.INFO):
        played(play)
    assert [
        (record.levelname, record.getMessage(), record.fields) for record in caplog.records
    ] == [
        ("ERROR", "journal_refuses", {"what_to_do": f"{JOURNAL_PATH}: {FULL}"}),
        ("INFO", "journal_recovered", {"missed_verdicts": 3, "dropped": 0}),
    ]


def test_what_happened_a_while_ago_is_recorded_with_its_time():
    async def play(desk: Desk, recorder: Recorder) -> None:
        await asyncio.sleep(60)
        recorder.keep(body(1), age_s=45.5)
        await asyncio.sleep(1)

    (event,) = played(play).journal.read(0, 9)
    assert event.draft.at == START + timedelta(seconds=60 - 45.5)


def test_the_disk_is_tried_again_without_anybody_asking():
    async def play(desk: Desk, recorder: Recorder) -> None:
        desk.journal.refusal = FULL
        recorder.keep(body(1), desk.done("body"))
        await asyncio.sleep(5)
        desk.journal.refusal = None
        await asyncio.sleep(RETRY_S + 0.1)

    desk = played(play)
    assert desk.answers("body") == [("body", 1)]
    assert desk.journal.facts == [body(1), RAISED, recovered(), CLEARED]


def test_many_scans_during_a_refusal_do_not_make_a_storm_of_commits():
    async def play(desk: Desk, recorder: Recorder) -> None:
        desk.journal.refusal = FULL
        for _ in range(30):
            recorder.verdict(verdict(), desk.done("verdict"))
            await asyncio.sleep(0.1)
        attempts = desk.journal.attempts
        await asyncio.sleep(60)
        assert desk.journal.attempts - attempts <= 60 / RETRY_S

    played(play)


def test_what_no_longer_fits_is_counted_and_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "KEPT_MAX", 3)

    async def play(desk: Desk, recorder: Recorder) -> None:
        desk.journal.refusal = FULL
        for number in range(1, 7):
            recorder.keep(body(number))
            await asyncio.sleep(0.1)
        desk.journal.refusal = None
        await asyncio.sleep(10)

    # The alarm itself takes a place; a verdict is never kept, so it takes none.
    expected: list[Fact] = [body(1), RAISED, body(2), recovered(dropped=4), CLEARED]
    assert played(play).journal.facts == expected


def test_a_recovery_in_parts_is_told_after_its_first_commit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "BATCH_MAX", 2)

    async def play(desk: Desk, recorder: Recorder) -> None:
        desk.journal.refusal = FULL
        for number in range(1, 4):
            recorder.keep(body(number))
        await asyncio.sleep(0.5)
        desk.journal.refusal = None
        await asyncio.sleep(10)

    desk = played(play)
    kept = [fact for fact in desk.journal.facts if isinstance(fact, Passage)]
    assert kept == [body(1), body(2), body(3)]
    assert desk.journal.facts[-2:] == [recovered(), CLEARED]
    assert desk.journal.facts.count(RAISED) == 1
