"""A line that several controllers share, in virtual time: who may speak, who is next, who is missed."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import pytest

from drivers import base
from drivers.bus import UNLINKED_WAIT_MS, Bus, Buses, choose
from drivers.turnstiles.gatelink_words import loss_text
from firmware_protocol.host import Host
from firmware_protocol.inputs import PassageBegan, PassageCompleted
from firmware_protocol.reports import Loss
from firmware_protocol.words import Direction
from tests.sim.loop import run
from tests.unit.gatelink_line import PSK, counting_token
from tests.unit.sim_shared_line import SharedLane, SharedLine

ANNA, BUDI = "a1" * 16, "b2" * 16
EXIT = PassageCompleted(Direction.EXIT)


class Site:
    """A bus with a lane for each address."""

    def __init__(
        self, count: int, baudrate: int = 115_200, *, wrong_key: int | None = None
    ) -> None:
        addresses = list(range(1, count + 1))
        self.line = SharedLine(addresses, baudrate)
        self.bus = Bus(self.line)
        self.lanes = [
            SharedLane(self.bus, address, bytes(32) if address == wrong_key else PSK)
            for address in addresses
        ]
        self.tasks: list[asyncio.Task[None]] = []

    def device(self, index: int):
        return self.line.devices[index + 1]


def play(story: Callable[[Site], Awaitable[None]], count: int = 3, **kwargs) -> Site:
    async def main() -> Site:
        site = Site(count, **kwargs)
        async with asyncio.TaskGroup() as tasks:
            site.tasks = [tasks.create_task(lane.run()) for lane in site.lanes]
            await asyncio.sleep(1)
            await story(site)
            for task in site.tasks:
                task.cancel()
        return site

    return run(main())


async def nothing(_: Site) -> None:
    await asyncio.sleep(5)


# --- the rules of the line ----------------------------------------------------------------------


@pytest.mark.parametrize(("count", "baudrate"), [(1, 115_200), (8, 115_200), (8, 19_200)])
def test_all_controllers_come_up_and_stay_up_and_nobody_speaks_out_of_turn(count, baudrate) -> None:
    site = play(nothing, count, baudrate=baudrate)
    for number, lane in enumerate(site.lanes, 1):
        assert lane.told(base.LinkUp, base.LinkLost) == [base.LinkUp(f"tripod-{number}")]
        assert len(lane.told(base.LogRead)) == 1
    assert site.line.collisions == []


def test_each_is_asked_as_often_as_the_others() -> None:
    site = play(nothing, 8)
    counts = [
        len([at_s for at_s in site.line.spoken(address) if at_s > 2]) for address in range(1, 9)
    ]
    assert max(counts) - min(counts) <= 1
    gaps = [b - a for a, b in pairwise(site.line.spoken(1)[-20:])]
    assert max(gaps) < 0.13


def test_a_device_says_nothing_that_was_not_asked_for() -> None:
    async def story(site: Site) -> None:
        for lane in site.lanes:
            lane.turnstile._timer.cancel()
        site.bus._close()
        before = len(site.line.heard)
        site.device(0).sense(EXIT)
        site.device(1).reboot()
        await asyncio.sleep(10)
        assert len(site.line.heard) == before

    play(story)


# --- people -------------------------------------------------------------------------------------


def test_a_person_is_let_in_at_the_right_turnstile() -> None:
    async def story(site: Site) -> None:
        lane = site.lanes[1]
        lane.open(ANNA)
        await asyncio.sleep(0.5)
        site.device(1).sense(PassageBegan(Direction.ENTRY))
        await asyncio.sleep(0.3)
        site.device(1).sense(PassageCompleted(Direction.ENTRY))
        await asyncio.sleep(0.3)
        assert lane.told(base.Opened, base.PassageBegan) == [
            base.Opened(ANNA),
            base.PassageBegan(ANNA),
        ]
        (passed,) = lane.told(base.Passed)
        assert passed.grant == ANNA
        assert [site.device(index).unlocked for index in range(3)] == [
            [],
            [bytes.fromhex(ANNA)],
            [],
        ]
        assert site.device(1).device.controller.memory.entries == ()

    site = play(story)
    assert site.line.collisions == []


@pytest.mark.slow
def test_an_open_has_the_next_turn_however_busy_the_line_is() -> None:
    async def story(site: Site) -> None:
        chance = Random(7)
        waited_ms = []
        for number in range(20):
            await asyncio.sleep(chance.random())
            for index in range(8):
                site.device(index).sense(EXIT)
            grant = number.to_bytes(16)
            now_s = asyncio.get_running_loop().time()
            site.lanes[3].open(grant.hex())
            while site.device(3).unlocked[-1:] != [grant]:
                await asyncio.sleep(0.001)
            waited_ms.append(1000 * (asyncio.get_running_loop().time() - now_s))
            site.device(3).sense(PassageCompleted(Direction.ENTRY))
        # One turn under way, with a whole window of the log in it, and the command itself.
        assert max(waited_ms) < 60

    assert play(story, 8).line.collisions == []


def test_an_open_does_not_wait_for_a_controller_that_is_gone_more_than_once() -> None:
    async def story(site: Site) -> None:
        for index in (0, 1):
            site.device(index).is_dead = True
        await asyncio.sleep(3)
        for number in range(20):
            await asyncio.sleep(0.137)
            now_s = asyncio.get_running_loop().time()
            site.lanes[2].open(number.to_bytes(16).hex())
            while len(site.device(2).unlocked) == number:
                await asyncio.sleep(0.001)
            assert asyncio.get_running_loop().time() - now_s < 0.25
            site.device(2).sense(PassageCompleted(Direction.ENTRY))

    play(story)


# --- faults -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("dead_count", [1, 4, 7])
def test_controllers_that_are_gone_do_not_take_the_others_with_them(dead_count: int) -> None:
    async def story(site: Site) -> None:
        for index in range(dead_count):
            site.device(index).is_dead = True
        await asyncio.sleep(8)
        for index, lane in enumerate(site.lanes):
            lost = [loss_text(Loss.SILENT, site.line.port, "")] if index < dead_count else []
            assert [report.reason for report in lane.told(base.LinkLost)] == lost
        alive = site.device(7).device.controller
        assert not alive.is_host_lost
        assert alive.memory.head == 2
        for index in range(dead_count):
            site.device(index).is_dead = False
        await asyncio.sleep(3)
        for lane in site.lanes[:dead_count]:
            assert len(lane.told(base.LinkUp)) == 2

    play(story, 8)


def test_a_wrong_key_is_told_and_hurts_nobody_else() -> None:
    async def story(site: Site) -> None:
        await asyncio.sleep(5)
        (lost,) = site.lanes[1].told(base.LinkLost)
        assert "psk_file" in lost.reason
        assert site.lanes[0].told(base.LinkLost) == []

    play(story, wrong_key=2)


def test_a_reboot_costs_one_turn() -> None:
    async def story(site: Site) -> None:
        site.device(0).reboot()
        await asyncio.sleep(0.5)
        kinds = [report.kind for report in site.lanes[0].told(base.DeviceNoted)]
        assert kinds == ["boot", "host_back", "boot", "host_back"]
        assert site.lanes[0].told(base.LinkLost) == []

    assert play(story).line.collisions == []


def test_on_a_noisy_line_nothing_opens_twice_and_nothing_is_lost() -> None:
    chance = Random(11)

    def spoil(_: int, data: bytes) -> bytes:
        return bytes(chance.randrange(256) if chance.random() < 0.002 else byte for byte in data)

    async def story(site: Site) -> None:
        site.line.spoil = spoil
        for number in range(60):
            index = number % 3
            site.lanes[index].open(number.to_bytes(16).hex())
            await asyncio.sleep(0.4)
            site.device(index).sense(PassageBegan(Direction.ENTRY))
            site.device(index).sense(PassageCompleted(Direction.ENTRY))
            site.device(chance.randrange(3)).sense(EXIT)
            await asyncio.sleep(0.2)
        site.line.spoil = lambda _, data: data
        await asyncio.sleep(3)
        for index, lane in enumerate(site.lanes):
            device = site.device(index)
            assert max(Counter(device.unlocked).values()) == 1
            sequences = [
                report.log.sequence
                for report in lane.reports
                if getattr(report, "log", None) is not None
            ]
            assert sequences == list(range(1, device.device.controller.memory.head + 1))
            assert lane.told(base.LineCounted)[-1].noise_count > 0

    play(story)


def test_noise_without_end_is_taken_for_no_answer() -> None:
    async def story(site: Site) -> None:
        site.device(0).is_dead = True
        stop_s = asyncio.get_running_loop().time() + 5
        while asyncio.get_running_loop().time() < stop_s:
            site.line._received(b"\x55", asyncio.get_running_loop().time())
            await asyncio.sleep(0.05)
        assert len(site.lanes[0].told(base.LinkLost)) == 1

    play(story)


# --- the line itself ----------------------------------------------------------------------------


def test_a_line_that_hangs_up_is_told_to_every_lane_and_comes_back_for_all() -> None:
    async def story(site: Site) -> None:
        site.line.pull()
        for lane in site.lanes:
            assert lane.told(base.LinkLost) == [base.LinkLost("/dev/ttyRS485 hung up")]
            lane.open(ANNA)
            assert lane.reports[-1] == base.NotOpened(ANNA, "link_down")
        site.line._is_open = True
        site.bus._opened()
        await asyncio.sleep(0.5)
        for lane in site.lanes:
            assert isinstance(lane.reports[-1], base.LogRead)

    play(story)


def test_when_the_driver_that_keeps_the_line_ends_another_one_goes_on() -> None:
    async def story(site: Site) -> None:
        site.tasks[0].cancel()
        await asyncio.sleep(3)
        assert site.line.run_count == 2
        site.lanes[1].open(ANNA)
        await asyncio.sleep(0.3)
        assert base.Opened(ANNA) in site.lanes[1].reports
        assert site.lanes[1].told(base.LinkLost) == []
        silent_s = site.line.spoken(1)[-1]
        assert asyncio.get_running_loop().time() - silent_s > 2

    play(story)


def test_a_driver_that_ends_in_its_own_turn_and_comes_again_is_served_again() -> None:
    async def story(site: Site) -> None:
        while site.bus._asked is None or site.bus._asked.speaker is not site.lanes[1].host:
            await asyncio.sleep(0.001)
        site.tasks[1].cancel()
        await asyncio.sleep(0.5)
        site.lanes[1].reports.clear()
        async with asyncio.TaskGroup() as tasks:
            again = tasks.create_task(site.lanes[1].run())
            await asyncio.sleep(0.5)
            site.lanes[1].open(ANNA)
            await asyncio.sleep(0.3)
            assert base.Opened(ANNA) in site.lanes[1].reports
            again.cancel()
        assert site.line.run_count == 1

    assert play(story).line.collisions == []


def test_lanes_on_one_port_share_its_bus() -> None:
    buses = Buses()
    hosts = [
        Host(PSK, name="g", token=counting_token("x"), address=address) for address in (1, 2, 3)
    ]
    first = buses.place("/dev/a", 9600, hosts[0])
    second = buses.place("/dev/a", 9600, hosts[1])
    third = buses.place("/dev/b", 9600, hosts[2])
    assert first._bus is second._bus
    assert first._bus is not third._bus
    assert third.port == "/dev/b"


# --- the schedule -------------------------------------------------------------------------------


@dataclass
class Somebody:
    name: str
    at_ms: int | None
    is_connected: bool = True
    is_waiting: bool = False
    is_answered: bool = True

    def turn_at_ms(self) -> int | None:
        return self.at_ms

    def is_urgent(self, _now_ms: int) -> bool:
        return self.is_waiting

    def turn(self, now_ms: int) -> bytes:
        raise AssertionError

    def miss(self, now_ms: int) -> None:
        raise AssertionError


@pytest.mark.parametrize(
    ("speakers", "chosen"),
    [
        ([Somebody("a", None), Somebody("b", 1_001)], None),
        ([Somebody("a", 900), Somebody("b", 800)], "b"),
        ([Somebody("a", 900), Somebody("b", 900)], "a"),
        ([Somebody("a", 100), Somebody("b", 999, is_waiting=True)], "b"),
        ([Somebody("a", 900, is_connected=False), Somebody("b", 999)], "b"),
        ([Somebody("a", 900, is_connected=False), Somebody("b", 1_001)], "a"),
        ([Somebody("a", 998 - UNLINKED_WAIT_MS, is_connected=False), Somebody("b", 999)], "a"),
    ],
)
def test_who_is_next(speakers, chosen) -> None:
    found = choose(speakers, 1_000)
    assert (found and found.name) == chosen
