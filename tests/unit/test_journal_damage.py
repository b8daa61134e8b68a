import shutil
import sqlite3
from contextlib import closing

import pytest

from gatewayd.core.events import Audit
from gatewayd.ports import Receipts, StorageError
from gatewayd.store import journal_file
from gatewayd.store.journal_head import HeadNote
from gatewayd.store.journal_retention import Limits
from gatewayd.store.journal_verify import verify
from tests.unit.journal_facts import EPOCH_MS, a_draft, fill, opened

ROWS = 6


@pytest.fixture
def closed(tmp_path):
    """A journal that ended well: all rows in the database file, no write-ahead log."""
    directory = tmp_path / "closed"
    directory.mkdir()
    with opened(directory) as journal:
        events = fill(journal, ROWS, 200)
        journal.confirm([1, 2, 4])
    return directory, events


@pytest.fixture
def killed(tmp_path):
    """A journal whose process was killed: all rows in the write-ahead log."""
    running, directory = tmp_path / "running", tmp_path / "killed"
    running.mkdir()
    with opened(running) as journal:
        events = fill(journal, ROWS, 200)
        shutil.copytree(running, directory)
    return directory, events


def test_nothing_is_lost_when_the_process_is_killed(killed):
    directory, events = killed
    with opened(directory, "run-2") as journal:
        assert not journal.report.is_new_epoch
        assert journal.read(0, 100) == events


def test_a_flipped_bit_anywhere_in_the_database_never_passes_in_silence(closed, tmp_path):
    directory, events = closed
    size = (directory / "journal.db").stat().st_size
    places = [*range(100), *range(100, size, 397)]
    outcomes = [
        _hold_to_the_promise(_copy(directory, tmp_path), "journal.db", _flip(place), events)
        for place in places
    ]
    assert {"whole", "named row", "moved aside"} <= set(outcomes)


def test_a_database_cut_anywhere_never_passes_in_silence(closed, tmp_path):
    directory, events = closed
    size = (directory / "journal.db").stat().st_size
    outcomes = [
        _hold_to_the_promise(_copy(directory, tmp_path), "journal.db", _cut(place), events)
        for place in [*range(0, size, 997), size - 1]
    ]
    assert {"moved aside", "events named lost"} <= set(outcomes)


def test_a_flipped_bit_anywhere_in_the_write_ahead_log_never_passes_in_silence(killed, tmp_path):
    directory, events = killed
    size = (directory / "journal.db-wal").stat().st_size
    outcomes = [
        _hold_to_the_promise(_copy(directory, tmp_path), "journal.db-wal", _flip(place), events)
        for place in range(0, size, 997)
    ]
    assert set(outcomes) == {"events named lost"}


def test_a_write_ahead_log_cut_anywhere_never_passes_in_silence(killed, tmp_path):
    directory, events = killed
    size = (directory / "journal.db-wal").stat().st_size
    outcomes = [
        _hold_to_the_promise(_copy(directory, tmp_path), "journal.db-wal", _cut(place), events)
        for place in [*range(0, size, 997), size - 1]
    ]
    assert set(outcomes) == {"events named lost"}


def test_a_deleted_write_ahead_log_is_noticed(killed):
    directory, events = killed
    (directory / "journal.db-wal").unlink()
    with opened(directory, "run-2") as journal:
        assert journal.report.reason == f"journal.db is gone, it had come to {events[-1].id}"


@pytest.mark.parametrize("lost", [1, 2])
def test_an_older_copy_put_in_place_of_the_journal_is_noticed(closed, tmp_path, lost):
    directory, events = closed
    older = _copy(directory, tmp_path)
    with opened(directory) as journal:
        newer = fill(journal, lost)
    shutil.copy(older / "journal.db", directory / "journal.db")
    with opened(directory) as journal:
        assert journal.report.reason == (
            f"events {newer[0].id} to {newer[-1].id} were recorded and are gone"
        )
        assert journal.report.moved_aside is None
        again = journal.commit([(a_draft(1), 1.0)])
        assert again[0].epoch > events[0].epoch
        assert again[0].seq == 1


def test_a_journal_brought_from_elsewhere_begins_a_new_epoch(closed, tmp_path):
    directory, events = closed
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(directory / "journal.db", other / "journal.db")
    with opened(other) as journal:
        assert "journal.head is missing" in journal.report.reason
        assert journal.epoch > events[0].epoch
        assert journal.receipts() == Receipts(0)
        assert journal.head() == 0
        assert journal.read(0, 10) == []


def test_a_note_that_stayed_behind_in_a_power_cut_is_no_reason_to_doubt(closed, tmp_path):
    directory, events = closed
    note = (_copy(directory, tmp_path) / "journal.head").read_bytes()
    with opened(directory) as journal:
        events += fill(journal, 2)
    (directory / "journal.head").write_bytes(note)
    with opened(directory) as journal:
        assert not journal.report.is_new_epoch
        assert journal.read(0, 10) == events


