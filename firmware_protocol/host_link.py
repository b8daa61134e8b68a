"""How the host gets a session with its controller, keeps it alive, and notices that it is gone.

On a shared line it only speaks in its turns: what it has to say waits for the next one, and what it
says ends with a frame that gives the device the word.
"""

from collections.abc import Callable
from dataclasses import dataclass

from firmware_protocol import bodies
from firmware_protocol.channel import Channel
from firmware_protocol.frames import VERSION, Deframer, Frame, Noise, encode
from firmware_protocol.messages import (
    NONCE_SIZE,
    Auth,
    AuthOk,
    Hello,
    HelloAck,
    Malformed,
    Message,
    NoSession,
    Ping,
    State,
)
from firmware_protocol.reports import Loss

HELLO_MS = 150
HELLO_MS_MAX = 1_200
"""Greeting takes 0.3 kB there and back; it slows down for a line where that takes longer."""

HELLO_MS_MIN = 50
"""A device that says it knows no session is greeted at once, but not in a flood."""

PING_MS = 250
SUSPECT_MS = 500
"""Two pings: a new session is tried beside the old one, whichever answers first."""

LOST_MS = 1_000
"""Four pings: the officer is told within a second that the turnstile is gone."""

SHARED_PING_MS = 100
"""A passage waits for it; eight devices at 115200 baud are asked as often as that."""

SHARED_LOST_MS = 2_000
"""Devices that are gone hold each turn of the others up for 200 ms."""

MISSED_COUNT_MAX = 2
"""Turns without an answer, then a new session is tried."""

_WORD_BACK = frozenset(bodies.LAYOUTS[it].type for it in (HelloAck, AuthOk, NoSession, State))


@dataclass(frozen=True, slots=True)
class Started:
    """A session is in force, the first or a new one; the device says where its log stands."""

    offer: HelloAck


@dataclass(frozen=True, slots=True)
class Lost:
    """Once per outage, at the very start, too."""

    loss: Loss


@dataclass(frozen=True, slots=True)
class Received:
    """ack: low 16 bits of the sequence of the frame that the device had taken last."""

    message: Message
    ack: int


LinkReport = Started | Lost | Received


@dataclass(frozen=True, slots=True)
class _Greeting:
    """Hello was sent and waits for its HelloAck."""

    hello: Frame
    nonce: bytes
    repeat_ms: int
    repeat_at_ms: int


@dataclass(frozen=True, slots=True)
class _Proving:
    """Auth was sent and waits for AuthOk."""

    channel: Channel
    offer: HelloAck
    repeat_ms: int
    repeat_at_ms: int


