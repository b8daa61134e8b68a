"""The whole daemon is killed at drawn moments while people come and go; then three accounts agree.

What the turnstile saw (its own log), what the journal has, and what the centre was sent: no
opening without a record, no passage missing or told twice, everybody inside who went in.
"""

import asyncio
from random import Random

import pytest

from tests.e2e.centre import Centre
from tests.e2e.daemon import Site, issue, until
from tests.e2e.mosquitto import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

SEED = 20261122
PATIENT = "[journal]\ncommit_deadline_ms = 5000\n"  # After that an exit opens without its record.
RUN_S_MAX = 1.0  # Somebody walks through every 0.2 s: a kill meets every step of their way.
STEP_S_MAX = 0.01  # What a command, a report or a commit takes.


@pytest.mark.parametrize(
    "kills", [3, pytest.param(15, marks=pytest.mark.slow)], ids=["3 kills", "15 kills"]
)
async def test_kills_lose_no_passage_count_none_twice_and_open_nothing_unrecorded(tmp_path, kills):
    """R01, R37."""
    random = Random(SEED + kills)
    with Mosquitto(tmp_path) as broker, Centre(broker.port) as centre:
        async with Site(tmp_path, settings=PATIENT, broker=broker.port) as site:
            coming = asyncio.create_task(come_and_go(site, random))
            for _ in range(kills):
                await a_drawn_moment(site, random)
                assert not coming.done(), coming.exception()
                site.kill()
                await site.start()
                assert not [line for line in site.log("started") if "cache_rebuilt" in line]
            coming.cancel()
            await the_last_one_comes_and_goes(site)
            await until(lambda: site.status()["grants_in_force"] == 0)
            await until(lambda: site.status()["broker"]["depth"] == 0)
            assert_accounts_agree(site, centre)
            assert len(site.journal("passage.completed")) > kills, "too few to show anything"


async def come_and_go(site, random):
    """Have people walk in, and while three or more are inside, some of them out, for ever."""
    outside, inside = [issue(f"P{number}") for number in range(1000)], []
    while True:
        way = random.choice(["entry", "exit"]) if bodies(site) > 2 else "entry"
        code = (outside if way == "entry" else inside).pop(0)
        inside.append(code)  # Also after they left: the scan may not have been read.
        count = len(site.lane.turnstile.told("passed"))
        site.lane.scan(code, way)
        for _ in range(100):  # A second at the most: a kill may have swallowed the scan.
            await asyncio.sleep(0.01)
            if len(site.lane.turnstile.told("passed")) > count:
                break
        await until(lambda way=way: not site.lane.is_typing(way))


async def a_drawn_moment(site, random):
    """Wait for any moment, or for one when a command or a report is on its way to the disk."""
    event = random.choice([None, "unlocked", "passed"])
    if event is None:
        await asyncio.sleep(random.uniform(0, RUN_S_MAX))
        return
    count = len(site.lane.turnstile.told(event))
    await until(lambda: len(site.lane.turnstile.told(event)) > count)
    await asyncio.sleep(random.uniform(0, STEP_S_MAX))


def bodies(site):
    """How many went in and not out, by what the turnstile saw."""
    told = site.lane.turnstile.told
    return len(told("passed", direction="entry")) - len(told("passed", direction="exit"))


async def the_last_one_comes_and_goes(site):
    """Return when everybody before them has been served, at both readers."""
    code = issue("LAST", "visitor")
    for way in ("entry", "exit"):
        site.lane.scan(code, way)
        last = {"category": "visitor", "direction": way, "outcome": "completed"}
        await until(lambda last=last: site.log("passage", **last))


def assert_accounts_agree(site, centre):
    journal = site.journal()
    admitted = {event["data"]["grant"]: event for event in journal if is_of(event, "admitted")}
    completed = [event["data"] for event in journal if is_of(event, "completed")]

    openings = site.lane.openings
    assert len(openings) == len(set(openings)), "a grant opens once"
    assert admitted.keys() >= set(openings), "no opening without a record"

    seen = [(line["sequence"], line.get("grant")) for line in site.lane.turnstile.told("passed")]
    assert [(data["device_sequence"], data.get("grant")) for data in completed] == seen

    occupancy = site.status()["occupancy"]
    assert (occupancy["total"], occupancy["uncertain"]) == (bodies(site), 0)
    inside = {}
    for data in completed:
        inside[data["holder"]] = data["direction"] == "entry"
    rows = site.ask(do="cache", table="holders")["rows"]
    assert {holder for holder, row in rows.items() if row.get("inside_since")} == {
        holder for holder, is_inside in inside.items() if is_inside
    }

    arrived = centre.events()
    assert arrived.keys() == {event["id"] for event in journal}
    assert sorted(centre.sequences()) == list(range(1, len(journal) + 1))
    assert all(arrived[event["id"]].items() >= event.items() for event in journal)


def is_of(event, outcome):
    return event["type"].split(".")[2] == outcome
