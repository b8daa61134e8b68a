from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.custody import Gap
from gatewayd.core.events import Draft
from gatewayd.core.words import ClockQuality
from gatewayd.ports import Receipts
from gatewayd.store import journal as journal_module
from gatewayd.store.journal_retention import Limits
from gatewayd.store.journal_verify import verify
from gatewayd.store.journal_walk import walk
from gatewayd.store.receipts import has, merge, missing, passed
from tests.unit.journal_facts import AT, a_draft, opened

DAY = timedelta(days=1)
LARGE = 1 << 40


def add(journal, *ages_days, quality=ClockQuality.SYNCED, size=0):
    """Commit an event for each age, in days before AT."""
    events = []
    for age in ages_days:
        draft = replace(a_draft(1, size), at=AT - age * DAY, clock=quality)
        events += journal.commit([(draft, 1.0)])
    return events


def limits(delivered=21, undelivered=90, size_max=LARGE):
    return Limits(AT - delivered * DAY, AT - undelivered * DAY, size_max)


def plan(journal, found=None, **values):
    return journal.plan_removal(found or (journal.epoch, journal.head()), limits(**values))


def carry_out(journal, planned):
    for said in (*planned.gaps, planned.trimmed):
        journal.commit([(Draft(said.fact(), AT), 2.0)])
    while journal.remove(planned.trimmed.position):
        pass


def test_delivered_events_go_after_the_retention_time_and_the_chain_still_holds(tmp_path):
    """R45."""
    with opened(tmp_path) as journal:
        events = add(journal, 30, 25, 22, 20, 1, 0)
        journal.confirm([1, 2, 3, 4])
        planned = plan(journal)
        assert (planned.trimmed.id, planned.trimmed.position, planned.gaps) == (events[2].id, 3, ())
        carry_out(journal, planned)
        looked = verify(tmp_path)
        assert (looked.findings, looked.trimmed) == ((), events[2].id)
        assert [row.seq for row in walk(tmp_path)] == [4, 5, 6, 7]
        assert journal.read(0, 3) == events[3:]
        assert plan(journal) is None


def test_removed_rows_stay_removed_and_the_epoch_goes_on(tmp_path):
    with opened(tmp_path) as journal:
        events = add(journal, 30, 25, 1)
        journal.confirm([1, 2])
        carry_out(journal, plan(journal))
    with opened(tmp_path) as journal:
        assert not journal.report.is_new_epoch
        assert journal.read(0, 1) == events[2:]
        assert journal.read(1, 1) == events[2:]
        assert add(journal, 0)[0].seq == 5
    assert verify(tmp_path).findings == ()


def test_undelivered_events_stay_longer_and_leave_a_gap_that_is_told(tmp_path):
    with opened(tmp_path) as journal:
        add(journal, 100, 99, 98, 80, 30, 0)
        journal.confirm([2])
        planned = plan(journal)
        epoch = journal.epoch
        assert planned.trimmed.position == 3
        assert planned.gaps == (Gap(epoch, 1, 1, "age"), Gap(epoch, 3, 3, "age"))
        carry_out(journal, planned)
        assert journal.receipts() == Receipts(3)
        assert journal.confirm([4]) == Receipts(4)
    with opened(tmp_path) as journal:
        assert journal.receipts() == Receipts(4)


def test_receipts_of_removed_rows_are_settled_after_a_crash_too(tmp_path):
    with opened(tmp_path) as journal:
        add(journal, 100, 99, 0)
        carry_out(journal, plan(journal))
    with opened(tmp_path) as journal:
        assert journal.receipts() == Receipts(2)


def test_what_the_cache_has_not_folded_in_stays(tmp_path):
    with opened(tmp_path) as journal:
        add(journal, 40, 39, 38, 37, 0)
        journal.confirm([1, 2, 3, 4])
        assert plan(journal, (journal.epoch, 2)).trimmed.position == 2
        assert plan(journal, ("", 0)) is None
        assert plan(journal, ("019abc0123450001", 9)) is None


def test_the_newest_event_always_stays(tmp_path):
    with opened(tmp_path) as journal:
        add(journal, 40, 39)
        journal.confirm([1, 2])
        assert plan(journal).trimmed.position == 1
        assert plan(journal, size_max=1).trimmed.position == 1


def test_an_empty_journal_has_nothing_to_remove(tmp_path):
    with opened(tmp_path) as journal:
        assert plan(journal) is None