class HostLink:
    """Bytes in, authentic messages out. The session in force stays until a new one is proven."""

    def __init__(
        self,
        psk: bytes,
        *,
        name: str,
        token: Callable[[int], bytes],
        judge: Callable[[HelloAck], Loss | None],
        address: int = 0,
    ) -> None:
        """name: 1..32 printable ASCII characters. token: draws that many random bytes.

        judge: says why a session with this (authentic) device cannot be, or None. address: the
        device's, 1..126 on a shared line, 0 on one of its own.
        """
        self._address = address
        self._psk = psk
        self._judge = judge
        self._name = name
        self._token = token
        self._is_open = False
        self._deframer = Deframer()
        self._handshake: _Greeting | _Proving | None = None
        self._channel: Channel | None = None
        self._is_told_lost = False
        self._obstacle: Loss | None = None
        """What stood in the way of the present handshake; None if nothing but silence."""
        self._greeted_at_ms = 0
        self._heard_at_ms = 0
        self._ping_at_ms = 0
        self._data = bytearray()
        self._unsaid = bytearray()
        self._turned_at_ms = 0
        self._missed_count = 0
        self._is_answered = True
        self._reports: list[LinkReport] = []
        self.noise_count = 0
        self.forged_count = 0

    @property
    def is_shared(self) -> bool:
        return self._address != 0

    def take_data(self) -> bytes:
        """Return what is to be sent now, once."""
        data = bytes(self._data)
        self._data.clear()
        return data

    def open_line(self, now_ms: int) -> None:
        self._is_open = True
        self._deframer = Deframer()
        self._obstacle = None
        self._heard_at_ms = now_ms
        self._handshake = None
        if not self.is_shared:
            self._greet(now_ms, HELLO_MS)

    def close_line(self) -> list[LinkReport]:
        self._is_open = False
        self._lose(Loss.LINE)
        self._handshake = None
        self._data.clear()
        return self._take_reports()

    def feed(self, data: bytes, now_ms: int) -> list[LinkReport]:
        for found in self._deframer.feed(data):
            match found:
                case Noise():
                    self.noise_count += 1
                case Frame():
                    self._take(found, now_ms)
        return self._take_reports()

    def tick(self, now_ms: int) -> list[LinkReport]:
        if not self._is_open:
            return []
        if now_ms >= self._heard_at_ms + self._lost_ms:
            self._lose(self._obstacle or Loss.SILENT)
        if self.is_shared:
            return self._take_reports()
        if self._channel is not None and now_ms >= self._ping_at_ms:
            self._ping(now_ms)
        if self._handshake is not None:
            if now_ms >= self._handshake.repeat_at_ms:
                self._greet(now_ms, min(2 * self._handshake.repeat_ms, HELLO_MS_MAX))
        elif now_ms >= self._heard_at_ms + SUSPECT_MS:
            self._greet(now_ms, HELLO_MS)
        return self._take_reports()

    def deadline_ms(self) -> int | None:
        """Return when `tick` is due; None while the line is closed."""
        if not self._is_open:
            return None
        times = [] if self._is_told_lost else [self._heard_at_ms + self._lost_ms]
        if not self.is_shared:
            suspect_at_ms = self._heard_at_ms + SUSPECT_MS
            times.append(suspect_at_ms if self._handshake is None else self._handshake.repeat_at_ms)
            times += [] if self._channel is None else [self._ping_at_ms]
        return min(times, default=None)

    def send(self, message: Message, *, is_repeat: bool = False) -> int | None:
        """Send in the session in force; return the frame's sequence, None if there is none."""
        if self._channel is None:
            return None
        frame = self._channel.seal(message, is_repeat=is_repeat)
        if self.is_shared:
            self._unsaid += encode(frame)
        else:
            self._data += encode(frame)
        return frame.sequence

    # --- turns on a shared line ----------------------------------------------------------------

    @property
    def is_answered(self) -> bool:
        """Whether the device gave the word back that `turn` gave it."""
        return self._is_answered

    def turn_at_ms(self) -> int | None:
        """Return when the next turn is due; None while the line is closed."""
        if not self._is_open:
            return None
        if self._unsaid:
            return self._turned_at_ms
        if self._handshake is not None:
            return self._handshake.repeat_at_ms
        return self._turned_at_ms if self._channel is None else self._ping_at_ms

    def turn(self, now_ms: int) -> bytes:
        """Return all there is to say; the last frame of it gives the device the word."""
        assert self._is_open
        self._turned_at_ms = now_ms
        handshake = self._handshake
        is_doubtful = self._channel is None or self._missed_count >= MISSED_COUNT_MAX
        if handshake is not None and now_ms >= handshake.repeat_at_ms:
            self._greet(now_ms, min(2 * handshake.repeat_ms, HELLO_MS_MAX))
        elif handshake is None and is_doubtful:
            self._greet(now_ms, HELLO_MS)
        else:
            self._ping(now_ms)
        self._data[:0] = self._unsaid
        self._unsaid.clear()
        self._is_answered = False
        return self.take_data()

    def miss(self, now_ms: int) -> None:
        """Note that the turn brought no whole answer."""
        self._is_answered = True
        self._missed_count += 1
        self._ping_at_ms = now_ms

    # --- frames --------------------------------------------------------------------------------

    def _take(self, frame: Frame, now_ms: int) -> None:
        if not frame.is_from_device or frame.address != self._address:
            return  # Our own echo, or from another device on the line.
        self._is_answered |= frame.kind in _WORD_BACK
        if not frame.mac:
            self._take_unsigned(frame, now_ms)
        elif self._channel is not None and frame.session == self._channel.session:
            self._take_signed(self._channel, frame, now_ms)
        else:
            self._take_answer(frame, now_ms)

    def _take_unsigned(self, frame: Frame, now_ms: int) -> None:
        if not isinstance(bodies.decode(frame.kind, frame.body), NoSession):
            return
        current = 0 if self._channel is None else self._channel.session
        if frame.session in {0, current} and now_ms >= self._greeted_at_ms + HELLO_MS_MIN:
            # Anybody can say so: the session in force stays until a new one is proven.
            self._greet(now_ms, HELLO_MS)

    def _take_signed(self, channel: Channel, frame: Frame, now_ms: int) -> None:
        if not channel.accept(frame):
            self.forged_count += 1
            return
        self._heard_at_ms = now_ms
        self._missed_count = 0
        if isinstance(self._handshake, _Greeting):
            self._handshake = None  # It was only slow.
        message = bodies.decode(frame.kind, frame.body)
        if not isinstance(message, Malformed):
            self._reports.append(Received(message, frame.ack))

    # --- handshake -----------------------------------------------------------------------------

    def _greet(self, now_ms: int, repeat_ms: int) -> None:
        nonce = self._token(NONCE_SIZE)
        kind, body = bodies.encode(Hello(nonce, VERSION, VERSION, self._name))
        hello = Frame(kind=kind, is_from_device=False, address=self._address, body=body)
        self._greeted_at_ms = now_ms
        self._handshake = _Greeting(hello, nonce, repeat_ms, now_ms + repeat_ms)
        self._say(hello)

    def _take_answer(self, frame: Frame, now_ms: int) -> None:
        message = bodies.decode(frame.kind, frame.body)
        handshake = self._handshake
        if isinstance(handshake, _Greeting) and isinstance(message, HelloAck):
            self._prove(handshake, frame, message, now_ms)
        elif isinstance(handshake, _Proving) and isinstance(message, AuthOk):
            self._start(handshake, frame, now_ms)

    def _prove(self, greeting: _Greeting, frame: Frame, offer: HelloAck, now_ms: int) -> None:
        nonces = greeting.nonce + offer.nonce
        channel = Channel(self._psk, nonces, frame.session, is_device=False, address=self._address)
        transcript = greeting.hello.content()
        if not channel.accept(frame, transcript):
            self.forged_count += 1
            self._obstacle = self._obstacle or Loss.KEY
            return
        self._obstacle = self._judge(offer) if offer.version == VERSION else Loss.VERSION
        if self._obstacle is None:
            self._say(channel.seal(Auth(), transcript + frame.content()))
            at_ms = now_ms + greeting.repeat_ms
            self._handshake = _Proving(channel, offer, greeting.repeat_ms, at_ms)

    def _start(self, proving: _Proving, frame: Frame, now_ms: int) -> None:
        if not proving.channel.accept(frame):
            self.forged_count += 1
            return
        self._channel, self._handshake = proving.channel, None
        self._heard_at_ms = now_ms
        self._missed_count = 0
        self._is_told_lost = False
        self._unsaid.clear()  # Of the old session.
        self._reports.append(Started(proving.offer))
        if self.is_shared:
            self._ping_at_ms = now_ms
        else:
            self._ping(now_ms)

    def _ping(self, now_ms: int) -> None:
        self._ping_at_ms = now_ms + (SHARED_PING_MS if self.is_shared else PING_MS)
        self.send(Ping())

    def _say(self, frame: Frame) -> None:
        """Send a frame that the device has to answer."""
        self._data += encode(frame)
        self._is_answered = False

    @property
    def _lost_ms(self) -> int:
        return SHARED_LOST_MS if self.is_shared else LOST_MS

    def _lose(self, loss: Loss) -> None:
        self._channel = None
        self._unsaid.clear()
        if not self._is_told_lost:
            self._is_told_lost = True
            self._reports.append(Lost(loss))

    def _take_reports(self) -> list[LinkReport]:
        reports = self._reports.copy()
        self._reports.clear()
        return reports
