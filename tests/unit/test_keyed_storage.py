import errno
import os
import threading
from pathlib import Path

import pytest

from gatewayd.store import keyed_storage
from gatewayd.store.keyed_storage import KeyedStorage
from gatewayd.store.keyed_table import KeyedDB

ANA = {"category": "staff", "inside_since": None, "tags": ["a", "b"]}
BUDI = {"category": "visitor", "inside_since": "2026-11-22T08:30:00.000Z", "tags": []}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache"


def test_a_row_is_found_by_its_key(path):
    with KeyedDB(path) as database:
        table = database.table("holders")
        table.put({"ana": ANA, "budi": BUDI})
        assert table.get(doc_id="ana") == ANA
        assert table.get(doc_id="ana").doc_id == "ana"
        assert table.get(doc_id="citra") is None
        assert table.contains(doc_id="budi")
        assert len(table) == 2


def test_what_was_put_and_dropped_is_there_after_a_restart(path):
    with KeyedDB(path) as database:
        database.table("holders").put({"ana": ANA, "budi": BUDI})
        database.table("lanes").put({"lane-1": {"order": "free"}})
        database.table("holders").put({"ana": BUDI})
        database.table("holders").drop(["budi", "nobody"])
    with KeyedDB(path) as database:
        assert {row.doc_id: row for row in database.table("holders")} == {"ana": BUDI}
        assert database.tables() == {"holders", "lanes"}


def test_a_put_is_on_disk_when_it_returns(path):
    with KeyedDB(path) as database:
        database.table("holders").put({"ana": ANA})
        with KeyedDB(path, is_read_only=True) as other:
            assert other.table("holders").get(doc_id="ana") == ANA


def test_a_put_is_one_write_and_one_sync(path, mocker):
    with KeyedDB(path) as database:
        write, sync = mocker.spy(os, "pwrite"), mocker.spy(os, "fdatasync")
        database.table("holders").put({"ana": ANA, "budi": BUDI})
        assert (write.call_count, sync.call_count) == (1, 1)


@pytest.mark.parametrize(
    "key", ["", "\t", "a\nb", '"', "\\", "gerbang-1", "pengunjung é", "\ud800"]
)
def test_any_text_is_a_key_and_a_table_name(path, key):
    with KeyedDB(path) as database:
        database.table(key).put({key: {key: key}})
    with KeyedDB(path) as database:
        assert database.table(key).get(doc_id=key) == {key: key}


def test_a_document_that_was_read_can_be_changed_without_changing_the_row(path):
    with KeyedDB(path) as database:
        table = database.table("holders")
        table.put({"ana": ANA})
        table.get(doc_id="ana")["tags"].append("c")
        assert table.get(doc_id="ana") == ANA


def test_what_json_cannot_hold_changes_nothing(path):
    with KeyedDB(path) as database:
        table = database.table("holders")
        with pytest.raises(TypeError):
            table.put({"ana": ANA, "budi": {"key": b"bytes"}})
        assert len(table) == 0
        database.storage.flush()
    assert path.with_suffix(".journal").read_bytes() == b""


def test_the_files_are_text_that_a_person_can_read(path):
    with KeyedDB(path) as database:
        database.table("lanes").put({"lane-1": {"order": "free"}})
        database.table("lanes").drop(["lane-2"])
    header, row, second, dropped = path.with_suffix(".journal").read_text().splitlines()
    assert header == "group 0 34 " + header.split()[-1]
    assert row == '"lanes"\t"lane-1"\t{"order":"free"}'
    assert second.startswith("group 0 18 ")
    assert dropped == '"lanes"\t"lane-2"\t'


def test_only_the_owner_may_read_the_files(path):
    with KeyedDB(path) as database:
        database.table("lanes").put({"lane-1": {"order": "free"}})
        database.storage.clear()
        database.storage.flush()
    modes = {found.name: found.stat().st_mode & 0o777 for found in path.parent.iterdir()}
    assert modes == {"cache.journal": 0o600, "cache.snapshot": 0o600}


# --- staging, flushing, snapshots ----------------------------------------------------------------


def test_staged_rows_are_in_memory_at_once_and_on_disk_after_a_flush(path):
    storage = KeyedStorage(path)
    storage.stage([("holders", "ana", ANA), ("holders", "budi", BUDI)])
    storage.stage([("holders", "budi", None)])
    assert dict(storage.items("holders")) == {"ana": ANA}
    assert _stored(path) == {}
    storage.flush()
    assert _stored(path) == {"holders": {"ana": ANA}}
    storage.close()


