import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.app.key_files import read_or_make_checkpoint_key
from gatewayd.core.events import format_time
from gatewayd.core.folded import Change
from gatewayd.core.words import ClockQuality
from gatewayd.runtime import upkeep as module
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.upkeep import DAY_S, LOOK_S, Rules, Upkeep
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal_verify import verify
from gatewayd.store.journal_walk import walk
from gatewayd.store.reserve import RESERVE_SIZE
from tests.sim.loop import run
from tests.unit.doubles import START, InlineBlocking, SimCache, SimClock
from tests.unit.journal_facts import a_draft, opened

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
"""A fixed key for tests."""
DAY = timedelta(days=1)
RULES = Rules(21 * DAY, 90 * DAY, 1 << 30, has_centre=True)


def old(journal, *ages_days, size=0):
    for age in ages_days:
        journal.commit([(replace(a_draft(1, size), at=START - age * DAY), 1.0)])


def look_after(journal, during_s, rules=RULES, clock=None, cache=None):
    """Run the upkeep for a while; return the alarms that are active then."""
    clock = clock or SimClock()
    cache = cache or Folded(journal)

    async def story():
        recorder = Recorder(journal, InlineBlocking(), clock, [lambda _: None])
        alarms = Alarms(cache, recorder)
        upkeep = Upkeep(rules, journal, cache, recorder, alarms, InlineBlocking(), clock, KEY)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(recorder.run()), group.create_task(upkeep.run())]
            await asyncio.sleep(during_s)
            active = alarms.active()
            for task in tasks:
                task.cancel()
        return active

    return run(story())


class Folded(SimCache):
    """A cache that has everything."""

    def __init__(self, journal):
        super().__init__()
        self._journal = journal

    def folded(self):
        return self._journal.epoch, self._journal.head()


def actions(journal):
    return [
        getattr(event.fact, "action", None) or event.fact.alarm for event in journal.read(0, 1000)
    ]


