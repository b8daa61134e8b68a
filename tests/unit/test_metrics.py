"""The metrics of a gateway: what they count, and what they never tell."""

import asyncio
from datetime import UTC, timedelta

from prometheus_client.parser import text_string_to_metric_families

from drivers import base
from gatewayd.core.events import Access, AccessOutcome, Draft, Event
from gatewayd.core.health_terms import DiskSeen
from gatewayd.core.policy import Capacity, Policy
from gatewayd.core.sync_figures import SyncFigures
from gatewayd.core.words import Direction, LaneId
from gatewayd.runtime.metrics import BUCKETS_S, Metrics
from gatewayd.runtime.overview import Overview
from gatewayd.runtime.upkeep import Room
from tests.sim.loop import run
from tests.unit.doubles import START, SimTurnstile, Site

POLICY = Policy(
    zone=UTC,
    valid_from=START - timedelta(days=2),
    valid_until=START + timedelta(days=5),
    capacity=Capacity(total=10, staff_reserve=2, by_category={"visitor": 4}),
    roster_age_hours_max=24,
)
LINK = SyncFigures(
    connected_s=None,
    depth=7,
    oldest_s=30.0,
    hours_left=100.0,
    published=3,
    receipts=2,
    refused=1,
    quarantined=0,
    is_heard=True,
    error="refused",
    receipt_age_s=12.5,
)


def metrics_of(site: Site, *, has_centre: bool = True) -> Metrics:
    lane = site.lanes[0]
    overview = Overview(
        site="a/b/c",
        run="run",
        started_s=0.0,
        shared=lane._shared,
        lanes={LaneId(lane.id): lane},
        doors={},
        journal=site.journal,
        sync=(lambda: LINK) if has_centre else None,
        assists=list,
        alarm_rows=list,
        room=Room(DiskSeen(10**9, 2000, 10**6, 44)),
        desk_readers=("desk_reader",),
        inputs=("panel",),
    )
    metrics = Metrics(overview)
    site.committed.append(metrics.committed)
    return metrics


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Return the values by name and the values of the labels in alphabetical order."""
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name.removeprefix("gatewayd_"), *map(str, sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def day() -> tuple[dict[tuple[str, ...], float], str]:
    async def main() -> tuple[dict[tuple[str, ...], float], str]:
        async with Site([SimTurnstile()], POLICY).running() as site:
            metrics = metrics_of(site)
            for person in ("S-1", "V-1", "B-1", "nobody"):
                site.scan(person)
                await asyncio.sleep(4)
            site.scan("V-1", Direction.EXIT)
            await asyncio.sleep(4)
            site.readers[0][Direction.ENTRY].tell(base.LinkLost("unplugged"))
            site.readers[0][Direction.ENTRY].tell(base.NoiseDropped(3))
            await asyncio.sleep(1)
            return samples(metrics), metrics.render().decode()

    return run(main())


def test_a_scrape_tells_what_happened_at_the_gate() -> None:
    told, _ = day()
    assert told["verdicts_total", "entry", "roster", "lane-1", "admitted", "ok"] == 2
    assert told["verdicts_total", "entry", "roster", "lane-1", "refused", "blocked"] == 1
    assert told["verdicts_total", "exit", "roster", "lane-1", "admitted", "exit"] == 1
    assert told["passages_total", "entry", "lane-1", "completed"] == 2
    assert told["passages_total", "exit", "lane-1", "completed"] == 1
    assert told["occupancy_people", "", "staff"] == 1
    assert told["occupancy_limit_people", "", "total"] == 10
    assert told["occupancy_places_left", "", "visitor"] == 4
    assert told["verdict_latency_seconds_count",] == 5
    assert told["verdict_latency_seconds_bucket", "+Inf"] == 5
    assert told["noise_total", "lane-1", "readers"] == 3


def test_a_scrape_tells_how_everything_stands() -> None:
    told, _ = day()
    assert told["link_up", "turnstile", "lane-1"] == 1
    assert told["link_up", "reader", "lane-1/entry_reader"] == 0
    assert told["link_up", "reader", "desk_reader"] == 1
    assert told["link_up", "contact", "panel"] == 1
    assert told["link_up", "broker", "centre"] == 0
    assert told["alarms_active", "link_lost"] == told["alarms_raised_total", "link_lost"] == 1
    assert told["health", "readers"] == told["health", "broker"] == 1
    assert told["health", "gate"] == 0
    assert told["ready",] == 1
    assert (told["queue_events",], told["queue_oldest_seconds",]) == (7, 30)
    assert (told["receipt_age_seconds",], told["queue_left_seconds",]) == (12.5, 360_000)
    assert (told["journal_rows",], told["disk_free_bytes",]) == (44, 10**9)
    assert told["clock_quality", "synced"] == 1
    assert told["clock_quality", "unsynced"] == 0
    assert round(told["policy_age_seconds",]) == 2 * 24 * 3600 + 21
    assert told["list_age_max_seconds",] == 24 * 3600


def test_latencies_are_summed_and_fall_into_their_buckets() -> None:
    metrics = metrics_of(Site([SimTurnstile()]))
    for latency_us in (900, 10_000, 2_000_000, None):
        fact = Access(
            outcome=AccessOutcome.REFUSED,
            lane=LaneId("lane-1"),
            direction=Direction.ENTRY,
            reason="expired",
            source="gateway",
            kind="pass",
            latency_us=latency_us,
        )
        metrics.committed([Event("e", 1, Draft(fact, START), "run", 0.0)])
    told = samples(metrics)
    buckets = [told["verdict_latency_seconds_bucket", repr(bound)] for bound in BUCKETS_S]
    assert buckets == [0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]
    assert told["verdict_latency_seconds_bucket", "+Inf"] == 3
    assert told["verdict_latency_seconds_sum",] == 2.0109


def test_no_person_is_in_a_scrape() -> None:
    _, text = day()
    assert "S-1" not in text
    assert "holder=" not in text
    site = Site([SimTurnstile()])
    holders = [str(holder) for holder in site.gate.knowledge.rosters[0].entries]
    assert not any(holder in text for holder in holders)


def test_a_gateway_without_a_centre_has_no_queue() -> None:
    async def main() -> dict[tuple[str, ...], float]:
        async with Site([SimTurnstile()]).running() as site:
            return samples(metrics_of(site, has_centre=False))

    told = run(main())
    names = {name for name, *_ in told}
    assert not any(name.startswith(("queue", "receipt", "publish")) for name in names)
    assert ("link_up", "broker", "centre") not in told


def test_two_gateways_of_one_process_count_for_themselves() -> None:
    async def main() -> tuple[bytes, bytes]:
        async with Site([SimTurnstile()]).running() as site:
            one, other = metrics_of(site), metrics_of(Site([SimTurnstile()]))
            site.scan("S-1")
            await asyncio.sleep(3)
            return one.render(), other.render()

    one, other = run(main())
    assert b"gatewayd_verdicts_total{" in one
    assert b"gatewayd_verdicts_total{" not in other


def test_the_buckets_tell_a_gateway_within_its_10_ms_from_one_that_is_not() -> None:
    assert 0.01 in BUCKETS_S
    assert len([bound for bound in BUCKETS_S if bound < 0.01]) >= 6


def test_whoever_asks_at_the_control_socket_is_told_the_same() -> None:
    async def main() -> tuple[dict, str]:
        async with Site([SimTurnstile()]).running() as site:
            metrics = metrics_of(site)
            return await metrics.answer({}, "somebody"), metrics.render().decode()

    answer, text = run(main())
    assert answer == {"ok": True, "text": text}
