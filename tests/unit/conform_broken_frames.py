"""Controllers that each break one rule of sessions or frames on the serial line, by its id."""

from collections.abc import Callable
from dataclasses import replace

from firmware_protocol import bodies
from firmware_protocol.device import Device
from firmware_protocol.device_link import DeviceLink, Proven
from firmware_protocol.frames import VERSION, Deframer, Frame, Noise, cobs_decode
from firmware_protocol.messages import (
    Hello,
    Malformed,
    Open,
    Ping,
)
from firmware_protocol.words import Direction

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT
BROKEN: dict[str, Callable[..., Device]] = {}
"""Makes the controller that breaks a rule, from what a `Device` is made of."""


def breaks(rule: str):
    def note(make):
        assert rule not in BROKEN
        BROKEN[rule] = make
        return make

    return note


class Links(Device):
    """A device with a link of its own making."""

    link: type[DeviceLink]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._link.__class__ = self.link
        self._link.device = self


def with_link(rule: str):
    def note(link: type[DeviceLink]):
        BROKEN[rule] = type(f"Breaks{rule}", (Links,), {"link": link})
        return link

    return note


# --- sessions -----------------------------------------------------------------------------------


@breaks("R1a")
def draws_the_same_nonce(*args, token, **kwargs) -> Device:
    same = b"n" * 16
    return Device(*args, token=lambda size: same if size == 16 else token(size), **kwargs)


@with_link("R1b")
class TakesEveryOffer(DeviceLink):
    offers: list = []  # noqa: RUF012 - of one test

    def _greet(self, frame: Frame, now_ms: int) -> None:
        super()._greet(frame, now_ms)
        self.offers.append(self._offer)

    def _take(self, frame: Frame, now_ms: int):
        for offer in self.offers:
            if frame.session == offer.channel.session and self._channel is not offer.channel:
                return self._prove(offer, frame)
        return super()._take(frame, now_ms)


@with_link("R2a")
class ForgetsItsSessionAtHello(DeviceLink):
    def _greet(self, frame: Frame, now_ms: int) -> None:
        super()._greet(frame, now_ms)
        self._channel = None


@with_link("R2b")
class KeepsOldSessions(DeviceLink):
    def _prove(self, offer, frame: Frame):
        old = self._channel
        proven = super()._prove(offer, frame)
        self.old = old
        return proven

    def _take(self, frame: Frame, now_ms: int):
        old = getattr(self, "old", None)
        if old is not None and frame.session == old.session and old.accept(frame):
            return bodies.decode(frame.kind, frame.body)
        return super()._take(frame, now_ms)


@with_link("R3a")
class SaysNothingToStrangers(DeviceLink):
    def _refuse(self, session: int) -> None:
        pass


@with_link("R3c")
class SaysNothingAtItsBoot(DeviceLink):
    def start(self) -> None:
        pass


@with_link("R4a")
class TakesUnsigned(DeviceLink):
    def _take(self, frame: Frame, now_ms: int):
        message = bodies.decode(frame.kind, frame.body)
        if not frame.mac and not isinstance(message, Hello):
            return message
        return super()._take(frame, now_ms)


class ChecksNoMac(DeviceLink):
    def _take(self, frame: Frame, now_ms: int):
        taken = super()._take(frame, now_ms)
        if taken is None and self._channel and frame.session == self._channel.session:
            return bodies.decode(frame.kind, frame.body)
        return taken


with_link("R4b")(ChecksNoMac)
with_link("R4c")(ChecksNoMac)


class ChecksNoProof(DeviceLink):
    def _prove(self, offer, frame: Frame):
        offer.channel._received = 0
        self._channel, self._offer = offer.channel, None
        self.send(bodies.AuthOk())
        return Proven()


with_link("R4d")(ChecksNoProof)
with_link("R5b")(ChecksNoProof)


@breaks("R5a")
class SpeaksWhatItIsAsked(Device):
    def _introduce(self, nonce: bytes, now_ms: int):
        return replace(super()._introduce(nonce, now_ms), version=VERSION + 6)


# --- frames -------------------------------------------------------------------------------------


class LaxDeframer(Deframer):
    """Finds a frame in everything that can be read as one."""

    def feed(self, data: bytes):
        return [_read(part) for part in data.split(b"\0") if part]


def _read(part: bytes) -> Frame | Noise:
    payload = cobs_decode(part) or b""
    if len(payload) < 15:
        return Noise.SHORT
    content = payload[:-4]
    is_signed = content[0] & 1
    return Frame(
        kind=content[1],
        is_from_device=bool(content[2] & 0x80),
        address=content[2] & 0x7F,
        sequence=int.from_bytes(content[3:5], "little"),
        ack=int.from_bytes(content[5:7], "little"),
        session=int.from_bytes(content[7:11], "little"),
        body=content[11:-8] if is_signed else content[11:],
        mac=content[-8:] if is_signed else b"",
    )


class Lax(Device):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._link._deframer = LaxDeframer()


for _rule in ("R27a", "R27b", "R27c"):
    breaks(_rule)(Lax)


@with_link("R27d")
class HearsEverything(DeviceLink):
    def _take(self, frame: Frame, now_ms: int):
        return super()._take(replace(frame, address=0, is_from_device=False), now_ms)


class WantsWholeFrames(Deframer):
    def feed(self, data: bytes):
        return Deframer().feed(data)


@breaks("R28")
class NeedsFramesAtOnce(Device):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._link._deframer = WantsWholeFrames()


@with_link("R29a")
class KnowsNoLaterVersions(DeviceLink):
    def _take(self, frame: Frame, now_ms: int):
        taken = super()._take(frame, now_ms)
        return None if isinstance(taken, Ping) and frame.body != b"\xa0" else taken


@with_link("R29b")
class Guesses(DeviceLink):
    def _take(self, frame: Frame, now_ms: int):
        taken = super()._take(frame, now_ms)
        if isinstance(taken, Malformed) and frame.kind == 0x20 and len(frame.body) > 18:
            return Open(frame.body[3:19], ENTRY, now_ms + 1_000)
        return taken


@with_link("R30a")
class TakesRepeats(DeviceLink):
    taken: list = []  # noqa: RUF012 - of one test

    def _take(self, frame: Frame, now_ms: int):
        if frame in self.taken:
            return bodies.decode(frame.kind, frame.body)
        self.taken.append(frame)
        return super()._take(frame, now_ms)


@with_link("R30b")
class NeedsEveryFrame(DeviceLink):
    def _take(self, frame: Frame, now_ms: int):
        channel = self._channel
        is_ours = channel is not None and frame.session == channel.session
        if is_ours and frame.sequence != (channel._received + 1) % (1 << 16):
            return None
        return super()._take(frame, now_ms)
