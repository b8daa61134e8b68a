"""How a controller offers sessions, keeps the one in force, and refuses what is not of it.

On a shared line it answers what has no session at once, and holds all else until the host gives it
the word; the last frame of what it says then gives the word back.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmware_protocol import bodies
from firmware_protocol.channel import Channel
from firmware_protocol.frames import Deframer, Frame, Noise, encode
from firmware_protocol.messages import (
    NONCE_SIZE,
    Auth,
    AuthOk,
    Hello,
    HelloAck,
    Malformed,
    Message,
    NoSession,
)

NOSESS_MS = 100
"""At most ten a second: enough to greet again at once, no food for a flood."""


@dataclass(frozen=True, slots=True)
class Proven:
    """The host has the key: a new session is in force, the old one is gone."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """A session that was offered and not yet proven; the one in force stays until then."""

    channel: Channel
    transcript: bytes


UNSAID_SIZE_MAX = 1024
"""Bytes that wait for the word: more than a whole window of entries, and all of it comes again."""


class DeviceLink:
    """Bytes in, authentic messages out."""

    def __init__(
        self,
        psk: bytes,
        *,
        token: Callable[[int], bytes],
        introduce: Callable[[bytes, int], HelloAck],
        address: int = 0,
    ) -> None:
        """introduce: makes the answer to a Hello, from the device's nonce and the uptime.

        address: 1..126 on a shared line, 0 on one of its own.
        """
        self._address = address
        self._psk = psk
        self._token = token
        self._introduce = introduce
        self._deframer = Deframer()
        self._channel: Channel | None = None
        self._offer: _Offer | None = None
        self._refused_at_ms = -NOSESS_MS
        self._data = bytearray()
        self._unsaid = bytearray()
        self._has_word = False
        self.noise_count = 0
        self.forged_count = 0

    @property
    def has_session(self) -> bool:
        return self._channel is not None

    @property
    def has_word(self) -> bool:
        """Whether anything may be said that answers no frame of the host."""
        return self._has_word or not self._is_shared

    def take_word(self) -> None:
        """Note that the host asked for all there is to say (Ping)."""
        self._has_word = True

    def give_word_back(self) -> None:
        """Say all that waited for the word; the last of it must be a State."""
        self._data += self._unsaid
        self._unsaid.clear()
        self._has_word = False

    def take_data(self) -> bytes:
        """Return what is to be sent, once."""
        data = bytes(self._data)
        self._data.clear()
        return data

    def start(self) -> None:
        """Say that no session is known, so that a host need not find out."""
        if not self._is_shared:
            self._refuse(0)

    def feed(self, data: bytes, now_ms: int) -> Iterator[Message | Malformed | Proven]:
        """Yield each message before the next frame is taken; take them all.

        So the `ack` of an answer names the frame that it answers.
        """
        for found in self._deframer.feed(data):
            match found:
                case Noise():
                    self.noise_count += 1
                case Frame():
                    message = self._take(found, now_ms)
                    if message is not None:
                        yield message

    def send(self, message: Message) -> None:
        """Send in the session in force; without one there is nobody to send to."""
        if self._channel is None:
            return
        frame = self._channel.seal(message)
        if self._is_shared:
            self._hold(frame)
        else:
            self._say(frame)

    @property
    def _is_shared(self) -> bool:
        return self._address != 0

    def _say(self, frame: Frame) -> None:
        self._data += encode(frame)

    def _hold(self, frame: Frame) -> None:
        if len(self._unsaid) > UNSAID_SIZE_MAX:
            self._unsaid.clear()
        self._unsaid += encode(frame)

    def _take(self, frame: Frame, now_ms: int) -> Message | Malformed | Proven | None:
        if frame.is_from_device or frame.address != self._address:
            return None  # Our own echo, or for another device on the line.
        if not frame.mac:
            self._greet(frame, now_ms)
            return None
        if self._offer is not None and frame.session == self._offer.channel.session:
            return self._prove(self._offer, frame)
        if self._channel is None or frame.session != self._channel.session:
            if now_ms >= self._refused_at_ms + NOSESS_MS:
                self._refused_at_ms = now_ms
                self._refuse(frame.session)
            return None
        if not self._channel.accept(frame):
            self.forged_count += 1
            return None
        return bodies.decode(frame.kind, frame.body)

    def _greet(self, frame: Frame, now_ms: int) -> None:
        hello = bodies.decode(frame.kind, frame.body)
        if not isinstance(hello, Hello):
            return
        nonce = self._token(NONCE_SIZE)
        nonces, session = hello.nonce + nonce, self._draw_session()
        channel = Channel(self._psk, nonces, session, is_device=True, address=self._address)
        offered = channel.seal(self._introduce(nonce, now_ms), frame.content())
        self._offer = _Offer(channel, frame.content() + offered.content())
        self._say(offered)

    def _prove(self, offer: _Offer, frame: Frame) -> Proven | None:
        is_auth = isinstance(bodies.decode(frame.kind, frame.body), Auth)
        if not is_auth or not offer.channel.accept(frame, offer.transcript):
            self.forged_count += 1
            return None
        self._channel, self._offer = offer.channel, None
        self._unsaid.clear()  # What the old session did not say any more.
        self._say(offer.channel.seal(AuthOk()))
        return Proven()

    def _draw_session(self) -> int:
        current = 0 if self._channel is None else self._channel.session
        while (session := int.from_bytes(self._token(4), "little")) in {0, current}:
            pass
        return session

    def _refuse(self, session: int) -> None:
        kind, body = bodies.encode(NoSession())
        refusal = Frame(
            kind=kind, is_from_device=True, session=session, address=self._address, body=body
        )
        self._say(refusal)
