"""The gauges of a running gateway, read from its overview at each scrape."""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from gatewayd import __version__
from gatewayd.core.folded import REFERRALS
from gatewayd.core.health import judge
from gatewayd.core.health_terms import Colour, Observed
from gatewayd.core.occupancy import limits, places_left
from gatewayd.core.sync_figures import SyncFigures
from gatewayd.core.words import ClockQuality
from gatewayd.runtime.overview import Overview

_Rows = Iterable[tuple[Sequence[str], float]]


def gauges(overview: Overview) -> Iterator[Metric]:
    """Yield what is so now, and what the drivers and the publisher count themselves."""
    seen = overview.observe()
    yield from _of_gateway(overview, seen)
    yield from _of_people(overview)
    yield from _of_devices(overview, seen)
    if seen.link is not None:
        yield from _of_queue(seen.link)
    yield from _of_rules(overview, seen)
    yield from _of_records(overview, seen)


def _of_gateway(overview: Overview, seen: Observed) -> Iterator[Metric]:
    health, clock = judge(seen), overview.shared.clock
    info = [((__version__, overview.site), 1.0)]
    yield _gauge("build_info", "The software, and the site.", ("version", "site"), info)
    yield _one("uptime_seconds", "Since the start.", clock.monotonic() - overview.started_s)
    yield _one("ready", "1: somebody with a good code could be let in.", health.is_ready)
    colours = [((one.part,), [*Colour].index(one.colour)) for one in health.parts]
    yield _gauge("health", "0: green, 1: yellow, 2: red.", ("part",), colours)
    alarms = [key.partition("/")[0] for key in seen.alarms]
    active = [((name,), alarms.count(name)) for name in sorted(set(alarms))]
    yield _gauge("alarms_active", "Alarms that are raised now.", ("alarm",), active)
    qualities = [((one,), one is seen.clock) for one in ClockQuality]
    yield _gauge("clock_quality", "1: this is the clock's quality.", ("quality",), qualities)


def _of_people(overview: Overview) -> Iterator[Metric]:
    gate = overview.shared.gate
    people: list[tuple[Sequence[str], float]] = []
    uncertain: list[tuple[Sequence[str], float]] = []
    allowed: list[tuple[Sequence[str], float]] = []
    left: list[tuple[Sequence[str], float]] = []
    for area in (None, *gate.area_names):
        inside, policy, place = gate.occupancy(area), gate.policy.of_area(area), area or ""
        people += [((place, name), count) for name, count in inside.by_category.items()]
        uncertain.append(((place,), inside.uncertain))
        for name, limit in limits(policy).items():
            assert isinstance(limit, int)
            allowed.append(((place, name), limit))
        left += [((place, name), count) for name, count in places_left(inside, policy).items()]
    by_category = ("area", "category")
    yield _gauge("occupancy_people", "People inside; no area: the house.", by_category, people)
    yield _gauge("occupancy_uncertain_people", "How far it may be wrong.", ("area",), uncertain)
    yield _gauge("occupancy_limit_people", "Places by the rules in force.", by_category, allowed)
    yield _gauge("occupancy_places_left", "How many may still come in.", by_category, left)
    waiting = [
        (("referral",), gate.cache.size(REFERRALS)),
        (("assist",), len(overview.assists())),
    ]
    yield _gauge("waiting_people", "Who waits for the officer.", ("kind",), waiting)


