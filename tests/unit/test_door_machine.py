"""What an opening of a door means, in each state and with each permission."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.door import (
    BROKEN,
    Allowed,
    ClearBroken,
    ContactLost,
    ContactSeen,
    Door,
    DoorState,
    Effect,
    FireChanged,
    Input,
    PermissionOver,
    RaiseBroken,
    RecordClosing,
    RecordOpening,
    StartTimer,
    step,
)

OPENED, SHUT = ContactSeen(is_open=True), ContactSeen(is_open=False)
FIRE, NO_FIRE = FireChanged(is_on=True), FireChanged(is_on=False)
CLOSED, OPEN, HELD, FORCED = DoorState


def after(*inputs: Input, door: Door | None = None) -> tuple[Door, list[Effect]]:
    """Return the door, and what the last input brought about."""
    door, effects = door or Door(), []
    for what in inputs:
        door, effects = step(door, what)
    return door, effects


def test_a_door_that_opens_while_nobody_allowed_it_is_forced_and_breaks_the_one_gate():
    door, effects = after(SHUT, OPENED)
    assert door.state is FORCED
    assert effects == [RecordOpening(FORCED), RaiseBroken(FORCED)]


def test_a_door_that_is_open_when_it_is_first_looked_at_is_forced():
    assert after(OPENED)[0].state is FORCED


def test_a_door_that_is_shut_again_ends_the_alarm():
    door, effects = after(OPENED, SHUT)
    assert door.state is CLOSED
    assert effects == [RecordClosing(), ClearBroken()]


def test_what_is_seen_again_is_no_news():
    assert after(OPENED, OPENED)[1] == after(SHUT, SHUT)[1] == []


def test_an_opening_that_the_officer_allowed_is_recorded_without_an_alarm():
    door, effects = after(SHUT, Allowed(1, 600_000), OPENED)
    assert door.state is OPEN
    assert effects == [RecordOpening(OPEN)]
    assert after(SHUT, door=door)[1] == [RecordClosing()]


def test_a_permission_has_an_end():
    assert after(SHUT, Allowed(1, 600_000))[1] == [StartTimer(PermissionOver(1), 600_000)]


def test_a_door_that_outlasts_its_permission_is_held():
    door, effects = after(Allowed(1, 60_000), OPENED, PermissionOver(1))
    assert door.state is HELD
    assert effects == [RaiseBroken(HELD)]


def test_a_permission_that_ends_while_the_door_is_shut_is_no_news_and_the_next_opening_is_forced():
    door, effects = after(SHUT, Allowed(1, 60_000), PermissionOver(1))
    assert effects == []
    assert after(OPENED, door=door)[0].state is FORCED


def test_the_end_of_an_earlier_permission_does_not_end_a_new_one():
    door, effects = after(Allowed(1, 60_000), OPENED, Allowed(2, 60_000), PermissionOver(1))
    assert (door.state, door.permission, effects) == (OPEN, 2, [])


def test_a_permission_after_the_fact_ends_the_alarm():
    door, effects = after(OPENED, Allowed(1, 60_000))
    assert door.state is OPEN
    assert effects[0] == ClearBroken()


def test_in_a_fire_doors_may_be_open_and_must_be_shut_after_it():
    door, effects = after(SHUT, FIRE, OPENED)
    assert (door.state, effects) == (OPEN, [RecordOpening(OPEN)])
    door, effects = after(NO_FIRE, door=door)
    assert (door.state, effects) == (HELD, [RaiseBroken(HELD)])


@pytest.mark.parametrize("state", DoorState)
def test_a_contact_that_cannot_be_read_changes_nothing_but_that(state):
    door, effects = after(ContactLost(), door=Door(state, is_seen=True))
    assert (door, effects) == (Door(state, is_seen=False), [])


def test_a_door_that_was_opened_while_nobody_looked_is_noticed_with_the_next_look():
    assert after(SHUT, ContactLost(), OPENED)[1][0] == RecordOpening(FORCED)


INPUTS = st.one_of(
    st.builds(ContactSeen, st.booleans()),
    st.just(ContactLost()),
    st.builds(Allowed, st.integers(1, 3), st.just(1000)),
    st.builds(PermissionOver, st.integers(1, 3)),
    st.builds(FireChanged, st.booleans()),
)


@settings(max_examples=200)
@given(st.lists(INPUTS, max_size=30))
def test_whatever_happens_the_alarm_is_on_exactly_while_an_open_door_must_be_shut(inputs):
    door, is_raised, open_count = Door(), False, 0
    for what in inputs:
        before = door
        door, effects = step(door, what)
        for effect in effects:
            match effect:
                case RaiseBroken():
                    assert not is_raised
                    is_raised = True
                case ClearBroken():
                    assert is_raised
                    is_raised = False
                case RecordOpening():
                    open_count += 1
                case RecordClosing():
                    open_count -= 1
                case StartTimer():
                    assert isinstance(what, Allowed)
        assert is_raised == (door.state in BROKEN)
        assert is_raised == (door.state is not CLOSED and not door.may_be_open)
        assert open_count == (door.state is not CLOSED)
        if isinstance(what, ContactSeen):
            assert (door.state is not CLOSED) == what.is_open
        else:
            assert (door.state is CLOSED) == (before.state is CLOSED)
