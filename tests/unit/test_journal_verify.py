import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core.custody import Checkpoint, Erased, Trimmed
from gatewayd.core.events import Draft
from gatewayd.ports import StorageError
from gatewayd.store import journal_verify
from gatewayd.store.journal_rows import Row
from gatewayd.store.journal_verify import Finding, Head, verify
from gatewayd.store.journal_walk import walk
from tests.unit.journal_facts import AT, a_draft, fill, opened

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
"""A fixed key for tests."""


def note(journal, said):
    (event,) = journal.commit([(Draft(said.fact(), AT), 9.0)])
    return event


def run(journal, *statements):
    for statement in statements:
        journal._writer.execute(statement)


def found(directory, known=None):
    return {finding.id: finding.what for finding in verify(directory, known).findings}


def chain_at(directory, position):
    return next(row.chain for row in walk(directory, position - 1))


def test_an_empty_journal_holds(tmp_path):
    with opened(tmp_path):
        pass
    assert verify(tmp_path) == journal_verify.Verified(0, 0, "", 0, frozenset(), None, (), 0)


def test_the_chain_goes_on_into_a_new_epoch(tmp_path):
    with opened(tmp_path) as journal:
        fill(journal, 3)
    (tmp_path / "journal.head").unlink()
    with opened(tmp_path, "run-2") as journal:
        last = fill(journal, 2)[-1]
        looked = verify(tmp_path)  # also while it is open
    assert looked.findings == ()
    assert looked.row_count == 5
    assert looked.head == Head(last.id, chain_at(tmp_path, 5))


def test_a_journal_that_is_not_there_is_named(tmp_path):
    with pytest.raises(StorageError, match=r"journal\.db: it is not there"):
        verify(tmp_path)


