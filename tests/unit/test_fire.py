"""Fire at a site of several lanes: whoever tells of it, everybody may leave and come in nowhere."""

import asyncio

import pytest

from drivers import base
from gatewayd.core.events import Access, Alarm, Passage
from gatewayd.core.lane_terms import Order
from gatewayd.runtime.contact import FIRST_LOOK_S
from gatewayd.runtime.fire import FireInput
from tests.sim.loop import run
from tests.unit.doubles import SimTurnstile, Site
from tests.unit.test_doors import OPEN, SHUT, SimSensor

FREE, NORMAL = base.Mode.FREE, base.Mode.NORMAL
ON, OFF = base.FireChanged(is_on=True), base.FireChanged(is_on=False)


class Building:
    """Two lanes and a panel's contact, which is closed while there is no fire."""

    def __init__(self, order: Order = Order.NORMAL, first: base.SensorReport | None = SHUT) -> None:
        self.one, self.two = SimTurnstile(device="sim-1"), SimTurnstile(device="sim-2")
        self.site = Site([self.one, self.two], order=order)
        self.sensor = SimSensor(first)
        fire = self.site.lanes[0]._shared.fire
        self.panel = FireInput("panel", self.sensor, fire, self.site.alarms)

    def play(self, play) -> Site:
        async def main() -> None:
            async with self.site.running():
                watching = asyncio.get_running_loop().create_task(self.panel.run())
                await asyncio.sleep(0.1)
                await play()
                await asyncio.sleep(0.1)
                watching.cancel()

        run(main())
        return self.site

    @property
    def modes(self) -> tuple[base.Mode, base.Mode]:
        """What the turnstiles were told last."""
        return self.one.modes[-1], self.two.modes[-1]


def test_the_panels_contact_frees_every_lane_and_its_end_locks_them_again():
    building = Building()

    async def play() -> None:
        building.sensor.tell(OPEN)
        assert building.modes == (FREE, FREE)
        assert building.site.alarms.active() == ["fire/panel"]
        building.sensor.tell(SHUT)
        assert building.modes == (NORMAL, NORMAL)
        assert building.site.alarms.active() == []

    building.play(play)


def test_the_fire_input_of_one_turnstile_frees_the_others_and_it_is_sent_nothing():
    building = Building()

    async def play() -> None:
        sent = len(building.one.modes)
        building.one.tell(ON)
        assert building.two.modes[-1] is FREE
        building.one.tell(OFF)
        assert building.two.modes[-1] is NORMAL
        assert building.one.modes[sent:] == [NORMAL]  # What held before, once it is over.

    building.play(play)


def test_a_fire_lasts_until_the_last_input_is_off():
    building = Building()

    async def play() -> None:
        building.one.tell(ON)
        building.sensor.tell(OPEN)
        building.one.tell(OFF)
        assert building.modes == (FREE, FREE)
        building.sensor.tell(SHUT)
        assert building.modes == (NORMAL, NORMAL)

    building.play(play)


def test_a_lock_down_gives_way_to_a_fire_and_comes_back_after_it():
    building = Building(Order.EXIT_ONLY)

    async def play() -> None:
        building.sensor.tell(OPEN)
        assert building.modes == (FREE, FREE)
        building.sensor.tell(SHUT)
        assert building.modes == (base.Mode.EXIT_ONLY, base.Mode.EXIT_ONLY)

    building.play(play)


def test_a_turnstile_that_comes_back_in_a_fire_is_freed():
    building = Building()

    async def play() -> None:
        building.two.unplug()
        building.sensor.tell(OPEN)
        building.two.plug()
        assert building.two.modes[-1] is FREE

    building.play(play)


def test_nobody_is_granted_an_entry_in_a_fire_and_whoever_goes_through_is_no_breach():
    building = Building()

    async def play() -> None:
        building.sensor.tell(OPEN)
        building.site.scan("V-1", lane=1)
        await asyncio.sleep(0.5)
        building.two.walk(base.Direction.ENTRY)
        await asyncio.sleep(0.5)

    site = building.play(play)
    assert [fact.reason for fact in site.facts(Access)] == ["emergency"]
    assert [str(fact.outcome) for fact in site.facts(Passage)] == ["unattributed"]


def test_a_panel_whose_contact_cannot_be_read_is_an_alarm_and_no_fire():
    building = Building()

    async def play() -> None:
        building.sensor.tell(base.LinkLost("the cable is out"))
        assert building.site.alarms.active() == ["link_lost/panel"]
        assert FREE not in building.one.modes
        building.sensor.tell(SHUT)
        assert building.site.alarms.active() == []

    building.play(play)


def test_a_fire_goes_on_where_its_contact_cannot_be_read_any_more():
    building = Building()

    async def play() -> None:
        building.sensor.tell(OPEN)
        building.sensor.tell(base.LinkLost("the cable burnt"))
        assert building.modes == (FREE, FREE)

    building.play(play)


@pytest.mark.parametrize(("first", "active"), [(None, ["link_lost/panel"]), (SHUT, [])])
def test_a_contact_that_never_speaks_is_an_alarm(first, active):
    building = Building(first=first)

    async def play() -> None:
        await asyncio.sleep(FIRST_LOOK_S)

    assert building.play(play).alarms.active() == active


def test_the_same_word_twice_is_no_news():
    building = Building()

    async def play() -> None:
        building.sensor.tell(OPEN)
        building.sensor.tell(OPEN)
        building.sensor.tell(base.LinkUp(""))

    site = building.play(play)
    assert [fact.alarm for fact in site.facts(Alarm)] == ["fire"]
    assert building.one.modes.count(FREE) == 1
