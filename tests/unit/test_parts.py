from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.parts import (
    PART_DIGITS_MAX,
    PARTS_MAX,
    WAIT_S,
    Gathering,
    Part,
    expire,
    gather,
    gather_all,
    read_part,
)
from gatewayd.core.reasons import Reason

WHOLE = b"shc:/001122"
PARTS = [b"shc:/1/3/00", b"shc:/2/3/11", b"shc:/3/3/22"]
OTHER = [b"shc:/1/2/55", b"shc:/2/2/66"]


def pending_of(*scans: bytes) -> Gathering:
    pending = None
    for scan in scans:
        pending, _ = gather(pending, scan, 100.0)
    assert pending is not None
    return pending


# --- one part ---


def test_a_part_says_which_of_how_many_it_is():
    assert read_part("shc:/2/3/0011") == Part(2, 3, "0011")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("shc:/2/3", Reason.CHUNK_INDEX),
        ("shc:/2/3/0a", Reason.NUMERIC_FORM),
        ("shc:/a/3/00", Reason.CHUNK_INDEX),
        ("shc://3/00", Reason.CHUNK_INDEX),
        ("shc:/2//00", Reason.CHUNK_INDEX),
        ("shc:/2/1000/00", Reason.CHUNK_INDEX),
        ("shc:/1/2/3/00", Reason.NUMERIC_FORM),
        ("shc:/0/3/00", Reason.CHUNK_INDEX),
        ("shc:/4/3/00", Reason.CHUNK_INDEX),
        ("shc:/1/0/00", Reason.CHUNK_INDEX),
        ("shc:/1/2/", Reason.CHUNK_SIZE),
        ("shc:/1/2/" + "0" * (PART_DIGITS_MAX + 1), Reason.CHUNK_SIZE),
        (f"shc:/1/{PARTS_MAX + 1}/00", Reason.TOO_LARGE),
    ],
)
def test_what_no_code_can_have_is_told(text, reason):
    assert read_part(text) is reason


# --- all parts ---


@pytest.mark.parametrize("order", list(permutations(PARTS)), ids=str)
def test_the_parts_make_one_scan_in_any_order(order):
    assert gather_all(order) == (WHOLE,)


def test_the_scan_is_there_with_the_last_part():
    pending = pending_of(*PARTS[:2])
    assert (pending.count, pending.missing_count) == (3, 1)
    assert gather(pending, PARTS[2], 101.0) == (None, (WHOLE,))


def test_a_code_of_one_part_is_whole_at_once():
    assert gather(None, b"shc:/1/1/0011", 0.0) == (None, (b"shc:/0011",))


@pytest.mark.parametrize("scan", [b"1001", b"HC1:ABC", b"shc:/0011", b"", b"\xff", b"shc:/"])
def test_other_codes_pass_through(scan):
    assert gather(None, scan, 0.0) == (None, (scan,))


def test_a_part_shown_twice_is_noise():
    pending = pending_of(PARTS[0])
    assert gather(pending, PARTS[0], 105.0) == (pending, ())


def test_another_code_ends_the_gathering():
    pending = pending_of(*PARTS[:2])
    assert gather(pending, b"1001", 101.0) == (None, (PARTS[0], b"1001"))


@pytest.mark.parametrize("scan", [OTHER[0], b"shc:/1/3/99"], ids=["other count", "other digits"])
def test_a_part_of_another_code_begins_anew(scan):
    pending, scans = gather(pending_of(*PARTS[:2]), scan, 101.0)
    assert scans == (PARTS[0],)
    assert pending is not None
    assert list(pending.parts.values()) == [scan]


@pytest.mark.parametrize("scan", [b"shc:/9/3/00", b"shc:/2/3/1x", b"shc:/2/3/"])
def test_a_part_that_was_read_wrongly_ends_nothing(scan):
    pending = pending_of(PARTS[0])
    assert gather(pending, scan, 101.0) == (pending, (scan,))


def test_each_part_gives_time_for_the_next():
    pending = pending_of(PARTS[0])
    later, _ = gather(pending, PARTS[1], 110.0)
    assert (pending.until_s, later and later.until_s) == (100.0 + WAIT_S, 110.0 + WAIT_S)


def test_what_does_not_become_whole_in_time_is_one_scan():
    pending = pending_of(*PARTS[:2])
    assert expire(pending, pending.until_s - 0.001) == (pending, ())
    assert expire(pending, pending.until_s) == (None, (PARTS[0],))
    assert expire(None, 1e9) == (None, ())


def test_when_no_more_come_the_rest_is_incomplete():
    assert gather_all(PARTS[:2]) == (PARTS[0],)
    assert gather_all([*OTHER, *PARTS]) == (b"shc:/5566", WHOLE)
    assert gather_all([]) == ()


def test_digits_do_not_show_in_logs():
    assert "0011" not in repr(read_part("shc:/2/3/0011"))
    assert "shc" not in repr(pending_of(PARTS[0]))


@given(st.lists(st.sampled_from([*PARTS, *OTHER, b"1001", b"shc:/9/2/1", b"shc:/1/3/9"])))
@settings(max_examples=200)
def test_every_scan_leaves_a_verdict_or_is_part_of_one_that_does(scans):
    pending, decided = None, []
    for scan in scans:
        pending, now = gather(pending, scan, 0.0)
        decided.extend(now)
        assert len(now) <= 2
        assert pending is None or 0 < pending.missing_count < pending.count
    assert len(decided) + (pending is not None) <= len(scans)
    assert decided.count(b"1001") == scans.count(b"1001")
