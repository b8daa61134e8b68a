from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.store.journal_head import HeadNote, epoch_time, is_epoch, next_epoch

EPOCH = "019abc0123450001"


@given(
    st.integers(0, 2**47),
    st.binary(min_size=2, max_size=2),
    st.lists(st.integers(0, 2**60 - 1).map("{:016x}".format), max_size=5),
)
def test_a_new_epoch_is_greater_than_all_known_ones(epoch_ms, chance, known):
    epoch = next_epoch(epoch_ms, chance, known)
    assert is_epoch(epoch)
    assert all(epoch > other for other in known)
    assert known or int(epoch[:12], 16) == epoch_ms


def test_an_epoch_tells_its_time():
    at = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    assert epoch_time(next_epoch(int(at.timestamp() * 1000), b"ab", [])) == at


def test_the_last_epoch_that_is_one_still_has_a_time():
    assert epoch_time("d" + "f" * 15).year < 9999
    assert not is_epoch("e" + "0" * 15)


@pytest.mark.parametrize("text", ["", "x" * 16, EPOCH.upper(), EPOCH + "0", EPOCH + "-wal"])
def test_other_names_are_no_epochs(text):
    assert not is_epoch(text)


def test_a_note_tells_how_far_the_journal_had_come(tmp_path):
    note = HeadNote(tmp_path / "journal.head")
    assert note.read() is None
    note.hold(EPOCH, 0)
    note.note(41)
    note.note(42)
    note.close()
    assert HeadNote(tmp_path / "journal.head").read() == (EPOCH, 42)


def test_a_note_changed_or_cut_anywhere_is_no_note(tmp_path):
    path = tmp_path / "journal.head"
    note = HeadNote(path)
    note.hold(EPOCH, 7)
    note.close()
    line = path.read_bytes()
    for place in range(len(line)):
        for bit in range(8):
            path.write_bytes(line[:place] + bytes([line[place] ^ 1 << bit]) + line[place + 1 :])
            assert HeadNote(path).read() is None
        path.write_bytes(line[:place])
        assert HeadNote(path).read() is None


def test_a_shorter_rest_of_something_else_is_overwritten(tmp_path):
    path = tmp_path / "journal.head"
    path.write_bytes(b"?" * 500)
    note = HeadNote(path)
    note.hold(EPOCH, 1)
    note.close()
    assert HeadNote(path).read() == (EPOCH, 1)


def test_a_revoked_note_is_gone_and_later_notes_go_nowhere(tmp_path):
    note = HeadNote(tmp_path / "journal.head")
    note.hold(EPOCH, 1)
    note.revoke()
    note.revoke()
    note.note(2)
    note.close()
    note.note(3)
    assert HeadNote(tmp_path / "journal.head").read() is None
    assert list(tmp_path.iterdir()) == []
