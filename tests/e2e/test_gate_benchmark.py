"""The benchmark of the gate and the soak run: a few scans, small stores, and no time is judged."""

from argparse import Namespace

import pytest

from benchmarks.gate import measure
from benchmarks.gate_site import House
from benchmarks.soak import soak


@pytest.mark.slow
@pytest.mark.broker
def test_the_benchmark_of_the_gate_opens_for_everybody(tmp_path):
    house = House(tmp_path, holders=64)
    house.make_stores(400)
    short = Namespace(starts=0, seconds=1.0, rest=0.1, backlog=200, warm=0.0, saturated=0.2)
    rows = {row["what"]: row for row in measure(house, 2, short)}
    assert set(rows) == {"rest", "idle", "saturated", "backlog"}
    for what in ("idle", "saturated", "backlog"):
        assert rows[what]["scans"] > 0
        assert rows[what]["unanswered"] == 0
    assert rows["idle"]["floor_scans"] > 0


@pytest.mark.slow
@pytest.mark.broker
def test_the_accounts_of_a_soak_agree(tmp_path):
    house = House(tmp_path, holders=64)
    house.make_stores(400)
    (step,), accounts = soak(house, lanes=2, seconds=1.0, per_s=5.0, step_s=1.0)
    assert step.scans == accounts.openings > 0
    assert accounts.is_good, accounts
