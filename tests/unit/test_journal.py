import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest

from gatewayd.core.custody import Erased
from gatewayd.core.events import Audit, Draft, load_draft
from gatewayd.ports import Receipts, StorageError
from gatewayd.store import journal_file, journal_walk
from gatewayd.store.journal_verify import verify
from tests.unit.journal_facts import AT, EPOCH_MS, a_draft, fill, opened


def test_the_first_journal_of_a_directory_is_empty_and_no_surprise(tmp_path):
    with opened(tmp_path) as journal:
        assert journal.head() == 0
        assert journal.read(0, 10) == []
        assert journal.receipts() == Receipts(0)
        assert journal.report.is_new_epoch
        assert journal.report.reason == ""


def test_an_epoch_is_named_by_its_time_and_chance(tmp_path):
    with opened(tmp_path) as journal:
        assert journal.epoch == f"{EPOCH_MS:012x}0001"


def test_committed_events_are_numbered_from_one_without_gaps(tmp_path):
    with opened(tmp_path) as journal:
        first = journal.commit([(a_draft(1), 1.5), (a_draft(2), 1.75)])
        second = journal.commit([(a_draft(3), 2.0)])
        assert [event.seq for event in first + second] == [1, 2, 3]
        assert first[0].id == f"{journal.epoch}-1"
        assert (first[1].run, first[1].appended_s) == ("run-1", 1.75)
        assert second[0].draft == a_draft(3)
        assert journal.head() == 3


def test_a_commit_of_nothing_stores_nothing(tmp_path):
    with opened(tmp_path) as journal:
        assert journal.commit([]) == []
        assert journal.head() == 0


def test_what_is_read_is_what_was_committed(tmp_path):
    with opened(tmp_path) as journal:
        events = fill(journal, 5)
        assert journal.read(0, 10) == events
        assert journal.read(2, 2) == events[2:4]
        assert journal.read(5, 10) == []


def test_a_journal_goes_on_in_its_epoch_after_a_restart(tmp_path):
    with opened(tmp_path) as journal:
        before = fill(journal, 3)
    with opened(tmp_path, "run-2", EPOCH_MS + 5000) as journal:
        assert not journal.report.is_new_epoch
        after = journal.commit([(a_draft(9), 0.5)])
        assert (after[0].epoch, after[0].seq, after[0].run) == (before[0].epoch, 4, "run-2")
        assert journal.read(0, 10) == before + after


def test_receipts_survive_a_restart(tmp_path):
    with opened(tmp_path) as journal:
        fill(journal, 9)
        assert journal.confirm([2, 1]) == Receipts(2)
        assert journal.confirm([9, 4, 5, 4]) == Receipts(2, ((4, 5), (9, 9)))
    with opened(tmp_path) as journal:
        assert journal.receipts() == Receipts(2, ((4, 5), (9, 9)))
        assert journal.confirm([1, 3]) == Receipts(5, ((9, 9),))


def test_a_receipt_for_an_event_that_was_never_made_is_a_mistake_of_ours(tmp_path):
    with opened(tmp_path) as journal, pytest.raises(AssertionError):
        journal.confirm([1])


def test_each_commit_is_synchronous_and_erased_content_is_overwritten(tmp_path):
    with opened(tmp_path) as journal:
        full, secure = 2, 1
        assert journal._writer.execute("PRAGMA synchronous").fetchone() == (full,)
        assert journal._writer.execute("PRAGMA secure_delete").fetchone() == (secure,)
        assert journal._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_log_goes_into_the_database_beside_commits_and_not_with_one_of_them(tmp_path):
    def names_in_the_database():
        (tmp_path / "alone.db").write_bytes((tmp_path / "journal.db").read_bytes())
        with closing(sqlite3.connect(tmp_path / "alone.db")) as alone:
            return alone.execute("SELECT name FROM sqlite_schema").fetchall()

    with opened(tmp_path) as journal:
        events = fill(journal, 60, 100_000)  # A half more than SQLite by itself leaves in a log.
        assert names_in_the_database() == []
        journal.move_log()
        assert ("events",) in names_in_the_database()
        assert journal.read(50, 100) == events[50:]
        journal.commit([(a_draft(1), 0.5)])
    assert verify(tmp_path).findings == ()


