"""The benchmark of the gate and the soak run: a few scans, small stores, and no time is judged."""

from argparse import Namespace
from datetime import UTC, datetime

import pytest

from benchmarks.gate import measure
from benchmarks.gate_site import House
from benchmarks.soak import soak
from benchmarks.sync_subscriber import IDS
from gatewayd.core.events import Audit, AuditSubject, Draft, Event
from gatewayd.core.words import ClockQuality
from gatewayd.mqtt import payloads
from gatewayd.mqtt.payloads import PublishStatus
from gatewayd.mqtt.topics import SitePath


def test_an_event_that_a_checkpoint_names_has_not_arrived_with_it():
    """The one before the start, where the checkpoint comes before the record of the start."""
    chain = {"id": "0193f1c2a4b05d6e-41", "chain": "00", "key": "AA", "signature": "AA"}
    fact = Audit(subject=AuditSubject.JOURNAL, action="checkpoint", detail=chain)
    draft = Draft(fact, datetime(2026, 11, 23, tzinfo=UTC), ClockQuality.SYNCED)
    site = SitePath("mojokerto", "dukcapil", "gmsc")
    body = payloads.event(Event("0193f1c2a4b05d6e", 42, draft, "", 0.0), site, PublishStatus.STATUS)
    assert IDS.findall(body) == [b"0193f1c2a4b05d6e-42"]


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
