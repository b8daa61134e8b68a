"""The session of the driver `ssi`: sets a reader up, answers its codes, watches it (pure).

One command is under way at a time: it is repeated twice, and a reader that answers none of the
three is lost. Codes are acknowledged the moment they are whole, for a reader that gets no answer
drops them.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from drivers.base import Signal
from drivers.framers import Fragment, Framed
from drivers.readers.session import Found, Lost, Output
from drivers.ssi_codec import (
    RESEND,
    RETRANSMITTED,
    Garbled,
    Opcode,
    Packet,
    Source,
    SsiDecoder,
    SsiEvent,
    packet,
)
from drivers.ssi_codes import ACK, SsiCodes

# The reader's own time-out for an answer is 2 s; its answers come within milliseconds.
ANSWER_S: Final = 1.0
# "The host should limit the number of retries"; the reader itself sends three times.
SENDS_MAX: Final = 3
HEARTBEAT_S: Final = 10.0
# After three unanswered commands, 3 s, there is no hurry.
AGAIN_S: Final = 2.0
# What people see of signals that wait longer than one another is the last.
WAITING_MAX: Final = 4

# Wakes a reader that sleeps to spare its battery; it does not get the first byte.
WAKE_UP: Final = b"\0\0"


@dataclass(frozen=True, slots=True)
class Command:
    opcode: Opcode
    data: bytes = b""


_ASK: Final = Command(Opcode.REQUEST_REVISION)
# Without a beep (FF), until the power goes: codes in packets (EE), which are acknowledged (9F).
_SET_UP: Final = (
    _ASK,
    Command(Opcode.PARAM_SEND, bytes([0xFF, 0xEE, 1, 0x9F, 1])),
    Command(Opcode.SCAN_ENABLE),
)

# Beep codes: 00 one short high beep, 05 one short low one, 0F one long low one.
_LIGHT: Final = Command(Opcode.LED_ON, b"\x01")
_DARK: Final = Command(Opcode.LED_OFF, b"\x01")
SHOWN: Final[Mapping[Signal, tuple[Command, ...]]] = {
    Signal.GO: (Command(Opcode.BEEP, b"\x00"), _LIGHT),
    Signal.REFUSED: (Command(Opcode.BEEP, b"\x0f"), _DARK),
    Signal.WAIT: (Command(Opcode.BEEP, b"\x05"),),
    Signal.ASK_OFFICER: (Command(Opcode.BEEP, b"\x05"),),
    Signal.READY: (_DARK,),
}
"""What the reader does at a lane's signal; the others are left to the lane's lights."""


class _Phase(Enum):
    """RESTING: nobody answered; it is tried again."""

    CLOSED = auto()
    STARTING = auto()
    SERVING = auto()
    RESTING = auto()


class SsiSession:
    def __init__(self, port: str, baudrate: int) -> None:
        """`port` is for messages."""
        self._port = port
        self._baudrate = baudrate
        self._decoder = SsiDecoder(baudrate)
        self._codes = SsiCodes()
        self._phase = _Phase.CLOSED
        self._is_loss_told = False
        self._revision = ""
        self._waiting: deque[Command] = deque()
        # The command that waits for its answer until `_until_s`, and how often it was sent.
        self._under_way: Command | None = None
        self._send_count = 0
        self._until_s = 0.0
        self._done = Output()

    @property
    def deadline_s(self) -> float | None:
        """When to call `tick`, if nothing happens before."""
        if self._phase is _Phase.CLOSED:
            return None
        silent_s = self._decoder.deadline_s
        return self._until_s if silent_s is None else min(self._until_s, silent_s)

    def open(self, now_s: float) -> Output:
        self._start(now_s)
        return self._take_done()

    def close(self, reason: str) -> Output:
        self._phase = _Phase.CLOSED
        self._under_way = None
        self._lose(reason)
        return self._take_done()

    def show(self, signal: Signal, now_s: float) -> Output:
        if self._phase is _Phase.SERVING:
            self._waiting.extend(SHOWN.get(signal, ()))
            while len(self._waiting) > WAITING_MAX:
                self._waiting.popleft()
            if self._under_way is None:
                self._send_next(now_s)
        return self._take_done()

    def feed(self, data: bytes, now_s: float) -> Output:
        for event in self._decoder.feed(data, now_s):
            self._meet(event, now_s)
        return self._take_done()

    def tick(self, now_s: float) -> Output:
        for event in self._decoder.expire(now_s):
            self._meet(event, now_s)
        if now_s >= self._until_s:
            self._time_out(now_s)
        return self._take_done()

    # --- what the reader says ---

    def _meet(self, event: SsiEvent, now_s: float) -> None:
        match event:
            case Garbled(size):
                self._done.data += packet(Opcode.CMD_NAK, bytes([RESEND]))
                self._tell(Fragment(size))
            case Packet(source=Source.HOST):
                pass  # An echo of ours.
            case Packet(Opcode.DECODE_DATA | Opcode.MULTIPACKET_SEGMENT):
                taken = self._codes.take(event)
                self._done.data += taken.answer
                for framed in taken.framed:
                    self._tell(framed)
            case Packet(Opcode.EVENT):
                self._done.data += ACK
            case Packet(Opcode.CMD_NAK, data=data) if data == bytes([RESEND]):
                self._repeat(now_s)
            case Packet(Opcode.CMD_ACK | Opcode.CMD_NAK | Opcode.REPLY_REVISION):
                self._answered(event, now_s)
            case Packet():
                pass  # Newer readers have opcodes of their own.

    def _tell(self, framed: Framed) -> None:
        if self._phase is _Phase.SERVING:
            self._done.events.append(framed)

    def _answered(self, answer: Packet, now_s: float) -> None:
        """Go on after an answer; one that refuses (an old reader, another model) is one too."""
        if self._under_way is None:
            return
        if answer.opcode == Opcode.REPLY_REVISION:
            self._revision = answer.data.decode("ascii", errors="replace").strip()
        self._under_way = None
        if self._phase is _Phase.STARTING and not self._waiting:
            self._phase = _Phase.SERVING
            self._is_loss_told = False
            self._done.events.append(Found(self._revision, self._baudrate))
        self._send_next(now_s)

    # --- commands ---

    def _start(self, now_s: float) -> None:
        self._phase = _Phase.STARTING
        self._decoder = SsiDecoder(self._baudrate)
        self._codes = SsiCodes()
        self._waiting = deque(_SET_UP)
        self._done.data += WAKE_UP
        self._send_next(now_s)

    def _send_next(self, now_s: float) -> None:
        """Send what waits; where nothing does, only time goes on."""
        self._until_s = now_s + HEARTBEAT_S
        if self._waiting:
            self._under_way = self._waiting.popleft()
            self._send_count = 0
            self._send(now_s)

    def _send(self, now_s: float) -> None:
        command = self._under_way
        assert command is not None, "there is something to send"
        status = RETRANSMITTED if self._send_count else 0
        self._done.data += packet(command.opcode, command.data, status=status)
        self._send_count += 1
        self._until_s = now_s + ANSWER_S

    def _repeat(self, now_s: float) -> None:
        if self._under_way is not None and self._send_count < SENDS_MAX:
            self._send(now_s)

    def _time_out(self, now_s: float) -> None:
        match self._phase:
            case _Phase.CLOSED:
                pass
            case _Phase.STARTING | _Phase.SERVING:
                self._wait_on(now_s)
            case _Phase.RESTING:
                self._start(now_s)

    def _wait_on(self, now_s: float) -> None:
        if self._under_way is None:
            self._waiting.append(_ASK)
            self._send_next(now_s)
        elif self._send_count < SENDS_MAX:
            self._send(now_s)
        else:
            self._lose(
                f"{self._port}: no SSI reader answers: is it powered, is SSI its host type, and is "
                f"its speed {self._baudrate} baud?"
            )
            self._phase = _Phase.RESTING
            self._under_way = None
            self._until_s = now_s + AGAIN_S

    def _lose(self, reason: str) -> None:
        if not self._is_loss_told:
            self._is_loss_told = True
            self._done.events.append(Lost(reason))

    def _take_done(self) -> Output:
        done, self._done = self._done, Output()
        return done