def test_a_flush_of_nothing_writes_nothing(path, mocker):
    storage = KeyedStorage(path)
    write = mocker.spy(os, "pwrite")
    storage.flush()
    assert write.call_count == 0
    storage.close()


def test_an_iteration_is_not_disturbed_by_changes(path):
    storage = KeyedStorage(path)
    storage.stage([("holders", str(n), {"n": n}) for n in range(5)])
    seen = []
    for key, document in storage.items("holders"):
        storage.stage([("holders", key, None), ("holders", f"new-{key}", document)])
        seen.append(key)
    assert seen == ["0", "1", "2", "3", "4"]
    storage.close()


def test_the_journal_becomes_a_snapshot_when_it_is_large(path, monkeypatch):
    monkeypatch.setattr(keyed_storage, "_SNAPSHOT_BYTES_MIN", 2000)
    monkeypatch.setattr(keyed_storage, "_ROWS_PER_GROUP", 3)
    with KeyedDB(path) as database:
        table = database.table("holders")
        sizes = []
        for n in range(200):
            table.put({f"holder-{n % 10}": {"n": n}})
            sizes.append(path.with_suffix(".journal").stat().st_size)
        expected = {f"holder-{n % 10}": {"n": n} for n in range(190, 200)}
        assert max(sizes) < 2200
        assert path.with_suffix(".snapshot").exists()
        assert _stored(path) == {"holders": expected}
    with KeyedDB(path) as database:
        assert {row.doc_id: row for row in database.table("holders")} == expected


def test_a_snapshot_is_of_one_moment_whatever_changes_while_it_is_written(path, monkeypatch):
    storage = KeyedStorage(path)
    storage.clear()
    storage.stage([("t", str(n), {"n": 1}) for n in range(4)])
    pack = keyed_storage.pack

    def pack_while_changing(*arguments):
        storage.stage([("t", str(n), {"n": 2}) for n in range(8)])
        return pack(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(keyed_storage, "_ROWS_PER_GROUP", 1)
        patch.setattr(keyed_storage, "pack", pack_while_changing)
        storage.flush()
    assert _stored(path) == {"t": {str(n): {"n": 1} for n in range(4)}}
    storage.flush()
    storage.close()
    assert _stored(path) == {"t": {str(n): {"n": 2} for n in range(8)}}


def test_rows_are_read_and_changed_while_another_thread_writes_a_snapshot(path, monkeypatch):
    """The disk hangs in the snapshot's sync; whoever decides meanwhile does not notice."""
    storage = KeyedStorage(path)
    storage.stage([("t", str(n), {"n": 1}) for n in range(100)])
    is_writing, may_go = threading.Event(), threading.Event()
    fsync = os.fsync

    def hang(file):
        is_writing.set()
        assert may_go.wait(10)
        fsync(file)

    monkeypatch.setattr(os, "fsync", hang)
    snapshot = threading.Thread(target=storage.compact)
    snapshot.start()
    assert is_writing.wait(10)
    storage.stage([("t", "0", {"n": 2}), ("t", "100", {"n": 2})])
    assert dict(storage.items("t"))["0"] == {"n": 2}
    assert len(storage.read()["t"]) == 101
    assert not path.with_suffix(".snapshot").exists()
    may_go.set()
    snapshot.join()
    assert _stored(path)["t"] == {str(n): {"n": 1} for n in range(100)}
    storage.flush()
    storage.close()
    assert len(_stored(path)["t"]) == 101


def test_a_compacted_storage_has_nothing_of_what_was_dropped_in_its_files(path):
    storage = KeyedStorage(path)
    storage.stage([("t", "ana", ANA), ("t", "budi", BUDI)])
    storage.flush()
    storage.stage([("t", "ana", None)])
    storage.compact()
    storage.close()
    files = b"".join(one.read_bytes() for one in path.parent.iterdir())
    assert (b'"ana"' in files, b'"budi"' in files) == (False, True)
    assert _stored(path) == {"t": {"budi": BUDI}}


def test_a_snapshot_and_its_name_are_durable_before_the_journal_is_emptied(path, monkeypatch):
    storage = KeyedStorage(path)
    storage.clear()
    calls = []
    for owner, name in (
        (os, "fsync"),
        (Path, "replace"),
        (keyed_storage, "sync_directory"),
        (os, "ftruncate"),
    ):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, _recorded(calls, name, real))
    storage.flush()
    storage.close()
    assert calls == ["fsync", "replace", "sync_directory", "fsync", "ftruncate"]


