"""Which rows of the feed somebody asked for."""

import pytest

from gatewayd.core.feed_filter import Wanted

ROW = {
    "kinds": ["admitted", "officer"],
    "lane": "lane-1",
    "direction": "entry",
    "reason": "attested",
    "attestation": {"officer": "desk_one", "reason": "Tamu tanpa ponsel"},
}
ACT = {"kinds": ["officer"], "action": "count_set", "detail": {"caller": "user:budi"}}


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(kind="officer"),
        Wanted(lane="lane-1", direction="entry"),
        Wanted(who="Desk"),
        Wanted(text="PONSEL"),
    ],
)
def test_a_row_that_fits_is_found(wanted):
    assert wanted.holds(ROW)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(kind="refused"),
        Wanted(lane="lane-2"),
        Wanted(direction="exit"),
        Wanted(who="budi"),
        Wanted(text="umbrella"),
        Wanted(kind="officer", text="umbrella"),
    ],
)
def test_one_that_does_not_is_not(wanted):
    assert not wanted.holds(ROW)


def test_the_act_of_a_user_is_found_by_the_user_and_of_a_machine_by_nobody():
    assert Wanted(who="budi").holds(ACT)
    assert not Wanted(who="budi").holds({"kinds": ["machine"], "action": "started"})
