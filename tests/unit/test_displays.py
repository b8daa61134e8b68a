"""What the displays of running lanes show, in virtual time."""

import asyncio
from datetime import UTC
from urllib.parse import unquote

import pytest
import segno

from gatewayd.core.lane_codes import STEP_S, LaneCode, check_stamped, stamp, write_code
from gatewayd.core.policy import Answer, Capacity, Policy
from gatewayd.core.words import ClockQuality, Direction, LaneId
from gatewayd.runtime import displays
from gatewayd.runtime.displays import Displays, Venue
from tests.sim.loop import run
from tests.unit.doubles import People, SimTurnstile, Site

LANE = LaneId("lane-1")
SITE = "mojokerto/dukcapil/gmsc"
VENUE = Venue(SITE, "Mal Pelayanan Publik", "id", "onegate:")
REFERRING = Policy(zone=UTC, unknown_holder=Answer.REFER)
ENTRY, EXIT = Direction.ENTRY, Direction.EXIT


def played(play, people=People.PASS, policy=REFERRING, venue=VENUE):
    """Run a play at a lane with its display, and nobody else there."""
    site = Site([SimTurnstile(people)], policy=policy)
    shown = Displays(venue, {lane.id: lane for lane in site.lanes}, site.lanes[0]._shared)
    site.committed.append(shown.committed)

    async def main() -> None:
        async with site.running():
            await play(site, lambda way=ENTRY: shown.snapshot(LANE)[str(way)])

    run(main())


def test_the_arrow_stands_until_the_window_ends_and_says_when_that_is():
    async def play(site, look):
        site.scan("S-1")
        await asyncio.sleep(0.1)
        assert look()["sign"] == "go"
        left_ms = look()["until_ms"] - site.clock.monotonic() * 1000
        assert 4500 < left_ms <= 5000
        assert look(EXIT)["sign"] == "wait"
        await asyncio.sleep(left_ms / 1000 + 0.001)
        assert look()["sign"] == "wait"

    played(play, People.SILENT)


def test_a_passage_ends_the_arrow():
    async def play(site, look):
        site.scan("S-1")
        await asyncio.sleep(3)
        assert look()["sign"] == "scan"

    played(play)


def test_a_referral_is_told_with_its_number_and_then_the_next_is_asked_to_scan():
    async def play(site, look):
        site.scan("NOBODY")
        await asyncio.sleep(0.1)
        assert (look()["sign"], look()["referral"]) == ("officer", 1)
        assert look(EXIT)["sign"] == "scan"
        await asyncio.sleep(13)
        assert look()["sign"] == "scan"

    played(play)


def test_a_full_house_is_shown_with_its_figures():
    async def play(site, look):
        site.scan("V-1")
        await asyncio.sleep(3)
        assert (look()["sign"], look()["inside"], look()["limit"]) == ("full", 1, 1)
        assert look(EXIT)["sign"] == "scan"

    played(play, policy=Policy(zone=UTC, capacity=Capacity(total=1)))


def test_a_part_of_a_code_is_told_on_the_side_where_it_was_shown():
    async def play(site, look):
        site.scan("shc:/1/2/5676", EXIT)
        await asyncio.sleep(0.1)
        assert (look(EXIT)["sign"], look()["sign"]) == ("next", "scan")

    played(play)


def test_a_disk_that_refuses_is_the_officers():
    async def play(site, look):
        site.journal.refusal = "no space left"
        site.scan("S-1")
        await asyncio.sleep(0.5)
        assert look()["sign"] == "officer"
        assert look(EXIT)["sign"] == "scan"

    played(play)


def test_the_code_for_phones_is_the_one_of_now_and_is_drawn_once_for_its_time(monkeypatch):
    drawn = []
    monkeypatch.setattr(displays, "_draw", lambda text: drawn.append(text) or f"drawn:{text}")

    async def play(site, look):
        key = site.gate.knowledge.pseudonyms.key
        for way in (ENTRY, EXIT):
            code = look(way)["code"]
            found = check_stamped(
                code["picture"].removeprefix("drawn:"), SITE, key, site.clock.utc()
            )
            assert found == LaneCode(SITE, LANE, way)
            left_ms = code["until_ms"] - site.clock.monotonic() * 1000
            assert 0 < left_ms <= STEP_S * 1000
        assert look()["code"] is look()["code"]
        assert len(drawn) == 2
        await asyncio.sleep(STEP_S)
        assert look()["code"]["picture"] == f"drawn:{drawn[2]}"

    played(play)


def test_the_picture_is_the_code():
    text = stamp(write_code(LaneCode(SITE, LANE, ENTRY)), b"k" * 32, Site([]).clock.utc())
    picture = unquote(displays._draw(text))
    expected = segno.make_qr(text, error="m", mask=0, boost_error=False)
    assert picture == unquote(expected.svg_data_uri(border=0, svgclass=None, lineclass=None))
    assert picture.startswith("data:image/svg+xml")


@pytest.mark.parametrize("venue", [VENUE, Venue(SITE, "", "id", None)])
def test_no_code_is_shown_where_nobody_checks_in_or_the_time_is_not_known(venue):
    async def play(site, look):
        if venue.check_in_address is not None:
            site.clock.told = ClockQuality.UNSYNCED
        assert look()["sign"] == "scan"
        assert look()["code"] is None

    played(play, venue=venue)


def test_a_lane_without_a_reader_inside_shows_nothing_there():
    async def play(site, look):
        site.lanes[0]._readers.pop(EXIT)
        assert look(EXIT) is None

    played(play)
