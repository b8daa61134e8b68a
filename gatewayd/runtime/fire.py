"""The fire of a site: whoever tells of one, all lanes are freed and all doors may be open.

The release of each turnstile is wired to it; what the gateway does here frees the others too, and
ends when the last input says so. Nothing here ends a fire.
"""

from collections.abc import Callable
from typing import Final, Never

from drivers import base
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.contact import WatchedContact

ALARM: Final = "fire"


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
        self._contact = WatchedContact(name, "the fire contact", sensor, alarms)
        self._fire = fire
        self._alarms = alarms

    async def run(self) -> Never:
        await self._contact.run(self._seen, lambda: None)

    def _seen(self, is_closed: bool) -> None:  # noqa: FBT001 - what a contact says
        if is_closed:
            self._alarms.clear(ALARM, self.name)
        else:
            self._alarms.raise_(ALARM, self.name)
        self._fire.set(self.name, is_on=not is_closed)
