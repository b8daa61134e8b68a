"""A process that writes both stores is killed at drawn moments, or runs into a full disk."""

import itertools
import multiprocessing
import os
import random
import resource
import time

import pytest

from gatewayd.core.events import Audit, AuditSubject, Draft
from gatewayd.core.folded import Change
from gatewayd.ports import StorageError
from gatewayd.store import keyed_storage
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.journal_verify import verify
from gatewayd.store.state_directory import state_directory
from tests.unit.journal_facts import AT, EPOCH_MS

KILLS = 30
ROWS = 20
FORK = multiprocessing.get_context("fork")


def test_thirty_kills_lose_nothing_that_was_promised(tmp_path, monkeypatch):
    monkeypatch.setattr(keyed_storage, "_SNAPSHOT_BYTES_MIN", 2000)  # many snapshots
    draw = random.Random(20261122)
    committed, flushed, head = {}, 0, 0
    for kill in range(KILLS):
        lines = _run_and_kill(tmp_path, f"run-{kill}", draw)
        for line in lines:
            word, seq, number = line.split()
            if word == "committed":
                committed[int(seq)] = int(number)
            else:
                flushed = int(seq)
        head = _look(tmp_path, committed, flushed, head)
    assert len(committed) > 10 * KILLS, "too few promises to show anything"
    looked = verify(tmp_path)
    assert (looked.findings, looked.row_count) == ((), head)


def test_who_looks_on_while_another_process_writes_sees_one_moment(tmp_path, monkeypatch):
    monkeypatch.setattr(keyed_storage, "_SNAPSHOT_BYTES_MIN", 2000)
    TinyCache.open(tmp_path).close()
    child = FORK.Process(target=_flush_for_ever, args=(tmp_path,))
    child.start()
    moments, looks = set(), 0
    while looks < 300 or len(moments) < 10:  # However seldom the machine lets the other one write.
        looks += 1
        cache = TinyCache.peek(tmp_path)
        _, upto = cache.folded()
        assert dict(cache.items("t")) == _rows_at(upto)
        cache.close()
        moments.add(upto)
    child.kill()
    child.join()


def _flush_for_ever(directory):
    cache = TinyCache.open(directory)
    for seq in itertools.count(1):
        cache.apply([Change("t", str(seq % ROWS), {"seq": seq})], "019abc0123450001", seq)
        cache.flush()


def _run_and_kill(directory, run, draw):
    """Return what the child had promised when it was killed."""
    reader, writer = os.pipe()
    child = FORK.Process(target=_write_for_ever, args=(directory, run, writer))
    child.start()
    os.close(writer)
    promises = b""
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        for _ in range(draw.randint(1, 60)):
            promises += pipe.read(4096)
        time.sleep(draw.uniform(0, 0.004))
        child.kill()
        child.join()
        while more := pipe.read(65536):
            promises += more
    assert child.exitcode == -9, "the child ended by itself"
    whole, _, _torn = promises.decode().rpartition("\n")
    return whole.splitlines()


def _write_for_ever(directory, run, promises):
    draw = random.Random(run)
    with state_directory(directory):
        journal = _open(directory, run)
        cache = TinyCache.open(directory)
        assert journal.report.reason == cache.damage == ""
        for event in journal.read(cache.folded()[1], 1000):
            _fold(cache, event)
        while True:
            drafts = [(_draft(draw.randrange(10**6)), 0.0) for _ in range(draw.randint(1, 3))]
            for event in journal.commit(drafts):
                number = event.fact.detail["number"]
                os.write(promises, f"committed {event.seq} {number}\n".encode())
                _fold(cache, event)
            if draw.random() < 0.3:
                cache.flush()
                os.write(promises, f"flushed {cache.folded()[1]} 0\n".encode())


def _look(directory, committed, flushed, head):
    """Open the stores like the next start does, hold them to the promises, return the head."""
    with state_directory(directory):
        journal = _open(directory, "look")
        cache = TinyCache.open(directory)
    assert journal.report.reason == cache.damage == ""
    assert journal.head() >= max(committed, default=0)
    found = {event.seq: event.fact.detail["number"] for event in journal.read(head, 10_000)}
    assert found.items() >= {seq: n for seq, n in committed.items() if seq > head}.items()
    _, upto = cache.folded()
    assert flushed <= upto <= journal.head()
    assert dict(cache.items("t")) == _rows_at(upto)
    head = journal.head()
    cache.close()
    journal.close()
    return head


def test_a_full_disk_stores_nothing_half_and_is_left_behind_when_there_is_room(tmp_path):
    child = FORK.Process(target=_fill_the_disk, args=(tmp_path,))
    child.start()
    child.join()
    assert child.exitcode == 0
    journal = _open(tmp_path, "look")
    assert journal.report.reason == ""
    read = journal.read(0, 10_000)
    assert [event.fact.detail["number"] for event in read] == list(range(journal.head()))
    journal.close()
    assert verify(tmp_path).findings == ()


def _fill_the_disk(directory):
    """Let no file grow past a limit, as a full disk does; then take the limit away."""
    journal = _open(directory, "full")
    cache = TinyCache.open(directory)
    _limit_files(200_000)
    with pytest.raises(StorageError, match="the disk"):
        _commit_for_ever(journal)
    number = journal.head()
    assert number > 50
    assert number % 3 == 0, "a commit of three is stored whole or not at all"
    cache.apply([Change("t", "large", {"text": "x" * 300_000})], journal.epoch, journal.head())
    with pytest.raises(StorageError, match="the disk is full"):
        cache.flush()
    _limit_files(resource.RLIM_INFINITY)
    for _ in range(3):
        number += len(journal.commit([(_draft(number), 0.0)]))
    cache.flush()
    journal.close()
    cache.close()
    assert TinyCache.open(directory).size("t") == 1


def _commit_for_ever(journal):
    while True:
        number = journal.head()
        journal.commit([(_draft(number + n), 0.0) for n in range(3)])


def _limit_files(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _open(directory, run):
    return SqliteJournal.open(directory, run, EPOCH_MS, os.urandom)


def _draft(number):
    return Draft(
        Audit(subject=AuditSubject.GATEWAY, action="tested", detail={"number": number}), AT
    )


def _fold(cache, event):
    change = Change("t", str(event.seq % ROWS), {"seq": event.seq})
    cache.apply([change], event.epoch, event.seq)


def _rows_at(upto):
    return {str(seq % ROWS): {"seq": seq} for seq in range(max(1, upto - ROWS + 1), upto + 1)}
