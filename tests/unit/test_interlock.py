"""Two lanes with an interlock: entries one after the other, exits and fire at any time."""

import asyncio

import pytest

from drivers import base
from gatewayd.core.events import Access
from gatewayd.core.lane import Windows, step
from gatewayd.core.lane_terms import (
    Decide,
    Deciding,
    FireChanged,
    Idle,
    InterlockChanged,
    Lane,
    LinkChanged,
    Order,
    Ordered,
    Presented,
    SiteFireChanged,
    Ticket,
)
from gatewayd.core.words import Direction
from gatewayd.runtime.interlock import Interlock
from tests.sim.loop import run
from tests.unit.doubles import People, SimTurnstile, Site

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
HELD, LET_GO = InterlockChanged(is_held=True), InterlockChanged(is_held=False)
READY = Lane(Idle(), is_linked=True)


def after(lane, *inputs):
    """Return the lane, and the tickets that it began to decide."""
    decided = []
    for what in inputs:
        lane, effects = step(lane, what, Windows())
        decided += [effect.ticket.id for effect in effects if isinstance(effect, Decide)]
    return lane, decided


def came(number, direction=ENTRY):
    return Presented(Ticket(number, direction, 5000))


# --- the machine ---


def test_a_held_lane_lets_an_entry_wait_and_decides_it_when_it_is_let_go():
    lane, decided = after(READY, HELD, came(1))
    assert (lane.state, decided) == (Idle(), [])
    lane, decided = after(lane, LET_GO)
    assert isinstance(lane.state, Deciding)
    assert decided == [1]


def test_a_held_lane_decides_an_exit_at_once():
    lane, decided = after(READY, HELD, came(1), came(2, EXIT))
    assert decided == [2]
    assert [ticket.id for ticket in lane.waiting] == [1]


@pytest.mark.parametrize("fire", [FireChanged(is_on=True), SiteFireChanged(is_on=True)])
def test_in_a_fire_nobody_is_held(fire):
    assert after(READY, HELD, came(1), fire)[1] == [1]
    assert after(READY, fire, HELD, came(1))[1] == [1]


@pytest.mark.parametrize("change", [LinkChanged(is_up=False), Ordered(Order.EXIT_ONLY)])
def test_who_cannot_be_let_in_anyway_is_told_so_at_once(change):
    assert after(READY, HELD, came(1), change)[1] == [1]


def test_a_lane_that_is_let_go_while_it_is_in_use_goes_on():
    assert after(READY, came(1), HELD, came(2), LET_GO)[1] == [1]


# --- two lanes ---


class Pair:
    """Lanes with an interlock; `open` are the lanes that are, and ever were, open at once."""

    def __init__(self, people: People = People.PASS) -> None:
        self.turnstiles = [
            SimTurnstile(people, device="sim-1"),
            SimTurnstile(People.PASS, device="sim-2"),
        ]
        self.site = Site(self.turnstiles)
        Interlock(*self.site.lanes)

    def play(self, play) -> None:
        async def main() -> None:
            async with self.site.running():
                await play()

        run(main())

    def entries(self, lane: int) -> list[float]:
        """When a lane was told to open for an entry."""
        told = self.turnstiles[lane]
        return [
            at_s
            for command, at_s in zip(told.sent, told.sent_at_s, strict=True)
            if isinstance(command, base.OpenOnce) and command.direction is base.Direction.ENTRY
        ]


def test_two_entries_at_once_are_let_in_one_after_the_other():
    pair = Pair()

    async def play() -> None:
        pair.site.scan("V-1", lane=0)
        pair.site.scan("V-2", lane=1)
        await asyncio.sleep(4)

    pair.play(play)
    (first,), (second,) = pair.entries(0), pair.entries(1)
    assert second - first >= 1.0  # As long as a person takes.


def test_lanes_take_turns_when_people_wait_at_both():
    pair = Pair()

    async def play() -> None:
        for number in (1, 3):
            pair.site.scan(f"V-{number}", lane=0)
        for number in (2, 4):
            pair.site.scan(f"V-{number}", lane=1)
        await asyncio.sleep(8)

    pair.play(play)
    order = sorted(
        [(at_s, 0) for at_s in pair.entries(0)] + [(at_s, 1) for at_s in pair.entries(1)]
    )
    assert [lane for _, lane in order] == [0, 1, 0, 1]


def test_an_exit_waits_for_nobody():
    pair = Pair(People.STAY)

    async def play() -> None:
        pair.site.scan("V-1", lane=0)
        await asyncio.sleep(0.1)
        pair.site.scan("V-2", EXIT, lane=1)
        await asyncio.sleep(0.1)
        assert len(pair.turnstiles[1].opens) == 1

    pair.play(play)


def test_an_entry_is_not_let_in_while_the_other_lane_is_open_for_an_exit():
    pair = Pair()

    async def play() -> None:
        pair.site.scan("V-2", EXIT, lane=1)
        await asyncio.sleep(0.1)
        pair.site.scan("V-1", lane=0)
        await asyncio.sleep(0.5)
        assert pair.entries(0) == []
        await asyncio.sleep(2)
        assert len(pair.entries(0)) == 1

    pair.play(play)


def test_who_waits_too_long_for_the_other_lane_is_turned_away_and_may_come_again():
    pair = Pair(People.SILENT)

    async def play() -> None:
        pair.site.scan("V-1", lane=0)
        await asyncio.sleep(0.1)
        pair.site.scan("V-2", lane=1)
        await asyncio.sleep(6)
        assert [fact.reason for fact in pair.site.facts(Access)] == ["ok", "lane_busy"]
        await asyncio.sleep(3)
        pair.site.scan("V-2", lane=1)
        await asyncio.sleep(0.5)
        assert len(pair.entries(1)) == 1

    pair.play(play)


def test_a_fire_lets_both_lanes_go():
    pair = Pair(People.STAY)

    async def play() -> None:
        pair.site.scan("V-1", lane=0)
        await asyncio.sleep(0.1)
        pair.site.scan("V-2", lane=1)
        pair.turnstiles[1].tell(base.FireChanged(is_on=True))
        await asyncio.sleep(0.5)
        assert pair.turnstiles[0].modes[-1] is base.Mode.FREE
        assert pair.site.lanes[1].state.waiting == ()

    pair.play(play)