def _of_devices(overview: Overview, seen: Observed) -> Iterator[Metric]:
    lanes = overview.lanes.items()
    up: list[tuple[Sequence[str], float]] = [
        (("turnstile", lane), shell.state.is_linked) for lane, shell in lanes
    ]
    up += [(("reader", name), works) for name, works in seen.readers.items()]
    up += [(("contact", name), works) for name, works in seen.contacts.items()]
    if seen.link is not None:
        up.append((("broker", "centre"), seen.link.connected_s is not None))
    yield _gauge("link_up", "1: the device or the broker answers.", ("kind", "name"), up)
    faults = [((lane,), shell.state.has_fault) for lane, shell in lanes]
    yield _gauge("turnstile_fault", "1: the turnstile tells of a fault.", ("lane",), faults)
    orders = [((lane, shell.state.order), 1.0) for lane, shell in lanes]
    yield _gauge("lane_order", "What the officer ordered last.", ("lane", "order"), orders)
    yield _one("fire", "1: a fire input is on.", bool(seen.fire))
    doors = [((door,), door in seen.open_doors) for door in overview.doors]
    yield _gauge("door_broken", "1: open, and must be shut.", ("door",), doors)
    noise = CounterMetricFamily(
        "gatewayd_noise", "What was dropped on the lines.", labels=("lane", "source")
    )
    for lane, shell in lanes:
        noise.add_metric((lane, "readers"), shell.noise_count)
        noise.add_metric((lane, "turnstile"), shell.line.noise_count)
        noise.add_metric((lane, "forged"), shell.line.forged_count)
    yield noise


def _of_queue(link: SyncFigures) -> Iterator[Metric]:
    yield _one("queue_events", "Events without their receipt.", link.depth)
    yield _one("queue_oldest_seconds", "Age of the oldest of them.", link.oldest_s or 0.0)
    if link.hours_left is not None:
        left = "Until the oldest is given up."
        yield _one("queue_left_seconds", left, link.hours_left * 3600)
    if link.receipt_age_s is not None:
        yield _one("receipt_age_seconds", "Since the last receipt.", link.receipt_age_s)
    yield _one("quarantined_events", "Events the broker does not take.", link.quarantined)
    for name, text, count in (
        ("published", "Events sent in this run.", link.published),
        ("receipts", "Receipts of this run.", link.receipts),
        ("publish_refused", "Events that the broker refused.", link.refused),
    ):
        yield CounterMetricFamily(f"gatewayd_{name}", text, value=count)


def _of_rules(overview: Overview, seen: Observed) -> Iterator[Metric]:
    policy, at = overview.shared.gate.policy, overview.shared.clock.utc()
    yield _one("policy_in_force", "1: rules are in force now.", seen.policy.is_in_force)
    yield _one("observe_mode", "1: all is recorded, and nobody is held.", seen.is_observing)
    if policy.valid_from is not None:
        age_s = (at - policy.valid_from).total_seconds()
        yield _one("policy_age_seconds", "Since the rules are in force.", age_s)
    if seen.policy.left is not None:
        left_s = seen.policy.left.total_seconds()
        yield _one("policy_left_seconds", "Until the rules end.", left_s)
    ages = [((one.name,), one.age.total_seconds()) for one in seen.lists if one.age is not None]
    yield _gauge("list_age_seconds", "Since a list of people was made.", ("list",), ages)
    if seen.list_age_max is not None:
        age_max_s = seen.list_age_max.total_seconds()
        yield _one("list_age_max_seconds", "From here on a list is too old.", age_max_s)


def _of_records(overview: Overview, seen: Observed) -> Iterator[Metric]:
    recorder = overview.shared.recorder
    yield _one("journal_refuses", "1: the disk refuses records.", not seen.is_recording)
    missed = "Verdicts of the present refusal that are on no disk."
    yield _one("missed_verdicts", missed, recorder.missed_verdicts)
    if seen.disk is not None:
        yield _one("disk_free_bytes", "Free where the records are.", seen.disk.free)
        yield _one("journal_bytes", "What the journal takes.", seen.disk.used)
        yield _one("journal_max_bytes", "What it may take.", seen.disk.used_max)
        yield _one("journal_rows", "Events on the disk.", seen.disk.row_count)


def _gauge(name: str, text: str, labels: Sequence[str], rows: _Rows) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"gatewayd_{name}", text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"gatewayd_{name}", text, value=value)