def test_a_damaged_journal_is_kept_beside_the_new_one(closed):
    directory, _ = closed
    (directory / "journal.db").write_bytes(b"no database" * 500)
    with opened(directory) as journal:
        assert journal.report.is_new_epoch
        assert "it was moved aside and a new one begins" in journal.report.reason
        aside = journal.report.moved_aside
        assert aside.name == f"journal.corrupt-{journal.epoch}"
        assert aside.read_bytes() == b"no database" * 500
        assert fill(journal, 1)[0].seq == 1


def test_a_database_is_moved_aside_with_its_companions(tmp_path):
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        (tmp_path / name).write_text(name)
    aside = journal_file.move_aside(tmp_path / "journal.db", "019abc0123450001")
    moved = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert moved == {
        "journal.corrupt-019abc0123450001": "journal.db",
        "journal.corrupt-019abc0123450001-wal": "journal.db-wal",
        "journal.corrupt-019abc0123450001-shm": "journal.db-shm",
    }
    assert aside == tmp_path / "journal.corrupt-019abc0123450001"
    assert journal_file.epochs_moved_aside(tmp_path) == ["019abc0123450001"]


def test_an_epoch_is_new_even_while_the_clock_stands_in_1970(closed):
    directory, events = closed
    known = {events[0].epoch}
    for _ in range(3):
        (directory / "journal.db").write_bytes(b"no database at all")
        with opened(directory, epoch_ms=0) as journal:
            assert journal.epoch > max(known)
            known.add(journal.epoch)
    (directory / "journal.head").unlink()
    (directory / "journal.db").unlink()
    with opened(directory, epoch_ms=0) as journal:
        assert journal.epoch > max(known)


def test_damage_that_shows_while_running_is_repaired_by_the_next_start(closed):
    directory, _ = closed
    page = 4096
    with opened(directory) as journal:
        with (directory / "journal.db").open("r+b") as file:
            file.seek(page)
            file.write(b"\xff" * 5 * page)
        journal._reader.execute("PRAGMA cache_size = 0")
        with pytest.raises(StorageError, match="damaged: restart gatewayd"):
            journal.read(0, 10)
        assert not (directory / "journal.head").exists()
    with opened(directory) as journal:
        assert journal.report.moved_aside is not None


def test_a_large_journal_is_checked_after_its_start_and_moved_aside_by_the_next(
    closed, monkeypatch
):
    directory, _ = closed
    _flip(2 * 4096 + 7)(
        directory / "journal.db"
    )  # a counter in a page header, seen by a check only
    monkeypatch.setattr(journal_file, "_CHECKED_SIZE_MAX", 0)
    with opened(directory) as journal:
        assert not journal.report.is_new_epoch
        assert "restart gatewayd, which moves it aside" in journal.check_rest()
    with opened(directory) as journal:
        assert journal.report.moved_aside is not None
        assert journal.check_rest() is None


def test_a_large_journal_that_is_sound_is_checked_once_after_its_start(closed, monkeypatch):
    directory, _ = closed
    monkeypatch.setattr(journal_file, "_CHECKED_SIZE_MAX", 0)
    with opened(directory) as journal:
        assert journal.check_rest() is None
        monkeypatch.setattr(journal_file, "check", None)  # Called again, it would raise.
        assert journal.check_rest() is None
    assert (directory / "journal.head").exists()


def test_a_large_journal_without_its_note_is_checked_at_the_start(closed, monkeypatch):
    directory, _ = closed
    _flip(2 * 4096 + 7)(directory / "journal.db")
    monkeypatch.setattr(journal_file, "_CHECKED_SIZE_MAX", 0)
    (directory / "journal.head").unlink()
    with opened(directory) as journal:
        assert journal.report.moved_aside is not None


@pytest.mark.parametrize(
    "change",
    [(b"class  ", b"clbss  "), (b"STRICT", b"STRIBT"), (b"tablereceipts", b"tabler\xe5ceipts")],
)
def test_a_journal_with_other_tables_is_moved_aside(closed, change):
    directory, _ = closed
    path = directory / "journal.db"
    path.write_bytes(path.read_bytes().replace(*change))
    with opened(directory) as journal:
        assert journal.report.moved_aside is not None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET seq = seq + 1 WHERE position = ?",
        "UPDATE events SET epoch = 'another' WHERE position = ?",
        "UPDATE epochs SET base = base - 1 WHERE ? > 0",
        "UPDATE epochs SET base = base + 256 WHERE ? > 0",
    ],
)
def test_a_journal_whose_end_does_not_agree_with_its_epoch_is_moved_aside(closed, change):
    directory, events = closed
    with opened(directory) as journal:
        journal._write(change, [(ROWS,)])
    with opened(directory) as journal:
        assert "its last row is none of its last epoch" in journal.report.reason
        assert journal.report.moved_aside is not None
        assert journal.epoch > events[0].epoch


def test_a_journal_behind_its_directory_by_an_epoch_begins_a_new_one(closed):
    directory, events = closed
    later = f"{EPOCH_MS + 5:012x}0001"
    note = HeadNote(directory / "journal.head")
    note.hold(later, 3)
    note.close()
    with opened(directory) as journal:
        assert journal.report.reason == (
            f"the journal ends in epoch {events[0].epoch}, but this directory had come to {later}"
        )
        assert journal.epoch > later


