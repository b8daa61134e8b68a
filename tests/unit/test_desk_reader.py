"""The hand scanner at the officer's desk, at a gate with two lanes; in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

from drivers import base
from gatewayd.core.events import Access, Alarm, AlarmOutcome
from gatewayd.core.words import Direction
from gatewayd.runtime.desk_reader import SUBJECT, DeskReader
from gatewayd.runtime.lamps import NOTICE_S
from tests.sim.loop import run
from tests.unit.doubles import SimReader, SimTurnstile, Site

ENTRY = Direction.ENTRY
GO, REFUSED, READY = base.Signal.GO, base.Signal.REFUSED, base.Signal.READY


class Desk:
    """A site with two lanes and the officer's scanner."""

    def __init__(self) -> None:
        self.site = Site([SimTurnstile(), SimTurnstile()])
        self.reader = SimReader()
        lanes = {lane.id: lane for lane in self.site.lanes}
        self.desk_reader = DeskReader(self.reader, lanes, self.site.alarms, lambda *_: False)

    def scan(self, person: str) -> None:
        self.reader.scan(person.encode())

    @property
    def verdicts(self) -> list[tuple[str, str, str]]:
        return [
            (fact.lane, str(fact.direction), str(fact.outcome)) for fact in self.site.facts(Access)
        ]


def played(play: Callable[[Desk], Awaitable[None]]) -> Desk:
    desk = Desk()

    async def main() -> None:
        async with desk.site.running(), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(desk.desk_reader.run())
            await asyncio.sleep(0.1)
            await play(desk)
            task.cancel()

    run(main())
    return desk


def test_whom_the_officer_scans_goes_in_at_the_first_lane_that_is_free():
    async def play(desk: Desk) -> None:
        desk.scan("V-1")
        await asyncio.sleep(3)
        desk.scan("V-2")
        await asyncio.sleep(3)

    desk = played(play)
    assert desk.verdicts == [("lane-1", "entry", "admitted")] * 2
    assert len(desk.site.turnstiles[0].opens) == 2
    assert desk.site.gate.occupancy().total == 2


def test_while_one_lane_is_taken_the_next_one_is_used():
    async def play(desk: Desk) -> None:
        desk.site.scan("V-1")
        await asyncio.sleep(0.2)
        desk.scan("V-2")
        await asyncio.sleep(0.2)
        assert desk.verdicts[1] == ("lane-2", "entry", "admitted")
        desk.scan("V-3")  # Both are taken: this one waits at the first.
        desk.scan("V-4")  # There one waits already.
        await asyncio.sleep(6)

    desk = played(play)
    lanes = [lane for lane, _, _ in desk.verdicts]
    assert sorted(lanes) == ["lane-1", "lane-1", "lane-2", "lane-2"]


def test_a_lane_without_its_turnstile_is_left_out():
    async def play(desk: Desk) -> None:
        desk.site.turnstiles[0].unplug()
        await asyncio.sleep(0.1)
        desk.scan("V-1")
        await asyncio.sleep(2)

    assert played(play).verdicts == [("lane-2", "entry", "admitted")]


def test_without_any_turnstile_the_scan_is_refused_and_recorded():
    async def play(desk: Desk) -> None:
        for turnstile in desk.site.turnstiles:
            turnstile.unplug()
        await asyncio.sleep(0.1)
        desk.scan("V-1")
        await asyncio.sleep(1)

    assert played(play).verdicts == [("lane-1", "entry", "refused")]


def test_the_officer_sees_and_hears_the_verdict_for_a_moment():
    async def play(desk: Desk) -> None:
        desk.scan("V-1")
        await asyncio.sleep(1)
        desk.scan("B-1")
        await asyncio.sleep(NOTICE_S - 0.5)
        assert desk.reader.shown == [GO, REFUSED]
        await asyncio.sleep(1)

    assert played(play).reader.shown == [GO, REFUSED, READY]


def test_a_verdict_that_the_disk_refuses_is_shown_as_refused():
    async def play(desk: Desk) -> None:
        desk.site.journal.refusal = "no space left"
        desk.scan("V-1")
        await asyncio.sleep(1)
        assert desk.reader.shown == [REFUSED]

    assert played(play).site.turnstiles[0].opens == []


def test_a_code_that_is_too_long_has_a_verdict_and_noise_is_counted():
    async def play(desk: Desk) -> None:
        loop = asyncio.get_running_loop()
        desk.reader.tell(base.ScanOverlong(9000, loop.time()))
        desk.reader.tell(base.NoiseDropped(3))
        await asyncio.sleep(1)

    desk = played(play)
    assert desk.verdicts == [("lane-1", "entry", "refused")]
    assert desk.desk_reader.noise_count == 3


def test_an_unplugged_scanner_is_an_alarm_until_it_is_back():
    async def play(desk: Desk) -> None:
        desk.reader.tell(base.LinkLost("/dev/scanner is gone"))
        desk.reader.tell(base.LinkUp(""))
        await asyncio.sleep(1)

    alarms = [(fact.outcome, fact.alarm, fact.subject) for fact in played(play).site.facts(Alarm)]
    assert alarms == [
        (AlarmOutcome.RAISED, "link_lost", SUBJECT),
        (AlarmOutcome.CLEARED, "link_lost", SUBJECT),
    ]
