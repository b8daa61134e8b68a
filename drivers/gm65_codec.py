"""The frames of the GM65 family of readers (Grow GM65, GM67, GM805, GM861), pure.

Commands: 7E 00, type, size, address (16 bits), data, CRC. Answers: 02 00, type (0: done), size,
data, CRC; the one to a heartbeat begins with 03 instead of 02. The CRC is CRC-16/XMODEM over all
from the type to the data. Codes come as they are (plain), or as 03, size (16 bits), bytes
(enclosed); they have no checksum. Sources: manual of the GM65, page 34, and what Tasmota's driver
of the GM861 logs.
"""

import re
from binascii import crc_hqx
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from drivers.framers import (
    CODE_SIZE_MAX,
    Empty,
    Fragment,
    Frame,
    Framed,
    LineFramer,
    Overlong,
    Terminator,
    silence_s,
    without_aim,
)

# The largest QR code holds 7089 digits (ISO/IEC 18004, table 7): a longer size is noise.
ENCLOSED_SIZE_MAX: Final = 7089


class CodeOutput(StrEnum):
    """How the reader sends a code. An enclosed one is told from noise."""

    ENCLOSED = "enclosed"
    PLAIN = "plain"


# --- commands ---


def read_zone(address: int, count: int) -> bytes:
    """Ask for `count` bytes of the settings from an address on."""
    return _command(0x07, address, bytes([count]))


def write_zone(address: int, data: bytes) -> bytes:
    """Change settings until the power goes."""
    return _command(0x08, address, data)


def save_zones() -> bytes:
    """Keep the settings in flash, which survives the power and wears."""
    return _command(0x09, 0x0000, b"\0")


def heartbeat() -> bytes:
    return _command(0x0A, 0x0000, b"\0")


def _command(kind: int, address: int, data: bytes) -> bytes:
    body = bytes([kind, len(data)]) + address.to_bytes(2, "big") + data
    return b"\x7e\0" + body + crc(body)


def crc(body: bytes) -> bytes:
    return crc_hqx(body, 0).to_bytes(2, "big")


# --- answers and codes ---


@dataclass(frozen=True, slots=True)
class Answer:
    """data: what was read; a zero byte where nothing was asked for."""

    is_done: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class HeartbeatAnswered:
    pass


Gm65Event = Answer | HeartbeatAnswered | Framed


class Gm65Decoder:
    """Bytes in, answers and codes out, whatever the chunks they come in; holds at most one code.

    A Fragment stands for bytes that are neither. Silence is only what `expire` was told of.
    """

    def __init__(self, output: CodeOutput, baudrate: int) -> None:
        # Inside a frame the line is never silent for as long as it is between two.
        self._gap_s = silence_s(Terminator.NONE, baudrate)
        is_plain = output is CodeOutput.PLAIN
        self._plain = LineFramer(Terminator.AUTO, self._gap_s) if is_plain else None
        self._held = bytearray()
        self._noise_size = 0
        self._last_s = 0.0

    @property
    def deadline_s(self) -> float | None:
        """When to call `expire`, if no byte comes before; None while there is nothing to end."""
        if self._held or self._noise_size:
            return self._last_s + self._gap_s
        return self._plain.deadline_s if self._plain is not None else None

    def feed(self, data: bytes, now_s: float) -> list[Gm65Event]:
        """Take bytes that were read at `now_s`; return what they completed, in order."""
        if data:
            self._last_s = now_s
        self._held += data
        return self._take(is_over=False)

    def expire(self, now_s: float) -> list[Gm65Event]:
        """End what has had its silence; nothing happens before `deadline_s`."""
        if self.deadline_s is None or now_s < self.deadline_s:
            return []
        # Noise that looked like the begin of a frame may hide a whole one.
        events = [*self._take(is_over=True), *self._noise()]
        return events if self._plain is None else [*events, *self._plain.expire(now_s)]

    def _take(self, *, is_over: bool) -> list[Gm65Event]:
        events: list[Gm65Event] = []
        while self._held:
            size = self._frame_size()
            if size > len(self._held) and not is_over:
                break
            event = self._frame(size) if 0 < size <= len(self._held) else None
            if event is None:
                events += self._pass_over()
            else:
                del self._held[:size]
                events += [*self._noise(), event]
        return events

    def _frame_size(self) -> int:
        """Return how many bytes the frame has that begins here, or at least has; 0 if none does."""
        head = bytes(self._held[:4])
        if head.startswith(_ANSWERS) and len(head) == 4:
            # None is empty, and the CRC, which begins with 0, does not tell a leading 0 from none.
            return 6 + head[3] if head[3] else 0
        if head.startswith(_ANSWERS):
            return 4
        if any(begin.startswith(head) for begin in _ANSWERS):
            return len(head) + 1
        if self._plain is not None or not head.startswith(_CODE):
            return 0
        size = int.from_bytes(head[1:3], "big") if len(head) >= 3 else 0
        return 3 + size if size <= ENCLOSED_SIZE_MAX else 0

    def _frame(self, size: int) -> Gm65Event | None:
        frame = bytes(self._held[:size])
        if not frame.startswith(_ANSWERS):
            return self._enclosed(frame[3:])
        body, check = frame[2:-2], frame[-2:]
        if check != crc(body):
            return None
        return HeartbeatAnswered() if frame.startswith(_CODE) else Answer(body[0] == 0, body[2:])

    def _enclosed(self, data: bytes) -> Framed:
        code = without_aim(data)
        if len(code) > CODE_SIZE_MAX:
            return Overlong(len(data), self._last_s)
        return Frame(code, self._last_s) if code else Empty()

    def _pass_over(self) -> list[Gm65Event]:
        """Take the bytes up to where the next frame may begin: a plain code, or noise."""
        found = _MAY_BEGIN.search(self._held, 1)
        end = found.start() if found else len(self._held)
        run = bytes(self._held[:end])
        del self._held[:end]
        if self._plain is not None:
            return list(self._plain.feed(run, self._last_s))
        # A reader that is set to end its codes does so after enclosed ones too.
        self._noise_size += len(run if self._noise_size else run.lstrip(b"\r\n"))
        return []

    def _noise(self) -> list[Gm65Event]:
        size, self._noise_size = self._noise_size, 0
        return [Fragment(size)] if size else []


_CODE: Final = b"\x03"
# A code of 0 bytes is none, so what begins with the last is the answer to a heartbeat.
_ANSWERS: Final = (b"\x02\0", b"\x03\0\0")
_MAY_BEGIN: Final = re.compile(b"[\x02\x03]")
