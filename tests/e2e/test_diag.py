"""`gatewayd diag` and the metrics of a gate that works: they tell of it, and of nobody."""

import gzip
import tarfile

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.daemon import Site, issue, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def test_whoever_helps_sees_the_gate_and_nobody_who_went_through(tmp_path):
    async with Site(tmp_path) as site:
        assert await site.show(issue("198701012010011001")) == ("admitted", "ok")
        assert await site.show("CARD-BLOCKED") == ("refused", "blocked")
        await until(lambda: site.inside() == 1)

        code, told, _ = await site.cli("metrics")
        assert code == 0
        samples = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(told)
            for sample in family.samples
        }
        assert samples["gatewayd_occupancy_people", "", "staff"] == 1
        assert samples["gatewayd_verdict_latency_seconds_count",] == 2
        assert samples["gatewayd_ready",] == 1
        await until(lambda: "gatewayd_disk_free_bytes" in site.ask(do="metrics")["text"])
        assert {one["part"]: one["colour"] for one in site.status()["health"]["parts"]}[
            "lanes"
        ] == "green"

        code, out, error = await site.cli("diag", "-o", str(tmp_path / "diag.tar.gz"))
        assert (code, error) == (0, "")
        assert "without status.json" not in out
        sent = (tmp_path / "diag.tar.gz").read_bytes()
        with tarfile.open(tmp_path / "diag.tar.gz") as archive:
            names = archive.getnames()
            status = archive.extractfile("gatewayd-diag/status.json").read().decode()
        assert '"linked": true' in status
        assert "gatewayd-diag/metrics.txt" in names
        holders = [event["data"]["holder"] for event in site.journal("access")]
        everything = sent + gzip.decompress(sent) + told.encode()
        for private in ("198701012010011001", "CARD-BLOCKED", "a note that stays here", *holders):
            assert private.encode() not in everything
