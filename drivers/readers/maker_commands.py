"""What makers' readers on a serial line are told, as bytes, and what they answer (pure).

From their manuals: Newland NLS-HR52 pages 35 and 234, Honeywell Xenon/Granit page 77 (escapes of
Host ACK), Datalogic Gryphon GD4400 page 294 and PowerScan page 397. The beep of Newland is from
programs that use it with an FM3281 and an NLS-N1.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from drivers.base import Signal

# A reader answers at once or never; what waits for its end longer is no answer.
ANSWER_S_MAX: Final = 1.0
# Longer than any answer to what is sent here.
ANSWER_SIZE_MAX: Final = 128


class Maker(StrEnum):
    """Whose commands a reader takes."""

    NONE = "none"
    NEWLAND = "newland"
    HONEYWELL = "honeywell"
    DATALOGIC = "datalogic"


def _newland(commands: bytes) -> bytes:
    """Enclose commands; `#` keeps them out of the reader's flash memory, which wears."""
    return b"\x7e\x010000#" + commands + b";\x03"


_NOTHING: Final[Mapping[Signal, bytes]] = {}

# Admitted: a high beep and a light. Refused: a low, long tone. To wait: a short one between them.
FEEDBACK: Final[Mapping[Maker, Mapping[Signal, bytes]]] = {
    Maker.NONE: _NOTHING,
    # BEEPON: hertz, F, milliseconds, T, volume, V. LEDONI0C: its lamp, for milliseconds.
    Maker.NEWLAND: {
        Signal.GO: _newland(b"BEEPON2700F100T20V;LEDONI0C500D"),
        Signal.REFUSED: _newland(b"BEEPON400F300T20V"),
        Signal.WAIT: _newland(b"BEEPON1000F50T20V"),
        Signal.ASK_OFFICER: _newland(b"BEEPON1000F50T20V"),
    },
    # 7 is its own tone for a good read, 2 the green light for 2 s, 8 the error tone, 4 a low beep.
    Maker.HONEYWELL: {
        Signal.GO: b"\x1b7,\x1b2,",
        Signal.REFUSED: b"\x1b8,",
        Signal.WAIT: b"\x1b4,",
        Signal.ASK_OFFICER: b"\x1b4,",
    },
    # 6 and 7 switch the green light, 3 is its own tone for a good read, 5 waits 100 ms, 4 is the
    # tone for a failure, 1 a short low one.
    Maker.DATALOGIC: {
        Signal.GO: b"\x1b[6q\x1b[3q\x1b[5q\x1b[5q\x1b[5q\x1b[7q",
        Signal.REFUSED: b"\x1b[4q",
        Signal.WAIT: b"\x1b[1q",
        Signal.ASK_OFFICER: b"\x1b[1q",
    },
}
"""What each maker's reader shows of a lane's signals; the others are left to the lane's lights."""

TRIGGER: Final[Mapping[Maker, bytes]] = {
    Maker.NONE: b"",
    Maker.NEWLAND: _newland(b"SCNTRG1"),
    Maker.HONEYWELL: b"\x16T\r",
    Maker.DATALOGIC: b"T",
}
"""What makes a reader look for a code until it found one, or for some seconds of its own."""


class AnswerFilter:
    """Takes out of what a Newland reader sends its answers to commands, and leaves the codes.

    The others answer nothing to what is sent here. Holds at most the begin of one answer.
    """

    def __init__(self) -> None:
        self._held = b""
        self._held_s = 0.0

    def feed(self, data: bytes, now_s: float) -> bytes:
        """Take bytes that were read at `now_s`; return those that are no answer, in order."""
        held = self._held if now_s - self._held_s < ANSWER_S_MAX else b""
        came = held + data
        kept = bytearray()
        start = 0
        for answer in _ANSWER.finditer(came):
            kept += came[start : answer.start()]
            start = answer.end()
        begun = _BEGUN.search(came, start)
        end = begun.start() if begun else len(came)
        self._held, self._held_s = came[end:], now_s
        return bytes(kept + came[start:end])


_BODY: Final = rb"[@#][^\x03]{0,%d}" % ANSWER_SIZE_MAX
# STX SOH 0000, what was commanded with ACK, NAK or ENQ in it, ETX.
_ANSWER: Final = re.compile(rb"\x02\x010000" + _BODY + rb"\x03")
_BEGUN: Final = re.compile(rb"\x02(?:\x01(?:0(?:0(?:0(?:0(?:" + _BODY + rb")?)?)?)?)?)?\Z")