def test_only_the_owner_may_read_the_files(tmp_path):
    with opened(tmp_path) as journal:
        fill(journal, 1)
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert {"journal.db", "journal.db-wal", "journal.head"} <= set(modes)


def test_a_read_in_progress_does_not_hold_up_a_commit(tmp_path):
    with opened(tmp_path) as journal:
        fill(journal, 3)
        with journal._reading:
            cursor = journal._reader.execute("SELECT position FROM events")
            cursor.fetchone()
            assert journal.commit([(a_draft(4), 4.0)])[0].seq == 4
            cursor.close()


def test_commits_reads_and_receipts_of_many_threads_keep_their_order(tmp_path):
    with opened(tmp_path) as journal:
        committed = []

        def commit():
            for n in range(20):
                committed.extend(journal.commit([(a_draft(n), float(n))]))
                journal.confirm([committed[-1].seq])
                journal.read(0, 5)

        threads = [threading.Thread(target=commit) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(event.seq for event in committed) == list(range(1, 81))
        assert journal.read(0, 100) == sorted(committed, key=lambda event: event.seq)
        assert journal.receipts() == Receipts(80)


def test_a_refused_commit_stores_nothing_says_what_to_do_and_the_next_one_goes_on(tmp_path):
    with opened(tmp_path) as journal:
        before = fill(journal, 2)
        size = journal._writer.execute("PRAGMA page_count").fetchone()[0]
        journal._writer.execute(f"PRAGMA max_page_count = {size}")
        with pytest.raises(StorageError, match=r"journal\.db: the disk is full: free some space"):
            journal.commit([(a_draft(3), 3.0), (a_draft(4, 50_000), 4.0)])
        assert journal.head() == 2
        assert journal.read(0, 10) == before
        journal._writer.execute(f"PRAGMA max_page_count = {size + 100}")
        after = journal.commit([(a_draft(5), 5.0)])
        assert after[0].seq == 3
        assert journal.read(0, 10) == before + after
    assert verify(tmp_path).findings == ()


def test_a_commit_that_fails_midway_is_taken_back_whole(tmp_path):
    with opened(tmp_path) as journal:
        before = fill(journal, 1)
        journal._write(
            "INSERT INTO events SELECT 3, epoch, 3, class, body, salt, digest, chain, run, appended_s FROM events WHERE position = ?",
            [(1,)],
        )
        with pytest.raises(StorageError, match="CONSTRAINT"):
            journal.commit([(a_draft(2), 2.0), (a_draft(3), 3.0)])
        journal._write("DELETE FROM events WHERE position = ?", [(3,)])
        after = journal.commit([(a_draft(4), 4.0)])
        assert journal.read(0, 10) == before + after


def test_receipts_that_are_known_are_not_written_again(tmp_path, mocker):
    with opened(tmp_path) as journal:
        fill(journal, 2)
        journal.confirm([1])
        write = mocker.spy(journal, "_write")
        assert journal.confirm([1]) == Receipts(1)
        assert write.call_count == 0


def test_a_file_system_without_shared_memory_is_refused(tmp_path, monkeypatch):
    in_memory = sqlite3.connect(":memory:", isolation_level=None)
    monkeypatch.setattr(journal_file, "_connect", lambda *_: in_memory)
    with pytest.raises(StorageError, match="needs a local disk"):
        opened(tmp_path).__enter__()


def test_a_disk_that_turned_read_only_is_named(tmp_path):
    with opened(tmp_path) as journal:
        fill(journal, 1)
        journal._writer.execute("PRAGMA query_only = ON")
        with pytest.raises(StorageError, match="read-only: mount it writable"):
            journal.commit([(a_draft(1), 1.0)])
        with pytest.raises(StorageError, match="read-only"):
            journal.confirm([1])
        journal._writer.execute("PRAGMA query_only = OFF")
        assert journal.receipts() == Receipts(0)
        assert journal.commit([(a_draft(1), 1.0)])[0].seq == 2


def test_another_program_that_keeps_the_journal_locked_is_named(tmp_path):
    with opened(tmp_path) as journal:
        journal._writer.execute("PRAGMA busy_timeout = 0")
        other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="another program holds the file"):
            journal.commit([(a_draft(1), 1.0)])
        other.close()
        assert journal.commit([(a_draft(1), 1.0)])[0].seq == 1


