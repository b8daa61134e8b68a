"""The lights and sounders of a lane: shows what the machine says, and takes back what is over."""

import asyncio
from collections.abc import Mapping

from drivers import base
from gatewayd.core.lane_terms import Indication
from gatewayd.core.words import Direction

NOTICE_S = 3.0  # Long enough to be read by the person it is for, gone when the next one comes.


class Lamps:
    """At the turnstile and at the readers, by direction."""

    def __init__(self, turnstile: base.Turnstile, readers: Mapping[Direction, base.Reader]) -> None:
        self._turnstile = turnstile
        self._readers = readers
        self._notices: dict[Direction, asyncio.TimerHandle] = {}

    def show(self, indication: Indication, direction: Direction, then: Indication | None) -> None:
        """Show from now on; or, where it is a notice, for a moment, and `then` after it."""
        earlier = self._notices.pop(direction, None)
        if earlier is not None:
            earlier.cancel()
        self._light(indication, direction)
        if then is not None:
            loop = asyncio.get_running_loop()
            self._notices[direction] = loop.call_later(NOTICE_S, self._light, then, direction)

    def close(self) -> None:
        for notice in self._notices.values():
            notice.cancel()

    def _light(self, indication: Indication, direction: Direction) -> None:
        signal = base.Signal(indication)
        self._turnstile.send(base.Indicate(signal, base.Direction(direction)))
        if direction in self._readers:
            self._readers[direction].show(signal)
