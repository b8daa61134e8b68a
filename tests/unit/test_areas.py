"""An inner area: a lane inside the house, with a count and a limit of its own."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC

import pytest

from gatewayd.core.events import Access, Alarm, Passage, PassageOutcome
from gatewayd.core.folded import HOLDERS
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.policy import AntiPassback, Capacity, Policy
from gatewayd.core.policy_format import parse_policy
from gatewayd.core.words import Direction, LaneId
from gatewayd.mqtt import payloads
from gatewayd.mqtt.payloads import AsOf
from gatewayd.runtime.occupancy_watch import watch_occupancy
from tests.sim.loop import run
from tests.unit.doubles import EPOCH, START, People, SimTurnstile, Site, holder
from tests.unit.test_payloads import validator

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
GATE, ROOM = 0, 1
POLICY = Policy(
    zone=UTC,
    anti_passback=AntiPassback.HARD,
    areas={"room": Capacity(total=1, alarm_percents=(100,))},
)


def site(people=People.PASS) -> Site:
    made = Site([SimTurnstile(people), SimTurnstile(people, device="sim-2")], replace(POLICY))
    made.gate.areas = {LaneId("lane-2"): "room"}
    return made


def played(scenario) -> Site:
    made = site()

    async def play() -> None:
        async with made.running():
            await scenario(made)

    run(play())
    return made


async def go(made: Site, person: str, lane: int, way: Direction = ENTRY) -> str:
    """Have somebody walk; return the reason of the verdict."""
    made.scan(person, way, lane)
    await asyncio.sleep(3)
    return made.facts(Access)[-1].reason


def test_who_is_in_the_room_is_in_the_house_and_counted_in_both():
    """R39."""

    async def play(made: Site) -> None:
        for lane in (GATE, ROOM):
            assert await go(made, "V-1", lane) == "ok"
        assert made.gate.occupancy().by_category == {"visitor": 1}
        assert made.gate.occupancy("room").by_category == {"visitor": 1}
        await go(made, "V-1", ROOM, EXIT)
        assert made.gate.occupancy().total == 1
        assert made.gate.occupancy("room").total == 0

    made = played(play)
    assert [fact.area for fact in made.facts(Passage)] == [None, "room", "room"]
    assert [fact.area for fact in made.facts(Access)] == [None, "room", "room"]


def test_the_room_is_full_while_the_house_is_not_and_both_know_who_is_in():
    """R39."""

    async def play(made: Site) -> None:
        for person in ("V-1", "V-2"):
            await go(made, person, GATE)
        assert await go(made, "V-1", ROOM) == "ok"
        assert await go(made, "V-1", ROOM) == "already_inside"
        assert await go(made, "V-2", ROOM) == "capacity_full"
        assert await go(made, "V-1", GATE) == "already_inside"
        await go(made, "V-1", ROOM, EXIT)
        assert await go(made, "V-2", ROOM) == "ok"

    played(play)


def test_who_leaves_the_house_has_left_the_room():
    async def play(made: Site) -> None:
        await go(made, "V-1", GATE)
        await go(made, "V-1", ROOM)
        await go(made, "V-1", GATE, EXIT)
        row = made.cache.get(HOLDERS, holder("V-1"))
        assert (row["inside_since"], "areas" in row) == (None, False)
        await go(made, "V-1", GATE)
        assert await go(made, "V-1", ROOM) == "capacity_full"  # The count waits for its exit.

    played(play)


def test_a_body_that_nobody_knows_counts_in_the_room_alone():
    async def play(made: Site) -> None:
        made.recorder.keep(
            Passage(
                outcome=PassageOutcome.BREACHED, lane=LaneId("lane-2"), direction=ENTRY, area="room"
            )
        )
        await asyncio.sleep(1)
        assert made.gate.occupancy() == Occupancy()
        assert made.gate.occupancy("room") == Occupancy({"unknown": 1}, uncertain=1)

    played(play)


def test_a_pass_for_a_number_of_entries_is_counted_at_the_gate_only():
    async def play(made: Site) -> None:
        await go(made, "V-1", GATE)
        await go(made, "V-1", ROOM)

    assert all(fact.pass_id is None for fact in played(play).facts(Access) if fact.area)


def test_the_alarm_of_a_full_room_names_the_room():
    async def play(made: Site) -> None:
        watching = asyncio.get_running_loop().create_task(watch_occupancy(made.gate, made.alarms))
        await go(made, "V-1", GATE)
        await go(made, "V-1", ROOM)
        await go(made, "V-1", ROOM, EXIT)
        watching.cancel()

    told = [(fact.outcome, fact.alarm, fact.subject) for fact in played(play).facts(Alarm)]
    assert told == [("raised", "occupancy_100", "room"), ("cleared", "occupancy_100", "room")]


def test_the_centre_is_told_of_each_area():
    house, room = Occupancy({"staff": 2}), Occupancy({"staff": 1}, uncertain=1)
    as_of = AsOf(EPOCH, 7, START)
    body = json.loads(payloads.occupancy((house, {}), {"room": (room, {"total": 1})}, as_of))
    validator("occupancy.json").validate(body)
    assert body["areas"] == {
        "room": {"total": 1, "uncertain": 1, "by_category": {"staff": 1}, "limit": {"total": 1}}
    }


@pytest.mark.parametrize("value", [7, {"total": -1}, {"rated": 10, "total": "50"}])
def test_a_limit_of_an_area_is_read_like_that_of_the_house(value):
    document = {"areas": {"room": {"rated": 10, "total": "50%"}, "hall": {}}}
    policy, mistakes = parse_policy(document, UTC, exits_have_readers=True)
    assert not mistakes
    assert policy.of_area("room").capacity.total == 5
    assert policy.of_area("elsewhere").capacity == Capacity()
    assert policy.of_area(None) is policy
    _, [mistake, *_] = parse_policy({"areas": {"room": value}}, UTC, exits_have_readers=True)
    assert mistake.path[0] == "areas"
