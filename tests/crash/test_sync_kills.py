"""A gateway that records and sends as fast as it can is killed at drawn points of the way."""

from random import Random

import pytest

from benchmarks.kills import kill_and_count

pytestmark = pytest.mark.broker


def test_kills_cost_the_centre_no_event_and_leave_no_gap(tmp_path):
    account = kill_and_count(tmp_path, 1000, 6, Random(20261122))
    assert account.is_good, account
    assert account.recorded >= 1000
    assert account.twice > 0, "no kill came between an event and its receipt"
