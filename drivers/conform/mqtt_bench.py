"""A host on an MQTT broker that can also say what no host may say."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, Never, Protocol

from drivers.base import DriverError
from drivers.conform.bench import Bench, Wanted
from drivers.conform.words import Hands, Unmet
from firmware_protocol.messages import State
from firmware_protocol.mqtt_binding import FromDevice, read_device, write
from firmware_protocol.mqtt_device import HOST_LOST_MS
from firmware_protocol.mqtt_freshness import CHALLENGE_SIZE, Freshness, Stamp
from firmware_protocol.mqtt_messages import Ack, Gone, Heartbeat, HostMessage, Open, Publication
from firmware_protocol.mqtt_seal import Refusal, Refused, Sender, derive_key
from firmware_protocol.words import Command, Direction

# A device that has just started beats within a second, and echoes the greeting at once.
MEET_S: Final = 3.0
# As often as a host may greet, and as it looks for entries to acknowledge.
PACE_S: Final = 0.2
CHALLENGE_S: Final = 0.5


class BrokerLine(Protocol):
    """A connection to the broker that is kept, with what the device says subscribed to."""

    async def run(
        self,
        opened: Callable[[], None],
        received: Callable[[str, bytes, bool], None],
        lost: Callable[[str], None],
    ) -> Never:
        """received: topic, payload, and whether the broker had kept the message."""
        ...

    def publish(self, publication: Publication) -> None: ...


@dataclass(frozen=True, slots=True)
class Beat:
    message: Heartbeat
    stamp: Stamp
    at_s: float
    is_fresh: bool
    """It echoes a challenge of ours, so the device hears us."""


class MqttBench(Bench):
    """Speaks the MQTT binding, message by message."""

    reply_s = 1.5
    host_lost_s = HOST_LOST_MS / 1000
    expired_ttl_ms = 0
    poll_s = PACE_S

    def __init__(
        self,
        broker: BrokerLine,
        device: str,
        psk: bytes,
        hands: Hands,
        token: Callable[[int], bytes],
    ) -> None:
        super().__init__(hands, token)
        self.device = device
        self.host_key = derive_key(psk, Sender.HOST)
        self.device_key = derive_key(psk, Sender.DEVICE)
        self.beats: list[Beat] = []
        self._broker = broker
        self._opened = asyncio.Event()
        self._loss = ""
        self._is_silent = True
        self._is_forged = False
        self._session = ""
        self._counter = 0
        self._freshness = Freshness(token)
        self._nonce = ""
        self._nonce_at_s = 0.0
        self._greeted_at_s = 0.0
        self._beat: Beat | None = None
        self._upto = 0
        self._told_upto = 0
        self._beat_news = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["MqttBench"]:
        """Keep the connection; raises DriverError, in a group, if the broker cannot be reached."""
        async with asyncio.TaskGroup() as tasks:
            connection = self._broker.run(self._open, self._receive, self._lose)
            keeping = tasks.create_task(connection, name="conform-broker")
            acknowledging = tasks.create_task(self._keep_acknowledging(), name="conform-ack")
            try:
                await self._opened.wait()
                if self._loss:
                    raise DriverError(self._loss)
                yield self
            finally:
                keeping.cancel()
                acknowledging.cancel()

    # --- the binding ---------------------------------------------------------------------------

    async def begin(self) -> None:
        self._session, self._counter = self.token(CHALLENGE_SIZE).hex(), 0
        self._freshness, self._nonce = Freshness(self.token), ""
        self._is_silent = False
        try:
            await self.beat("heartbeat that echoes a hello", lambda it: it.is_fresh, MEET_S)
        except Unmet:
            if not self._is_forged:
                raise
            raise Unmet(f"the MACs of {self.device} are not those of the key") from None

    async def connect(self) -> None:
        if self._is_silent:
            await self.begin()

    def fall_silent(self) -> None:
        self._is_silent = True

    async def send_open(
        self, grant: bytes, direction: Direction, unlock_ms: int, ttl_ms: int
    ) -> None:
        beat = self.last_beat
        is_over = ttl_ms <= self.expired_ttl_ms
        if is_over:
            await asyncio.sleep(PACE_S)
        age_ms = _ms(asyncio.get_running_loop().time() - beat.at_s)
        from_beat_ms = age_ms // 2 if is_over else age_ms + ttl_ms
        order = Open(Command(grant, direction), unlock_ms, from_beat_ms)
        self.say(self.sealed(order, self.stamp(echo=beat.message.nonce)))

    async def order(self, message: Wanted) -> None:
        self.say(self.sealed(message))

    async def acknowledge(self, upto: int) -> None:
        self.say(self.sealed(self.ack(upto)))

    async def ask(self) -> State:
        return (await self.greet()).message.state

    @property
    def is_there(self) -> bool:
        return self._beat is not None

    async def boots(self) -> int:
        return self.last_beat.message.boot

    # --- speaking ------------------------------------------------------------------------------

    @property
    def last_beat(self) -> Beat:
        """The newest one of a device that hears us; its nonce is the challenge to echo."""
        assert self._beat is not None, "a session comes first"
        return self._beat

    def stamp(self, *, echo: str | None = None) -> Stamp:
        """Return that of the next message; it echoes the newest challenge unless told another."""
        self._counter += 1
        return Stamp(self._session, self._counter, echo or self.last_beat.message.nonce)

    def sealed(self, message: HostMessage, stamp: Stamp | None = None) -> Publication:
        return write(self.host_key, self.device, message, stamp or self.stamp())

    def say(self, publication: Publication) -> None:
        self._broker.publish(publication)

    def ack(self, upto: int = 0, *, is_hello: bool = False) -> Ack:
        """Make an answer to the newest heartbeat, with a challenge that is not older than 1 s."""
        now_s = asyncio.get_running_loop().time()
        if not self._nonce or is_hello or now_s - self._nonce_at_s > CHALLENGE_S:
            self._nonce, self._nonce_at_s = self._freshness.challenge(_ms(now_s)), now_s
        return Ack(self._nonce, self.beats[-1].message.log, upto, is_hello)

    async def greet(self) -> Beat:
        """Say hello and return the heartbeat that answers it: made when all before was taken."""
        hello = self.ack(is_hello=True)
        self.say(self.sealed(hello))
        return await self.beat("heartbeat after a hello", lambda it: it.stamp.echo == hello.nonce)

    # --- hearing -------------------------------------------------------------------------------

    async def beat(
        self, what: str, test: Callable[[Beat], bool], within_s: float | None = None
    ) -> Beat:
        """Return the next such heartbeat. Raises Unmet: `what` is missing."""
        within_s = self.reply_s if within_s is None else within_s
        count = len(self.beats)
        try:
            async with asyncio.timeout(within_s):
                while True:
                    for beat in self.beats[count:]:
                        if test(beat):
                            return beat
                    self._beat_news.clear()
                    await self._beat_news.wait()
        except TimeoutError:
            raise Unmet(self._loss or f"no {what} in {within_s:g} s") from None

    def _open(self) -> None:
        self._loss = ""
        self._opened.set()

    def _lose(self, reason: str) -> None:
        self._loss = reason
        self._opened.set()

    def _receive(self, topic: str, payload: bytes, is_retained: bool) -> None:  # noqa: FBT001 - called by the line
        match read_device(self.device_key, self.device, topic, payload):
            case None:
                pass
            case Refused(reason, detail):
                self._is_forged = self._is_forged or reason is Refusal.FORGED
                self.mistakes.append(f"a message that is {reason}: {detail}")
            case FromDevice() | Gone() if is_retained:
                self.mistakes.append(f"a retained message on {topic}")
            case Gone() as gone:
                self.hear(gone)
            case FromDevice(stamp, message):
                self._take(stamp, message)

    def _take(self, stamp: Stamp, message: object) -> None:
        now_s = asyncio.get_running_loop().time()
        is_fresh = self._freshness.accept(stamp, _ms(now_s)) is not None
        if isinstance(message, Heartbeat):
            self._take_beat(Beat(message, stamp, now_s, is_fresh))
        elif is_fresh:
            self.hear(message)

    def _take_beat(self, beat: Beat) -> None:
        self.beats.append(beat)
        if beat.is_fresh:
            if self._beat is not None and self._beat.message.log != beat.message.log:
                self.entries.clear()
                self._upto = self._told_upto = 0
            self._beat = beat
            self._upto = max(self._upto, beat.message.state.first - 1)
            self.hear(beat.message.state)
        if not self._is_silent:
            self._answer(beat)
        self._beat_news.set()

    def _answer(self, beat: Beat) -> None:
        if beat.is_fresh:
            self.say(self.sealed(self.ack(self._told_upto)))
        elif beat.at_s >= self._greeted_at_s + PACE_S:
            self._greeted_at_s = beat.at_s
            hello = self.ack(is_hello=True)
            self.say(self.sealed(hello, self.stamp(echo=beat.message.nonce)))

    async def _keep_acknowledging(self) -> Never:
        while True:
            await asyncio.sleep(PACE_S / 2)
            while self._upto + 1 in self.entries:
                self._upto += 1
            if not self._is_silent and self.is_acknowledging and self._upto > self._told_upto:
                self._told_upto = self._upto
                self.say(self.sealed(self.ack(self._upto)))


def _ms(time_s: float) -> int:
    return round(1000 * time_s)
