import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.app.opened import site_clock
from gatewayd.core.events import Audit, AuditSubject, Draft
from gatewayd.core.timekeeping import LEAP_MAX, Known, Reading, judge, step
from gatewayd.core.words import ClockQuality
from gatewayd.ports import StorageError
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.clock import BEFORE_US, SystemClock
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.timekeeping import NOTE_S, SiteClock, Timekeeping
from gatewayd.store.clock_note import read_clock_note, write_clock_note
from gatewayd.store.journal import SqliteJournal
from tests.sim.loop import run
from tests.unit.doubles import InlineBlocking, SimCache, SimJournal

KNOWN = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
LOST = datetime(1970, 1, 1, tzinfo=UTC)
S = timedelta(seconds=1)


class System:
    """A machine whose clock is what the test makes of it."""

    def __init__(self, wall=KNOWN, *, is_kept=False):
        self.ahead = wall - KNOWN
        self.kept = is_kept
        self.passed_s = 0.0

    def monotonic(self):
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return self.passed_s

    def utc(self):
        return KNOWN + self.ahead + self.monotonic() * S

    def is_kept(self):
        return self.kept


def test_a_clock_that_ntp_keeps_is_right():
    clock = SiteClock(System(LOST, is_kept=True), KNOWN)
    assert (clock.utc(), clock.quality()) == (LOST, ClockQuality.SYNCED)


def test_a_clock_that_goes_on_from_what_was_known_holds_over():
    clock = SiteClock(System(KNOWN + timedelta(days=3)), KNOWN)
    assert (clock.utc(), clock.quality()) == (KNOWN + timedelta(days=3), ClockQuality.HOLDOVER)


def test_an_expired_credential_does_not_become_good_when_the_date_is_lost():
    expired_at = KNOWN - timedelta(minutes=1)
    system = System(LOST)
    clock = SiteClock(system, KNOWN)
    assert clock.quality() is ClockQuality.UNSYNCED
    assert clock.utc() > expired_at
    system.passed_s = 3600.0
    clock.look()
    assert clock.utc() == KNOWN + timedelta(hours=1), "time passes all the same"
    system.ahead = timedelta(hours=-5)  # Somebody sets the clock, by hand and wrong.
    clock.look()
    assert clock.utc() == KNOWN + timedelta(hours=1)


def test_a_clock_far_ahead_is_not_believed_so_that_nothing_is_erased_for_its_age():
    far = KNOWN + LEAP_MAX + S
    clock = SiteClock(System(far), KNOWN)
    assert (clock.utc(), clock.quality()) == (far, ClockQuality.UNSYNCED)
    assert clock.look() == (None, None)


def test_at_the_first_start_no_date_is_too_far_ahead_and_1970_is_none():
    assert SiteClock(System(KNOWN), None).quality() is ClockQuality.HOLDOVER
    lost = SiteClock(System(LOST), None)
    assert (lost.utc(), lost.quality()) == (BEFORE_US, ClockQuality.UNSYNCED)


def test_a_date_far_ahead_is_believed_when_somebody_took_the_note_away():
    far = KNOWN + LEAP_MAX + S
    assert SiteClock(System(far), KNOWN, is_noted=False).quality() is ClockQuality.HOLDOVER
    assert SiteClock(System(LOST), KNOWN, is_noted=False).utc() >= KNOWN


def test_a_lost_date_is_found_again_with_ntp():
    system = System(LOST)
    clock = SiteClock(system, KNOWN)
    system.ahead, system.kept = timedelta(minutes=10), True
    stepped, at = clock.look()
    assert stepped["quality"] == "synced"
    assert at == clock.utc() == KNOWN + timedelta(minutes=10)
    system.kept = False
    assert clock.look() == (None, at)
    assert clock.quality() is ClockQuality.HOLDOVER


def test_a_clock_that_is_set_is_not_taken_for_kept_until_the_next_look():
    system = System(is_kept=True)
    clock = SiteClock(system, KNOWN)
    system.ahead, system.kept = timedelta(hours=-5), False
    assert (clock.utc(), clock.quality()) == (KNOWN, ClockQuality.UNSYNCED)
    system.ahead, system.kept = timedelta(minutes=10), True
    assert (clock.utc(), clock.quality()) == (KNOWN + timedelta(minutes=10), ClockQuality.SYNCED)


@pytest.mark.parametrize("is_kept", [True, False])
def test_what_was_told_between_two_looks_is_known_as_well(is_kept):
    system = System()
    clock = SiteClock(system, KNOWN)
    system.ahead, system.kept = timedelta(minutes=10), is_kept
    assert clock.utc() == KNOWN + timedelta(minutes=10)
    system.ahead, system.kept = timedelta(minutes=9), False
    clock.look()
    assert (clock.utc(), clock.quality()) == (
        KNOWN + timedelta(minutes=10),
        ClockQuality.UNSYNCED,
    )


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.integers(-(10**9), 10**9)), max_size=10),
)
def test_time_that_nobody_keeps_never_goes_back_behind_what_was_known(moves):
    system = System()
    clock = SiteClock(system, KNOWN)
    newest = KNOWN
    for passed_s, set_by_s in moves:
        system.passed_s += passed_s
        system.ahead = timedelta(seconds=set_by_s)
        _, at = clock.look()
        assert clock.utc() >= newest - timedelta(seconds=2)
        newest = max(newest, at or newest)


