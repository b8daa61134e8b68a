"""Two lanes, one on a serial line and one over MQTT, that decide at the same time."""

import asyncio

import pytest

from tests.e2e.daemon import Site, issue, until
from tests.e2e.mosquitto import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

ONE_PLACE = "[policy]\ncapacity.total = 1\n"


@pytest.fixture
def devices(tmp_path):
    with Mosquitto(tmp_path) as broker:
        yield broker


async def at_both_lanes(site, *codes):
    """Have two people hold up their codes at the same time; return the verdicts, sorted."""
    shown = [site.show(code, lane=lane) for code, lane in zip(codes, site.lanes, strict=True)]
    return sorted(await asyncio.gather(*shown))


async def test_of_two_lanes_that_race_for_the_last_place_exactly_one_wins(tmp_path, devices):
    """R15: two lanes, one place."""
    async with Site(tmp_path, settings=ONE_PLACE, device_broker=devices.port) as site:
        for turn in range(3):
            visitors = [issue(f"{turn}{lane}", "visitor") for lane in site.lanes]
            assert await at_both_lanes(site, *visitors) == [
                ("admitted", "ok"),
                ("refused", "capacity_full"),
            ]
            await until(lambda: site.inside() == 1)
            assert sum(len(lane.openings) for lane in site.lanes.values()) == turn + 1
            site.lane.turnstile.order("exit")
            await until(lambda: site.inside() == 0)


async def test_the_same_person_at_both_lanes_at_once_is_let_in_once(tmp_path, devices):
    code = issue("1001")
    async with Site(tmp_path, device_broker=devices.port) as site:
        assert await at_both_lanes(site, code, code) == [
            ("admitted", "ok"),
            ("refused", "already_granted"),
        ]
        await until(lambda: site.inside() == 1)
