"""A serial line that several gatelink controllers share: who is asked next, and until when."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Never, Protocol

from drivers.serial_link import SerialLink
from drivers.shared_lines import SharedLines

REPLY_S: Final = 0.2
"""A controller that has not gone on talking by then has nothing more to say (or is not there)."""

EXCHANGE_S: Final = 0.6
"""The longest answer, a whole window of the log at 19200 baud, with as much again: then noise is
mistaken for an answer."""

TURNAROUND_CHARACTERS: Final = 2
"""So long the line rests, so that the other side's driver has let go of it."""

BITS_A_CHARACTER: Final = 10

UNLINKED_WAIT_MS: Final = 1_000
"""What is not there costs REPLY_S each time: the others go first for as long."""


class Speaker(Protocol):
    """What the host's side of one controller says in its turns; see firmware_protocol.host.Host."""

    @property
    def is_connected(self) -> bool: ...

    @property
    def is_answered(self) -> bool: ...

    def turn_at_ms(self) -> int | None: ...

    def is_urgent(self, now_ms: int) -> bool: ...

    def turn(self, now_ms: int) -> bytes: ...

    def miss(self, now_ms: int) -> None: ...


def choose(speakers: Iterable[Speaker], now_ms: int) -> Speaker | None:
    """Return whose turn it is: where a person waits, else who is due for longest.

    Controllers that do not answer are tried when no other one is due, or is due for less by
    UNLINKED_WAIT_MS.
    """
    due = [
        (not speaker.is_urgent(now_ms), _patience(speaker) + at_ms, index, speaker)
        for index, speaker in enumerate(speakers)
        if (at_ms := speaker.turn_at_ms()) is not None and at_ms <= now_ms
    ]
    return min(due)[-1] if due else None


def _patience(speaker: Speaker) -> int:
    return 0 if speaker.is_connected else UNLINKED_WAIT_MS


class Bus:
    """Asks one controller at a time, and keeps the line open while one of its drivers runs."""

    def __init__(self, link: SerialLink) -> None:
        self.link = link
        self._keeping = asyncio.Lock()
        self._places: list[BusPlace] = []
        self._is_open = False
        self._asked: BusPlace | None = None
        self._asked_until_s = 0.0
        self._is_resting = False
        self._answer = b""
        self._timer: asyncio.TimerHandle | None = None

    # --- for its places ------------------------------------------------------------------------

    async def serve(self, place: "BusPlace") -> Never:
        """Ask one controller among the others until cancelled.

        Whichever comes first keeps the line open; when that one ends, another one goes on.
        """
        with self._joined(place):
            async with self._keeping:
                try:
                    await self.link.run(self._opened, self._received, self._lost)
                finally:
                    self._close()

    def write(self, place: "BusPlace", data: bytes) -> bool:
        """Take what the host says to an answer in its own turn; b"": look whose turn it is."""
        assert not data or place is self._asked, "nobody speaks out of turn"
        self._answer += data
        self._go_on()
        return self._is_open

    # --- the line ------------------------------------------------------------------------------

    def _opened(self) -> None:
        self._is_open = True
        for place in self._places:
            place.opened()

    def _received(self, data: bytes, at_s: float) -> None:
        place = self._asked
        if place is None:
            return  # Late, or noise: whoever it was is asked again.
        place.received(data, at_s)
        answer, self._answer = self._answer, b""
        if answer:
            self._set_timer(self._rested_s(), lambda: self._ask(place, answer))
        elif place.speaker.is_answered:
            self._rest()
        else:
            self._wait(REPLY_S)

    def _lost(self, reason: str) -> None:
        self._close()
        for place in self._places:
            place.lost(reason)

    def _close(self) -> None:
        self._is_open, self._asked, self._is_resting = False, None, False
        self._answer = b""
        if self._timer is not None:
            self._timer.cancel()

    @contextlib.contextmanager
    def _joined(self, place: "BusPlace") -> Iterator[None]:
        self._places.append(place)
        if self._is_open:
            place.opened()
        try:
            yield
        finally:
            self._places.remove(place)
            if place is self._asked:
                self._rest()

    # --- turns ---------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Ask whoever is next, if the line is free."""
        if not self._is_open or self._asked is not None or self._is_resting:
            return
        now_ms = _now_ms()
        speaker = choose([place.speaker for place in self._places], now_ms)
        if speaker is None:
            self._sleep()
            return
        place = next(place for place in self._places if place.speaker is speaker)
        self._asked_until_s = asyncio.get_running_loop().time() + EXCHANGE_S
        self._ask(place, speaker.turn(now_ms))

    def _ask(self, place: "BusPlace", data: bytes) -> None:
        self._asked = place
        self.link.write(data)  # If the line is lost, `_lost` is told so.
        self._wait(len(data) * self._character_s + REPLY_S)

    def _wait(self, for_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._set_timer(min(loop.time() + for_s, self._asked_until_s), self._miss)

    def _miss(self) -> None:
        assert self._asked is not None
        self._asked.speaker.miss(_now_ms())
        self._rest()

    def _rest(self) -> None:
        self._asked, self._is_resting = None, True
        self._set_timer(self._rested_s(), self._rested)

    def _rested(self) -> None:
        self._is_resting = False
        self._go_on()

    def _sleep(self) -> None:
        """Wait until somebody is due by itself."""
        times = [place.speaker.turn_at_ms() for place in self._places]
        at_ms = min((time for time in times if time is not None), default=None)
        if at_ms is not None:
            self._set_timer(at_ms / 1000, self._go_on)

    def _rested_s(self) -> float:
        now_s = asyncio.get_running_loop().time()
        return now_s + TURNAROUND_CHARACTERS * self._character_s

    @property
    def _character_s(self) -> float:
        return BITS_A_CHARACTER / self.link.baudrate

    def _set_timer(self, at_s: float, what: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(at_s, what)


class BusPlace:
    """One controller's place on a bus; used like a SerialLink of its own."""

    def __init__(self, bus: Bus, speaker: Speaker) -> None:
        self.port = bus.link.port
        self.speaker = speaker
        self._bus = bus

    async def run(
        self,
        opened: Callable[[], None],
        received: Callable[[bytes, float], None],
        lost: Callable[[str], None],
    ) -> Never:
        self.opened, self.received, self.lost = opened, received, lost
        await self._bus.serve(self)

    def write(self, data: bytes) -> bool:
        return self._bus.write(self, data)


class Buses:
    """The shared lines of a gateway by their ports."""

    def __init__(self) -> None:
        self._buses = SharedLines[Bus]()

    def place(self, port: str, baudrate: int, speaker: Speaker) -> BusPlace:
        """Return a place on the bus of a port; raises DriverError for another baud rate."""
        return BusPlace(self._buses.take(port, baudrate, Bus), speaker)


def _now_ms() -> int:
    return round(asyncio.get_running_loop().time() * 1000)
