"""What open pages are told as it happens, as server-sent events (WHATWG HTML, 9.2).

`status`: the whole state, when it changed. `event`: one row of the feed, with the event's id.
`ping`: the time, so that a page knows when it hears nothing any more. The first and the last carry
`now_ms`, the gateway's own running clock, which no setting of a clock on either side moves.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Never

from gatewayd.core.events import Event, format_time
from gatewayd.core.words import Json
from gatewayd.ports import Clock

LOOK_S = 0.25  # Between looks at the state: who watches a gate sees no difference below it.
BREATH_S = 0.03  # From a record to its pages: by then the gate that waited for it is open.
PING_S = 2.0
ROWS_KEPT = 200  # Of the feed, for pages that come or come back; a rush hour's last ten minutes.
WAITING_MAX = 256  # Messages for one page. Who takes no more is let go, and comes back.

Snapshot = Callable[[], Mapping[str, Json]]
Row = Callable[[Event], Mapping[str, Json] | None]
"""Makes a row of the feed of an event; None where the audience is not told of it."""


@dataclass(eq=False, slots=True)
class Listener:
    """One open page."""

    waiting: deque[bytes] = field(default_factory=deque)
    is_gone: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, message: bytes) -> None:
        if len(self.waiting) >= WAITING_MAX:
            self.let_go()
        elif not self.is_gone:
            self.waiting.append(message)
            self.wake.set()

    def let_go(self) -> None:
        self.is_gone = True
        self.waiting.clear()
        self.wake.set()

    async def next(self) -> bytes | None:
        """Return what is to be sent now; None: this page is to be let go."""
        while not self.waiting and not self.is_gone:
            self.wake.clear()
            await self.wake.wait()
        if self.is_gone:
            return None
        told = b"".join(self.waiting)
        self.waiting.clear()
        return told


class Channel:
    """The pages that are told the same; what they are told is made once for all of them."""

    def __init__(self, snapshot: Snapshot, row: Row, clock: Clock, look_s: float = LOOK_S) -> None:
        self._snapshot = snapshot
        self._row = row
        self._clock = clock
        self._look_s = look_s
        self._listeners: set[Listener] = set()
        self._new: list[Event] = []
        """On disk, and told to nobody yet."""
        self._news = asyncio.Event()
        self._rows: deque[tuple[str, bytes]] = deque(maxlen=ROWS_KEPT)
        self._state: Mapping[str, Json] = {}

    def __len__(self) -> int:
        return len(self._listeners)

    def remember(self, events: Iterable[Event]) -> None:
        """Take events for those who come later, of before the start for example."""
        self._rows_of(events)

    def committed(self, events: Sequence[Event]) -> None:
        """Take what is on disk now; it is told in a moment, since a gate is about to open."""
        self._new += events
        self._news.set()

    def join(self, last_seen: str | None) -> Listener:
        """Take a page in; it is told the state, and the rows behind the last that it saw."""
        self._tell(self._take_new())
        listener = Listener()
        state = self._snapshot()
        if not self._listeners:  # Else the others are still to be told of a change.
            self._state = state
        listener.tell(self._told(state))
        listener.tell(b"".join(self._behind(last_seen)))
        listener.tell(_message("live", {}))
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def close(self) -> None:
        """Let all pages go."""
        for listener in self._listeners:
            listener.let_go()

    async def run(self) -> Never:
        """Tell what is new and the state whenever it changed, and the time, for ever."""
        pinged_s = self._clock.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_s):
                    await self._news.wait()
                await asyncio.sleep(BREATH_S)
            self._news.clear()
            told = self._take_new()
            if not self._listeners:
                continue
            state = self._snapshot()
            if state != self._state:
                self._state = state
                told += self._told(state)
            if self._clock.monotonic() - pinged_s >= PING_S:
                pinged_s = self._clock.monotonic()
                told += _message("ping", self._times())
            self._tell(told)

    def _take_new(self) -> bytes:
        events, self._new = self._new, []
        return b"".join(self._rows_of(events))

    def _tell(self, told: bytes) -> None:
        """Hand it to all; for each page it is one write."""
        if told:
            for listener in self._listeners:
                listener.tell(told)

    def _told(self, state: Mapping[str, Json]) -> bytes:
        return _message("status", {**state, **self._times()})

    def _times(self) -> dict[str, Json]:
        """Return the time for people, and that of our own clock for what ends at a moment."""
        now_ms = round(self._clock.monotonic() * 1000)
        return {"at": format_time(self._clock.utc()), "now_ms": now_ms}

    def _rows_of(self, events: Iterable[Event]) -> list[bytes]:
        messages = []
        for event in events:
            row = self._row(event)
            if row is not None:
                message = _message("event", row, event.id)
                self._rows.append((event.id, message))
                messages.append(message)
        return messages

    def _behind(self, last_seen: str | None) -> list[bytes]:
        ids = [event_id for event_id, _ in self._rows]
        start = ids.index(last_seen) + 1 if last_seen in ids else 0
        return [message for _, message in list(self._rows)[start:]]


def _message(kind: str, content: Mapping[str, Json], event_id: str | None = None) -> bytes:
    identity = "" if event_id is None else f"id: {event_id}\n"
    return f"{identity}event: {kind}\ndata: {json.dumps(content)}\n\n".encode()
