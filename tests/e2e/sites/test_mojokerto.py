"""A day at an agency of Mojokerto: who was never vaccinated is found, fenced and recorded."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.centre import Centre
from tests.e2e.daemon import Site, until
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.sites.house import coloured, counted
from tests.e2e.test_daemon_documents import Office

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

SETTINGS = '[policy]\nprofile = "city-office"\n'
RATED = """\
[policy.capacity]
rated = 2
[policy.capacity.levels]
3 = { total = "50%" }
"""
LEVEL = """\
[capacity]
level = "3"
"""
END = """\
level = "national"
version = "ppkm-ends"
valid_from = 2022-12-30
health_screening = false
"""


async def test_red_is_fenced_and_recorded_for_red_only(tmp_path):
    """R20, R21, R25, R42: refusals are events too; the fence moves one colour and no other."""
    async with Site(tmp_path, settings=SETTINGS) as site:
        verdicts = {
            colour: await site.show(coloured(f"V-{colour}", "visitor", colour))
            for colour in ("red", "black", "yellow")
        }
        assert verdicts == {
            "red": ("refused", "status_red"),
            "black": ("refused", "status_black"),
            "yellow": ("referred", "status_yellow"),
        }
        await site.pass_through(coloured("V-green", "visitor"))
        refused = [event["data"]["status"] for event in site.journal("access.refused")]
        assert refused == ["red", "black"]
        assert len(site.lane.openings) == 1
        order = [event["data"]["reason"] for event in site.journal("access")]
        assert order == ["status_red", "status_black", "status_yellow", "ok"], "tracking"
        _, report, _ = await site.cli("report", "--json")
        told = json.loads(report)
        assert told["reasons"] == {"status_red": 1, "status_black": 1, "status_yellow": 1}


async def test_a_patient_in_an_emergency_is_let_in_at_once_and_recorded(tmp_path):
    """R23: at the health centre no colour is in the way of the officer, or of a free lane."""
    async with Site(tmp_path, settings='[policy]\nprofile = "health-centre"\n') as site:
        assert await site.show(coloured("P-1", "patient", "black")) == ("referred", "status_black")
        assert await site.show(coloured("V-1", "visitor", "black")) == ("refused", "status_black")
        emergency = ("--reason", "gawat darurat", "--category", "patient")
        code, told, error = await site.cli("admit", "--lane", "lane-1", *emergency)
        assert code == 0, told + error
        await counted(site, patient=1)
        [admitted] = site.journal("access.admitted")
        assert admitted["data"]["attestation"]["reason"] == "gawat darurat"
        code, told, error = await site.cli("lane", "free", "lane-1")
        assert code == 0, told + error
        await until(lambda: site.status()["lanes"]["lane-1"]["order"] == "free")
        assert "lane_ordered" in {event["data"]["action"] for event in site.journal("audit")}


async def test_whom_the_centre_has_not_told_of_goes_to_the_officer(tmp_path):
    """R26: no status is no entry, and no refusal either."""
    async with Site(tmp_path, settings=SETTINGS) as site:
        assert await site.show(coloured("V-1", "visitor", None)) == ("referred", "status_unknown")
        assert await site.show("STRANGER") == ("referred", "unknown_holder")
        await site.pass_through(coloured("V-1", "visitor"))
        await counted(site, visitor=1)


async def test_when_the_emergency_ends_by_decree_it_is_an_everyday_entrance(tmp_path):
    """R28: the word of the nation, with a date, and no edit of the site's own file."""
    (tmp_path / "end.toml").write_text(END)
    async with Site(tmp_path, settings=SETTINGS + 'layers = ["end.toml"]\n') as site:
        await site.pass_through(coloured("V-red", "visitor", "red"))
        await site.pass_through("CARD-STAFF")
        assert await site.show("CARD-BLOCKED") == ("refused", "blocked")
        versions = site.journal("access")[0]["data"]["policy"]
        assert versions == ["city-office-1", "ppkm-ends"]


@pytest.mark.broker
async def test_a_level_that_the_centre_pushes_is_in_force_with_its_answer_and_audited(tmp_path):
    """R16, R28: signed, versioned; the count stays, and nobody restarts anything."""
    with Mosquitto(tmp_path) as broker, Centre(broker.port) as centre:
        office = Office(centre, tmp_path)
        site = Site(tmp_path, settings=SETTINGS + RATED, broker=broker.port)
        office.trust()
        async with site:
            await until(lambda: site.status()["broker"]["connected"])
            await site.pass_through(coloured("S-1", "staff"))
            level = office.sign_policy("mojokerto", 3, LEVEL)
            assert await office.send("policy", "mojokerto", level) == "done"
            assert site.status()["occupancy"]["limit"] == {"total": 1}
            assert site.inside() == 1
            assert await site.show(coloured("V-1", "visitor")) == ("refused", "capacity_full")
            [verdict] = site.journal("access.refused")
            assert verdict["data"]["policy"] == ["city-office-1", "mojokerto@3"]
            [audit] = [one["data"] for one in site.journal("audit.policy")]
            assert (audit["action"], audit["detail"]["version"]) == ("document_taken", 3)


async def test_a_level_takes_force_by_itself_to_the_second(tmp_path):
    """R16, R28: the limit changes while the gate runs, is recorded, and the count stays."""
    settings = """\
[policy]
profile = "city-office"
layers = ["level.toml"]
"""
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=40)
    (tmp_path / "level.toml").write_text(
        f'level = "region"\nversion = "level-3"\nvalid_from = {begins.isoformat()}\n'
        '[capacity]\nrated = 2\ntotal = "50%"\nstaff_over_limit = "refuse"\n'
    )
    async with Site(tmp_path, settings=settings) as site:
        await site.pass_through(coloured("S-1", "staff"))
        assert site.status()["policy"] == ["city-office-1"]
        await asyncio.sleep((begins - datetime.now(UTC)).total_seconds())  # No state tells of it.
        await until(lambda: len(site.journal("audit.policy")) == 1)
        [audit] = site.journal("audit.policy")
        assert audit["data"]["action"] == "changed"
        assert audit["data"]["detail"]["to"] == ["city-office-1", "level-3"]
        assert site.status()["occupancy"]["limit"] == {"total": 1}
        assert site.inside() == 1
        assert await site.show(coloured("S-2", "staff")) == ("refused", "capacity_full")
