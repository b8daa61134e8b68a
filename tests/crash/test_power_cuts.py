"""Files as a power cut may leave them: what was synced is there, what was not is of any earlier time.

Each commit and each flush is synced; `journal.head` never is, and the note of the clock is on its own.
"""

import shutil
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from gatewayd.app.opened import catch_up
from gatewayd.core.events import Draft
from gatewayd.core.folded import Change
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal_erasure import list_erased
from gatewayd.store.journal_verify import verify
from tests.unit.journal_facts import AT, EPOCH_MS, a_draft, fill, opened
from tests.unit.test_erasure import ANA, BUDI, VERDICT

COMMITS = 6
SECTOR_SIZE = 512
FRAME_SIZE = 24 + 4096  # Of a page in the log of SQLite, with its header and its check.


@pytest.fixture
def moments(tmp_path):
    """Copies of a state directory after each commit; the cache is flushed with every second one."""
    running = tmp_path / "running"
    running.mkdir()
    copies = [tmp_path / f"after-{number}" for number in range(COMMITS + 1)]
    with opened(running) as journal:
        cache = TinyCache.open(running)
        for number, copy in enumerate(copies):
            if number:
                (event,) = journal.commit([(a_draft(number), 1.0)])
                cache.apply([Change("t", event.id, {"seq": event.seq})], event.epoch, event.seq)
            if number % 2 == 0:
                cache.flush()
            shutil.copytree(running, copy)
        cache.close()
    return copies


def put_together(directory, **files):
    """Make a directory of files, each as it was in another copy."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for pattern, copy in files.items():
        for path in copy.glob(f"{pattern.replace('_', '.')}*"):
            shutil.copy(path, directory)
    return directory


def test_no_order_of_writes_loses_an_event_or_gives_an_id_twice(moments, tmp_path):
    for last, noted, flushed in product(range(1, COMMITS + 1), repeat=3):
        if noted > last or flushed > last:
            continue
        directory = put_together(
            tmp_path / "cut",
            journal_db=moments[last],
            journal_head=moments[noted],
            cache=moments[flushed],
        )
        with opened(directory, "run-2", EPOCH_MS + 1) as journal:
            assert not journal.report.is_new_epoch
            assert [event.seq for event in journal.read(0, 99)] == list(range(1, last + 1))
            cache = TinyCache.open(directory)
            assert cache.folded()[1] == flushed - flushed % 2
            catch_up(cache, journal)
            assert cache.folded() == (journal.epoch, last)
            cache.close()
            assert fill(journal, 1)[0].seq == last + 1
        assert verify(directory).findings == ()


def test_a_first_start_that_was_cut_off_anywhere_starts_again(moments, tmp_path):
    for names in ([], ["journal_head"], ["journal_db"], ["cache"], ["journal_head", "cache"]):
        directory = put_together(tmp_path / "cut", **dict.fromkeys(names, moments[0]))
        with opened(directory, "run-2") as journal:
            assert journal.read(0, 9) == []
            assert fill(journal, 1)[0].seq == 1
        assert verify(directory).findings == ()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_log_cut_anywhere_in_the_last_commit_loses_that_commit_or_nothing(moments, tmp_path):
    """The commit was not synced yet, and nobody was told of it: the note has the one before."""
    whole = (moments[2] / "journal.db-wal").read_bytes()
    before = len((moments[1] / "journal.db-wal").read_bytes())
    assert len(whole) > before
    found = set()
    for size in cuts(before, len(whole)):
        directory = put_together(
            tmp_path / "cut", journal_db=moments[2], journal_head=moments[1], cache=moments[0]
        )
        (directory / "journal.db-wal").write_bytes(whole[:size])
        (directory / "journal.db-shm").unlink(missing_ok=True)
        with opened(directory, "run-2") as journal:
            assert not journal.report.is_new_epoch
            found.add(journal.head())
            assert fill(journal, 1)[0].seq == journal.head()
        assert verify(directory).findings == ()
    assert found <= {1, 2}
    assert 1 in found


def cuts(begin, end):
    """Each byte around the headers of the log, both sides of each sector's end, and many between."""
    for size in range(begin, end + 1):
        in_frame, in_sector = (size - begin) % FRAME_SIZE, size % SECTOR_SIZE
        is_at_header = in_frame <= 32 or in_frame >= FRAME_SIZE - 32
        if is_at_header or in_sector in {0, 1, SECTOR_SIZE - 1} or size % 16 == 0:
            yield size


def test_an_erasure_whose_sectors_came_in_any_order_is_whole_or_was_never_begun(tmp_path):
    """Power fails before its sync is over: some sectors of the log are on the disk, some are not."""
    running = tmp_path / "running"
    running.mkdir()
    with opened(running) as journal:
        others = (replace(VERDICT, holder=holder) for holder in (ANA, BUDI) * 5)
        journal.commit([(Draft(fact, AT), 1.0) for fact in others])
        before = (running / "journal.db-wal").read_bytes()
        note = (running / "journal.head").read_bytes()
        said = list_erased(journal.rows_at(journal.positions_about(ANA)), "uid:1")
        journal.commit([(Draft(said.fact(), AT), 1.0)])
        after = shutil.copytree(running, tmp_path / "after")
    whole = (after / "journal.db-wal").read_bytes()
    sectors = range(len(before) // SECTOR_SIZE, -(-len(whole) // SECTOR_SIZE))
    random = Random(1)
    lost = [{sector} for sector in sectors]
    lost += [{each for each in sectors if random.random() < 0.2} for _ in range(20)] + [set()]
    found = set()
    for missing in lost:
        directory = put_together(tmp_path / "cut", journal_db=after)
        torn = bytearray(whole)
        for sector in missing:
            place = slice(max(len(before), sector * SECTOR_SIZE), (sector + 1) * SECTOR_SIZE)
            torn[place] = bytes(len(torn[place]))
        (directory / "journal.db-wal").write_bytes(torn)
        (directory / "journal.db-shm").unlink(missing_ok=True)
        (directory / "journal.head").write_bytes(note)
        with opened(directory, "run-2", EPOCH_MS + 1) as journal:
            assert not journal.report.is_new_epoch
            found.add((journal.head(), len(journal.positions_about(ANA))))
        assert verify(directory).findings == ()
    assert found == {(10, 5), (11, 0)}
