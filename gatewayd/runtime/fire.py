"""The fire of a site: whoever tells of one, all lanes are freed and all doors may be open.

The release of each turnstile is wired to it; what the gateway does here frees the others too, and
ends when the last input says so. Nothing here ends a fire.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Never

from drivers import base
from gatewayd.runtime.alarms import Alarms

ALARM: Final = "fire"
UNSEEN: Final = "link_lost"
FIRST_LOOK_S: Final = 10.0  # By then every contact that can be read has been.
UNSEEN_REASON: Final = (
    "nothing was heard of the fire contact since the start: is it wired, does the device have this "
    "input, and is it the one in the settings?"
)


class Fire:
    """One for each site. Who has an input of their own is told of the others' only."""

    def __init__(self) -> None:
        self._sources: set[str] = set()
        self._listeners: list[tuple[str, Callable[[bool], None]]] = []

    @property
    def sources(self) -> list[str]:
        """Who tells of a fire now, sorted."""
        return sorted(self._sources)

    def listen(self, own: str, told: Callable[[bool], None]) -> None:
        """Have `told` called at each change from now on. own: a source to leave out."""
        self._listeners.append((own, told))

    def set(self, source: str, *, is_on: bool) -> None:
        before = set(self._sources)
        if is_on:
            self._sources.add(source)
        else:
            self._sources.discard(source)
        for own, told in self._listeners:
            is_fire = bool(self._sources - {own})
            if is_fire is not bool(before - {own}):
                told(is_fire)


class FireInput:
    """A contact of the fire panel, closed while there is no fire.

    One that cannot be read any more is an alarm and stays what it was: a pulled cable is no fire,
    and the release of the turnstiles does not depend on it.
    """

    def __init__(self, name: str, sensor: base.Sensor, fire: Fire, alarms: Alarms) -> None:
        self.name = name
        self.is_seen = False
        self._sensor = sensor
        self._fire = fire
        self._alarms = alarms

    async def run(self) -> Never:
        first_look = asyncio.get_running_loop().call_later(FIRST_LOOK_S, self._miss)
        try:
            await self._sensor.run(self._reported)
        finally:
            first_look.cancel()

    def _reported(self, report: base.SensorReport) -> None:
        match report:
            case base.LinkUp():
                pass  # What the contact says follows.
            case base.LinkLost(reason):
                self.is_seen = False
                self._alarms.raise_(UNSEEN, self.name, {"reason": reason})
            case base.ContactSeen(is_closed):
                self.is_seen = True
                self._alarms.clear(UNSEEN, self.name)
                if is_closed:
                    self._alarms.clear(ALARM, self.name)
                else:
                    self._alarms.raise_(ALARM, self.name)
                self._fire.set(self.name, is_on=not is_closed)

    def _miss(self) -> None:
        if not self.is_seen:
            self._alarms.raise_(UNSEEN, self.name, {"reason": UNSEEN_REASON})
