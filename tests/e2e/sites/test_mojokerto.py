"""A day at an agency of Mojokerto: who was never vaccinated is found, fenced and recorded."""

import pytest

from tests.e2e.daemon import Site
from tests.e2e.sites.house import coloured, counted

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

SETTINGS = '[policy]\nprofile = "city-office"\n'
END = """\
level = "national"
version = "ppkm-ends"
valid_from = 2022-12-30
health_screening = false
"""


async def test_red_is_fenced_and_recorded_for_red_only(tmp_path):
    """R20, R21, R25: refusals are events too; the fence moves one colour and no other."""
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
