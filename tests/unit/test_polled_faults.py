"""Each bought board on a line that is bad, wrong or cut: the same promises for all, in virtual time."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from drivers import base
from drivers.contacts import Contact, Normally
from drivers.simulated.gate_board_7e import SimulatedBoard7e
from drivers.simulated.lot_turnstile import SimulatedLotTurnstile
from drivers.simulated.people import Behaviour
from drivers.simulated.relay_board import SimulatedRelayBoard
from drivers.turnstiles.board_7e import GAP_S, board_7e
from drivers.turnstiles.contact_inputs import Contacts
from drivers.turnstiles.modbus_relay import modbus_relay
from drivers.turnstiles.modbus_turnstile import modbus_turnstile
from drivers.turnstiles.wiring import Wiring
from tests.unit.board_world import ANNA, BUDI, ENTRY, EXIT, Lane, Site, World, run

WIRING = Wiring(
    relays={ENTRY: 1, EXIT: 2},
    pulse_ms=500,
    contacts=Contacts(
        passages={ENTRY: Contact(1, Normally.OPEN), EXIT: Contact(2, Normally.OPEN)},
        fire=Contact(5, Normally.CLOSED),
    ),
)


@dataclass(frozen=True)
class Kind:
    """How a board and its driver are made for an address; how the command starts that opens."""

    baudrate: int
    gap_s: float
    board: Callable[[int], Any]
    driver: Callable[[Any, int], Any]
    opening: str
    is_counting: bool = True

    def world(self, behaviour: Behaviour = Behaviour.PASS, board: int = 1, driver: int = 1):
        world = World(self.baudrate, self.gap_s)
        return world, *world.add(
            self.board(board), lambda line: self.driver(line, driver), behaviour
        )

    def openings(self, world: World) -> int:
        return len(world.sent(bytes.fromhex(self.opening)))


KINDS = {
    "modbus_relay": Kind(
        9600,
        0.004,
        SimulatedRelayBoard,
        lambda line, address: modbus_relay(line, address, WIRING),
        "01 05 02 00",
        is_counting=False,
    ),
    "modbus_turnstile": Kind(
        115_200, 0.002, SimulatedLotTurnstile, modbus_turnstile, "01 10 00 40 00 01 02 00 01"
    ),
    "board_7e": Kind(
        19_200,
        GAP_S,
        SimulatedBoard7e,
        lambda line, address: board_7e(line, address, ENTRY),
        "7e 00 01 80",
    ),
}
each = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def unlocked(site: Site) -> int:
    return len(site.events("unlocked"))


def answers(lane: Lane) -> list[str]:
    return [report.grant for report in lane.told(base.Opened, base.NotOpened, base.OpenUnknown)]


@each
def test_flipped_bits_open_nothing_twice_and_bring_nobody_in_who_was_not_there(kind):
    async def main():
        world, site, lane = kind.world()
        chance = random.Random(11)
        world.wire.spoil = lambda _, data: [
            bytes(
                byte ^ (1 << chance.randrange(8)) if chance.random() < 0.005 else byte
                for byte in data
            )
        ]
        grants = [f"{number:032x}" for number in range(20)]
        async with world.running():
            for grant in grants:
                lane.open(grant)
                await asyncio.sleep(10)
        assert answers(lane) == grants
        assert unlocked(site) <= kind.openings(world) <= len(grants)
        passed = [report.grant for report in lane.told(base.Passed)]
        came = len(site.events("passed"))
        assert len(set(passed)) == len(passed) <= came
        assert came > 10
        if kind.is_counting:
            assert len(passed) == came

    run(main())


@each
def test_answers_in_pieces_with_noise_around_them_are_understood(kind):
    async def main():
        world, _, lane = kind.world()
        chance = random.Random(3)

        def spoil(to, data):
            if to == "boards":
                return [data]
            cut = chance.randrange(1, len(data))
            return [chance.randbytes(5) + data[:cut], data[cut:], chance.randbytes(9)]

        world.wire.spoil = spoil
        async with world.running():
            lane.open()
            await asyncio.sleep(10)
        assert lane.told(base.Opened, base.Passed, base.LinkLost) == [
            base.Opened(ANNA),
            base.Passed(ENTRY, ANNA),
        ]

    run(main())


@each
def test_answers_that_are_cut_short_are_none(kind):
    async def main():
        world, site, lane = kind.world()
        async with world.running():
            lane.since()
            world.wire.spoil = lambda to, data: [data[:-1] if to == "host" else data]
            lane.open()
            await asyncio.sleep(10)
            unknown, lost = lane.since()
            assert unknown == base.OpenUnknown(ANNA)
            assert isinstance(lost, base.LinkLost)
        assert kind.openings(world) == unlocked(site) == 1

    run(main())


@each
def test_another_baud_rate_is_noise_both_ways_and_an_outage(kind):
    async def main():
        world, site, lane = kind.world()
        chance = random.Random(7)
        world.wire.spoil = lambda _, data: [chance.randbytes(len(data) + 3)]
        async with world.running():
            for _ in range(60):
                world.wire.answer(b"noise" * 100)  # A board that speaks whenever it likes to.
                await asyncio.sleep(1)
            (lost,) = lane.since()
            assert f"baud rate ({kind.baudrate})" in lost.reason
            assert unlocked(site) == 0

    run(main())


@each
def test_a_board_at_another_address_is_not_taken_for_ours(kind):
    async def main():
        world, site, lane = kind.world(board=2)
        async with world.running():
            lane.open()
            await asyncio.sleep(10)
            assert [type(it) for it in lane.since()] == [base.LinkLost, base.NotOpened]
            assert unlocked(site) == 0

    run(main())


@each
def test_boards_with_swapped_plugs_are_lost_and_nothing_opens(kind):
    async def main():
        ways = [kind.world(board=2, driver=1), kind.world(board=1, driver=2)]
        async with ways[0][0].running(), ways[1][0].running():
            for _, site, lane in ways:
                lane.open()
                await asyncio.sleep(3)
                assert [type(it) for it in lane.since()] == [base.LinkLost, base.NotOpened]
                assert unlocked(site) == 0

    run(main())


@each
def test_a_cable_pulled_under_a_grant_is_told_once_and_nothing_is_sent_again(kind):
    async def main():
        world, _, lane = kind.world(Behaviour.STAY)
        async with world.running():
            lane.open()
            await asyncio.sleep(1)
            world.wire.pull()
            await asyncio.sleep(20)
            world.wire.plug()
            await asyncio.sleep(5)
            lane.open(BUDI)
            await asyncio.sleep(1)
            told = [type(it) for it in lane.told(base.Opened, base.LinkLost, base.LinkUp)]
            assert told == [base.LinkUp, base.Opened, base.LinkLost, base.LinkUp, base.Opened]
        assert kind.openings(world) == 2

    run(main())


@each
def test_a_board_that_restarts_under_a_grant_is_not_opened_again_for_it(kind):
    async def main():
        world, site, lane = kind.world(Behaviour.STAY)
        async with world.running():
            lane.open()
            await asyncio.sleep(1)
            await site.order("reboot", 20)
            lane.open(BUDI)
            await asyncio.sleep(1)
        assert answers(lane) == [ANNA, BUDI]
        assert lane.told(base.Passed) == []
        assert kind.openings(world) == unlocked(site) == 2

    run(main())
