"""The pages that are open: each is told what its audience is told, for as long as it may be."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from gatewayd.core.roles import Role
from gatewayd.core.words import LaneId
from gatewayd.desk.guard import Guard
from gatewayd.desk.seats import Full, Seats
from gatewayd.desk.server import WHO, no
from gatewayd.desk.stream import Channel, Listener
from gatewayd.ports import Clock

LOOK_AGAIN_S = 2.0  # Whoever was signed out sees no more after this and a ping.
STUCK_S = 10.0  # A page that takes nothing for so long is gone, whatever its connection says.
RETRY_AFTER_S = "10"

_TEXTS = {
    Full.ALL: (503, "too many pages are open at this gate: close some, then try again"),
    Full.ACCOUNT: (429, "too many pages of this account are open: close some, then try again"),
    Full.ADDRESS: (429, "too many pages are open from this address: close some, then try again"),
}


@dataclass(frozen=True, slots=True)
class OpenPages:
    """One for each daemon. channels: by role. lanes: what the displays of each lane are told."""

    guard: Guard
    clock: Clock
    channels: Mapping[Role, Channel]
    lanes: Mapping[LaneId, Channel]
    seats: Seats = field(default_factory=Seats)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /api/stream` until the page goes."""
        return await self._tell(request, self.channels[request[WHO].role])

    async def display(self, request: web.Request) -> web.StreamResponse:
        """Answer `GET /api/display/{lane}` until the page goes; a display sees its own lane."""
        who, lane = request[WHO], LaneId(request.match_info["lane"])
        if who.role is Role.DISPLAY and who.lane != lane:
            return no(403, "lane", f"this display is for {who.lane}")
        channel = self.lanes.get(lane)
        if channel is None:
            return no(404, "lane", f"there is no such lane; known: {', '.join(self.lanes)}")
        return await self._tell(request, channel)

    async def _tell(self, request: web.Request, channel: Channel) -> web.StreamResponse:
        label, address = request[WHO].label, request.remote or ""
        full = self.seats.refusal(label, address)
        if full is not None:
            status, text = _TEXTS[full]
            return no(status, full, text, {"Retry-After": RETRY_AFTER_S})
        with self.seats.taken(label, address):
            # A proxy that gathers would hold every message back.
            headers = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
            response = web.StreamResponse(headers=headers)
            await response.prepare(request)
            last_seen = request.headers.get("Last-Event-ID") or request.query.get("after")
            listener = channel.join(last_seen)
            try:
                await self._pass_on(request, response, listener)
            except ConnectionError:
                pass  # The page was closed.
            except TimeoutError:
                if request.transport is not None:
                    request.transport.abort()  # What it did not take is not waited for.
            finally:
                channel.leave(listener)
        return response

    async def _pass_on(
        self, request: web.Request, response: web.StreamResponse, listener: Listener
    ) -> None:
        """Write until the page is let go, takes nothing, or is not theirs to see any more."""
        looked_s = self.clock.monotonic()
        while (told := await listener.next()) is not None:
            if self.clock.monotonic() - looked_s >= LOOK_AGAIN_S:
                looked_s = self.clock.monotonic()
                if self.guard.who(request) != request[WHO]:
                    return
            async with asyncio.timeout(STUCK_S):
                await response.write(told)