def test_a_directory_that_is_no_directory_is_named(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StorageError, match=r"journal\.db: there is a file in the way"):
        opened(tmp_path / "state").__enter__()


def test_an_event_of_a_newer_version_is_read_as_its_stand_in(tmp_path, caplog):
    with opened(tmp_path) as journal:
        events = fill(journal, 3)
        row = next(row for row in journal_walk.walk(tmp_path) if row.seq == 2)
        body = row.body.replace(b"onegate.audit.gateway.v1", b"onegate.novelty.gateway.v7")
        changed = row._replace(body=body).linked(_row(tmp_path, 1).chain)
        following = _row(tmp_path, 3).linked(changed.chain)
        update = "UPDATE events SET body = ?, chain = ? WHERE position = ?"
        journal._write(
            update, [(changed.body, changed.chain, 2), (following.body, following.chain, 3)]
        )
        assert journal.read(0, 1) + journal.read(2, 1) == [events[0], events[2]]
        (stand_in,) = journal.read(1, 1)
    assert stand_in.id == events[1].id
    assert isinstance(stand_in.fact, Audit)
    assert stand_in.fact.action == "row_unreadable"
    assert "novelty" in str(stand_in.fact.detail["reason"])
    assert stand_in.run != events[1].run, "a stand-in is never live"
    assert "row_unreadable" in caplog.text


def test_a_lawful_erasure_leaves_its_mark_and_the_chain_holds(tmp_path):
    with opened(tmp_path) as journal:
        events = fill(journal, 3)
        _erase(journal, 2)
        assert [event.fact.action for event in journal.read(0, 10)] == [
            "tested",
            "row_unreadable",
            "tested",
        ]
        assert journal.read(0, 10)[1].fact.detail == {"reason": "it was erased"}
        assert journal.read(2, 1) == events[2:]
        journal.commit([(Draft(Erased((events[1].id,)).fact(), AT), 4.0)])
        assert verify(tmp_path).findings == ()


def test_a_salt_is_never_used_twice(tmp_path):
    with opened(tmp_path) as journal:
        fill(journal, 10)
        assert len({row.salt for row in journal_walk.walk(tmp_path)}) == 10


def test_the_stored_body_is_the_event_as_it_is_published(tmp_path):
    with opened(tmp_path) as journal:
        fill(journal, 1)
    (row,) = journal_walk.walk(tmp_path)
    assert load_draft(row.body) == a_draft(0)
    assert (row.event_class, row.run, row.appended_s) == ("audit", "run-1", 0.0)


def test_a_draft_keeps_its_time_and_clock_quality(tmp_path):
    draft = replace(a_draft(1), clock="unsynced")
    with opened(tmp_path) as journal:
        journal.commit([(draft, 1.0)])
        assert journal.read(0, 1)[0].draft == draft


def _row(directory, position):
    return next(journal_walk.walk(directory, position - 1))


def _erase(journal, position):
    digest = _row(journal._path.parent, position).erased().digest
    journal._write(
        "UPDATE events SET body = NULL, salt = NULL, digest = ? WHERE position = ?",
        [(digest, position)],
    )
