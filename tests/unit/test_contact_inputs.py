"""Contacts at a board's inputs: polarity, bouncing, and what a turnstile means by them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import Direction
from drivers.contacts import Contact, Debounced, Normally
from drivers.turnstiles.contact_inputs import DEBOUNCE_S, HELD_S, ContactInputs, Contacts

OPEN, CLOSED = Normally.OPEN, Normally.CLOSED
ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
POLL_S = 0.030
ON = True


@pytest.mark.parametrize(
    ("normally", "is_closed", "is_active"),
    [(OPEN, False, False), (OPEN, True, True), (CLOSED, True, False), (CLOSED, False, True)],
)
def test_a_contact_is_active_when_it_is_not_as_it_normally_is(normally, is_closed, is_active):
    assert Contact(3, normally).is_active((False, False, is_closed)) is is_active


def test_a_state_changes_when_it_held_long_enough():
    state = Debounced(0.030, is_on=False)
    assert [state.feed(ON, at_s) for at_s in (0, 0.02, 0.03)] == [False, False, True]
    assert state.is_on
    assert not state.feed(ON, 0.1)


def test_a_state_that_goes_back_in_between_begins_anew():
    state = Debounced(0.030, is_on=False)
    seen = [(True, 0), (False, 0.02), (True, 0.025), (True, 0.05), (True, 0.056)]
    assert [state.feed(*one) for one in seen] == [False, False, False, False, True]


def test_without_a_time_to_hold_a_state_changes_at_once():
    assert Debounced(0, is_on=False).feed(ON, 5)


class Bench:
    def __init__(self, levels="00000000", normally=OPEN):
        self.now_s = 0.0
        contacts = Contacts(
            passages={ENTRY: Contact(1, normally), EXIT: Contact(2, normally)},
            ready=Contact(3, CLOSED),
            alarm=Contact(4, OPEN),
            fire=Contact(5, CLOSED),
        )
        self.inputs = ContactInputs(contacts, bits(levels), 0.0)

    def look(self, levels, times=1):
        """Read so many times, and return all that was told."""
        told = []
        for _ in range(times):
            self.now_s += POLL_S
            told.append(self.inputs.look(bits(levels), self.now_s))
        return told

    def passages(self, levels, times):
        seen = self.look(levels, times)
        return [way for one in seen for way, count in one.passages.items() for _ in range(count)]


def bits(levels):
    return tuple(level == "1" for level in levels)


QUIET = "00101000"
"""Nobody passes, ready, no alarm, no fire."""


@pytest.mark.parametrize(
    ("normally", "quiet", "entry", "exit_"),
    [(OPEN, QUIET, "10101000", "01101000"), (CLOSED, "11101000", "01101000", "10101000")],
)
def test_a_pulse_of_either_polarity_is_one_passage(normally, quiet, entry, exit_):
    bench = Bench(quiet, normally)
    assert bench.passages(quiet, 10) == []
    assert bench.passages(entry, 4) == [ENTRY]
    assert bench.passages(quiet, 4) == []
    assert bench.passages(exit_, 4) == [EXIT]


def test_the_shortest_pulse_of_a_turnstile_is_seen():
    bench = Bench(QUIET)
    assert bench.passages("10101000", 3) == [ENTRY]  # 100 ms are at least three readings.


def test_a_bounce_is_no_passage_and_one_passage_bounces_once():
    bench = Bench(QUIET)
    for _ in range(20):
        assert bench.passages("10101000", 1) == []
        assert bench.passages(QUIET, 1) == []
    for _ in range(3):
        bench.passages("10101000", 1)
        bench.passages(QUIET, 1)
    assert bench.passages("10101000", 10) == [ENTRY]


def test_a_contact_that_is_active_at_the_start_counts_when_it_has_rested():
    bench = Bench("10101000")
    assert bench.passages("10101000", 100) == []
    assert bench.passages(QUIET, 5) == []
    assert bench.passages("10101000", 5) == [ENTRY]


def test_a_passage_that_lasts_is_noted_once_and_again_after_it_ended():
    bench = Bench(QUIET)
    long = round(2 * HELD_S / POLL_S)
    for _ in range(2):
        notes = [note for seen in bench.look("01101000", long) for note in seen.notes]
        assert notes == ["held"]
        bench.look(QUIET, 5)


def test_a_wire_that_is_broken_at_the_start_is_noted_too():
    bench = Bench("10101000")
    seen = bench.look("10101000", round(2 * HELD_S / POLL_S))
    assert [note for one in seen for note in one.notes] == ["held"]


def test_an_alarm_is_noted_when_it_begins():
    bench = Bench(QUIET)
    seen = bench.look("00111000", 10) + bench.look(QUIET, 10) + bench.look("00111000", 10)
    assert [one.notes for one in seen if one.notes] == [("alarm",), ("alarm",)]


def test_an_open_fire_contact_is_a_fire_from_the_first_reading_on():
    bench = Bench("00100000")
    assert bench.look("00100000")[0].is_fire
    assert not bench.look(QUIET, 3)[-1].is_fire
    assert [seen.is_fire for seen in bench.look("00100000", 2)] == [False, True]


def test_not_ready_is_a_fault_after_a_second_and_over_after_a_second():
    bench = Bench(QUIET)
    assert not any(seen.fault for seen in bench.look("00001000", 33))
    assert all(seen.fault for seen in bench.look("00001000", 10)[2:])
    assert all(seen.fault for seen in bench.look(QUIET, 33))
    assert not any(seen.fault for seen in bench.look(QUIET, 10)[2:])


def test_contacts_that_are_not_wired_say_nothing():
    inputs = ContactInputs(Contacts(), (), 0.0)
    seen = inputs.look((), 1.0)
    assert (seen.passages, seen.is_fire, seen.fault, seen.notes) == ({}, False, "", ())


@pytest.mark.parametrize(("number", "count"), [(1, 8), (8, 8), (9, 16), (32, 32)])
def test_inputs_are_read_by_whole_bytes(number, count):
    assert Contacts(alarm=Contact(number, OPEN)).input_count == count
    assert Contacts().input_count == 0


@settings(max_examples=80)
@given(st.lists(st.tuples(st.integers(3, 12), st.integers(3, 12)), max_size=12), st.data())
def test_every_passage_counts_once_whatever_bounces_between(people, data):
    """Contacts closed for 90 ms or more, with a bounce at each edge."""
    bench = Bench(QUIET)
    told = []
    for closed, rested in people:
        told += bench.passages("10101000", data.draw(st.integers(0, 1)))
        told += bench.passages(QUIET, 1)
        told += bench.passages("10101000", closed)
        told += bench.passages(QUIET, data.draw(st.integers(0, 1)))
        told += bench.passages("10101000", 1)
        told += bench.passages(QUIET, rested)
    assert told == [ENTRY] * len(people)
    assert DEBOUNCE_S <= POLL_S
