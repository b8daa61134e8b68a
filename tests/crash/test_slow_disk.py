"""The disk of the kill tests: that SQLite really syncs through it, and what a power cut takes."""

import os
import subprocess
import sys
from random import Random

import pytest

from tests.crash.slow_disk import SECTOR_SIZE, SlowDisk, library
from tests.e2e.nursery import ROOT

pytestmark = pytest.mark.compiler

COMMITS = """
import sys
from pathlib import Path
from tests.unit.journal_facts import fill, opened
with opened(Path(sys.argv[1])) as journal:
    for _ in range(5):
        fill(journal, 1)
    print(journal.head())
"""
HALF_SYNCED = """
import os, sys
file = os.open(sys.argv[1] + "/file", os.O_WRONLY | os.O_CREAT)
os.write(file, b"a" * 4096)
os.fsync(file)
os.write(file, b"b" * 4096)
"""

TWO_AT_ONCE = """
import os, sys, threading, time
from pathlib import Path
file = os.open(sys.argv[1] + "/file", os.O_RDWR | os.O_CREAT)
os.write(file, b"a")
first = threading.Thread(target=os.fsync, args=[file])
first.start()
kept = Path(os.environ["SLOW_SYNC_KEPT"])
while b"a" not in [path.read_bytes() for path in kept.glob("*.1")]:
    time.sleep(0.001)
os.write(file, b"b")
os.fsync(file)
first.join()
"""
FIRST_IS_LATER = "3"
"""Of rand_r: the first call is 0.96 s late, the second is not."""


@pytest.fixture
def disk(tmp_path):
    (tmp_path / "s").mkdir()
    return SlowDisk(tmp_path / "s", tmp_path)


def run(program, tmp_path, environment):
    command = [sys.executable, "-c", program, tmp_path / "s"]
    environment = {"PYTHONPATH": str(ROOT), "LD_PRELOAD": str(library()), **environment}
    subprocess.run(command, env={**os.environ, **environment}, check=True, timeout=60)


def test_each_commit_of_the_journal_syncs_through_it(tmp_path, disk):
    run(COMMITS, tmp_path, disk.begin(Random(1), permille=0, ms_max=0))
    calls = disk.calls()
    assert calls["begin", "fdatasync", "journal.db-wal"] >= 5
    assert (
        calls["end", "fdatasync", "journal.db-wal"] == calls["begin", "fdatasync", "journal.db-wal"]
    )
    assert not disk.is_syncing()


def test_of_two_syncs_at_once_the_later_one_says_what_is_kept(tmp_path, disk):
    late = disk.begin(Random(1), permille=500, ms_max=1000)
    run(TWO_AT_ONCE, tmp_path, {**late, "SLOW_SYNC_SEED": FIRST_IS_LATER})
    (kept,) = (tmp_path / "synced").iterdir()
    assert kept.read_bytes() == b"ab"


def test_a_power_cut_takes_any_sectors_that_were_not_synced_and_no_others(tmp_path, disk):
    found = set()
    for seed in range(30):
        (tmp_path / "s/file").unlink(missing_ok=True)
        run_once = disk.begin(Random(seed), permille=0, ms_max=0)
        if seed == 0:
            run(HALF_SYNCED, tmp_path, run_once)
            (kept,) = (tmp_path / "synced").iterdir()
            synced = kept.read_bytes()
        (tmp_path / "s/file").write_bytes(b"a" * 4096 + b"b" * 4096)
        (tmp_path / "synced" / str((tmp_path / "s/file").stat().st_ino)).write_bytes(synced)
        disk.cut_power(Random(seed))
        left = (tmp_path / "s/file").read_bytes()
        assert left[:4096] == b"a" * 4096
        found |= {left[at : at + 1] for at in range(4096, len(left), SECTOR_SIZE)} or {b""}
    assert found == {b"", b"b", b"\0"}
    assert disk.lost_count > 0