TABLES = ["events", "epochs", "receipts", "trimmed", "remainders"]


@pytest.mark.parametrize("table", [*TABLES, "sqlite_schema"])
def test_damage_in_any_table_moves_the_journal_aside_and_the_start_goes_on(closed, table):
    directory, events = closed
    path = directory / "journal.db"
    with closing(sqlite3.connect(path)) as looking:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        (page,) = looking.execute(query, (table,)).fetchone() or (1,)
        (size,) = looking.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size + (100 if page == 1 else 0))
        file.write(b"\xff" * 50)
    with opened(directory) as journal:
        assert journal.report.moved_aside is not None
        assert "it was moved aside and a new one begins" in journal.report.reason
        assert journal.epoch > events[0].epoch
        assert fill(journal, 1)[0].seq == 1


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_is_gone_moves_the_journal_aside_and_the_start_goes_on(closed, table):
    directory, events = closed
    with closing(sqlite3.connect(directory / "journal.db")) as other:
        other.execute(f"DROP TABLE {table}")
    with opened(directory) as journal:
        assert journal.report.moved_aside is not None
        assert journal.epoch > events[0].epoch
        assert fill(journal, 1)[0].seq == 1


@pytest.mark.parametrize(
    ("version", "later"), [(1, ["trimmed", "remainders"]), (2, ["remainders"])]
)
def test_a_journal_of_an_older_version_is_brought_up_to_date(closed, version, later):
    directory, events = closed
    with closing(sqlite3.connect(directory / "journal.db")) as old:
        for table in later:
            old.execute(f"DROP TABLE {table}")
        old.execute(f"PRAGMA user_version = {version}")
    with opened(directory) as journal:
        assert not journal.report.is_new_epoch
        assert journal.read(0, 100) == events
        assert journal.plan_removal((journal.epoch, 1), Limits(None, None, 1)) is not None
    assert verify(directory).findings == ()


def test_a_journal_of_a_version_that_nobody_knows_is_moved_aside(closed):
    directory, _ = closed
    for version in (-1, 4):
        with closing(sqlite3.connect(directory / "journal.db")) as other:
            other.execute(f"PRAGMA user_version = {version}")
        with opened(directory) as journal:
            assert journal.report.moved_aside is not None


def test_a_locked_journal_is_not_taken_for_a_damaged_one(closed, monkeypatch):
    directory, events = closed
    monkeypatch.setattr(journal_file, "BUSY_MS", 0)
    other = sqlite3.connect(directory / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="another program holds the file"):
        opened(directory).__enter__()
    other.close()
    with opened(directory) as journal:
        assert journal.read(0, 10) == events


def test_a_gap_in_the_rows_is_read_as_a_stand_in(closed):
    directory, events = closed
    with opened(directory) as journal:
        journal._write("DELETE FROM events WHERE position = ?", [(3,)])
        read = journal.read(0, 10)
    assert [event.seq for event in read] == [1, 2, 3, 4, 5, 6]
    assert [event == other for event, other in zip(read, events, strict=True)] == [
        True,
        True,
        False,
        False,  # nobody knows any more what it followed
        True,
        True,
    ]


def test_damaged_receipts_only_mean_that_events_are_sent_again(closed):
    directory, _ = closed
    with opened(directory) as journal:
        journal._write("UPDATE receipts SET state = ?", [("[6,[]]",)])
    with opened(directory) as journal:
        assert journal.receipts() == Receipts(0)
        assert journal.confirm([1]) == Receipts(1)


def _hold_to_the_promise(directory, name, damage, events):
    """Every event is read as it was, or named as unreadable, or the start says that it is gone;
    and the journal goes on with ids that were never given."""
    damage(directory / name)
    with opened(directory, "run-2", EPOCH_MS - 1) as journal:
        outcome = _outcome(journal, events)
        added = journal.commit([(a_draft(100), 1.0)])
        assert (added[0].epoch, added[0].seq) > (events[-1].epoch, events[-1].seq)
        assert journal.read(added[0].seq - 1, 5) == added
        assert journal.receipts() in {Receipts(0), Receipts(2, ((4, 4),))}
    return outcome


def _outcome(journal, events):
    if journal.report.is_new_epoch:
        assert journal.report.reason
        return "moved aside" if journal.report.moved_aside else "events named lost"
    read = journal.read(0, 100)
    assert [event.id for event in read] == [event.id for event in events]
    changed = [event for event, other in zip(read, events, strict=True) if event != other]
    assert all(isinstance(event.fact, Audit) for event in changed)
    assert {event.fact.action for event in changed} <= {"row_unreadable"}
    return "named row" if changed else "whole"


def _copy(directory, tmp_path):
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(directory, copy)
    return copy


def _flip(place):
    def flip(path):
        data = bytearray(path.read_bytes())
        data[place] ^= 1 << place % 8
        path.write_bytes(data)

    return flip


def _cut(size):
    def cut(path):
        with path.open("r+b") as file:
            file.truncate(size)

    return cut
