"""What the gateway tells a Prometheus: counts of what was recorded, and gauges of what is.

No holder, code or officer is ever a label: all labels are names of the settings, or words of closed
lists, so that their number is bounded.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from gatewayd.core.events import Access, Alarm, AlarmOutcome, Audit, Event, Passage
from gatewayd.runtime.metrics_gauges import gauges
from gatewayd.runtime.overview import Overview
from gatewayd.runtime.requests import Answer

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

BUCKETS_S: Final = (
    0.00025,
    0.0005,
    0.001,
    0.0015,
    0.002,
    0.003,
    0.005,
    0.0075,
    0.01,
    0.02,
    0.05,
    0.1,
    0.5,
    1.0,
)
"""Close together up to the 10 ms that a scan may take, and on to what a person would notice."""


class Metrics(Collector):
    """One for each gateway, with a registry of its own. Used from the event loop only."""

    def __init__(self, overview: Overview) -> None:
        self._overview = overview
        self._verdicts: Counter[tuple[str, ...]] = Counter()
        self._passages: Counter[tuple[str, ...]] = Counter()
        self._raised: Counter[tuple[str, ...]] = Counter()
        self._latencies = [0] * (len(BUCKETS_S) + 1)
        self._latency_sum_s = 0.0
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def render(self) -> bytes:
        """Return the answer to a scrape, of the type `CONTENT_TYPE`."""
        return generate_latest(self._registry)

    async def answer(self, _: Mapping[str, Any], __: str) -> Answer:
        """Tell the same to whoever asks at the control socket."""
        return {"ok": True, "text": self.render().decode()}

    def committed(self, events: Sequence[Event]) -> None:
        """Count what was recorded; in the way of each verdict, so with as little as can be."""
        for event in events:
            match event.fact:
                case Access() as verdict:
                    self._count_verdict(verdict)
                case Passage() as passage:
                    self._passages[passage.lane, passage.direction, passage.outcome] += 1
                case Alarm(outcome=AlarmOutcome.RAISED, alarm=alarm):
                    self._raised[alarm,] += 1
                case Alarm() | Audit():
                    pass

    def collect(self) -> Iterator[Metric]:
        """Yield all of it: what the registry of the library asks for."""
        yield self._latency()
        for name, text, labels, counts in (
            ("verdicts", "Verdicts that were recorded.", _VERDICT, self._verdicts),
            ("passages", "What became of grants and bodies.", _PASSAGE, self._passages),
            ("alarms_raised", "Alarms that began.", ("alarm",), self._raised),
        ):
            family = CounterMetricFamily(f"gatewayd_{name}", text, labels=labels)
            for values, count in counts.items():
                family.add_metric(values, count)
            yield family
        yield from gauges(self._overview)

    def _count_verdict(self, verdict: Access) -> None:
        key = (verdict.lane, verdict.direction, verdict.outcome, verdict.kind, verdict.reason)
        self._verdicts[key] += 1
        if verdict.latency_us is not None:
            latency_s = verdict.latency_us / 1e6
            self._latencies[bisect_left(BUCKETS_S, latency_s)] += 1
            self._latency_sum_s += latency_s

    def _latency(self) -> HistogramMetricFamily:
        bounds = [*(repr(bound) for bound in BUCKETS_S), "+Inf"]
        return HistogramMetricFamily(
            "gatewayd_verdict_latency_seconds",
            "From the last byte of a scan to its verdict.",
            buckets=list(zip(bounds, accumulate(self._latencies), strict=True)),
            sum_value=self._latency_sum_s,
        )


_VERDICT: Final = ("lane", "direction", "outcome", "kind", "reason")
_PASSAGE: Final = ("lane", "direction", "outcome")