def test_times_of_an_unsynced_clock_are_not_believed(tmp_path):
    with opened(tmp_path) as journal:
        add(journal, 20_000, 19_000, quality=ClockQuality.UNSYNCED)
        add(journal, 1)
        journal.confirm([1, 2, 3])
        assert plan(journal) is None
        add(journal, 30)
        journal.confirm([4])
        assert plan(journal) is None, "the one before it is young"


def test_rows_without_a_believed_time_go_with_the_next_that_has_one(tmp_path):
    with opened(tmp_path) as journal:
        add(journal, 20_000, quality=ClockQuality.UNSYNCED)
        add(journal, 30, 0)
        journal.confirm([2])
        assert plan(journal) is None, "one of them is not delivered"
        journal.confirm([1])
        assert plan(journal).trimmed.position == 2


def test_nothing_goes_for_its_age_while_the_age_is_not_known(tmp_path):
    with opened(tmp_path) as journal:
        add(journal, 400, 399, 0)
        assert journal.plan_removal((journal.epoch, 3), Limits(None, None, LARGE)) is None


def test_a_file_that_is_too_large_loses_its_oldest_rows_and_tells_the_gap(tmp_path):
    with opened(tmp_path) as journal:
        add(journal, *[0] * 100, size=4000)
        used = journal.used_size()
        planned = plan(journal, size_max=used // 2)
        assert planned.gaps == (Gap(journal.epoch, 1, planned.trimmed.position, "size"),)
        carry_out(journal, planned)
        assert journal.used_size() <= used // 2
        assert verify(tmp_path).findings == ()
        assert plan(journal, size_max=used // 2) is None


def test_gaps_are_told_for_each_epoch(tmp_path):
    with opened(tmp_path) as journal:
        first = add(journal, 100, 99)[0].epoch
    (tmp_path / "journal.head").unlink()
    with opened(tmp_path) as journal:
        add(journal, 98, 97, 96, 0)
        journal.confirm([2])
        planned = plan(journal)
        assert planned.gaps == (
            Gap(first, 1, 2, "age"),
            Gap(journal.epoch, 1, 1, "age"),
            Gap(journal.epoch, 3, 3, "age"),
        )
        carry_out(journal, planned)
        assert journal.earlier() == []
        assert journal.read(0, 9)[0].seq == 4
        assert verify(tmp_path).findings == ()


def test_rows_go_in_small_steps_between_which_commits_have_their_turn(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_module, "_REMOVED_AT_ONCE", 2)
    with opened(tmp_path) as journal:
        add(journal, 40, 39, 38, 37, 36, 0)
        journal.confirm([1, 2, 3, 4, 5])
        planned = plan(journal)
        journal.commit([(Draft(planned.trimmed.fact(), AT), 2.0)])
        assert journal.remove(planned.trimmed.position)
        assert add(journal, 0)[0].seq == 8
        assert verify(tmp_path).findings == ()
    with opened(tmp_path) as journal:  # A crash in between: the next plan goes on from here.
        assert journal.read(0, 1)[0].seq == 3
        carry_out(journal, plan(journal))
        assert journal.read(0, 1)[0].seq == 6
        assert not journal.remove(planned.trimmed.position)
    assert verify(tmp_path).findings == ()


def test_the_newest_row_is_never_removed_by_mistake(tmp_path):
    with opened(tmp_path) as journal:
        add(journal, 1)
        with pytest.raises(AssertionError, match="the newest row stays"):
            journal.remove(1)


def test_an_unreadable_row_goes_with_its_neighbours(tmp_path):
    with opened(tmp_path) as journal:
        add(journal, 40, 39, 38, 0)
        journal.confirm([1, 2, 3])
        journal._write("UPDATE events SET body = ? WHERE position = 2", [(b"\xff",)])
        assert plan(journal).trimmed.position == 3


RANGES = st.lists(st.integers(1, 40)).map(lambda seqs: merge(Receipts(0), seqs))


@given(RANGES, st.integers(1, 40), st.integers(1, 40))
def test_what_is_missing_is_exactly_what_has_no_receipt(receipts, first, last):
    found = missing(receipts, first, last)
    listed = [seq for begin, end in found for seq in range(begin, end + 1)]
    assert listed == [seq for seq in range(first, last + 1) if not has(receipts, seq)]
    assert all(begin <= end for begin, end in found)


@given(RANGES, st.integers(0, 45))
def test_what_is_passed_counts_as_confirmed_and_the_rest_stays(receipts, upto):
    after = passed(receipts, upto)
    assert after == merge(after, ())
    for seq in range(1, 50):
        assert has(after, seq) == (seq <= upto or has(receipts, seq))
