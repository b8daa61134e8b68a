"""The site, the weather and the people of a market: eight lanes, forty people a minute at each."""

import asyncio
from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Never

from firmware_protocol.words import Direction
from gatewayd.core.lane_terms import Indication
from gatewayd.core.roster import RosterEntry
from tests.sim.people import Crowd, Person, Scan, Spot
from tests.sim.site import LaneSite, SimSite
from tests.sim.story import Story
from tests.sim.weather import CLEAR, Sky, Weather

LANES = 8
PERSON_S = 1.5  # Forty people a minute at each lane.
JITTER_S = 0.4

MIXED = Weather(
    open_refused=0.002,
    open_lost=0.002,
    line_bad=0.0005,
    line_cut_s=900.0,
    reader_cut_s=600.0,
    reboot_s=1200.0,
    mechanics_s=1200.0,
    fire_s=2400.0,
    disk_mean_s=0.002,
    disk_stall=0.0005,
    disk_refuses_s=1200.0,
    broker_refuses=0.3,
    broker_cut_s=200.0,
    broker_hangs=0.3,
    receipt_lost=0.0005,
    duplicate=0.005,
    turn_back=0.01,
    stay=0.01,
    linger=0.0005,
    tailgate=0.005,
    force=0.02,
    walk_out=0.02,
)
"""Bad days of a real gate, rather than the storms of the seeds; nothing that ends the process."""

ODDITIES = 0.02
"""So many of those who come in mixed weather do as the people of the seeds do."""


def market_site(holders: int) -> SimSite:
    """Return a market whose regulars are known, and where nobody is asked twice."""
    ids = tuple(f"M-{number}" for number in range(holders))
    visitor = RosterEntry("visitor")
    return SimSite(
        lanes=tuple(
            LaneSite(f"lane-{number}", has_exit_reader=True, keeps_log=True)
            for number in range(1, LANES + 1)
        ),
        policy={"version": "market-1", "anti_passback": "off"},
        people=dict.fromkeys(ids, visitor),
        on_record_failure=Indication.REFUSED,
        ids=ids,
        gap_s=PERSON_S,
    )


class Rush(Crowd):
    """People who walk briskly, one after the other at each lane: each comes in, and later leaves."""

    begins_s = (0.1, 0.4)
    takes_s = (0.2, 0.5)

    def __init__(
        self, random: Random, sky: Sky, story: Story, spots: Sequence[Spot], ids: Sequence[str]
    ) -> None:
        super().__init__(random, sky, story, spots, ids)
        self._line = deque(self.people)

    async def come_and_go(self, gap_s: float, scan: Scan) -> Never:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            for spot in self.spots:
                due_s += gap_s / len(self.spots)
                await asyncio.sleep(max(0.0, due_s - loop.time()))
                if self._sky.weather is not CLEAR and self._random.random() < ODDITIES:
                    self._act(scan)
                else:
                    self._later(self._random.uniform(0.0, JITTER_S), self._come, spot, scan)

    def _come(self, spot: Spot, scan: Scan) -> None:
        person = self._next()
        direction = Direction.EXIT if person.is_inside else Direction.ENTRY
        self._stand(spot, direction, person)
        scan(spot.controller.lane, direction, person.id.encode())

    def _next(self) -> Person:
        """Return who comes next; now and then it is not their turn, so that half of them leave."""
        while True:
            person = self._line[0]
            self._line.rotate(-1)
            if not person.is_busy and self._random.random() < 0.9:
                return person
