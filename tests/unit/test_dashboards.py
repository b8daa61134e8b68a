"""What Grafana and Prometheus are given names only metrics that a gateway has."""

import asyncio
import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from tests.sim.loop import run
from tests.unit.doubles import SimTurnstile, Site
from tests.unit.test_metrics import POLICY, metrics_of

CONFIG = Path(__file__).parents[2] / "config"
RULES = CONFIG / "prometheus" / "alerts.yml"
DASHBOARD = json.loads((CONFIG / "grafana" / "gatewayd.json").read_text())
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
EXPRESSIONS = [
    *(rule["expr"] for rule in ALERTS),
    *(target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]),
    *(one["query"]["query"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query"),
]
SELECTOR = re.compile(r"(gatewayd_\w+)(?:\{([^}]*)\})?")
LABEL = re.compile(r"(\w+)(?:=~|!=|=)")


def scraped() -> dict[str, set[str]]:
    """Return the labels of each metric that a gate has, by the names that a scrape has."""

    async def main() -> str:
        async with Site([SimTurnstile()], POLICY).running() as site:
            metrics = metrics_of(site)
            for person in ("S-1", "B-1"):
                site.scan(person)
                await asyncio.sleep(4)
            return metrics.render().decode()

    told: dict[str, set[str]] = {}
    for line in run(main()).splitlines():
        if line.startswith("# TYPE"):
            told.setdefault(line.split()[2], set())
        elif not line.startswith("#"):
            name, labels = re.match(r"(\w+)(?:\{(.*)\})?", line).groups()
            told.setdefault(name, set()).update(re.findall(r"(\w+)=", labels or ""))
    return told


def test_every_metric_and_label_that_is_asked_for_exists():
    there = scraped()
    added_by_prometheus = {"instance", "job"}
    for expression in EXPRESSIONS:
        found = SELECTOR.findall(expression)
        assert found or expression.startswith("up{"), expression
        for name, selector in found:
            assert name in there, expression
            for label in LABEL.findall(selector):
                assert label in there[name] | added_by_prometheus, (expression, label)


def test_every_alert_says_how_urgent_it_is_and_what_it_means_in_both_languages():
    names = [rule["alert"] for rule in ALERTS]
    assert len(set(names)) == len(names) > 15
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "summary_id"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool")
def test_the_alert_rules_load():
    subprocess.run(["promtool", "check", "rules", RULES], check=True)


SERIES = {
    'up{instance="a", job="gatewayd"}': "0x144",
    'gatewayd_ready{instance="a", job="gatewayd"}': "0x144",
    'gatewayd_uptime_seconds{instance="a", job="gatewayd"}': "9 1" + " 9 1" * 6 + " 9" * 130,
    'gatewayd_health{instance="a", job="gatewayd", part="lanes"}': "2x144",
    'gatewayd_health{instance="a", job="gatewayd", part="clock"}': "1x144",
    'gatewayd_link_up{instance="a", job="gatewayd", kind="reader", name="r"}': "0x144",
    'gatewayd_link_up{instance="a", job="gatewayd", kind="broker", name="centre"}': "1x144",
    'gatewayd_link_up{instance="b", job="gatewayd", kind="broker", name="centre"}': "0x144",
    'gatewayd_turnstile_fault{instance="a", job="gatewayd", lane="l"}': "1x144",
    'gatewayd_queue_events{instance="a", job="gatewayd"}': "5x144",
    'gatewayd_queue_oldest_seconds{instance="a", job="gatewayd"}': "0+60x144",
    'gatewayd_queue_left_seconds{instance="a", job="gatewayd"}': "3600x144",
    'gatewayd_quarantined_events{instance="a", job="gatewayd"}': "1x144",
    'gatewayd_verdict_latency_seconds_bucket{instance="a", job="gatewayd", le="0.01"}': "0+1x144",
    'gatewayd_verdict_latency_seconds_bucket{instance="a", job="gatewayd", le="0.02"}': "0+9x144",
    'gatewayd_verdict_latency_seconds_bucket{instance="a", job="gatewayd", le="+Inf"}': "0+9x144",
    'gatewayd_journal_refuses{instance="a", job="gatewayd"}': "1x144",
    'gatewayd_disk_free_bytes{instance="a", job="gatewayd"}': "1000000-1000x144",
    'gatewayd_journal_bytes{instance="a", job="gatewayd"}': "90x144",
    'gatewayd_journal_max_bytes{instance="a", job="gatewayd"}': "100x144",
    'gatewayd_policy_in_force{instance="a", job="gatewayd"}': "0x144",
    'gatewayd_policy_left_seconds{instance="a", job="gatewayd"}': "86400x144",
    'gatewayd_list_age_seconds{instance="a", job="gatewayd", list="staff"}': "99x144",
    'gatewayd_list_age_max_seconds{instance="a", job="gatewayd"}': "9x144",
    'gatewayd_clock_quality{instance="a", job="gatewayd", quality="unsynced"}': "1x144",
    'gatewayd_door_broken{instance="a", job="gatewayd", door="back"}': "1x144",
    'gatewayd_noise_total{instance="a", job="gatewayd", lane="l", source="forged"}': "0+1x144",
}
"""A gate where everything is wrong, every five minutes."""
EARLY = {"GateRestarts"}
"""What is over again at the end: it is looked for in the first hour."""


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool")
def test_every_alert_is_raised_where_there_is_reason(tmp_path):
    tests = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "5m",
        "tests": [
            {
                "interval": "5m",
                "input_series": [
                    {"series": name, "values": values} for name, values in SERIES.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{rule["alert"]}", alertstate="firing"}})',
                        "eval_time": "55m" if rule["alert"] in EARLY else "700m",
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    }
                    for rule in ALERTS
                ],
            }
        ],
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests))
    words = ["promtool", "test", "rules", str(tmp_path / "tests.yml")]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_dashboard_has_the_shape_that_grafana_imports():
    assert DASHBOARD["schemaVersion"] >= 36
    assert {one["name"] for one in DASHBOARD["templating"]["list"]} == {"source", "gate"}
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["datasource"]["uid"] == "${source}"
        assert panel["title"]
        assert panel["type"] in ("stat", "timeseries", "state-timeline", "table")
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_no_panel_of_the_dashboard_lies_on_another():
    def cells(panel):
        at = panel["gridPos"]
        return {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }

    for one, other in combinations(DASHBOARD["panels"], 2):
        assert not cells(one) & cells(other), (one["title"], other["title"])
    assert all(x < 24 for panel in DASHBOARD["panels"] for x, _ in cells(panel))


def test_the_page_names_figures_that_exist_and_counts_the_rules():
    page = (CONFIG.parent / "docs" / "operations.md").read_text()
    names = re.findall(r"`(gatewayd_[a-z_]+)", page)
    assert len(names) > 15
    there = {name.removesuffix("_total") for name in scraped()}
    assert {name.removesuffix("_total") for name in names} <= there
    assert f"{len(ALERTS)} alert rules" in page
