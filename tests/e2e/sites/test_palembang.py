"""A day at the immigration office of Palembang: one gate for staff and every user of its services."""

import pytest

from tests.e2e.centre import Centre
from tests.e2e.daemon import SITE, Site, until
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.sites.house import DECLARED, coloured, counted, explained, settle
from tests.e2e.sites.phone import CHECK_IN, PRIVACY, Phones

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

SETTINGS = """\
[policy]
profile = "immigration-office"
layers = ["tenth-extension.toml"]
"""
LAYER = """\
level = "organisation"
version = "SEK-23"
legal_basis = "SE Sekjen Kemenkumham SEK-23.OT.02.02/2021"
valid_from = 2021-11-29
unknown_holder = "refer"
"""


@pytest.fixture
def office(tmp_path):
    (tmp_path / "tenth-extension.toml").write_text(LAYER)
    return Site(tmp_path, settings=SETTINGS)


async def test_all_staff_and_all_users_pass_the_one_gate_with_a_verdict_each(office):
    """R01, R03, R10: no category goes past the decision, and all traffic is in and out here."""
    async with office as site:
        people = [("director", "staff"), ("cleaner", "staff"), ("applicant", "service_user")]
        codes = [coloured(*person) for person in people]
        for code in codes:
            await site.pass_through(code)
        await counted(site, staff=2, service_user=1)
        for code in codes:
            await site.pass_through(code, "exit")
        await counted(site)
        assert len(site.journal("access")) == 6
        assert len(site.lane.openings) == 6, "nobody was let through without a record"
        passages = [event["data"]["direction"] for event in site.journal("passage")]
        assert passages.count("entry") == passages.count("exit") == 3


async def test_the_officer_asks_an_applicant_for_the_purpose(office):
    """R02, R08, R24: scanning is compulsory, and what somebody came for is in the record."""
    async with office as site:
        assert await site.show("SOMEBODY") == ("referred", "unknown_holder")
        code, said = await settle(site, *DECLARED)
        assert code == 1
        assert "Declare it with --healthy and --protocol and --purpose" in said
        assert site.inside() == 0
        assert (await settle(site, *DECLARED, "--purpose", "ktp"))[0] == 1
        assert (await settle(site, *DECLARED, "--purpose", "paspor"))[0] == 0
        await until(lambda: site.inside() == 1)
        walk_in = (
            "admit",
            "--lane",
            "lane-1",
            "--reason",
            "no phone",
            "--category",
            "service_user",
        )
        code, _, _ = await site.cli(*walk_in, *DECLARED, "--purpose", "izin_tinggal")
        assert code == 0
        purposes = [
            event["data"]["attestation"]["purpose"]
            for event in site.journal("access.admitted")
            if "attestation" in event["data"]
        ]
        assert purposes == ["paspor", "izin_tinggal"]


async def test_the_decree_behind_a_verdict_is_in_it_and_can_be_asked_for(office):
    """R04, R05: versions in every verdict, with the layer that each rule came from."""
    async with office as site:
        assert await site.show("SOMEBODY") == ("referred", "unknown_holder")
        [event] = site.journal("access")
        assert event["data"]["policy"] == ["immigration-office-1", "SEK-23"]
        told = await explained(site, "--event", event["id"])
        assert told["recorded"]["data"]["reason"] == "unknown_holder"
        told = await explained(site, "--scan", "SOMEBODY")
        [category] = [one for one in told["checks"] if one["check"] == "category"]
        assert (category["key"], category["layer"]) == (
            "unknown_holder",
            "organisation: tenth-extension.toml",
        )


@pytest.mark.broker
async def test_an_applicant_scans_the_poster_with_a_phone_and_again_when_leaving(tmp_path):
    """R01, R02, R03, R09: the flow of 2021; once in, once out, with the purpose of the poster."""
    (tmp_path / "tenth-extension.toml").write_text(LAYER)
    settings = SETTINGS + 'lane_codes = "poster"\n' + PRIVACY
    with Mosquitto(tmp_path) as broker, Centre(broker.port) as centre:
        site = Site(tmp_path, settings=settings, broker=broker.port)
        phones = Phones(site, centre)
        entry, exit_ = await phones.posters("--purpose", "paspor")
        told = {"category": "service_user", "status": "green"}
        centre.publish(CHECK_IN, phones.message(entry, "an old one", **told), retain=True)
        async with site:
            await until(lambda: site.log("order_refused", reason="retained"))

            came = phones.message(entry, "anna", **told)
            await phones.walk(came)
            await counted(site, service_user=1)
            assert (await phones.send(came))[0] == "admitted", "the answer of before"
            again = await phones.send(phones.message(entry, "anna", **told))
            assert again == ("refused", "already_inside")
            other = SITE.replace("gmsc", "other")
            assert (await phones.send(phones.message(entry, "ben", site=other)))[0] == "audience"
            for code in (entry.replace("lane-1", "lane-9"), entry.replace("gmsc", "other")):
                assert await phones.send(phones.message(code, "ben", **told)) == (
                    "refused",
                    "prefix",
                )
            assert len(site.lane.openings) == 1

            await phones.walk(phones.message(exit_, "anna", **told))
            await counted(site)
            assert len(site.lane.openings) == 2
            [first, *_] = site.journal("access.admitted")
            assert (first["data"]["kind"], first["data"]["purpose"]) == ("checkin", "paspor")
            ways = [event["data"]["direction"] for event in site.journal("passage.completed")]
            assert ways == ["entry", "exit"]
            await until(lambda: centre.latest("occupancy").get("by_category") == {})
