"""What the weather does to the world around the gateway, until act one is over."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Never

from firmware_protocol.inputs import FaultInput, FireInput
from tests.sim.broker import SimBroker
from tests.sim.clock import SimSystem
from tests.sim.disk import SimDisk
from tests.sim.line import Cable
from tests.sim.process import Process
from tests.sim.reader import ReaderPort
from tests.sim.story import CLOCK_KEPT, Executed, Recorded, Seen, Sent, Story, Told
from tests.sim.weather import Weather
from tests.sim.wire import Wire

KILL_MOMENTS: Sequence[type[Seen] | None] = (None, None, Recorded, Sent, Told, Executed)
"""At any time, or right after something that a kill should not come after."""

NTP_S = (1.0, 90.0)  # From power-on until the network has the time.
DRIFT_MAX = 0.0005  # Of a bad crystal.
STEPS_S = (5.0, 60.0, 3600.0, 3 * 86400.0, 60 * 86400.0)  # The last is believed in no direction.

Strike = Callable[[Random], None]
Spell = Callable[[Random], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Chaos:
    """Each fault comes and goes by itself; what is broken is mended when its task is cancelled.

    random: returns a stream of its own for each name. process: the one that runs now.
    """

    weather: Weather
    random: Callable[[str], Random]
    story: Story
    cables: Sequence[Cable | Wire]
    readers: Sequence[ReaderPort]
    disk: SimDisk
    broker: SimBroker
    system: SimSystem
    process: Callable[[], Process]

    def start(self, tasks: asyncio.TaskGroup) -> list[asyncio.Task[Never]]:
        weather = self.weather
        strikes: list[tuple[str, float, Strike]] = [
            ("killed", weather.crash_s, self._kill),
            ("stopped", weather.stop_s, self._stop),
            ("rebooted", weather.reboot_s, self._reboot),
            ("papers_lost", weather.papers_lost_s, self._forget),
        ]
        spells: list[tuple[str, float, float, Spell]] = [
            ("line_cut", weather.line_cut_s, 40.0, self._cut_line),
            ("reader_cut", weather.reader_cut_s, 40.0, self._unplug),
            ("clock_loose", weather.clock_loose_s, 60.0, self._let_clock_go),
            ("clock_stepped", weather.clock_step_s, 40.0, self._step_clock),
            ("silent", weather.silent_s, 20.0, self._hush),
            ("mechanics", weather.mechanics_s, 20.0, self._jam),
            ("fire", weather.fire_s, 60.0, self._burn),
            ("disk_refuses", weather.disk_refuses_s, 20.0, self._break_disk),
            ("disk_full", weather.disk_full_s, 20.0, self._fill_disk),
            ("flapping", weather.flapping_s, 30.0, self._flap),
            ("broker_full", weather.broker_full_s, 30.0, self._fill_broker),
        ]
        return [
            *(tasks.create_task(self._strike(*one), name=one[0]) for one in strikes if one[1]),
            *(tasks.create_task(self._cast(*one), name=one[0]) for one in spells if one[1]),
        ]

    async def _strike(self, name: str, mean_s: float, strike: Strike) -> Never:
        random = self.random(name)
        while True:
            await asyncio.sleep(random.expovariate(1 / mean_s))
            self.story.note(name)
            strike(random)

    async def _cast(self, name: str, mean_s: float, longest_s: float, spell: Spell) -> Never:
        random = self.random(name)
        while True:
            await asyncio.sleep(random.expovariate(1 / mean_s))
            self.story.note(name)
            with spell(random):
                await asyncio.sleep(random.uniform(0.1, longest_s))
            self.story.note(f"{name}_over")

    def _kill(self, random: Random) -> None:
        moment = random.choice(KILL_MOMENTS)
        is_power_cut = random.random() < self.weather.power_cut

        def end() -> None:
            self.process().kill()
            if is_power_cut:
                self._lose_date(random)

        if moment is None:
            end()
        else:
            self.story.at_next(moment, end)

    def power_on(self) -> None:
        """Begin without the date, where machines lose it."""
        random = self.random("power")
        if random.random() < self.weather.power_cut:
            self._lose_date(random)

    def _lose_date(self, random: Random) -> None:
        self.story.note("date_lost")
        self.system.lose_date()
        asyncio.get_running_loop().call_later(random.uniform(*NTP_S), self._keep_clock)

    def _keep_clock(self) -> None:
        self.system.set_right()
        self.story.note(CLOCK_KEPT)

    @contextmanager
    def _let_clock_go(self, random: Random) -> Iterator[None]:
        self.system.drift(random.uniform(-DRIFT_MAX, DRIFT_MAX))
        try:
            yield
        finally:
            self._keep_clock()

    @contextmanager
    def _step_clock(self, random: Random) -> Iterator[None]:
        self.system.step(random.choice([-1.0, 1.0]) * random.choice(STEPS_S))
        try:
            yield
        finally:
            self._keep_clock()

    def _stop(self, _: Random) -> None:
        self.process().stop()

    def _reboot(self, random: Random) -> None:
        cable = random.choice(self.cables)
        cable.cut()
        cable.controller.reboot()
        cable.mend()

    @contextmanager
    def _cut_line(self, random: Random) -> Iterator[None]:
        cable = random.choice(self.cables)
        cable.cut()
        try:
            yield
        finally:
            cable.mend()

    @contextmanager
    def _hush(self, random: Random) -> Iterator[None]:
        cable = random.choice(self.cables)
        cable.hush()
        try:
            yield
        finally:
            cable.speak()

    @contextmanager
    def _unplug(self, random: Random) -> Iterator[None]:
        reader = random.choice(self.readers)
        reader.plug(is_in=False)
        try:
            yield
        finally:
            reader.plug(is_in=True)

    @contextmanager
    def _jam(self, random: Random) -> Iterator[None]:
        controller = random.choice(self.cables).controller
        controller.take(FaultInput(is_on=True))
        try:
            yield
        finally:
            controller.take(FaultInput(is_on=False))

    @contextmanager
    def _burn(self, _: Random) -> Iterator[None]:
        self._tell_fire(is_on=True)
        try:
            yield
        finally:
            self._tell_fire(is_on=False)

    def _forget(self, _: Random) -> None:
        self.broker.forget()

    def _break_disk(self, _: Random) -> AbstractContextManager[None]:
        return _switched(self.disk, "refuses")

    def _fill_disk(self, _: Random) -> AbstractContextManager[None]:
        return _switched(self.disk, "is_full")

    def _flap(self, _: Random) -> AbstractContextManager[None]:
        return _switched(self.broker, "is_flapping")

    def _fill_broker(self, _: Random) -> AbstractContextManager[None]:
        return _switched(self.broker, "is_full")

    def _tell_fire(self, *, is_on: bool) -> None:
        for cable in self.cables:
            cable.controller.take(FireInput(is_on))


@contextmanager
def _switched(what: object, name: str) -> Iterator[None]:
    """Have something be so meanwhile."""
    setattr(what, name, True)
    try:
        yield
    finally:
        setattr(what, name, False)
