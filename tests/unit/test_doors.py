"""One door from its contact to the record, the alarm and the count, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Never

import pytest

from drivers import base
from gatewayd.core.door import DoorState
from gatewayd.core.events import Alarm, Audit
from gatewayd.core.folded import DOORS
from gatewayd.core.words import DoorId
from gatewayd.runtime.contact import FIRST_LOOK_S
from gatewayd.runtime.doors import DoorShell, LaneInput, Watched
from tests.sim.loop import run
from tests.unit.doubles import SimTurnstile, Site

BACK = DoorId("back")
OPEN, SHUT = base.ContactSeen(is_closed=False), base.ContactSeen(is_closed=True)


class SimSensor:
    """A contact that a test moves; `first` is what it tells when it is first looked at."""

    def __init__(self, first: base.SensorReport | None = SHUT) -> None:
        self.tell: Callable[[base.SensorReport], None]
        self._first = first

    async def run(self, report: Callable[[base.SensorReport], None]) -> Never:
        self.tell = report
        if self._first is not None:
            report(self._first)
        await asyncio.Event().wait()
        raise AssertionError


Play = Callable[[DoorShell, SimSensor], Awaitable[None]]


def played(
    play: Play,
    sensor: SimSensor | None = None,
    *,
    site: Site | None = None,
    shut_closed: bool = True,
) -> Site:
    """Run a play with one door at a site; return the site as it was at the end."""
    site, sensor = site or Site([]), sensor or SimSensor()
    watched = Watched(BACK, "Back door", sensor, shut_closed)
    door = DoorShell(watched, site.cache, site.recorder, site.alarms)

    async def main() -> None:
        async with site.running():
            watching = asyncio.get_running_loop().create_task(door.run())
            await asyncio.sleep(0.1)
            await play(door, sensor)
            await asyncio.sleep(0.1)
            watching.cancel()

    run(main())
    return site


def noted(site: Site) -> list[str]:
    return [fact.action for fact in site.facts(Audit)]


def alarms(site: Site) -> list[tuple[str, str, object]]:
    return [(str(it.outcome), it.alarm, it.detail.get("state")) for it in site.facts(Alarm)]


async def nothing(_door: DoorShell, _sensor: SimSensor) -> None:
    pass


async def force(_door: DoorShell, sensor: SimSensor) -> None:
    sensor.tell(OPEN)


def test_a_door_that_opens_is_an_alarm_and_a_count_that_is_less_certain_within_a_second():
    """R31: of virtual time."""

    async def play(_door: DoorShell, sensor: SimSensor) -> None:
        sensor.tell(OPEN)
        await asyncio.sleep(0.9)
        assert site.gate.occupancy().uncertain == 1

    site = Site([])
    played(play, site=site)
    assert noted(site) == ["door_opened"]
    assert alarms(site) == [("raised", "one_gate_broken", "forced")]
    assert site.alarms.active() == ["one_gate_broken/back"]
    assert site.cache.get(DOORS, BACK)["state"] == "forced"


def test_a_door_that_is_shut_again_clears_the_alarm_and_the_count_stays_uncertain():
    """R31."""

    async def play(_door: DoorShell, sensor: SimSensor) -> None:
        sensor.tell(OPEN)
        sensor.tell(SHUT)

    site = played(play)
    assert noted(site) == ["door_opened", "door_closed"]
    assert site.alarms.active() == []
    assert site.gate.occupancy().uncertain == 1


def test_a_contact_that_is_open_while_the_door_is_shut_is_understood():
    async def play(_door: DoorShell, sensor: SimSensor) -> None:
        sensor.tell(SHUT)

    site = played(play, SimSensor(OPEN), shut_closed=False)
    assert noted(site) == ["door_opened"]


def test_an_allowed_opening_is_recorded_and_held_when_its_time_is_over():
    async def play(door: DoorShell, sensor: SimSensor) -> None:
        door.allow(60.0)
        sensor.tell(OPEN)
        await asyncio.sleep(59.0)
        assert site.alarms.active() == []
        await asyncio.sleep(2.0)

    site = Site([])
    played(play, site=site)
    assert noted(site) == ["door_opened"]
    assert alarms(site) == [("raised", "one_gate_broken", "held")]
    assert site.gate.occupancy().uncertain == 1


def test_a_permission_that_the_officer_ends_is_over_at_once():
    async def play(door: DoorShell, sensor: SimSensor) -> None:
        door.watch()
        door.allow(3600.0)
        door.watch()
        sensor.tell(OPEN)

    assert alarms(played(play)) == [("raised", "one_gate_broken", "forced")]


def test_a_contact_that_falls_silent_is_an_alarm_of_its_own_until_it_speaks():
    async def play(door: DoorShell, sensor: SimSensor) -> None:
        sensor.tell(base.LinkLost("no answer: is the board powered?"))
        assert not door.state.is_seen
        assert site.alarms.active() == ["link_lost/back"]
        sensor.tell(base.LinkUp(""))
        sensor.tell(SHUT)

    site = Site([])
    played(play, site=site)
    assert alarms(site) == [("raised", "link_lost", None), ("cleared", "link_lost", None)]


def test_a_contact_that_never_speaks_is_an_alarm():
    async def play(_door: DoorShell, _sensor: SimSensor) -> None:
        await asyncio.sleep(FIRST_LOOK_S)

    assert played(play, SimSensor(None)).alarms.active() == ["link_lost/back"]


def test_a_contact_that_speaks_in_time_is_none():
    async def play(_door: DoorShell, _sensor: SimSensor) -> None:
        await asyncio.sleep(FIRST_LOOK_S)

    assert played(play).alarms.active() == []


@pytest.mark.parametrize(
    ("now", "actions", "active"),
    [(OPEN, [], ["one_gate_broken/back"]), (SHUT, ["door_closed"], [])],
)
def test_a_door_that_was_open_at_the_end_of_a_run_is_known_in_the_next(now, actions, active):
    before = played(force)
    after = Site([], journal=before.journal, cache=before.cache)
    played(nothing, SimSensor(now), site=after)
    assert noted(after)[1:] == actions
    assert after.alarms.active() == active
    assert after.gate.occupancy().uncertain == 1


def test_a_door_that_was_allowed_to_be_open_at_the_end_of_a_run_is_held_in_the_next():
    async def play(door: DoorShell, sensor: SimSensor) -> None:
        door.allow(3600.0)
        sensor.tell(OPEN)

    before = played(play)
    assert before.alarms.active() == []
    after = Site([], journal=before.journal, cache=before.cache)
    played(nothing, SimSensor(OPEN), site=after)
    assert alarms(after) == [("raised", "one_gate_broken", "held")]


def test_a_change_is_told_to_whoever_shows_it():
    states: list[DoorState] = []

    async def play(door: DoorShell, sensor: SimSensor) -> None:
        door.changed = lambda: states.append(door.state.state)
        sensor.tell(OPEN)
        sensor.tell(OPEN)
        sensor.tell(SHUT)

    played(play)
    assert states == [DoorState.FORCED, DoorState.CLOSED]


# --- an input of a lane's turnstile ---


def test_an_input_of_a_turnstile_is_told_with_its_link():
    turnstile = SimTurnstile()
    site = Site([turnstile])
    sensor = LaneInput(site.lanes[0], 3)
    told: list[base.SensorReport] = []

    async def main() -> None:
        async with site.running():
            turnstile.tell(base.InputsSeen(frozenset({1, 3})))
            watching = asyncio.get_running_loop().create_task(sensor.run(told.append))
            await asyncio.sleep(0.1)
            turnstile.tell(base.InputsSeen(frozenset({1})))
            turnstile.unplug()
            await asyncio.sleep(0.1)
            watching.cancel()

    run(main())
    assert told[:2] == [SHUT, OPEN]
    assert isinstance(told[2], base.LinkLost)