def test_a_cleared_storage_stays_empty_but_for_what_came_after(path):
    storage = KeyedStorage(path)
    storage.stage([("holders", "ana", ANA)])
    storage.flush()
    storage.clear()
    storage.stage([("holders", "budi", BUDI)])
    assert _stored(path) == {"holders": {"ana": ANA}}
    storage.flush()
    storage.close()
    assert _stored(path) == {"holders": {"budi": BUDI}}


def test_changes_and_flushes_in_two_threads_lose_nothing(path, monkeypatch):
    monkeypatch.setattr(keyed_storage, "_SNAPSHOT_BYTES_MIN", 3000)
    storage = KeyedStorage(path)
    is_over = threading.Event()
    failures = []

    def flush():
        try:
            while not is_over.is_set():
                storage.flush()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must hear of it
            failures.append(error)

    flusher = threading.Thread(target=flush)
    flusher.start()
    for n in range(3000):
        storage.stage([("a", str(n % 50), {"n": n}), ("b", "last", {"n": n})])
    is_over.set()
    flusher.join()
    storage.flush()
    storage.close()
    assert failures == []
    stored = _stored(path)
    assert stored["a"] == {str(n % 50): {"n": n} for n in range(2950, 3000)}
    assert stored["b"] == {"last": {"n": 2999}}


# --- a disk that refuses -------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
def test_a_refused_write_loses_nothing_and_the_next_flush_writes_all_anew(path, monkeypatch, call):
    storage = KeyedStorage(path)
    storage.stage([("holders", "ana", ANA)])
    storage.flush()
    storage.stage([("holders", "ana", BUDI)])
    with monkeypatch.context() as patch:
        patch.setattr(os, call, _refuse)
        with pytest.raises(OSError, match="No space"):
            storage.flush()
        storage.stage([("holders", "citra", ANA)])
    storage.flush()
    assert _stored(path) == {"holders": {"ana": BUDI, "citra": ANA}}
    storage.stage([("holders", "dewi", ANA)])
    storage.flush()
    assert set(_stored(path)["holders"]) == {"ana", "citra", "dewi"}
    storage.close()


@pytest.mark.parametrize("call", ["fsync", "ftruncate"])
def test_a_refused_snapshot_leaves_the_old_files_good(path, monkeypatch, call):
    storage = KeyedStorage(path)
    storage.stage([("holders", "ana", ANA)])
    storage.flush()
    storage.clear()
    storage.stage([("holders", "budi", BUDI)])
    with monkeypatch.context() as patch:
        patch.setattr(os, call, _refuse)
        with pytest.raises(OSError, match="No space"):
            storage.flush()
    assert _stored(path)["holders"] in ({"ana": ANA}, {"budi": BUDI})
    assert not path.with_suffix(".snapshot.new").exists()
    storage.stage([("holders", "citra", ANA)])
    storage.flush()
    storage.close()
    assert _stored(path) == {"holders": {"budi": BUDI, "citra": ANA}}


def test_a_write_that_the_disk_takes_in_pieces_is_whole(path, monkeypatch):
    storage = KeyedStorage(path)
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, place: pwrite(file, data[:7], place))
    storage.stage([("holders", "ana", ANA), ("holders", "budi", BUDI)])
    storage.flush()
    storage.close()
    assert _stored(path) == {"holders": {"ana": ANA, "budi": BUDI}}


def test_who_only_looks_changes_no_file(path):
    with KeyedDB(path) as database:
        database.table("holders").put({"ana": ANA})
    journal = path.with_suffix(".journal")
    journal.write_bytes(journal.read_bytes() + b"group 0 torn")
    before = journal.read_bytes()
    with KeyedDB(path, is_read_only=True) as database:
        assert database.table("holders").get(doc_id="ana") == ANA
        with pytest.raises(AssertionError):
            database.table("holders").put({"budi": BUDI})
    assert journal.read_bytes() == before
    assert {found.name for found in path.parent.iterdir()} == {"cache.journal"}


def test_a_storage_that_cannot_be_opened_leaves_nothing_open(tmp_path):
    with pytest.raises(FileNotFoundError):
        KeyedStorage(tmp_path / "missing" / "cache")
    (tmp_path / "cache.snapshot").mkdir()
    with pytest.raises(IsADirectoryError):
        KeyedStorage(tmp_path / "cache")


def _stored(path):
    """Return what another process would find now."""
    with KeyedDB(path, is_read_only=True) as database:
        return {
            name: {row.doc_id: dict(row) for row in database.table(name)}
            for name in database.tables()
        }


def _recorded(calls, name, real):
    def call(*arguments):
        calls.append(name)
        return real(*arguments)

    return call


def _refuse(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
