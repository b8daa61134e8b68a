import errno
import os
import sqlite3
from typing import NamedTuple

import pytest

from gatewayd.ports import StorageError
from gatewayd.store import journal as journal_module
from gatewayd.store import reserve as reserve_module
from gatewayd.store.reserve import RESERVE_SIZE, Reserve
from tests.unit.journal_facts import a_draft, fill, opened

STEP = reserve_module._STEP_SIZE


class Room(NamedTuple):
    f_bavail: int
    f_frsize: int


@pytest.fixture
def reserve(tmp_path):
    return Reserve(tmp_path)


def test_a_reserve_takes_its_room_for_the_owner_only(tmp_path, reserve):
    assert not reserve.is_whole
    assert reserve.fill()
    (file,) = tmp_path.iterdir()
    assert file.stat().st_blocks * 512 >= RESERVE_SIZE, "a sparse file keeps no room"
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_is_given_back_in_steps_and_the_last_one_is_kept_for_the_next_start(reserve):
    reserve.fill()
    steps = 0
    while reserve.release():
        steps += 1
    assert steps == RESERVE_SIZE // STEP - 1
    assert not reserve.is_whole
    assert reserve.release_all()
    assert not reserve.release_all()


def test_it_is_made_whole_again_when_there_is_room_for_twice_as_much(reserve, monkeypatch):
    reserve.fill()
    reserve.release()
    monkeypatch.setattr(os, "statvfs", lambda _: Room(2 * STEP - 1, 1))
    assert not reserve.fill()
    monkeypatch.setattr(os, "statvfs", lambda _: Room(2 * STEP, 1))
    assert reserve.fill()


def test_a_disk_that_refuses_the_reserve_is_left_as_it_was(reserve, monkeypatch):
    def refuse(handle, offset, size):
        os.ftruncate(handle, size)  # as ext4 may do on its way
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert not reserve.fill()
    assert not reserve.release_all()


def test_a_directory_that_cannot_be_written_raises_nothing(tmp_path):
    reserve = Reserve(tmp_path / "missing")
    assert not reserve.fill()
    assert not reserve.release()
    assert not reserve.release_all()


def test_the_last_events_fit_on_a_full_disk(tmp_path):
    with opened(tmp_path) as journal:
        journal.reserve.fill()
        writer = Full(journal)
        events = [event for n in range(5) for event in journal.commit([(a_draft(n), 1.0)])]
        assert [event.seq for event in events] == [1, 2, 3, 4, 5]
        assert writer.refused == 5
        assert (tmp_path / "journal.reserve").stat().st_size == RESERVE_SIZE - 5 * STEP
        fill(journal, 2)
        with pytest.raises(StorageError, match="the disk is full"):
            fill(journal, 1)
        assert (tmp_path / "journal.reserve").stat().st_size == STEP
        assert journal.head() == 7


def test_a_journal_starts_on_a_full_disk_with_the_room_of_the_reserve(tmp_path, monkeypatch):
    Reserve(tmp_path).fill()
    refuse_to_open_once(monkeypatch)
    with opened(tmp_path) as journal:
        assert fill(journal, 1)[0].seq == 1
    assert (tmp_path / "journal.reserve").stat().st_size == 0


def test_without_a_reserve_a_full_disk_is_named_at_the_start(tmp_path, monkeypatch):
    refuse_to_open_once(monkeypatch)
    with pytest.raises(StorageError, match="the disk is full"):
        opened(tmp_path).__enter__()


class Full:
    """Lets a commit through only after another step of the reserve was given back."""

    def __init__(self, journal):
        self.refused = 0
        self._path = journal._path.with_name("journal.reserve")
        self._size = self._path.stat().st_size
        self._whole = journal._transact
        journal._transact = self.transact

    def transact(self, *statements):
        size = self._path.stat().st_size
        if size >= self._size:
            self.refused += 1
            raise full()
        self._size = size
        self._whole(*statements)


def refuse_to_open_once(monkeypatch):
    whole = journal_module.open_files
    errors = [full()]

    def open_files(*arguments):
        if errors:
            raise errors.pop()
        return whole(*arguments)

    monkeypatch.setattr(journal_module, "open_files", open_files)


def full():
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    error.sqlite_errorname = "SQLITE_FULL"
    return error