def test_a_step_is_told_by_its_size_and_drift_is_none():
    before = Reading(KNOWN, 100.0, is_kept=True)
    assert step(before, Reading(KNOWN + 10 * S, 110.0, is_kept=True)) is None
    assert step(before, Reading(KNOWN + 10.9 * S, 110.0, is_kept=True)) is None
    assert step(before, Reading(KNOWN + 75 * S, 110.0, is_kept=True)) == 65 * S
    assert step(before, Reading(KNOWN, 110.0, is_kept=True)) == -10 * S


def test_what_was_known_is_not_younger_before_it():
    known = Known(KNOWN, 100.0)
    assert known.after(90.0) == KNOWN
    assert judge(Reading(KNOWN, 90.0, is_kept=False), known) == (KNOWN, ClockQuality.HOLDOVER)


def test_the_time_is_noted_and_read_again(tmp_path):
    assert read_clock_note(tmp_path) is None
    write_clock_note(tmp_path, KNOWN)
    write_clock_note(tmp_path, KNOWN + 5.7 * S)
    assert read_clock_note(tmp_path) == KNOWN + 5 * S
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_note_changed_or_cut_anywhere_is_none(tmp_path):
    write_clock_note(tmp_path, KNOWN)
    path = tmp_path / "clock"
    line = path.read_bytes()
    for place in range(len(line)):
        path.write_bytes(line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :])
        assert read_clock_note(tmp_path) is None
        path.write_bytes(line[:place])
        assert read_clock_note(tmp_path) is None


def test_a_time_that_no_calendar_has_is_none(tmp_path):
    (tmp_path / "clock").write_bytes(b"999999999999 c7a0c2a5\n")
    assert read_clock_note(tmp_path) is None


def test_a_disk_that_refuses_the_note_is_named(tmp_path):
    with pytest.raises(StorageError, match="clock: "):
        write_clock_note(tmp_path / "missing", KNOWN)


def watch(system, last_known, during, note=None):
    """Run the watch for as long as `during` takes; return (facts, notes)."""
    journal, notes = SimJournal(), []

    async def story():
        recorder = Recorder(journal, InlineBlocking(), clock, [lambda _: None])
        alarms = Alarms(SimCache(), recorder)
        keeping = Timekeeping(clock, recorder, alarms, InlineBlocking(), note or notes.append)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(recorder.run()), group.create_task(keeping.run())]
            await during()
            await asyncio.sleep(3)
            for task in tasks:
                task.cancel()

    clock = SiteClock(system, last_known)
    run(story())
    facts = [(getattr(fact, "action", fact), getattr(fact, "detail", {})) for fact in journal.facts]
    return facts, notes


def test_a_step_while_running_is_recorded_and_the_time_noted_each_minute():
    system = System(is_kept=True)

    async def during():
        await asyncio.sleep(2 * NOTE_S + 5)
        system.ahead = timedelta(hours=2)

    facts, notes = watch(system, KNOWN, during)
    assert [action for action, _ in facts] == ["stepped"]
    assert facts[0][1]["by_ms"] == 2 * 3600 * 1000
    assert len(notes) == 3


def test_a_clock_that_lost_its_date_raises_an_alarm_until_it_is_found():
    system = System(LOST)

    async def during():
        await asyncio.sleep(5)
        system.ahead, system.kept = timedelta(), True

    facts, notes = watch(system, KNOWN, during)
    assert [getattr(what, "alarm", what) for what, _ in facts] == [
        "clock_unsynced",
        "stepped",
        "quality_changed",
        "clock_unsynced",
    ]
    assert facts[2][1] == {"from": "unsynced", "to": "synced"}
    assert min(notes) >= KNOWN, "a lost date is never noted"


def test_a_disk_that_refuses_the_note_stops_nothing(caplog):
    def refuse(_):
        raise StorageError("the disk refuses")

    watch(System(is_kept=True), KNOWN, lambda: asyncio.sleep(1), refuse)
    assert "clock_not_noted" in caplog.text


def test_the_machine_says_whether_ntp_keeps_its_clock(monkeypatch):
    assert SystemClock().is_kept() in {True, False}
    answers = iter([(0, 0x2001), (5, 0x40), (-1, 0)])

    class Libc:
        def adjtimex(self, answer):
            code, status = next(answers)
            answer[40:44] = status.to_bytes(4, "little")
            return code

    monkeypatch.setattr("gatewayd.runtime.clock._LIBC", Libc())
    assert [SystemClock().is_kept() for _ in range(3)] == [True, False, False]


def test_what_time_it_is_at_least_is_noted_while_the_date_is_lost():
    _, notes = watch(System(LOST), KNOWN, lambda: asyncio.sleep(125))
    assert [(at - KNOWN) // S for at in notes] == [0, 60, 120]


def test_nothing_is_noted_before_the_first_time_is_known():
    assert watch(System(LOST), None, lambda: asyncio.sleep(65))[1] == []


def test_time_goes_on_from_the_newest_event_that_knew_it_not_from_an_older_note(tmp_path):
    fact = Audit(subject=AuditSubject.CLOCK, action="stepped", detail={})
    known = Draft(fact, KNOWN + 50 * S, ClockQuality.SYNCED)
    lost = Draft(fact, KNOWN + 55 * S, ClockQuality.UNSYNCED)
    with closing(SqliteJournal.open(tmp_path, "0" * 12, 1000, bytes)) as journal:
        journal.commit([(known, 1.0), (lost, 2.0)])
        assert site_clock(System(LOST), KNOWN, journal).utc() == KNOWN + 50 * S
