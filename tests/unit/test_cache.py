import errno
import os
import shutil
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.folded import Change
from gatewayd.ports import StorageError
from gatewayd.store import keyed_storage
from gatewayd.store.cache import TinyCache

EPOCH = "019abc0123450001"
ANA = {"category": "staff", "inside_since": "2026-11-22T08:30:00.000Z"}
BUDI = {"category": "visitor", "inside_since": None}


@pytest.fixture
def cache(tmp_path):
    cache = TinyCache.open(tmp_path)
    yield cache
    cache.close()


def test_a_new_cache_is_empty_and_has_nothing_folded_in(cache):
    assert cache.folded() == ("", 0)
    assert cache.get("holders", "ana") is None
    assert list(cache.items("holders")) == []
    assert cache.size("holders") == 0
    assert cache.damage == ""


def test_changes_are_seen_at_once_with_their_watermark(cache):
    cache.apply([Change("holders", "ana", ANA), Change("holders", "budi", BUDI)], EPOCH, 2)
    cache.apply(
        [Change("holders", "budi", None), Change("counts", "occupancy", {"n": 1})], EPOCH, 3
    )
    assert cache.get("holders", "ana") == ANA
    assert cache.get("holders", "budi") is None
    assert list(cache.items("holders")) == [("ana", ANA)]
    assert (cache.size("holders"), cache.size("counts")) == (1, 1)
    assert cache.folded() == (EPOCH, 3)


def test_an_event_that_changes_nothing_moves_the_watermark(cache):
    cache.apply([], EPOCH, 7)
    assert cache.folded() == (EPOCH, 7)


def test_flushed_rows_and_their_watermark_survive_a_restart(cache, tmp_path):
    cache.apply([Change("holders", "ana", ANA)], EPOCH, 1)
    cache.flush()
    cache.apply([Change("holders", "budi", BUDI)], EPOCH, 2)
    cache.close()
    again = TinyCache.open(tmp_path)
    assert list(again.items("holders")) == [("ana", ANA)]
    assert again.folded() == (EPOCH, 1)
    again.close()


def test_a_cleared_cache_is_folded_from_the_beginning(cache, tmp_path):
    cache.apply([Change("holders", "ana", ANA)], EPOCH, 9)
    cache.flush()
    cache.clear()
    assert cache.folded() == ("", 0)
    assert cache.size("holders") == 0
    cache.flush()
    cache.close()
    again = TinyCache.open(tmp_path)
    assert (again.folded(), again.size("holders")) == (("", 0), 0)
    again.close()


def test_what_was_received_stays_when_the_rest_is_folded_anew(cache, tmp_path):
    red = {"status": "red"}
    cache.apply([Change("holders", "ana", ANA)], EPOCH, 9)
    cache.keep([Change("centre_statuses", "ana", red), Change("centre_statuses", "budi", red)])
    cache.keep([Change("centre_statuses", "budi", None)])
    assert cache.folded() == (EPOCH, 9)
    cache.flush()
    cache.clear()
    cache.flush()
    cache.close()
    again = TinyCache.open(tmp_path)
    assert (again.folded(), again.size("holders")) == (("", 0), 0)
    assert list(again.items("centre_statuses")) == [("ana", red)]
    again.close()


def test_only_received_tables_change_without_the_journal(cache):
    with pytest.raises(AssertionError):
        cache.keep([Change("holders", "ana", ANA)])


@pytest.mark.parametrize("name", ["cache.snapshot", "cache.journal"])
def test_damaged_files_are_kept_aside_and_the_cache_begins_empty(cache, tmp_path, name):
    cache.clear()
    cache.apply([Change("holders", "ana", ANA)], EPOCH, 1)
    cache.flush()
    for seq in (2, 3):
        cache.apply([Change("holders", "budi", BUDI)], EPOCH, seq)
        cache.flush()
    cache.close()
    damaged = bytearray((tmp_path / name).read_bytes())
    damaged[30] ^= 1
    (tmp_path / name).write_bytes(damaged)
    again = TinyCache.open(tmp_path)
    assert again.folded() == ("", 0)
    assert "it is built anew" in again.damage
    assert name in again.damage
    assert (tmp_path / f"{name}.corrupt").read_bytes() == damaged
    again.apply([Change("holders", "ana", ANA)], EPOCH, 1)
    again.flush()
    again.close()
    assert _found(tmp_path) == ({("holders", "ana"): ANA}, (EPOCH, 1))


def test_who_peeks_at_a_damaged_cache_is_told(cache, tmp_path):
    cache.clear()
    cache.flush()
    (tmp_path / "cache.snapshot").write_bytes(b"no snapshot")
    with pytest.raises(StorageError, match="the next start of gatewayd builds it anew"):
        TinyCache.peek(tmp_path)
    assert (tmp_path / "cache.snapshot").read_bytes() == b"no snapshot"


