import itertools

import pytest

from gatewayd.ports import StorageError
from gatewayd.store import journal_walk
from gatewayd.store.journal_walk import last_position, walk
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


def test_an_empty_journal_has_no_rows(tmp_path):
    with opened(tmp_path):
        pass
    assert list(walk(tmp_path)) == []
    assert last_position(tmp_path) == 0


def test_a_journal_that_is_not_there_is_named(tmp_path):
    for look in (last_position, lambda directory: list(walk(directory))):
        with pytest.raises(StorageError, match=r"journal\.db: it is not there"):
            look(tmp_path)
    assert list(tmp_path.iterdir()) == []
