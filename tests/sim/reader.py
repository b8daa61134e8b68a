"""A simulated reader: the device and its line of bytes, to which the gateway's real driver listens."""

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Never

from drivers import base
from drivers.readers.line import LineReader
from tests.sim.ear import Ear, Habit, Heard
from tests.sim.port import Line, Port
from tests.sim.story import Scanned, Story
from tests.sim.weather import Sky

OVERLONG = b"x" * 5000
NOISE = (b"\r", b"\r\n", b"\n\n", b"\x00\xff")
PIECES_MAX = 4
TORN_S = 1.5  # Longer than any silence that ends a code.
LATE_S = (0.2, 3.0)
HELD_S = 0.5  # A reader that sends two codes at once does not wait longer for the second.


class ReaderPort(Line):
    """The line of a reader. What is sent while its plug is out is lost, too."""

    def __init__(self, habit: Habit, random: Random, sky: Sky, story: Story) -> None:
        super().__init__()
        self.habit = habit
        self._random = random
        self._sky = sky
        self._story = story
        self._arrives_s = 0.0
        self._held = b""

    def plug(self, *, is_in: bool) -> None:
        self._held = b""
        if is_in:
            self._cuts += 1
            self._make_whole()
        else:
            self._break("the simulated plug is out")

    # --- codes -----------------------------------------------------------------------------------

    def read(self, code: bytes | None) -> None:
        """Read a code that somebody holds up; None is one that is too long."""
        shown = OVERLONG if code is None else code
        self._send(self._spoilt(self.habit.before + shown + self.habit.after))

    def _send(self, data: bytes) -> None:
        """Send in order, and in the pieces that the weather makes of it."""
        random, weather, loop = self._random, self._sky.weather, asyncio.get_running_loop()
        delay_s = random.uniform(0.001, 0.02)
        if random.random() < weather.reader_late:
            self._story.note("reader_late")
            delay_s = random.uniform(*LATE_S)
        cuts = self._cuts
        at_s = loop.time() + delay_s
        for piece in self._pieces(data):
            self._arrives_s = max(at_s, self._arrives_s + 1e-6)
            loop.call_at(self._arrives_s, self._arrive, piece, cuts)
            at_s = self._arrives_s + random.uniform(0.001, 0.02)
            if random.random() < 0.1:
                at_s += random.uniform(0.0, TORN_S)

    def _pieces(self, data: bytes) -> list[bytes]:
        random = self._random
        if random.random() >= self._sky.weather.reader_split or not data:
            return [data]
        self._story.note("reader_split")
        cuts = sorted(random.randint(0, len(data)) for _ in range(random.randint(1, PIECES_MAX)))
        pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        return [piece for piece in pieces if piece]

    def _spoilt(self, data: bytes) -> bytes:
        random, weather, note = self._random, self._sky.weather, self._story.note
        if random.random() < weather.reader_noise:
            note("reader_noise")
            data = random.choice(NOISE) + data
        if data and random.random() < weather.reader_lost:
            note("reader_lost")
            begin = random.randrange(len(data))  # What comes behind it may go on in the next code.
            data = data[:begin] + data[begin + random.randint(1, len(data)) :]
        if data and random.random() < weather.reader_flipped:
            note("reader_flipped")
            at = random.randrange(len(data))
            data = data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
        if random.random() < weather.reader_doubled:
            note("reader_doubled")
            data += data
        data, self._held = self._held + data, b""
        if random.random() < weather.reader_merged:
            note("reader_merged")
            self._held = data
            asyncio.get_running_loop().call_later(HELD_S, self._let_go, data)
            return b""
        return data

    def _let_go(self, held: bytes) -> None:
        if self._held == held and held:
            self._held = b""
            self._send(held)

    def _arrive(self, piece: bytes, cuts: int) -> None:
        if self.is_whole and cuts == self._cuts and self._port is not None and piece:
            self._port.receive(piece)


class SimReader:
    """The real driver of one gateway process, and an onlooker who listens in on its line.

    state: tells in which one the lane is.
    """

    def __init__(
        self, line: ReaderPort, place: tuple[str, str, str], story: Story, state: Callable[[], str]
    ) -> None:
        """place: run, lane and direction."""
        self._line = line
        self._place = place
        self._story = story
        self._state = state
        self._ear = Ear(line.habit, self._heard, partial(story.note, "repeat_heard"))
        self._port = _OverheardPort(line, self._ear)
        self._driver = LineReader(self._port, terminator=line.habit.terminator)

    async def run(self, report: Callable[[base.ReaderReport], None]) -> Never:
        def tell(what: base.ReaderReport) -> None:
            if not self._port.is_dead:
                report(what)

        await self._driver.run(tell)

    def show(self, signal: base.Signal) -> None:
        self._driver.show(signal)

    def die(self) -> None:
        self._port.die()

    def _heard(self, what: Heard) -> None:
        run, lane, direction = self._place
        self._story.saw(
            Scanned(
                at_s=asyncio.get_running_loop().time(),
                run=run,
                lane=lane,
                direction=direction,
                state=self._state(),
                heard=what,
            )
        )


class _OverheardPort(Port):
    def __init__(self, line: ReaderPort, ear: Ear) -> None:
        super().__init__(line)
        self._ear = ear

    async def run(
        self,
        opened: Callable[[], None],
        received: Callable[[bytes, float], None],
        lost: Callable[[str], None],
    ) -> Never:
        def open_anew() -> None:
            self._ear.forget()
            opened()

        def lose(reason: str) -> None:
            self._ear.forget()
            lost(reason)

        try:
            await super().run(open_anew, received, lose)
        finally:
            self._ear.forget()

    def receive(self, data: bytes) -> None:
        if not self.is_dead:
            self._ear.hear(data)
        super().receive(data)

    def die(self) -> None:
        self._ear.forget()
        super().die()
