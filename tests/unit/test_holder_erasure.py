"""Erasing somebody while the gate works: whatever is recorded of them meanwhile goes too."""

import asyncio
from contextlib import closing
from dataclasses import replace

import pytest

from gatewayd.core.events import Draft
from gatewayd.core.folded import HOLDERS
from gatewayd.core.projection import project
from gatewayd.ports import StorageError
from gatewayd.runtime import erasure as module
from gatewayd.runtime.erasure import Erasure
from gatewayd.runtime.recorder import Recorder
from gatewayd.store.cache import TinyCache
from gatewayd.store.journal_verify import verify
from tests.sim.loop import run
from tests.unit.doubles import InlineBlocking, SimClock
from tests.unit.journal_facts import AT, opened
from tests.unit.test_erasure import ANA, BUDI, VERDICT

VISIT = replace(VERDICT, grant=None)


class House:
    """A journal, its cache and a recorder, and an erasure that runs beside other records."""

    def __init__(self, journal, cache):
        self.journal, self.cache, self.forgotten = journal, cache, []
        self.blocking = InlineBlocking(0.1)
        self.recorder = Recorder(journal, self.blocking, SimClock(), [self.fold])

    def fold(self, events):
        for event in events:
            self.cache.apply(project(event, self.cache.get), event.epoch, event.seq)

    def run(self, story):
        erasure = Erasure(
            self.journal, self.cache, self.recorder, self.blocking, self.forgotten.append
        )

        async def together():
            recording = asyncio.ensure_future(self.recorder.run())
            try:
                return await story(erasure)
            finally:
                recording.cancel()

        return run(together())


@pytest.fixture
def house(tmp_path):
    with opened(tmp_path) as journal, closing(TinyCache.open(tmp_path)) as cache:
        found = House(journal, cache)
        found.fold(journal.commit([(Draft(VISIT, AT), 1.0)] * 3))
        yield found


def test_who_comes_while_they_are_erased_is_erased_as_they_were(house, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ERASED_AT_ONCE", 2)

    async def story(erasure):
        running = asyncio.ensure_future(erasure.erase(ANA, "uid:1"))
        await asyncio.sleep(0.25)  # The first page is on its way.
        await house.recorder.record(VISIT)
        await house.recorder.record(replace(VISIT, holder=BUDI))
        return await running

    forgotten = house.run(story)
    assert len(forgotten.records) == 4
    assert forgotten.rows == 2  # The row came back with the visit, and went again.
    assert house.forgotten
    assert set(house.forgotten) == {ANA}
    assert [key for key, _ in house.cache.items(HOLDERS)] == [BUDI]
    assert house.journal.positions_about(ANA) == []
    assert verify(tmp_path).findings == ()


def test_of_an_erased_person_nothing_is_left_in_the_files_of_the_running_gate(house, tmp_path):
    house.cache.flush()
    assert any(ANA.encode() in path.read_bytes() for path in tmp_path.glob("cache.*"))
    house.run(lambda erasure: erasure.erase(ANA, "uid:1"))
    assert [path.name for path in tmp_path.iterdir() if ANA.encode() in path.read_bytes()] == []


def test_a_disk_that_refuses_erases_nothing_that_is_not_listed(house, tmp_path, monkeypatch):
    def refuse(_):
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(house.journal, "commit", refuse)
        with pytest.raises(StorageError, match="cannot be recorded: the disk is full"):
            house.run(lambda erasure: erasure.erase(ANA, "uid:1"))
    assert len(house.journal.positions_about(ANA)) == 3
    assert verify(tmp_path).findings == ()


def test_of_somebody_unknown_nothing_is_erased_or_recorded(house):
    forgotten = house.run(lambda erasure: erasure.erase(BUDI, "uid:1"))
    assert (forgotten.records, forgotten.listed_by, forgotten.rows) == ((), (), 0)
    assert house.journal.head() == 3
