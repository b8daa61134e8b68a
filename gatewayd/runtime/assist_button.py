"""A button at a lane that asks for an officer; its contact is closed while it is pressed."""

from typing import Never

from drivers import base
from gatewayd.core.assists import Cause
from gatewayd.core.words import LaneId
from gatewayd.runtime.alarms import Alarms
from gatewayd.runtime.assists import Assists
from gatewayd.runtime.contact import WatchedContact


class AssistButton:
    def __init__(
        self, name: str, lane: LaneId, sensor: base.Sensor, assists: Assists, alarms: Alarms
    ) -> None:
        """lane: where help is needed when it is pressed."""
        self.name = name
        self._lane = lane
        self._contact = WatchedContact(name, "the help button", sensor, alarms)
        self._assists = assists
        self._is_pressed: bool | None = None

    async def run(self) -> Never:
        await self._contact.run(self._seen, self._lost)

    def _seen(self, is_closed: bool) -> None:  # noqa: FBT001 - what a contact says
        # One that is pressed when it is first seen is stuck or wired wrongly, and asks nothing.
        if is_closed and self._is_pressed is False:
            self._assists.request(self._lane, Cause.BUTTON)
        self._is_pressed = is_closed

    def _lost(self) -> None:
        self._is_pressed = None