CHANGES = {
    "body": "UPDATE events SET body = CAST('{}' AS BLOB) WHERE position = 2",
    "salt": "UPDATE events SET salt = zeroblob(16) WHERE position = 2",
    "class": "UPDATE events SET class = 'alarm' WHERE position = 2",
    "time": "UPDATE events SET appended_s = 0.25 WHERE position = 2",
    "run": "UPDATE events SET run = 'other' WHERE position = 2",
    "chain": "UPDATE events SET chain = zeroblob(32) WHERE position = 2",
    "erased without digest": (
        "UPDATE events SET body = NULL, salt = NULL, digest = zeroblob(32) WHERE position = 2"
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_exactly_the_changed_row_is_named(tmp_path, change):
    with opened(tmp_path) as journal:
        events = fill(journal, 5)
        run(journal, change)
        assert found(tmp_path) == {events[1].id: "was changed, or swapped with another"}


def test_a_row_that_is_no_event_any_more_is_named(tmp_path, monkeypatch):
    with opened(tmp_path) as journal:
        events = fill(journal, 4)
        whole = Row.parse
        monkeypatch.setattr(Row, "parse", lambda row: whole(row) if row[0] != 2 else None)
        assert found(tmp_path) == {events[1].id: "was changed: it is no event any more"}


def test_swapped_contents_are_both_named(tmp_path):
    with opened(tmp_path) as journal:
        events = fill(journal, 5)
        rows = list(walk(tmp_path))
        statement = "UPDATE events SET body = ?, salt = ? WHERE position = ?"
        swapped = [(rows[2].body, rows[2].salt, 2), (rows[1].body, rows[1].salt, 3)]
        journal._write(statement, swapped)
        assert list(found(tmp_path)) == [events[1].id, events[2].id]


def test_swapped_rows_are_both_named(tmp_path):
    with opened(tmp_path) as journal:
        events = fill(journal, 6)
        run(
            journal,
            "UPDATE events SET position = 99 WHERE position = 2",
            "UPDATE events SET position = 2 WHERE position = 4",
            "UPDATE events SET position = 4 WHERE position = 99",
        )
        assert found(tmp_path) == {
            events[1].id: f"is not in its place: {events[3].id} stands there",
            events[2].id: "cannot be proven: the event before it is not in its place",
            events[3].id: f"is not in its place: {events[1].id} stands there",
        }


@pytest.mark.parametrize(
    ("gone", "what"),
    [("= 3", "is missing"), ("BETWEEN 3 AND 4", "and all up to {} are missing")],
)
def test_missing_rows_are_named(tmp_path, gone, what):
    with opened(tmp_path) as journal:
        events = fill(journal, 6)
        run(journal, f"DELETE FROM events WHERE position {gone}")
        more = "; the next event cannot be proven"
        assert found(tmp_path) == {events[2].id: what.format(events[3].id) + more}


def test_rows_that_are_missing_at_either_end_are_named(tmp_path):
    with opened(tmp_path) as journal:
        events = fill(journal, 6)
        run(journal, "DELETE FROM events WHERE position IN (1, 5, 6)")
        assert list(found(tmp_path)) == [events[0].id, events[4].id]
        assert (
            found(tmp_path)[events[4].id] == f"and all up to {events[5].id} are missing at the end"
        )


def test_a_journal_of_another_epoch_than_its_note_is_named(tmp_path):
    with opened(tmp_path) as journal:
        fill(journal, 2)
        run(journal, "UPDATE epochs SET epoch = '019abc0123450009'")
    assert any("its epoch is gone" in what for what in found(tmp_path).values())


def test_a_journal_put_in_place_of_all_epochs_is_named(tmp_path):
    with opened(tmp_path) as journal:
        fill(journal, 2)
        run(journal, "DELETE FROM epochs")
    assert {"row 1", "row 2"} <= set(found(tmp_path))


def test_an_erasure_holds_if_and_only_if_an_event_lists_it(tmp_path):
    with opened(tmp_path) as journal:
        events = fill(journal, 4)
        for event in events[1:3]:
            erase(journal, event.seq)
        assert found(tmp_path) == {
            event.id: "was erased, and no event lists it" for event in events[1:3]
        }
        note(journal, Erased((events[1].id,)))
        assert list(found(tmp_path)) == [events[2].id]
        note(journal, Erased((events[2].id,)))
        looked = verify(tmp_path)
    assert looked.findings == ()
    assert looked.erased_count == 2


def test_rows_may_be_gone_at_the_start_if_and_only_if_an_event_says_so(tmp_path):
    with opened(tmp_path) as journal:
        events = fill(journal, 4)
        chain = chain_at(tmp_path, 2)
        run(
            journal,
            f"INSERT INTO trimmed VALUES (1, 2, x'{chain.hex()}')",
            "DELETE FROM events WHERE position <= 2",
        )
        what = "and all before it are gone, and no event says that they were removed"
        assert found(tmp_path) == {events[1].id: what}
        note(journal, Trimmed(events[1].id, 2, 2, chain))
        looked = verify(tmp_path)
        assert (looked.findings, looked.trimmed, looked.row_count) == ((), events[1].id, 3)


def test_a_link_other_than_was_said_when_rows_were_removed_is_named(tmp_path):
    with opened(tmp_path) as journal:
        events = fill(journal, 4)
        note(journal, Trimmed(events[2].id, 3, 3, bytes(32)))
        assert found(tmp_path) == {
            events[2].id: "has another link in the chain than was noted elsewhere"
        }


def test_a_checkpoint_holds_what_it_signs(tmp_path):
    with opened(tmp_path) as journal:
        events = fill(journal, 3)
        note(journal, Checkpoint.sign(events[2].id, chain_at(tmp_path, 3), KEY))
        looked = verify(tmp_path)
    assert looked.findings == ()
    assert looked.checkpoint_count == 1
    assert looked.signers == {KEY.public_key().public_bytes_raw()}


def test_a_journal_written_anew_cannot_have_the_checkpoints_of_the_old_one(tmp_path):
    """The forger links all rows again, as the code itself would."""
    original = tmp_path / "original"
    forged = tmp_path / "forged"
    original.mkdir()
    with opened(original) as journal:
        events = fill(journal, 3)
        checkpoint = Checkpoint.sign(events[2].id, chain_at(original, 3), KEY)
    shutil.copytree(original, forged)
    (forged / "journal.db").unlink()
    (forged / "journal.head").unlink()
    with opened(forged) as journal:
        assert [event.id for event in fill(journal, 3, size=7)] == [event.id for event in events]
        assert found(forged) == {}
        assert list(found(forged, Head(events[2].id, checkpoint.chain))) == [events[2].id]
        note(journal, checkpoint)
        assert found(forged) == {
            events[2].id: "has another link in the chain than was noted elsewhere"
        }


def test_a_checkpoint_that_nobody_signed_is_named(tmp_path):
    with opened(tmp_path) as journal:
        events = fill(journal, 1)
        chain = chain_at(tmp_path, 1)
        true = Checkpoint.sign(events[0].id, chain, KEY)
        note(journal, Checkpoint(true.id, chain, true.public, bytes(64)))
        assert found(tmp_path) == {events[0].id: "has a checkpoint whose signature does not hold"}


@pytest.mark.parametrize("event_id", ["nonsense", "019abc0123450001-1", "{epoch}-7"])
def test_a_head_of_an_event_that_is_not_there_is_named(tmp_path, event_id):
    with opened(tmp_path) as journal:
        fill(journal, 3)
        head = Head(event_id.format(epoch=journal.epoch), bytes(32))
    assert "is not there" in found(tmp_path, head)[head.id]


def test_the_head_that_another_has_holds(tmp_path):
    with opened(tmp_path) as journal:
        events = fill(journal, 3)
    assert found(tmp_path, Head(events[1].id, chain_at(tmp_path, 2))) == {}


def test_findings_without_end_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_verify, "FINDINGS_MAX", 2)
    with opened(tmp_path) as journal:
        events = fill(journal, 5)
        run(journal, "UPDATE events SET run = 'other' WHERE position > 1")
    looked = verify(tmp_path)
    assert looked.finding_count == 4
    assert [finding.id for finding in looked.findings] == [events[1].id, events[2].id]
    assert looked.findings[0] == Finding(events[1].id, "was changed, or swapped with another")


def test_an_event_of_a_newer_version_is_a_row_like_any_other(tmp_path, monkeypatch):
    with opened(tmp_path) as journal:
        draft = a_draft(1)
        monkeypatch.setattr("gatewayd.store.journal.dump_draft", lambda _: b'{"type": "new"}')
        journal.commit([(draft, 1.0)])
    assert found(tmp_path) == {}


def erase(journal, position):
    row = next(row for row in walk(journal._path.parent, position - 1))
    digest = row.erased().digest
    statement = "UPDATE events SET body = NULL, salt = NULL, digest = ? WHERE position = ?"
    journal._write(statement, [(digest, position)])