def test_a_signed_checkpoint_is_recorded_at_the_start_and_each_day(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LOOK_S", 600.0)  # What it looks at between them costs time.
    with opened(tmp_path) as journal:
        old(journal, 0)
        look_after(journal, 2 * DAY_S + 5400)
        assert actions(journal) == ["tested", *["checkpoint"] * 3]
        looked = verify(tmp_path)
    assert (looked.findings, looked.checkpoint_count) == ((), 3)
    assert looked.signers == {KEY.public_key().public_bytes_raw()}


def test_an_empty_epoch_has_nothing_to_sign(tmp_path):
    with opened(tmp_path) as journal:
        look_after(journal, LOOK_S)
        assert journal.head() == 0


def test_events_that_served_their_time_are_removed_after_it_is_recorded(tmp_path):
    with opened(tmp_path) as journal:
        old(journal, 100, 95, 40, 1)
        journal.confirm([2])
        look_after(journal, LOOK_S)
        assert [row.seq for row in walk(tmp_path)] == [3, 4, 5, 6, 7]
        assert actions(journal)[2:] == ["checkpoint", "gap", "trimmed"]
        assert verify(tmp_path).findings == ()
        assert journal.receipts().upto == 2


def test_to_the_second_nothing_is_kept_longer_than_the_retention_time(tmp_path):
    second = timedelta(seconds=1) / DAY
    with opened(tmp_path) as journal:
        old(journal, 90 + second, 21 + second, 21 - second)
        journal.confirm([2, 3])
        look_after(journal, LOOK_S / 2)
        assert next(walk(tmp_path)).seq == 3


def test_what_the_tables_do_not_have_durably_is_not_removed(tmp_path):
    class Behind(Folded):
        def folded(self):
            return self._journal.epoch, 1

    with opened(tmp_path) as journal:
        old(journal, 100, 95, 1)
        look_after(journal, LOOK_S, cache=Behind(journal))
        assert next(walk(tmp_path)).seq == 2


def test_without_a_centre_nothing_waits_for_receipts_and_nothing_is_lost(tmp_path):
    with opened(tmp_path) as journal:
        old(journal, 100, 40, 1)
        look_after(journal, LOOK_S, replace(RULES, has_centre=False))
        assert "gap" not in actions(journal)
        assert next(walk(tmp_path)).seq == 3


def test_a_clock_that_is_not_believed_removes_nothing_for_its_age(tmp_path):
    with opened(tmp_path) as journal:
        old(journal, 100, 95, 1)
        clock = SimClock()
        clock.told = ClockQuality.UNSYNCED
        look_after(journal, LOOK_S, clock=clock)
        assert next(walk(tmp_path)).seq == 1


def test_a_journal_that_grows_large_is_an_alarm_before_anything_is_removed_for_it(tmp_path):
    with opened(tmp_path) as journal:
        old(journal, *[0] * 50, size=4000)
        used = journal.used_size()
        near = look_after(journal, LOOK_S / 2, replace(RULES, size_max=int(used / 0.9)))
        assert near == ["journal_large/gateway"]
        assert next(walk(tmp_path)).seq == 1
        over = look_after(journal, 10 * LOOK_S, replace(RULES, size_max=int(used * 0.8)))
        assert over == []
        assert next(walk(tmp_path)).seq > 1
        assert verify(tmp_path).findings == ()


def test_a_spent_reserve_is_an_alarm_until_it_is_whole_again(tmp_path, monkeypatch):
    with opened(tmp_path) as journal:
        assert look_after(journal, 1.0) == []
        assert journal.reserve.is_whole
        journal.reserve.release()
        monkeypatch.setattr(journal.reserve, "_allocate", lambda: None)
        assert look_after(journal, 1.0) == ["disk_full/gateway"]
        monkeypatch.undo()
        assert look_after(journal, 1.0) == []
        assert (tmp_path / "journal.reserve").stat().st_size == RESERVE_SIZE


def test_damage_that_the_check_after_the_start_finds_is_an_alarm(tmp_path, monkeypatch):
    with opened(tmp_path) as journal:
        monkeypatch.setattr(journal, "check_rest", lambda: "restart gatewayd")
        assert look_after(journal, 1.0) == ["journal_damaged/gateway"]


def test_nothing_is_removed_whose_removal_could_not_be_recorded(tmp_path, monkeypatch):
    with opened(tmp_path) as journal:
        old(journal, 100, 95, 1)
        monkeypatch.setattr(module, "RECORDED_S_MAX", 0.0)
        look_after(journal, LOOK_S)
        assert next(walk(tmp_path)).seq == 1


def test_people_who_were_not_seen_for_the_retention_time_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 2)

    def seen(days, **more):
        return {"seen": format_time(START - days * DAY), "category": "staff", **more}

    rows = {
        "long ago": seen(22),
        "just now too long ago": seen(21 + 1 / 86400),
        "lately": seen(20),
        "inside": seen(22, inside_since=format_time(START - 22 * DAY)),
        "left": {"category": "staff", "inside_since": None, "areas": {"hall": None}},
        "in an inner area": seen(22, areas={"hall": format_time(START - 22 * DAY)}),
    }
    passes = {
        "ended": {"entries": 1, "until": format_time(START - DAY)},
        "good": {"entries": 1, "until": format_time(START + DAY)},
        "of an older version": {"entries": 1},
    }
    with opened(tmp_path) as journal, closing(TinyCache.open(tmp_path)) as cache:
        changes = [Change("holders", key, row) for key, row in rows.items()]
        changes += [Change("passes", key, row) for key, row in passes.items()]
        cache.apply(changes, journal.epoch, 0)
        cache.flush()
        clock = SimClock()
        clock.told = ClockQuality.UNSYNCED
        look_after(journal, LOOK_S, clock=clock, cache=cache)
        assert cache.size("holders") == 6
        look_after(journal, LOOK_S, cache=cache)
        assert {key for key, _ in cache.items("holders")} == {
            "lately",
            "inside",
            "in an inner area",
        }
        assert {key for key, _ in cache.items("passes")} == {"good", "of an older version"}
        files = b"".join(path.read_bytes() for path in tmp_path.glob("cache.*"))
        assert (b"lately" in files, b"long ago" in files) == (True, False)


def test_of_removed_events_nothing_is_left_in_the_files(tmp_path):
    with opened(tmp_path) as journal:
        journal.commit([(replace(a_draft(4711), at=START - 100 * DAY), 1.0)])
        old(journal, 1)
        look_after(journal, LOOK_S)
        assert next(walk(tmp_path)).seq == 2
        assert not any(b"4711" in path.read_bytes() for path in tmp_path.glob("journal.db*"))


def test_a_disk_that_refuses_is_tried_again(tmp_path, caplog):
    with opened(tmp_path) as journal:
        old(journal, 1)
        cache = Folded(journal)
        cache.flush = refuse
        look_after(journal, LOOK_S, cache=cache)
        assert "upkeep_refused" in caplog.text


def test_a_disk_that_refuses_for_long_is_told_once(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(module.SqliteJournal, "move_log", lambda _: refuse())
    with opened(tmp_path) as journal:
        look_after(journal, 5 * LOOK_S)
    assert caplog.text.count("upkeep_refused") == 1


def refuse():
    raise module.StorageError("the disk refuses")


def test_the_key_of_checkpoints_is_made_once_for_the_owner_only(tmp_path):
    key = read_or_make_checkpoint_key(tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_or_make_checkpoint_key(tmp_path).private_bytes_raw() == key.private_bytes_raw()


@pytest.mark.parametrize("content", [b"", b"no key", bytes(500)], ids=["empty", "text", "zeros"])
def test_a_damaged_key_of_checkpoints_is_moved_aside(tmp_path, content):
    path = tmp_path / "checkpoint.key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    key = read_or_make_checkpoint_key(tmp_path)
    assert (tmp_path / "checkpoint.key.pem.corrupt").read_bytes() == content
    assert read_or_make_checkpoint_key(tmp_path).private_bytes_raw() == key.private_bytes_raw()
