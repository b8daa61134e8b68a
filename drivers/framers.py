"""Where a reader's code begins and ends in the bytes of a serial line (pure: no clock, no I/O)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# The longest alphanumeric QR code: version 40-L (ISO/IEC 18004, table 7).
CODE_SIZE_MAX: Final = 4296
# A code with its AIM id (3 bytes) and the CR of CRLF.
LINE_SIZE_MAX: Final = CODE_SIZE_MAX + 4
# USB adapters hold bytes back for up to 16 ms, so a shorter gap would cut codes in two.
IDLE_S_MIN: Final = 0.030
# A gap of 20 characters is more than any reader makes inside a code; 8N1 is 10 bits each.
IDLE_BITS: Final = 20 * 10
# No reader pauses so long inside a code or before its suffix, and a person still waits for it.
SILENCE_S: Final = 1.0


class Terminator(StrEnum):
    """How the reader ends a code.

    AUTO: CR, LF or CRLF end a code, STX..ETX enclose one. A code that nothing ends is taken after
    1 s of silence, so a reader without suffix works too, slowly; NONE makes it quick.
    CR, LF, CRLF, TAB, STX_ETX: only this; what stays without it for 1 s is a fragment, dropped.
    NONE: silence ends a code, see `silence_s`. CR and LF belong to it.
    """

    AUTO = "auto"
    CR = "cr"
    LF = "lf"
    CRLF = "crlf"
    TAB = "tab"
    STX_ETX = "stx_etx"
    NONE = "none"


class Aim(StrEnum):
    """What becomes of the AIM id that a reader may send before a code."""

    STRIP = "strip"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Frame:
    """A complete code, as bytes: readers send any code page, and binary codes exist."""

    code: bytes
    at_s: float
    """When its last byte came, before any silence that ended it."""


@dataclass(frozen=True, slots=True)
class Overlong:
    """A code beyond CODE_SIZE_MAX, `size` bytes as they came; they were dropped as they came."""

    size: int
    at_s: float


@dataclass(frozen=True, slots=True)
class Empty:
    """A line without a code."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """Bytes that never became a code: the terminator did not come. Dropped."""

    size: int


Framed = Frame | Overlong | Empty | Fragment


def silence_s(terminator: Terminator, baudrate: int, idle_ms: int = 0) -> float:
    """Return the silence after which a code without terminator is over; `idle_ms` can raise it."""
    if terminator is Terminator.NONE:
        return max(IDLE_S_MIN, IDLE_BITS / baudrate, idle_ms / 1000)
    return max(SILENCE_S, idle_ms / 1000)


def without_aim(code: bytes) -> bytes:
    """Return a code without the AIM id before it, if there is one."""
    return _AIM_ID.sub(b"", code)


class LineFramer:
    """Bytes in, codes out, whatever the chunks they come in; holds at most one code.

    Silence is only what `expire` was told of, so a caller that was held up reads the bytes that
    wait for it first and cuts no code in two.
    """

    def __init__(
        self, terminator: Terminator, gap_s: float = SILENCE_S, aim: Aim = Aim.STRIP
    ) -> None:
        """`gap_s` comes from `silence_s`."""
        assert gap_s > 0
        self._terminator = terminator
        self._gap_s = gap_s
        self._aim = aim
        self._buffer = bytearray()
        self._size = 0
        self._last_byte = b""
        self._last_s = 0.0
        self._is_enclosed = False
        self._may_follow = b""

    @property
    def deadline_s(self) -> float | None:
        """When to call `expire`, if no byte comes before; None while there is nothing to end."""
        return self._last_s + self._gap_s if self._is_begun else None

    def feed(self, data: bytes, now_s: float) -> list[Framed]:
        """Take bytes that were read at `now_s`; return what they completed, in order."""
        if data:
            self._last_s = now_s
        framed: list[Framed] = []
        start = 0
        for mark in _MARKS[self._terminator].finditer(data):
            self._keep(data[start : mark.start()])
            framed += self._step(mark.group())
            start = mark.end()
        self._keep(data[start:])
        return framed

    def expire(self, now_s: float) -> list[Framed]:
        """End what has had its silence; nothing happens before `deadline_s`."""
        if self.deadline_s is None or now_s < self.deadline_s:
            return []
        if self._terminator in {Terminator.AUTO, Terminator.NONE}:
            return [self._end()]
        return [self._drop()]

    @property
    def _is_begun(self) -> bool:
        return self._size > 0 or self._is_enclosed

    def _step(self, mark: bytes) -> list[Framed]:
        if self._skips(mark):
            return []
        match self._terminator:
            case Terminator.AUTO:
                return self._step_auto(mark)
            case Terminator.CR | Terminator.LF | Terminator.TAB:
                return [self._end()]
            case Terminator.CRLF:
                return self._step_crlf(mark)
            case Terminator.STX_ETX:
                return self._step_enclosed(mark)
            case Terminator.NONE:  # pragma: no cover  (its pattern matches nothing)
                raise AssertionError("no byte is a mark here")

    def _step_auto(self, mark: bytes) -> list[Framed]:
        if self._is_enclosed:
            return self._step_enclosed(mark) if mark == ETX else self._keep(mark)
        if mark in {CR, LF}:
            ended = self._end()
            self._may_follow = LF if mark == CR else b""
            return [ended]
        # Only where a line begins: inside one, STX is a byte of a binary code.
        if mark == STX and not self._is_begun:
            self._is_enclosed = True
            return []
        return self._keep(mark)

    def _step_crlf(self, mark: bytes) -> list[Framed]:
        if self._last_byte != CR:
            return self._keep(mark)
        self._size -= 1
        del self._buffer[self._size :]
        return [self._end()]

    def _step_enclosed(self, mark: bytes) -> list[Framed]:
        if mark == STX:
            torn = [self._drop()] if self._size else []
            self._is_enclosed = True
            return torn
        if mark == ETX and self._is_enclosed:
            ended = self._end()
            self._may_follow = EOT + CR + LF
            return [ended]
        return self._keep(mark)

    def _skips(self, mark: bytes) -> bool:
        """Tell whether the mark only completes the terminator before it."""
        _, found, self._may_follow = self._may_follow.partition(mark)
        return found == mark

    def _keep(self, part: bytes) -> list[Framed]:
        """Take bytes into the code; beyond the limit they are only counted."""
        if part:
            self._buffer += part[: LINE_SIZE_MAX - len(self._buffer)]
            self._size += len(part)
            self._last_byte = part[-1:]
            self._may_follow = b""
        return []

    def _end(self) -> Framed:
        line, size = self._clear()
        code = without_aim(line)
        if size > LINE_SIZE_MAX or len(code) > CODE_SIZE_MAX:
            return Overlong(size, self._last_s)
        if not code:
            return Empty()
        return Frame(code if self._aim is Aim.STRIP else line, self._last_s)

    def _drop(self) -> Framed:
        _, size = self._clear()
        return Overlong(size, self._last_s) if size > LINE_SIZE_MAX else Fragment(size)

    def _clear(self) -> tuple[bytes, int]:
        line, size = bytes(self._buffer), self._size
        self._buffer.clear()
        self._size = 0
        self._last_byte = b""
        self._is_enclosed = False
        return line, size


STX: Final = b"\x02"
ETX: Final = b"\x03"
EOT: Final = b"\x04"
TAB: Final = b"\t"
LF: Final = b"\n"
CR: Final = b"\r"

# The bytes that can mean something; all others pass through in one piece.
_MARKS: Final[Mapping[Terminator, re.Pattern[bytes]]] = {
    Terminator.AUTO: re.compile(rb"[\x02\x03\x04\r\n]"),
    Terminator.CR: re.compile(rb"\r"),
    Terminator.LF: re.compile(rb"\n"),
    Terminator.CRLF: re.compile(rb"\n"),
    Terminator.TAB: re.compile(rb"\t"),
    Terminator.STX_ETX: re.compile(rb"[\x02\x03\x04\r\n]"),
    Terminator.NONE: re.compile(rb"(?!)"),
}
# `]`, a letter for the symbology, and its modifier: `]Q1` is a QR code (ISO/IEC 15424).
_AIM_ID: Final = re.compile(rb"\A\][A-Za-z].", re.DOTALL)
