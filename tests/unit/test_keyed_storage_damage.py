import pytest

from gatewayd.store import keyed_storage
from gatewayd.store.keyed_storage import DamagedStorageError, KeyedStorage


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def history(path):
    """A journal of several groups: its bytes, and after which byte which rows hold."""
    storage = KeyedStorage(path)
    journal = path.with_suffix(".journal")
    states = [(0, {})]
    for changes in (
        [("t", "a", {"n": 1})],
        [("t", "b", {"n": 2}), ("t", "c", {"text": "tab\t line\n"})],
        [("t", "a", None)],
        [("t", "b", {"n": 3}), ("u", "a", {"n": 4})],
    ):
        storage.stage(changes)
        storage.flush()
        states.append((journal.stat().st_size, _rows(storage)))
    storage.close()
    return journal.read_bytes(), states


def test_a_journal_cut_at_any_byte_holds_exactly_its_complete_groups(path, history):
    data, states = history
    for size in range(len(data) + 1):
        path.with_suffix(".journal").write_bytes(data[:size])
        end, expected = max((state for state in states if state[0] <= size), key=lambda s: s[0])
        assert _opened(path) == (expected, size - end)
        assert path.with_suffix(".journal").stat().st_size == end


def test_a_torn_group_is_overwritten_by_the_next(path, history):
    data, states = history
    path.with_suffix(".journal").write_bytes(data[:-3])
    storage = KeyedStorage(path)
    storage.stage([("t", "z", {"n": 9})])
    storage.flush()
    storage.close()
    rows = {**states[-2][1], ("t", "z"): {"n": 9}}
    assert _opened(path) == (rows, 0)


def test_a_tail_of_zeros_or_of_noise_is_cut_off(path, history):
    data, states = history
    for tail in (bytes(4096), b"noise\n" * 10, b"group 0 99999999999 00000000\n", b"\n"):
        path.with_suffix(".journal").write_bytes(data + tail)
        assert _opened(path) == (states[-1][1], len(tail))


def test_a_flipped_bit_anywhere_in_the_journal_is_cut_off_or_named(path, history):
    data, states = history
    last_group = states[-2][0]
    for place in range(len(data)):
        for bit in range(8):
            path.with_suffix(".journal").write_bytes(_flipped(data, place, bit))
            if place >= last_group:
                assert _opened(path) == (states[-2][1], len(data) - last_group)
            else:
                with pytest.raises(DamagedStorageError, match=r"cache\.journal, byte \d+"):
                    KeyedStorage(path)


@pytest.fixture
def snapshot(path, monkeypatch):
    """A snapshot of several groups with an empty journal, and its rows."""
    monkeypatch.setattr(keyed_storage, "_ROWS_PER_GROUP", 2)
    storage = KeyedStorage(path)
    storage.clear()
    storage.stage([("t", str(n), {"n": n}) for n in range(5)])
    storage.flush()
    storage.close()
    return path.with_suffix(".snapshot").read_bytes(), _opened(path)[0]


def test_a_snapshot_cut_or_changed_anywhere_is_named(path, snapshot):
    data, rows = snapshot
    assert len(rows) == 5
    for place in range(len(data)):
        for damaged in (data[:place], _flipped(data, place, place % 8)):
            path.with_suffix(".snapshot").write_bytes(damaged)
            with pytest.raises(DamagedStorageError, match=r"cache\.snapshot"):
                KeyedStorage(path)


def test_a_snapshot_that_vanished_is_noticed_by_its_journal(path, snapshot):
    storage = KeyedStorage(path)
    storage.stage([("t", "x", {"n": 1})])
    storage.flush()
    storage.close()
    path.with_suffix(".snapshot").unlink()
    with pytest.raises(DamagedStorageError, match="older than its journal"):
        KeyedStorage(path)


def test_who_looks_on_while_the_journal_is_begun_anew_looks_again(path, history, monkeypatch):
    data, _ = history
    storage = KeyedStorage(path)
    storage.stage([("t", "b", {"n": 100})])
    storage._is_snapshot_due = True
    storage.flush()
    for count in (101, 102):
        storage.stage([("t", "b", {"n": count}), ("t", "a", {"n": count})])
        storage.flush()
    storage.close()
    journal = path.with_suffix(".journal")
    now = journal.read_bytes()
    second = now[now.index(b"group", 1) :]
    read = KeyedStorage._read_journal
    seen = []

    def read_while_it_is_begun_anew(self):
        # What was read before the truncation, then what stands behind that place afterwards.
        journal.write_bytes(now if seen else data + second)
        seen.append(read(self))
        return seen[-1]

    monkeypatch.setattr(KeyedStorage, "_read_journal", read_while_it_is_begun_anew)
    looked = KeyedStorage(path, is_read_only=True)
    assert dict(looked.items("t"))["b"] == dict(looked.items("t"))["a"] == {"n": 102}
    assert len(seen) == 2
    looked.close()


def test_groups_that_a_crash_left_from_before_the_snapshot_are_passed_over(path, history):
    data, states = history
    storage = KeyedStorage(path)
    storage.stage([("t", "b", {"n": 100})])
    storage._is_snapshot_due = True
    storage.flush()
    storage.close()
    # The crash came between the rename and the truncation: the old journal is still whole.
    path.with_suffix(".journal").write_bytes(data)
    rows = {**states[-1][1], ("t", "b"): {"n": 100}}
    assert _opened(path) == (rows, 0)
    storage = KeyedStorage(path)
    storage.stage([("t", "b", {"n": 101})])
    storage.flush()
    storage.close()
    assert data not in path.with_suffix(".journal").read_bytes()
    assert _opened(path) == ({**rows, ("t", "b"): {"n": 101}}, 0)


def test_a_crash_at_any_step_of_a_snapshot_leaves_all_rows(path, history, monkeypatch):
    _, states = history
    for step in ("os.fsync", "pathlib.Path.replace", "os.ftruncate"):
        storage = KeyedStorage(path)
        storage._is_snapshot_due = True
        with monkeypatch.context() as patch:
            patch.setattr(step, _crash)
            with pytest.raises(KeyboardInterrupt):
                storage.flush()
        storage.close()
        assert _opened(path)[0] == states[-1][1], step
        assert not path.with_suffix(".snapshot.new").exists(), "the next start clears it away"


def test_a_document_lost_to_an_unfinished_snapshot_is_not_believed(path, history):
    data, states = history
    path.with_suffix(".snapshot.new").write_bytes(data)
    assert _opened(path)[0] == states[-1][1]


def _opened(path):
    storage = KeyedStorage(path)
    rows, cut_bytes = _rows(storage), storage.cut_bytes
    storage.close()
    return rows, cut_bytes


def _rows(storage):
    return {(name, key): row for name in storage.read() for key, row in storage.items(name)}


def _flipped(data, place, bit):
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


def _crash(*_):
    raise KeyboardInterrupt
