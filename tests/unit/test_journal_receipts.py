from hypothesis import given
from hypothesis import strategies as st

from gatewayd.ports import Receipts
from gatewayd.store.receipts import dump, load, merge

SEQS = st.lists(st.integers(1, 40), max_size=12)


@given(st.lists(SEQS, max_size=6))
def test_receipts_stand_for_exactly_the_seqs_that_were_confirmed(batches):
    receipts, confirmed = Receipts(0), set()
    for batch in batches:
        receipts = merge(receipts, batch)
        confirmed.update(batch)
    assert _members(receipts) == confirmed


@given(SEQS, SEQS)
def test_receipts_are_kept_in_as_few_ranges_as_can_be(first, second):
    receipts = merge(merge(Receipts(0), first), second)
    ends = [receipts.upto, *(number for pair in receipts.beyond for number in pair)]
    assert ends == sorted(ends)
    starts = [first for first, _ in receipts.beyond]
    lasts = [receipts.upto, *(last for _, last in receipts.beyond)]
    assert all(start > last + 1 for start, last in zip(starts, lasts, strict=False))


@given(SEQS)
def test_stored_receipts_are_read_as_they_were(seqs):
    receipts = merge(Receipts(0), seqs)
    assert load("019abc0123450001", *dump("019abc0123450001", receipts)) == receipts


def test_receipts_that_were_changed_or_of_another_epoch_are_not_believed():
    state, checksum = dump("019abc0123450001", Receipts(5, ((7, 8),)))
    assert load("019abc0123450001", state.replace("5", "6"), checksum) is None
    assert load("019abc0123450001", state, checksum ^ 1) is None
    assert load("019abc0123450002", state, checksum) is None
    assert load("019abc0123450001", None, checksum) is None


def _members(receipts):
    beyond = {seq for first, last in receipts.beyond for seq in range(first, last + 1)}
    return set(range(1, receipts.upto + 1)) | beyond
