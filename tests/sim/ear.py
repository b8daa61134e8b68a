"""Which scans the bytes of a reader make: an onlooker's own reading of the line, beside the driver's.

It reads a burst, which is what comes without a silence, as a whole and again with each piece. What
it finds is what the gateway owes a verdict for: complete codes, those of too many bytes too, but no
empty lines and no code that was held up less than two seconds ago.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.framers import Terminator

CODE_BYTES_MAX = 4296  # Of a QR code.
LINE_BYTES_MAX = 4300  # With what a reader puts around it.
REPEAT_S = 2.0
SILENCE_S = {Terminator.NONE: 0.03}  # At 115200 baud,
SILENCE_S_ELSE = 1.0  # and of all readers that end a code.


@dataclass(frozen=True, slots=True)
class Habit:
    """terminator: what the settings say of the reader. before, after: what it sends so."""

    terminator: Terminator
    before: bytes
    after: bytes

    @property
    def silence_s(self) -> float:
        return SILENCE_S.get(self.terminator, SILENCE_S_ELSE)


HABITS: Sequence[Habit] = (
    Habit(Terminator.CR, b"", b"\r"),
    Habit(Terminator.CRLF, b"]Q1", b"\r\n"),
    Habit(Terminator.AUTO, b"", b"\r\n"),
    Habit(Terminator.AUTO, b"\x02", b"\x03"),
    Habit(Terminator.AUTO, b"", b""),
    Habit(Terminator.NONE, b"", b""),
)


@dataclass(frozen=True, slots=True)
class Heard:
    """One scan. pieces: in how many its bytes came. is_silent: only silence ended it."""

    code: bytes
    pieces: int
    is_silent: bool


class Ear:
    """Of one gateway process, at one reader.

    tell: called at the moment a scan is complete. repeat: where a code comes again too soon.
    """

    def __init__(
        self, habit: Habit, tell: Callable[[Heard], None], repeat: Callable[[], None]
    ) -> None:
        self._habit = habit
        self._tell = tell
        self._repeat = repeat
        self._burst = b""
        self._pieces = 0
        self._told_count = 0
        self._seen_s: dict[bytes, float] = {}
        self._silence: asyncio.TimerHandle | None = None

    def hear(self, data: bytes) -> None:
        self._stop()
        loop = asyncio.get_running_loop()
        self._burst += data
        self._pieces += 1
        lines, rest = split(self._burst, self._habit.terminator)
        for line in lines[self._told_count :]:
            self._take(line, loop.time(), is_silent=False)
            self._pieces = 1 if rest else 0
        self._told_count = len(lines)
        over_s = loop.time() + self._habit.silence_s
        self._silence = loop.call_at(over_s, self._fall_silent, loop.time())

    def forget(self) -> None:
        """Lose the line, or begin on it: half a code of before becomes none with what follows."""
        self._stop()
        self._burst, self._pieces, self._told_count = b"", 0, 0

    def _fall_silent(self, last_s: float) -> None:
        _, rest = split(self._burst, self._habit.terminator)
        is_code = self._habit.terminator in {Terminator.AUTO, Terminator.NONE}
        if is_code or len(rest) > LINE_BYTES_MAX:
            self._take(rest, last_s, is_silent=True)
        self.forget()

    def _take(self, line: bytes, at_s: float, *, is_silent: bool) -> None:
        code = re.sub(rb"\A\][A-Za-z].", b"", line, flags=re.DOTALL)
        if len(line) > LINE_BYTES_MAX or len(code) > CODE_BYTES_MAX:
            code = b"of %d bytes" % len(line)
        if not code:
            return
        before_s = self._seen_s.pop(code, None)
        self._seen_s[code] = at_s  # Now the newest of them.
        while at_s - next(iter(self._seen_s.values())) >= REPEAT_S:
            del self._seen_s[next(iter(self._seen_s))]
        if before_s is None or at_s - before_s >= REPEAT_S:
            self._tell(Heard(code, self._pieces, is_silent))
        else:
            self._repeat()

    def _stop(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None


def split(burst: bytes, terminator: Terminator) -> tuple[list[bytes], bytes]:
    """Return the lines of a burst that have their end, and what follows the last of them."""
    match terminator:
        case Terminator.NONE:
            return [], burst
        case Terminator.CR | Terminator.LF | Terminator.CRLF | Terminator.TAB:
            *lines, rest = burst.split(_ENDS[terminator])
            return lines, rest
        case Terminator.AUTO:
            return _split_auto(burst)
        case Terminator.STX_ETX:
            raise AssertionError("no reader here is set so")


def _split_auto(burst: bytes) -> tuple[list[bytes], bytes]:
    lines: list[bytes] = []
    at = 0
    while found := _AUTO.match(burst, at):
        lines.append(found[1] or found[2] or b"")
        at = found.end()
    return lines, burst[at:].removeprefix(b"\x02")


_ENDS = {
    Terminator.CR: b"\r",
    Terminator.LF: b"\n",
    Terminator.CRLF: b"\r\n",
    Terminator.TAB: b"\t",
}
# Enclosed in STX and ETX, maybe with an EOT behind; or a line that has its end.
_AUTO = re.compile(rb"\x02([^\x03]*)\x03\x04?|([^\x02\r\n][^\r\n]*)?[\r\n]")
