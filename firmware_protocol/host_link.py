"""How the host gets a session with its controller, keeps it alive, and notices that it is gone."""

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
    ) -> None:
        """name: 1..32 printable ASCII characters. token: draws that many random bytes.

        judge: says why a session with this (authentic) device cannot be, or None.
        """
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
        self._reports: list[LinkReport] = []
        self.noise_count = 0
        self.forged_count = 0

    def take_data(self) -> bytes:
        """Return what is to be sent, once."""
        data = bytes(self._data)
        self._data.clear()
        return data

    def open_line(self, now_ms: int) -> None:
        self._is_open = True
        self._deframer = Deframer()
        self._obstacle = None
        self._heard_at_ms = now_ms
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
        if now_ms >= self._heard_at_ms + LOST_MS:
            self._lose(self._obstacle or Loss.SILENT)
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
        suspect_at_ms = self._heard_at_ms + SUSPECT_MS
        times = [suspect_at_ms if self._handshake is None else self._handshake.repeat_at_ms]
        if not self._is_told_lost:
            times.append(self._heard_at_ms + LOST_MS)
        if self._channel is not None:
            times.append(self._ping_at_ms)
        return min(times)

    def send(self, message: Message, *, is_repeat: bool = False) -> int | None:
        """Send in the session in force; return the frame's sequence, None if there is none."""
        if self._channel is None:
            return None
        frame = self._channel.seal(message, is_repeat=is_repeat)
        self._data += encode(frame)
        return frame.sequence

    # --- frames --------------------------------------------------------------------------------

    def _take(self, frame: Frame, now_ms: int) -> None:
        if not frame.is_from_device or frame.address:
            return  # Our own echo, or from another device on the bus.
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
        if isinstance(self._handshake, _Greeting):
            self._handshake = None  # It was only slow.
        message = bodies.decode(frame.kind, frame.body)
        if not isinstance(message, Malformed):
            self._reports.append(Received(message, frame.ack))

    # --- handshake -----------------------------------------------------------------------------

    def _greet(self, now_ms: int, repeat_ms: int) -> None:
        nonce = self._token(NONCE_SIZE)
        kind, body = bodies.encode(Hello(nonce, VERSION, VERSION, self._name))
        hello = Frame(kind=kind, is_from_device=False, body=body)
        self._greeted_at_ms = now_ms
        self._handshake = _Greeting(hello, nonce, repeat_ms, now_ms + repeat_ms)
        self._data += encode(hello)

    def _take_answer(self, frame: Frame, now_ms: int) -> None:
        message = bodies.decode(frame.kind, frame.body)
        handshake = self._handshake
        if isinstance(handshake, _Greeting) and isinstance(message, HelloAck):
            self._prove(handshake, frame, message, now_ms)
        elif isinstance(handshake, _Proving) and isinstance(message, AuthOk):
            self._start(handshake, frame, now_ms)

    def _prove(self, greeting: _Greeting, frame: Frame, offer: HelloAck, now_ms: int) -> None:
        nonces = greeting.nonce + offer.nonce
        channel = Channel(self._psk, nonces, frame.session, is_device=False)
        transcript = greeting.hello.content()
        if not channel.accept(frame, transcript):
            self.forged_count += 1
            self._obstacle = self._obstacle or Loss.KEY
            return
        self._obstacle = self._judge(offer) if offer.version == VERSION else Loss.VERSION
        if self._obstacle is None:
            self._data += encode(channel.seal(Auth(), transcript + frame.content()))
            at_ms = now_ms + greeting.repeat_ms
            self._handshake = _Proving(channel, offer, greeting.repeat_ms, at_ms)

    def _start(self, proving: _Proving, frame: Frame, now_ms: int) -> None:
        if not proving.channel.accept(frame):
            self.forged_count += 1
            return
        self._channel, self._handshake = proving.channel, None
        self._heard_at_ms = now_ms
        self._is_told_lost = False
        self._reports.append(Started(proving.offer))
        self._ping(now_ms)

    def _ping(self, now_ms: int) -> None:
        self._ping_at_ms = now_ms + PING_MS
        self.send(Ping())

    def _lose(self, loss: Loss) -> None:
        self._channel = None
        if not self._is_told_lost:
            self._is_told_lost = True
            self._reports.append(Lost(loss))

    def _take_reports(self) -> list[LinkReport]:
        reports = self._reports.copy()
        self._reports.clear()
        return reports
