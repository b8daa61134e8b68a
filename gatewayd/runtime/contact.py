"""A contact that is watched for the whole run: one that cannot be read is an alarm."""

import asyncio
from collections.abc import Callable
from typing import Final, Never

from drivers import base
from gatewayd.runtime.alarms import Alarms

UNSEEN: Final = "link_lost"
FIRST_LOOK_S: Final = 10.0  # By then every contact that can be read has been.


class WatchedContact:
    def __init__(self, subject: str, called: str, sensor: base.Sensor, alarms: Alarms) -> None:
        """subject: of the alarm. called: what the sentences for people call the contact."""
        self._subject = subject
        self._called = called
        self._sensor = sensor
        self._alarms = alarms
        self._is_seen = False

    async def run(self, seen: Callable[[bool], None], lost: Callable[[], None]) -> Never:
        """Call `seen` with whether it is closed, and `lost` when that cannot be told any more."""

        def reported(report: base.SensorReport) -> None:
            match report:
                case base.LinkUp():
                    pass  # What the contact says follows.
                case base.LinkLost(reason):
                    self._is_seen = False
                    self._alarms.raise_(UNSEEN, self._subject, {"reason": reason})
                    lost()
                case base.ContactSeen(is_closed):
                    self._is_seen = True
                    self._alarms.clear(UNSEEN, self._subject)
                    seen(is_closed)

        first_look = asyncio.get_running_loop().call_later(FIRST_LOOK_S, self._miss)
        try:
            await self._sensor.run(reported)
        finally:
            first_look.cancel()

    def _miss(self) -> None:
        if not self._is_seen:
            reason = (
                f"nothing was heard of {self._called} since the start: is it wired, does the "
                "device have this input, and is it the one in the settings?"
            )
            self._alarms.raise_(UNSEEN, self._subject, {"reason": reason})
