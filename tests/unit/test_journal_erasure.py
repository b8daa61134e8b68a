from dataclasses import replace

import pytest

from gatewayd.core.custody import Erased
from gatewayd.core.events import Audit, Draft, load_draft
from gatewayd.ports import Receipts
from gatewayd.store import journal_erasure
from gatewayd.store.journal_erasure import list_erased, walk_about
from gatewayd.store.journal_verify import verify
from gatewayd.store.journal_walk import walk
from tests.unit.journal_facts import AT, EPOCH_MS, fill, opened
from tests.unit.test_erasure import ANA, BUDI, VERDICT


def commit(journal, *facts):
    return [event for fact in facts for event in journal.commit([(Draft(fact, AT), 1.0)])]


def erase(journal, holder=ANA):
    said = list_erased(journal.rows_at(journal.positions_about(holder)), "uid:1")
    return commit(journal, said.fact())[0]


@pytest.fixture
def journal(tmp_path):
    """Six events: 2, 4 and 6 are of Ana."""
    with opened(tmp_path) as journal:
        fill(journal, 1)
        ana, budi = VERDICT, replace(VERDICT, holder=BUDI)
        commit(journal, ana, budi, ana, budi, ana)
        yield journal


def test_what_is_recorded_of_one_holder_is_found_and_nothing_else(journal, monkeypatch):
    monkeypatch.setattr(journal_erasure, "_SPAN", 2)
    assert journal.positions_about(ANA) == [2, 4, 6]
    assert journal.positions_about(ANA, after=2) == [4, 6]


def test_an_event_that_lists_rows_erases_them_and_the_chain_holds(journal, tmp_path):
    event = erase(journal)
    assert event.fact.detail["ids"] == [f"{journal.epoch}-{seq}" for seq in (2, 4, 6)]
    assert event.fact.detail["officer"] == "uid:1"
    looked = verify(tmp_path)
    assert (looked.findings, looked.erased_count, looked.row_count) == ((), 3, 7)
    assert [*walk_about(tmp_path, ANA)] == []
    assert [row.seq for row in walk_about(tmp_path, BUDI)] == [3, 5]


def test_in_the_place_of_an_erased_event_stands_what_is_left_of_it(journal):
    erase(journal)
    events = journal.read(0, 10)
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6, 7]
    assert {events[place].fact.reason for place in (1, 3, 5)} == {"erased"}
    assert {events[place].fact.holder for place in (1, 3, 5)} == {None}
    assert events[2].fact.holder == BUDI


def test_what_is_left_cannot_be_changed_in_silence(journal, tmp_path):
    erase(journal)
    journal._write("UPDATE remainders SET body = ? WHERE position = 4", [(b"{}",)])
    (finding,) = verify(tmp_path).findings
    assert finding.id == f"{journal.epoch}-4"
    assert finding.what == "was erased, and what is left of it was changed"


def test_an_erasure_is_all_or_nothing(journal, tmp_path):
    rows = journal.rows_at(journal.positions_about(ANA))
    fact = list_erased(rows, "uid:1").fact()
    statements = journal_erasure.statements
    with pytest.MonkeyPatch.context() as patch:
        broken = [("INSERT INTO nowhere VALUES (?)", [(1,)])]
        patch.setattr(journal_erasure, "statements", lambda *a: statements(*a) + broken)
        with pytest.raises(Exception, match="nowhere"):
            commit(journal, fact)
    assert journal.positions_about(ANA) == [2, 4, 6]
    assert journal.head() == 6
    assert verify(tmp_path).findings == ()


def test_only_the_events_that_are_listed_are_erased(journal, tmp_path):
    """Not one at the end of an epoch for one that it never had, and not one twice."""
    first = journal.epoch
    erase(journal)
    (tmp_path / "journal.head").unlink()
    journal.close()
    with opened(tmp_path, "run-2", EPOCH_MS + 1) as again:
        (event,) = commit(again, replace(VERDICT, holder=BUDI))
        commit(again, Erased((f"{first}-99", f"{first}-2", "nonsense", "0" * 16 + "-1")).fact())
        assert again.positions_about(BUDI) == [3, 5, 8]
        assert event.seq == 1
        assert verify(tmp_path).findings == ()


def test_an_erasure_in_an_earlier_epoch_holds(journal, tmp_path):
    (tmp_path / "journal.head").unlink()
    journal.close()
    with opened(tmp_path, "run-2", EPOCH_MS + 1) as again:
        commit(again, VERDICT)
        erase(again)
        assert again.positions_about(ANA) == []
        looked = verify(tmp_path)
        assert (looked.findings, looked.erased_count) == ((), 4)
        (earlier,) = again.earlier()
        assert earlier.read(1, 1)[0].fact.holder is None


def test_a_row_of_a_newer_version_is_erased_whole(tmp_path, monkeypatch):
    with opened(tmp_path) as journal:
        fill(journal, 1)
        body = b'{"type":"onegate.novelty.made.v9","data":{"of":"%b"}}' % ANA.encode()
        with monkeypatch.context() as patch:
            patch.setattr("gatewayd.store.journal.dump_draft", lambda _: body)
            commit(journal, VERDICT)
        erase(journal)
        assert [row.is_erased for row in walk(tmp_path)] == [False, True, False]
        fact = load_draft(next(walk(tmp_path, 1)).body).fact
        assert isinstance(fact, Audit)
        assert fact.action == "row_erased"
        assert verify(tmp_path).findings == ()


def test_rows_that_are_removed_take_with_them_what_was_left(journal, tmp_path):
    erase(journal)
    journal.confirm([1, 2, 3])
    while journal.remove(3):
        pass
    assert journal._reader.execute("SELECT position FROM remainders").fetchall() == [(4,), (6,)]
    assert journal.receipts() == Receipts(3)


def test_the_old_bytes_are_in_no_file_when_the_log_is_emptied(journal, tmp_path):
    assert ANA.encode() in (tmp_path / "journal.db-wal").read_bytes()
    erase(journal)
    assert journal.empty_log()
    assert (tmp_path / "journal.db-wal").stat().st_size == 0
    assert not any(ANA.encode() in path.read_bytes() for path in tmp_path.iterdir())
    assert BUDI.encode() in (tmp_path / "journal.db").read_bytes()


def test_a_reader_in_the_way_of_the_log_is_told(journal, tmp_path):
    reading = journal._reader.execute("SELECT position FROM events")
    reading.fetchone()
    commit(journal, VERDICT)
    assert not journal.empty_log()
    reading.close()
    assert journal.empty_log()


def test_in_a_large_journal_no_page_keeps_what_was_erased(tmp_path):
    with opened(tmp_path) as journal:
        budi = replace(VERDICT, holder=BUDI, policy=("x" * 900,))
        long = replace(VERDICT, policy=("y" * 9000,))
        drafts = [(Draft(long if n % 7 == 0 else budi, AT), 1.0) for n in range(300)]
        journal.commit(drafts)
        while positions := journal.positions_about(ANA)[:20]:
            commit(journal, list_erased(journal.rows_at(positions), "").fact())
        assert journal.empty_log()
        assert not any(ANA.encode() in path.read_bytes() for path in tmp_path.iterdir())
        assert verify(tmp_path).erased_count == 43
