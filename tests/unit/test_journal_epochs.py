import pytest

from gatewayd.ports import Receipts
from tests.unit.journal_facts import a_draft, fill, opened


@pytest.fixture
def three_epochs(tmp_path):
    """Epochs of three, no and two events; of the first one the second event has its receipt."""
    epochs = []
    for count in (3, 0, 2):
        (tmp_path / "journal.head").unlink(missing_ok=True)
        with opened(tmp_path) as journal:
            epochs.append((journal.epoch, fill(journal, count)))
            if count == 3:
                journal.confirm([2])
    return tmp_path, epochs


def test_events_of_all_epochs_are_read_in_order(three_epochs):
    directory, epochs = three_epochs
    events = [event for _, events in epochs for event in events]
    with opened(directory) as journal:
        assert journal.read_from(0, 10) == events
        assert journal.read_from(2, 2) == events[2:4]
        assert journal.read_from(5, 1) == []
        assert journal.read(0, 10) == epochs[2][1]


def test_each_event_has_its_place(three_epochs):
    directory, ((first, _), (second, _), (third, _)) = three_epochs
    with opened(directory) as journal:
        assert [journal.place(first, seq) for seq in (0, 1, 3, 4)] == [0, 1, 3, 3]
        assert journal.place(second, 5) == 3
        assert [journal.place(third, seq) for seq in (0, 1, 2)] == [3, 4, 5]
        assert journal.place("019abc0123450001", 3) == 0


def test_unconfirmed_events_of_an_earlier_epoch_are_found_and_confirmed(three_epochs):
    directory, ((_, events), _, _) = three_epochs
    with opened(directory) as journal:
        (earlier,) = journal.earlier()
        assert (earlier.epoch, earlier.head()) == (events[0].epoch, 3)
        assert earlier.receipts() == Receipts(0, ((2, 2),))
        assert earlier.read(0, 10) == events
        assert earlier.read(2, 10) == events[2:]
        assert earlier.confirm([1]) == Receipts(2)
    with opened(directory) as journal:
        (earlier,) = journal.earlier()
        assert earlier.receipts() == Receipts(2)
        earlier.confirm([3])
        assert journal.earlier() == []
        assert journal.receipts() == Receipts(0)


def test_an_earlier_epoch_takes_no_events_and_no_receipts_beyond_its_end(three_epochs):
    with opened(three_epochs[0]) as journal:
        (earlier,) = journal.earlier()
        with pytest.raises(AssertionError, match="is closed"):
            earlier.commit([(a_draft(1), 1.0)])
        with pytest.raises(AssertionError, match="no event of ours"):
            earlier.confirm([4])


def test_the_head_tells_the_newest_event_and_its_link(tmp_path):
    with opened(tmp_path) as journal:
        assert journal.head_link() == ("", bytes(32))
        events = fill(journal, 2)
        assert journal.head_link()[0] == events[1].id
        assert journal.head_link()[1] != bytes(32)
