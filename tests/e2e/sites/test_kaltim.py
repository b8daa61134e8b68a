"""A day at the governor's office of East Kalimantan: a test for guests from outside the province."""

import json

import pytest

from tests.e2e.daemon import Site, issue, until
from tests.e2e.sites.house import DECLARED, coloured, counted, settle

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

SETTINGS = (
    '[policy]\nprofile = "governor-office"\n[[rosters]]\nname = "guests"\nfile = "guests.csv"\n'
)
GUESTS = "id,category,region\nNEAR,visitor,kaltim\nFAR,visitor,jatim\nASN,staff,kaltim\n"


@pytest.fixture
def office(tmp_path):
    (tmp_path / "guests.csv").write_text(GUESTS)
    return Site(tmp_path, settings=SETTINGS)


async def test_guests_from_elsewhere_go_to_the_officer_without_a_test(office):
    """R29, R30, R32: civil servants and guests scan alike; the region makes the difference."""
    async with office as site:
        await site.pass_through(coloured("ASN", "staff"))
        await site.pass_through(coloured("NEAR", "visitor"))
        assert await site.show(coloured("FAR", "visitor")) == ("referred", "region_test")
        code, said = await settle(site, *DECLARED)
        assert code == 1
        assert "--origin" in said
        assert (await settle(site, *DECLARED, "--origin", "jatim", "--certificate"))[0] == 0
        await counted(site, staff=1, visitor=2)
        [admitted] = [
            event["data"]["attestation"]
            for event in site.journal("access.admitted")
            if "attestation" in event["data"]
        ]
        assert (admitted["origin"], admitted["certificate"]) == ("jatim", True)


async def test_who_does_not_say_from_where_goes_to_the_officer(office):
    """R30: an unknown origin is no origin within."""
    async with office as site:
        assert await site.show(coloured("NOWHERE", "visitor")) == ("referred", "origin_unknown")


async def test_violations_are_records_of_their_own(office):
    """R33: a pass used twice, one that has run out, an arm that is forced; each one event."""
    async with office as site:
        await site.pass_through(coloured("ASN", "staff"))
        assert await site.show(coloured("ASN", "staff")) == ("refused", "already_inside")
        assert await site.show(issue("ASN", days=-1)) == ("refused", "expired")
        reasons = [event["data"]["reason"] for event in site.journal("access.refused")]
        assert reasons == ["already_inside", "expired"]
        site.lane.turnstile.order("force")
        await until(lambda: len(site.journal("passage.breached")) == 1)
        _, report, _ = await site.cli("report", "--json")
        wanted = {"already_inside": 1, "expired": 1, "breach forced": 1}
        assert json.loads(report)["violations"] == wanted
