"""A day at a regency office of Pasuruan: no guest is simply turned away; the officer helps."""

import json

import pytest

from tests.e2e.centre import Centre
from tests.e2e.daemon import Site
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.sites.house import DECLARED, coloured, counted, explained, settle, sign_on
from tests.e2e.sites.phone import PRIVACY, Phones

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

SETTINGS = '[policy]\nprofile = "regency-office"\n'


async def test_a_guest_without_the_app_is_admitted_healthy_and_by_the_protocol(tmp_path):
    """R40, R41: only on the whole declaration; then inside and in the record."""
    async with Site(tmp_path, settings=SETTINGS) as site:
        admit = ("admit", "--lane", "lane-1", "--reason", "no app")
        await sign_on(site)
        for part in ((), ("--healthy",), ("--protocol",)):
            assert (await site.cli(*admit, *part))[0] == 1
        assert site.lane.openings == []
        assert (await site.cli(*admit, *DECLARED, "--badge", "17"))[0] == 0
        await counted(site, visitor=1)
        attested = site.journal("access.admitted")[0]["data"]["attestation"]
        assert (attested["healthy"], attested["protocol"]) == (True, True)
        assert (attested["officer"], attested["reason"]) == ("petugas-1", "no app")
        assert len(site.lane.openings) == 1, "one declaration, one opening"
        _, listed, _ = await site.cli("muster", "--json")
        [guest] = json.loads(listed)["people"]
        assert (guest["badge"], guest["category"]) == (17, "visitor")
        assert len(site.journal("access.refused")) == 3


async def test_the_unvaccinated_are_referred_and_not_refused(tmp_path):
    """R42: the same person is refused in Mojokerto."""
    async with Site(tmp_path, settings=SETTINGS) as site:
        assert await site.show(coloured("V-1", "visitor", "red")) == ("referred", "status_red")
        await sign_on(site)
        assert (await settle(site, *DECLARED))[0] == 0
        await counted(site, visitor=1)
        assert await site.show(coloured("V-2", "visitor", "black")) == ("refused", "status_black")


async def test_a_decision_tells_the_layer_that_it_came_from(tmp_path):
    """R43: the instruction of the Bupati, which follows the centre's direction."""
    (tmp_path / "bupati.toml").write_text(
        'level = "region"\nversion = "bupati-1"\n[statuses]\nyellow = "admit"\n'
    )
    async with Site(tmp_path, settings=SETTINGS + 'layers = ["bupati.toml"]\n') as site:
        told = await explained(site, "--status", "yellow")
        [status] = [one for one in told["checks"] if one["check"] == "status"]
        assert (status["outcome"], status["layer"]) == ("noted", "region: bupati.toml")
        await site.pass_through(coloured("V-1", "visitor", "yellow"))


async def test_before_it_is_enforced_nobody_is_held_and_all_is_written_down(tmp_path):
    """R18, R38, R44: the others adjust, a week later."""
    settings = SETTINGS + "enforce_from = 2099-01-01\n"
    async with Site(tmp_path, settings=settings) as site:
        await site.pass_through(coloured("V-1", "visitor", "black"))
        [event] = site.journal("access")
        assert event["data"]["findings"] == ["would_refuse:status_black"]
        assert site.status()["mode"] == "observe"


async def test_a_scan_is_the_condition_of_entry_even_when_the_daemon_dies(tmp_path):
    """R37: no verdict on disk, no opening."""
    async with Site(tmp_path, settings=SETTINGS) as site:
        site.lane.scan(coloured("V-1", "visitor"))
        site.kill()
        await site.start()
        recorded = [event["data"].get("grant") for event in site.journal("access.admitted")]
        assert set(site.lane.openings) <= set(recorded)


@pytest.mark.broker
async def test_a_guest_checks_in_by_phone_and_one_with_a_red_status_meets_the_officer(tmp_path):
    """R36, R40, R42: the flow of 2021; the same barcode for everybody, and nobody simply refused."""
    settings = SETTINGS + 'lane_codes = "poster"\n' + PRIVACY
    with Mosquitto(tmp_path) as broker, Centre(broker.port) as centre:
        site = Site(tmp_path, settings=settings, broker=broker.port)
        phones = Phones(site, centre)
        entry, exit_ = await phones.posters()
        async with site:
            await phones.connected()
            await phones.walk(phones.message(entry, "guest", status="green"))
            await counted(site, visitor=1)
            red = await phones.send(phones.message(entry, "other guest", status="red"))
            assert red == ("referred", "status_red")
            await sign_on(site)
            assert (await settle(site, *DECLARED))[0] == 0
            await counted(site, visitor=2)
            for person in ("guest", "other guest"):
                await phones.walk(phones.message(exit_, person))
            await counted(site)
            assert len(site.lane.openings) == 4