def test_a_bad_block_is_damage_too(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(keyed_storage, "read_group", _fails(errno.EIO, once=True))
        cache = TinyCache.open(tmp_path)
    assert "cannot be read" in cache.damage
    cache.close()


def test_a_directory_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(StorageError, match="cache: it is not there or cannot be opened"):
        TinyCache.open(tmp_path / "missing")
    with pytest.raises(StorageError, match="cache: it is not there or cannot be opened"):
        TinyCache.peek(tmp_path)


def test_a_full_disk_is_named_and_nothing_is_forgotten(cache, tmp_path, monkeypatch):
    cache.apply([Change("holders", "ana", ANA)], EPOCH, 1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", _fails(errno.ENOSPC))
        with pytest.raises(StorageError, match="the disk is full: free some space"):
            cache.flush()
    assert cache.get("holders", "ana") == ANA
    cache.flush()
    assert _found(tmp_path) == ({("holders", "ana"): ANA}, (EPOCH, 1))


def test_who_peeks_sees_what_was_flushed_last(cache, tmp_path):
    cache.apply([Change("holders", "ana", ANA)], EPOCH, 1)
    cache.flush()
    cache.apply([Change("holders", "budi", BUDI)], EPOCH, 2)
    assert _found(tmp_path) == ({("holders", "ana"): ANA}, (EPOCH, 1))


def test_rows_and_watermark_flushed_from_another_thread_are_of_one_moment(
    cache, tmp_path, monkeypatch
):
    monkeypatch.setattr(keyed_storage, "_SNAPSHOT_BYTES_MIN", 5000)
    is_over = threading.Event()
    seen = []

    def flush():
        while not is_over.is_set():
            cache.flush()
            seen.append(_found(tmp_path))

    flusher = threading.Thread(target=flush)
    flusher.start()
    for seq in range(1, 2001):
        cache.apply(
            [Change("t", str(seq % 7), {"n": seq}), Change("t", "all", {"n": seq})], EPOCH, seq
        )
    is_over.set()
    flusher.join()
    cache.flush()
    assert len(seen) > 1
    for rows, (_, upto) in [*seen, _found(tmp_path)]:
        assert rows == _rows_after(upto)
    assert _found(tmp_path)[1] == (EPOCH, 2000)


def _rows_after(upto):
    rows = {("t", str(seq % 7)): {"n": seq} for seq in range(max(1, upto - 6), upto + 1)}
    return {**rows, ("t", "all"): {"n": upto}} if upto else {}


CHANGES = st.lists(
    st.builds(
        Change,
        st.sampled_from(["holders", "counts"]),
        st.sampled_from(["a", "b", "c"]),
        st.none() | st.fixed_dictionaries({"n": st.integers(0, 9)}),
    ),
    max_size=4,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("apply"), CHANGES),
        st.tuples(st.just("flush"), st.none()),
        st.tuples(st.just("clear"), st.none()),
        st.tuples(st.just("crash"), st.integers(0, 200)),
    ),
    max_size=25,
)


@settings(max_examples=50)
@given(STEPS)
def test_after_a_crash_the_cache_is_as_it_was_at_a_flush(tmp_path_factory, steps):
    """Crash: the process is gone, and bytes written since the last flush may be torn."""
    _Model(tmp_path_factory.mktemp("model")).run(steps)


class _Model:
    """A cache beside plain dictionaries: the state now and the state at the last flush."""

    def __init__(self, directory):
        self.directory = directory
        self.cache = TinyCache.open(directory)
        self.now = self.durable = ({}, ("", 0))
        self.seq = 0

    def run(self, steps):
        for name, argument in steps:
            getattr(self, name)(argument)
            assert _state(self.cache) == self.now
        self.crash(0)

    def apply(self, changes):
        self.seq += 1
        self.cache.apply(changes, EPOCH, self.seq)
        rows = dict(self.now[0])
        for change in changes:
            rows[change.table, change.key] = change.document
        self.now = (
            {place: row for place, row in rows.items() if row is not None},
            (EPOCH, self.seq),
        )

    def flush(self, _):
        self.cache.flush()
        self.durable = self.now

    def clear(self, _):
        self.cache.clear()
        self.now = ({}, ("", 0))

    def crash(self, torn):
        """Start from a copy of the files in which the group of an unfinished flush is cut short."""
        whole, copy = self.directory / "whole", self.directory / "copy"
        size = _journal_size(self.directory)
        _copy(self.directory, whole)
        self.cache.flush()
        is_appended = _journal_size(self.directory) > size
        _copy(self.directory, copy)
        if is_appended:
            with (copy / "cache.journal").open("r+b") as file:
                file.truncate(min(size + torn, _journal_size(self.directory) - 1))
        self.cache.close()
        for name in ("cache.journal", "cache.snapshot"):
            (self.directory / name).unlink(missing_ok=True)
        shutil.copytree(copy if is_appended else whole, self.directory, dirs_exist_ok=True)
        self.cache = TinyCache.open(self.directory)
        assert self.cache.damage == ""
        self.now = self.durable
        self.seq = self.durable[1][1]


def _copy(directory, target):
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for path in directory.glob("cache.*"):
        shutil.copy(path, target)


def _journal_size(directory):
    return (directory / "cache.journal").stat().st_size


def _found(directory):
    """Return the rows and the watermark that another process would find now."""
    cache = TinyCache.peek(directory)
    try:
        return _state(cache)
    finally:
        cache.close()


def _state(cache):
    tables = ("holders", "counts", "t")
    rows = {(table, key): dict(row) for table in tables for key, row in cache.items(table)}
    return rows, cache.folded()


def _fails(code, *, once=False):
    fails = iter([True] if once else iter(lambda: True, None))

    def fail(*_):
        if next(fails, False):
            raise OSError(code, os.strerror(code))

    return fail
