"""At closing time whoever is still counted is taken for outside, and recorded so."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from gatewayd.core.events import Audit, Passage, PassageOutcome
from gatewayd.core.folded import HOLDERS
from gatewayd.core.policy import Policy
from gatewayd.core.policy_format import parse_policy
from gatewayd.core.words import Direction, LaneId
from gatewayd.runtime.closing import LOOK_S, infer_exits, last_closing
from tests.sim.loop import run
from tests.unit.doubles import START, SimTurnstile, Site, holder

JAKARTA = ZoneInfo("Asia/Jakarta")
GATE = LaneId("lane-1")


def closing_in(minutes: int) -> Policy:
    at = (START + timedelta(minutes=minutes)).time()
    return Policy(zone=UTC, infer_exits_at=time(at.hour, at.minute))


def played(scenario, policy, **before) -> Site:
    made = Site([SimTurnstile()], policy, **before)

    async def play() -> None:
        async with made.running():
            closing = asyncio.get_running_loop().create_task(
                infer_exits(made.gate, GATE, made.recorder, made.clock)
            )
            await scenario(made)
            closing.cancel()

    run(play())
    return made


def inferred(made: Site) -> list[Passage]:
    return [fact for fact in made.facts(Passage) if fact.reason == "closing"]


def audits(made: Site) -> list[dict]:
    return [dict(one.detail) for one in made.facts(Audit) if one.action == "exits_inferred"]


def body(made: Site, area: str | None = None) -> None:
    fact = Passage(outcome=PassageOutcome.BREACHED, lane=GATE, direction=Direction.ENTRY, area=area)
    made.recorder.keep(fact)


def test_known_people_get_an_exit_of_their_own_and_the_rest_a_number():
    async def play(made: Site) -> None:
        made.gate.areas = {LaneId("lane-9"): "room"}
        made.scan("V-1")
        await asyncio.sleep(3)
        body(made)
        body(made, "room")
        await asyncio.sleep(3)
        assert made.gate.occupancy().total == 2
        await asyncio.sleep(10 * 60)
        assert (made.gate.occupancy().total, made.gate.occupancy().uncertain) == (0, 0)
        assert made.gate.occupancy("room").total == 0
        assert made.cache.get(HOLDERS, holder("V-1"))["inside_since"] is None

    made = played(play, closing_in(5))
    [exit_] = inferred(made)
    assert (exit_.holder, exit_.direction, exit_.assumed) == (holder("V-1"), Direction.EXIT, True)
    _, told = audits(made)  # The first is of the day before: nobody was inside.
    assert told["known"] == 1
    assert told["gone"]["occupancy"] == {"by_category": {"unknown": 1}, "uncertain": 1}
    assert told["gone"]["room"] == {"by_category": {"unknown": 1}, "uncertain": 1}


def test_who_comes_after_closing_stays_until_the_next_day():
    async def play(made: Site) -> None:
        await asyncio.sleep(6 * 60)
        made.scan("V-1")
        await asyncio.sleep(60 * 60)
        assert made.gate.occupancy().total == 1
        await asyncio.sleep(24 * 60 * 60)
        assert made.gate.occupancy().total == 0

    made = played(play, closing_in(5))
    assert len(audits(made)) == 3  # That of the day before, and two that were seen.


def test_a_closing_that_no_gateway_saw_is_made_up_for_and_none_is_made_twice():
    async def come(made: Site) -> None:
        made.scan("V-1")
        await asyncio.sleep(60)

    async def look(made: Site) -> None:
        await asyncio.sleep(3 * LOOK_S)
        assert made.gate.occupancy().total == 0

    first = played(come, Policy(zone=UTC))
    assert not audits(first)
    later = replace(closing_in(-60))
    again = {"journal": first.journal, "cache": first.cache}
    # The clock of a new run of the test starts anew: those who came are put a day back.
    [key] = [key for key, _ in first.cache.items(HOLDERS)]
    row = {**first.cache.get(HOLDERS, key), "inside_since": "2021-11-28T01:00:00.000Z"}
    first.cache._tables[HOLDERS][key] = row
    played(look, later, **again)
    once = played(look, later, **again)
    assert (len(inferred(once)), len(audits(once))) == (1, 1)


def test_who_came_after_a_closing_that_no_gateway_saw_is_still_inside():
    async def come(made: Site) -> None:
        made.scan("V-1")
        await asyncio.sleep(60)

    async def look(made: Site) -> None:
        await asyncio.sleep(3 * LOOK_S)
        assert made.gate.occupancy().total == 1

    first = played(come, Policy(zone=UTC))
    later = played(look, closing_in(-60), journal=first.journal, cache=first.cache)
    assert (inferred(later), [told["known"] for told in audits(later)]) == ([], [0])


@pytest.mark.parametrize(
    ("at", "closed"),
    [
        (datetime(2021, 11, 29, 22, 0, tzinfo=JAKARTA), datetime(2021, 11, 29, 22, tzinfo=JAKARTA)),
        (
            datetime(2021, 11, 29, 21, 59, 59, tzinfo=JAKARTA),
            datetime(2021, 11, 28, 22, tzinfo=JAKARTA),
        ),
        (datetime(2021, 11, 29, 15, 0, tzinfo=UTC), datetime(2021, 11, 29, 22, tzinfo=JAKARTA)),
    ],
)
def test_closing_is_by_the_clock_of_the_gate(at, closed):
    policy = Policy(zone=JAKARTA, infer_exits_at=time(22, 0))
    assert last_closing(policy, at) == closed
    assert last_closing(Policy(zone=JAKARTA), at) is None


def test_a_closing_in_the_night_is_of_the_day_of_the_gate():
    policy = Policy(zone=JAKARTA, infer_exits_at=time(2, 0))
    at = datetime(2021, 11, 29, 20, 0, tzinfo=UTC)  # 3 in the morning of the 30th.
    assert last_closing(policy, at) == datetime(2021, 11, 30, 2, tzinfo=JAKARTA)


@pytest.mark.parametrize("value", ["24:00", "9:00", "22", 22, "22:60"])
def test_a_closing_time_is_read_or_named(value):
    policy, mistakes = parse_policy({"infer_exits_at": "06:30"}, UTC, exits_have_readers=True)
    assert (policy.infer_exits_at, mistakes) == (time(6, 30), ())
    _, [mistake] = parse_policy({"infer_exits_at": value}, UTC, exits_have_readers=True)
    assert "22:00" in mistake.expected
