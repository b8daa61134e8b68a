"""A day at a public service of Denpasar: staff and visitors by number, and a limit for visitors."""

import json

import pytest
from paho.mqtt.subscribe import simple

from tests.e2e.centre import Centre
from tests.e2e.daemon import Site, until
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.sites.house import DECLARED, coloured, counted, settle, sign_on

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

SETTINGS = """\
[policy]
profile = "public-service"
[policy.capacity]
level = "3"
rated = 8
[policy.capacity.levels]
2 = { total = "75%" }
3 = { total = "50%" }
"""


async def test_visitors_wait_when_the_house_is_full_and_staff_come_in(tmp_path):
    """R10, R14, R15, R16, R17: counted by category; the limit is a share by level, for visitors."""
    async with Site(tmp_path, settings=SETTINGS) as site:
        for number in range(2):
            await site.pass_through(coloured(f"S-{number}", "staff"))
        first = coloured("V-0", "visitor")
        await site.pass_through(first)
        await site.pass_through(coloured("V-1", "visitor"))
        await counted(site, staff=2, visitor=2)
        assert site.status()["occupancy"]["limit"] == {"total": 4}
        assert await site.show(coloured("V-2", "visitor")) == ("refused", "capacity_full")
        assert site.status()["occupancy"]["places_left"] == {"others": 0}
        await site.pass_through(coloured("S-9", "staff"))
        await counted(site, staff=3, visitor=2)
        await site.pass_through(first, "exit")
        waits = await site.show(coloured("V-2", "visitor"))
        assert waits == ("refused", "capacity_full"), "staff took that place"
        await site.pass_through(coloured("S-9", "staff"), "exit")
        await site.pass_through(coloured("V-2", "visitor"))
        await counted(site, staff=2, visitor=2)
        lower = site.settings.read_text().replace('level = "3"', 'level = "2"')
        site.settings.write_text(lower)
        code, told, error = await site.cli("reload")
        assert code == 0, told + error
        assert site.status()["occupancy"]["limit"] == {"total": 6}
        await counted(site, staff=2, visitor=2)
        await site.pass_through(coloured("V-3", "visitor"))


@pytest.mark.broker
async def test_the_count_by_category_is_retained_and_outlives_a_kill(tmp_path):
    """R14: three staff and two visitors come, one leaves; whoever asks is told two and two."""
    with Mosquitto(tmp_path) as broker, Centre(broker.port) as centre:
        async with Site(tmp_path, settings=SETTINGS, broker=broker.port) as site:
            people = [("S-1", "staff"), ("S-2", "staff"), ("V-1", "visitor"), ("V-2", "visitor")]
            for person in (*people, ("S-3", "staff")):
                await site.pass_through(coloured(*person))
            await site.pass_through(coloured("S-3", "staff"), "exit")
            inside = {"staff": 2, "visitor": 2}
            await until(lambda: centre.latest("occupancy").get("by_category") == inside)
            kept = simple("onegate/v1/+/+/+/up/occupancy", hostname="127.0.0.1", port=broker.port)
            assert kept.retain, "somebody who comes later gets it at once"
            assert json.loads(kept.payload)["by_category"] == inside
            site.kill()
            told = len(centre.states("occupancy"))
            await site.start()
            await until(lambda: len(centre.states("occupancy")) > told)
            assert centre.states("occupancy")[-1]["by_category"] == inside


async def test_everybody_is_screened_and_the_officer_helps_whom_the_gate_does_not_know(tmp_path):
    """R09, R11, R12, R13: colours for staff as for visitors; a card on paper is the officer's matter."""
    async with Site(tmp_path, settings=SETTINGS) as site:
        for category in ("staff", "visitor"):
            red = coloured(f"red-{category}", category, "red")
            assert await site.show(red) == ("refused", "status_red")
            yellow = coloured(f"yellow-{category}", category, "yellow")
            assert await site.show(yellow) == ("referred", "status_yellow")
        assert await site.show("CARD-STAFF") == ("referred", "status_unknown")
        code, told = await settle(site, *DECLARED, "--certificate")
        assert (code, "officer_absent" in told) == (1, True), told
        await sign_on(site)
        assert (await settle(site, *DECLARED, "--certificate"))[0] == 0
        [admitted] = site.journal("access.admitted")
        assert admitted["data"]["attestation"]["certificate"] is True
        assert admitted["data"]["attestation"]["officer"] == "petugas-1"
        await counted(site, staff=1)
        _, listed, _ = await site.cli("report", "--list", "staff-without-app", "--json")
        [without] = json.loads(listed)
        assert (without["category"], without["kind"]) == ("staff", "attestation")
