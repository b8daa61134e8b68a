"""The market of the simulation: some minutes of it, and that it notices what grows."""

import pytest

from gatewayd.runtime import publisher_outbox
from gatewayd.runtime.gate import Gate
from tests.sim.market import play
from tests.sim.market_hours import GROWTH_MAX, WARM_HOURS, Hour, grown_from


def test_some_minutes_of_a_market_keep_every_promise():
    hours: list[Hour] = []
    play(2, hours.append, holders=400, page_s=5.0)
    assert [hour.breaches for hour in hours] == [[], []]
    assert [hour.weather for hour in hours] == ["clear", "mixed"]
    for hour in hours:
        assert hour.counts["scans"] > 100
        assert hour.counts["opened"] > 0.9 * hour.counts["scans"]
    assert hours[1].rows == sum(hour.counts["recorded"] for hour in hours)


def test_a_promise_that_is_broken_late_is_seen(monkeypatch):
    committed = Gate.committed

    def forgets(self, events):
        if events[-1].seq < 100:  # In the second page and later, no event is folded in.
            committed(self, events)

    monkeypatch.setattr(Gate, "committed", forgets)
    hours: list[Hour] = []
    play(1, hours.append, holders=400, page_s=2.5)
    broken = {breach.promise for hour in hours for breach in hour.breaches}
    assert "the tables are what the journal makes" in broken


def test_a_page_ends_when_the_receipts_of_what_it_saw_are_on_the_disk(monkeypatch):
    monkeypatch.setattr(publisher_outbox, "STORE_S", 3.0)
    hours: list[Hour] = []
    play(1, hours.append, holders=400, page_s=2.5)
    assert [hour.breaches for hour in hours] == [[]]


@pytest.mark.parametrize("name", ["blocks", "rss"])
def test_memory_that_grows_is_told(name):
    def hours(last: int) -> list[Hour]:
        sizes = [50] * WARM_HOURS + [100, 90, 100, last]
        weathers = ["clear", "mixed"] * len(sizes)
        return [
            Hour(number, weather, **{name: size})
            for number, (weather, size) in enumerate(zip(weathers, sizes, strict=False), 1)
        ]

    assert grown_from(hours(int(90 * GROWTH_MAX))) == []
    assert grown_from(hours(100)) == [f"{name}: 90 in hour 8, 100 in hour 10"]
