"""The shell of one door: feeds its machine with what its contact says, and runs the effects.

What an opening means is decided in `core.door`.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Never

from drivers import base
from gatewayd.core.door import (
    BROKEN,
    Allowed,
    ClearBroken,
    ContactLost,
    ContactSeen,
    Door,
    DoorState,
    Effect,
    FireChanged,
    Input,
    PermissionOver,
    RaiseBroken,
    RecordClosing,
    RecordOpening,
    StartTimer,
    step,
)
from gatewayd.core.events import Audit, AuditSubject
from gatewayd.core.folded import DOORS
from gatewayd.core.words import DoorId, Json
from gatewayd.ports import Cache
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.contact import WatchedContact
from gatewayd.runtime.lane import LaneShell
from gatewayd.runtime.recorder import Recorder
from gatewayd.runtime.timers import Timers

log = logging.getLogger(__name__)

ALARM = "one_gate_broken"


@dataclass(frozen=True, slots=True)
class Watched:
    """A door as the settings name it. shut_closed: its contact is closed while it is shut."""

    id: DoorId
    name: str
    sensor: base.Sensor
    shut_closed: bool


class DoorShell:
    """One for each door. The permission of the officer ends with the run."""

    def __init__(self, watched: Watched, cache: Cache, recorder: Recorder, alarms: Alarms) -> None:
        self.id = watched.id
        self.name = watched.name
        self.state = Door(_left(cache, watched.id))
        self.changed: Callable[[], None] = lambda: None
        """Called when something that the centre sees of the door changed."""
        self._shut_closed = watched.shut_closed
        self._contact = WatchedContact(watched.id, "its contact", watched.sensor, alarms)
        self._recorder = recorder
        self._alarms = alarms
        self._permissions = count(1)
        self._timers = Timers()
        if self.state.state in BROKEN:
            self._raise(self.state.state)

    async def run(self) -> Never:
        await self._contact.run(self._seen, lambda: self.put(ContactLost()))

    def allow(self, for_s: float) -> None:
        """Let it be opened for so long, beginning now."""
        self.put(Allowed(next(self._permissions), round(for_s * 1000)))

    def watch(self) -> None:
        """End the permission, if there is one."""
        if self.state.permission is not None:
            self.put(PermissionOver(self.state.permission))

    def fire(self, is_on: bool) -> None:  # noqa: FBT001 - the shape of Fire.listen
        self.put(FireChanged(is_on))

    def put(self, what: Input) -> None:
        before = self.state
        self.state, effects = step(before, what)
        for effect in effects:
            self._run(effect)
        if self.state != before:
            self.changed()

    def _seen(self, is_closed: bool) -> None:  # noqa: FBT001 - what a contact says
        self.put(ContactSeen(is_open=is_closed is not self._shut_closed))

    def _run(self, effect: Effect) -> None:
        match effect:
            case RecordOpening(state):
                log.info("door_opened", extra={"fields": {"door": self.id, "state": str(state)}})
                self._keep("door_opened", {"state": str(state)})
            case RecordClosing():
                log.info("door_closed", extra={"fields": {"door": self.id}})
                self._keep("door_closed", {})
            case RaiseBroken(state):
                self._raise(state)
            case ClearBroken():
                self._alarms.clear(ALARM, self.id)
            case StartTimer(what, after_ms):
                self._timers.start(after_ms, partial(self.put, what))

    def _keep(self, action: str, detail: dict[str, Json]) -> None:
        detail = {"door": self.id, **detail}
        self._recorder.keep(Audit(subject=AuditSubject.DOOR, action=action, detail=detail))

    def _raise(self, state: DoorState) -> None:
        self._alarms.raise_(ALARM, self.id, {"state": str(state), "name": self.name})


class LaneInput:
    """A contact at an input of a lane's turnstile; implements `drivers.base.Sensor`."""

    def __init__(self, lane: LaneShell, number: int) -> None:
        """Watch input `number`, counted from 1."""
        self._number = number
        self._is_closed: bool | None = None
        self._report: Callable[[base.SensorReport], None] = lambda _report: None
        lane.watch_inputs(self._take)

    async def run(self, report: Callable[[base.SensorReport], None]) -> Never:
        self._report = report
        if self._is_closed is not None:
            report(base.ContactSeen(self._is_closed))
        await asyncio.Event().wait()
        raise AssertionError("it is watched until it is cancelled")

    def _take(self, report: base.InputsSeen | base.LinkLost) -> None:
        match report:
            case base.LinkLost():
                self._is_closed = None
                self._report(report)
            case base.InputsSeen(closed):
                self._is_closed = self._number in closed
                self._report(base.ContactSeen(self._is_closed))


def _left(cache: Cache, door: DoorId) -> DoorState:
    """Return how a door was when an earlier run ended; nobody's permission is in force any more."""
    row = cache.get(DOORS, door)
    if row is None:
        return DoorState.CLOSED
    was_allowed = row["state"] == DoorState.OPEN
    return DoorState.HELD if was_allowed else DoorState.FORCED
