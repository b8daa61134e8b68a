import itertools

import pytest

from gatewayd.ports import StorageError
from gatewayd.store import journal_walk
from gatewayd.store.journal_walk import Broken, Intact, last_position, verify, walk
from tests.unit.journal_facts import a_draft, fill, opened


@pytest.fixture
def two_epochs(tmp_path):
    """Three rows, a lost note, thus a new epoch, two rows."""
    with opened(tmp_path) as journal:
        events = fill(journal, 3)
    (tmp_path / "journal.head").unlink()
    with opened(tmp_path, "run-2") as journal:
        events += fill(journal, 2)
    return tmp_path, events


def test_a_walk_goes_through_all_epochs(two_epochs):
    directory, events = two_epochs
    assert [row.id for row in walk(directory)] == [event.id for event in events]
    assert [row.position for row in walk(directory, 3)] == [4, 5]
    assert last_position(directory) == 5


def test_the_chain_goes_on_into_a_new_epoch(two_epochs):
    directory, _ = two_epochs
    last = list(walk(directory))[-1]
    assert verify(directory) == Intact(5, last.chain)


def test_a_walk_sees_what_a_running_daemon_adds(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_walk, "_BATCH_ROWS", 2)
    with opened(tmp_path) as journal:
        fill(journal, 3)
        rows = walk(tmp_path)
        assert [row.seq for row in itertools.islice(rows, 3)] == [1, 2, 3]
        journal.commit([(a_draft(4), 4.0)])
        assert [row.seq for row in rows] == [4]


def test_a_walk_keeps_no_transaction_open_between_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_walk, "_BATCH_ROWS", 2)
    with opened(tmp_path) as journal:
        fill(journal, 6)
        rows = walk(tmp_path)
        next(rows)
        blocked, _, _ = journal._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not blocked
        assert len(list(rows)) == 5


def test_an_empty_journal_holds(tmp_path):
    with opened(tmp_path):
        pass
    assert verify(tmp_path) == Intact(0, bytes(32))
    assert list(walk(tmp_path)) == []
    assert last_position(tmp_path) == 0


CHANGES = {
    "body": "UPDATE events SET body = CAST('{}' AS BLOB) WHERE position = 2",
    "salt": "UPDATE events SET salt = zeroblob(16) WHERE position = 2",
    "class": "UPDATE events SET class = 'alarm' WHERE position = 2",
    "seq": "UPDATE events SET seq = 9 WHERE position = 2",
    "time": "UPDATE events SET appended_s = 0.25 WHERE position = 2",
    "run": "UPDATE events SET run = 'other' WHERE position = 2",
    "missing": "DELETE FROM events WHERE position = 2",
    "chain": "UPDATE events SET chain = zeroblob(32) WHERE position = 2",
    "erased without digest": (
        "UPDATE events SET body = NULL, salt = NULL, digest = zeroblob(32) WHERE position = 2"
    ),
    "swapped bodies": (
        "UPDATE events SET body = (SELECT body FROM events AS e WHERE e.position = "
        "CASE events.position WHEN 2 THEN 3 ELSE 2 END) WHERE position IN (2, 3)"
    ),
    "renumbered": "UPDATE events SET position = position + 1 WHERE position >= 2",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_first_row_that_does_not_hold_is_named(tmp_path, change):
    with opened(tmp_path) as journal:
        events = fill(journal, 4)
        if "position + 1" in change:
            for position in (4, 3, 2):
                journal._write(
                    "UPDATE events SET position = ? WHERE position = ?", [(position + 1, position)]
                )
        else:
            journal._write(change, [()])
    assert verify(tmp_path) == Broken(2, events[0].id)


def test_a_missing_first_row_is_named(tmp_path):
    with opened(tmp_path) as journal:
        fill(journal, 2)
        journal._write("DELETE FROM events WHERE position = ?", [(1,)])
    assert verify(tmp_path) == Broken(1, "")


def test_a_journal_that_is_not_there_is_named(tmp_path):
    for look in (verify, last_position, lambda directory: list(walk(directory))):
        with pytest.raises(StorageError, match=r"journal\.db: it is not there"):
            look(tmp_path)
    assert list(tmp_path.iterdir()) == []
