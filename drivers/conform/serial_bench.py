"""A host on a serial line that can also say what no host may say."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from drivers.conform.bench import Bench, Wanted
from drivers.conform.serial_wire import REPLY_S, BaudLine, Heard, SerialWire
from drivers.conform.words import Hands, Unmet
from firmware_protocol import bodies
from firmware_protocol.channel import Channel
from firmware_protocol.frames import VERSION, Frame, encode
from firmware_protocol.messages import (
    NONCE_SIZE,
    Auth,
    AuthOk,
    ConfigGet,
    EventAck,
    Hello,
    HelloAck,
    Malformed,
    Message,
    Open,
    Ping,
    State,
)
from firmware_protocol.settings import Settings
from firmware_protocol.words import Direction

HOST: Final = "gatewayd conform"
PING_S: Final = 0.1
# A controller that has just got power, or an adapter that has just been opened.
MEET_S: Final = 3.0

TEST_SETTINGS: Final = Settings(unlock_ms=1_000, held_ms=1_000, host_lost_ms=2_000)
"""Short times, so that a test of them is short."""

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Offer:
    """A session that was offered: what it takes to accept it."""

    hello: Frame
    frame: Frame
    message: HelloAck
    channel: Channel

    @property
    def transcript(self) -> bytes:
        return self.hello.content() + self.frame.content()


class SerialBench(Bench):
    """Speaks the serial binding, frame by frame."""

    reply_s = REPLY_S
    host_lost_s = TEST_SETTINGS.host_lost_ms / 1000
    expired_ttl_ms = 0

    def __init__(
        self,
        line: BaudLine,
        psk: bytes,
        hands: Hands,
        token: Callable[[int], bytes],
        *,
        address: int = 0,
    ) -> None:
        super().__init__(hands, token)
        self.psk = psk
        self.address = address
        self.channel: Channel | None = None
        self.device: HelloAck | None = None
        self.wire = SerialWire(line, address, self._take)
        self._is_silent = True
        self._found_settings: Settings | None = None
        self._upto = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["SerialBench"]:
        """Keep the line open and the device alive; at the end it gets its own settings back.

        Raises DriverError, in a group, if the line cannot be opened.
        """
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(self.wire.run(), name="conform-line")
            pinging = tasks.create_task(self._keep_alive(), name="conform-ping")
            try:
                await self.wire.opened()
                try:
                    yield self
                finally:
                    with contextlib.suppress(Unmet):  # The rules have told that.
                        await self._leave()
            finally:
                keeping.cancel()
                pinging.cancel()

    # --- the binding ---------------------------------------------------------------------------

    async def begin(self) -> None:
        await self.accept(await self.greet())

    async def connect(self) -> None:
        if self.channel is None:
            await self.meet(MEET_S)
        if self._is_silent:
            await self.begin()
        if self._found_settings is None:
            self._found_settings = await self.answer(ConfigGet(), Settings)
        await self.answer(TEST_SETTINGS, Settings)

    async def _leave(self) -> None:
        if self._found_settings is not None:
            await self.connect()
            await self.answer(self._found_settings, Settings)

    def fall_silent(self) -> None:
        self._is_silent = True

    async def pause(self) -> None:
        """Say nothing by itself for a moment; the session goes on."""
        self._is_silent = True
        await self.wire.idle()

    def resume(self) -> None:
        self._is_silent = False

    async def send_open(
        self, grant: bytes, direction: Direction, unlock_ms: int, ttl_ms: int
    ) -> None:
        state = await self.ask()
        await self.send(Open(grant, direction, state.uptime_ms + ttl_ms, unlock_ms))

    async def order(self, message: Wanted) -> None:
        await self.send(message)

    async def acknowledge(self, upto: int) -> None:
        await self.send(EventAck(upto))

    async def ask(self) -> State:
        return await self.answer(Ping(), State)

    @property
    def is_there(self) -> bool:
        return self.device is not None

    async def boots(self) -> int:
        assert self.device is not None
        return self.device.boot

    def hello(self) -> Hello:
        return Hello(self.token(NONCE_SIZE), VERSION, VERSION, HOST)

    async def order_to_open(self, grant: bytes) -> Frame:
        """Make an OPEN that would be taken as it is."""
        state = await self.ask()
        return self.seal(Open(grant, Direction.ENTRY, state.uptime_ms + 5_000, 2_000))

    # --- sessions ------------------------------------------------------------------------------

    async def greet(self, hello: Hello | None = None, *, psk: bytes | None = None) -> Offer:
        """Return what the device offers; raises Unmet if it does not, or with another key."""
        hello = hello or self.hello()
        asked = self.unsigned(hello)
        count = len(self.wire.frames)
        await self.wire.say(encode(asked))
        found = await self.wire.frame(HelloAck, count)
        assert isinstance(found.message, HelloAck)
        nonces = hello.nonce + found.message.nonce
        channel = Channel(
            psk or self.psk, nonces, found.frame.session, is_device=False, address=self.address
        )
        if not channel.accept(found.frame, asked.content()):
            raise Unmet("HELLO_ACK with a MAC that is not that of the key and of this HELLO")
        return Offer(asked, found.frame, found.message, channel)

    async def accept(self, offer: Offer) -> None:
        """Prove the key and take the session as ours. Raises Unmet."""
        if self.device is None or self.device.log != offer.message.log:
            self.entries.clear()
            self._upto = 0
        before, self.channel = self.channel, offer.channel
        count = len(self.heard)
        try:
            await self.wire.say(encode(offer.channel.seal(Auth(), offer.transcript)))
            await self.expect_after(count, AuthOk)
        except Unmet:
            self.channel = before
            raise
        self._upto = max(self._upto, offer.message.acknowledged)
        self.device = offer.message
        self._is_silent = False

    def unsigned(self, message: Message) -> Frame:
        kind, body = bodies.encode(message)
        return Frame(kind=kind, is_from_device=False, address=self.address, body=body)

    def seal(self, message: Message) -> Frame:
        """Make the next frame of the session; it counts as sent."""
        assert self.channel is not None, "a session comes first"
        return self.channel.seal(message)

    # --- speaking ------------------------------------------------------------------------------

    async def send(self, message: Message) -> Frame:
        """Say it in the session, and on a shared line have it answered."""
        frame = self.seal(message)
        await self.wire.say(encode(frame), *self.word(after=message))
        return frame

    async def answer(self, message: Message, kind: type[M]) -> M:
        """Send and return the message of a kind that was made when the device had taken it."""
        count = len(self.wire.frames)
        sent = await self.send(message)
        found = await self.wire.frame(kind, count, lambda it: it.frame.ack == sent.sequence)
        assert isinstance(found.message, kind)
        return found.message

    async def expect_after(self, count: int, kind: type[M]) -> M:
        since, self._since = self._since, count
        try:
            return await self.expect(kind, kind.__name__)
        finally:
            self._since = since

    def word(self, after: Message | None = None) -> tuple[bytes, ...]:
        """Return what gives a device on a shared line the word, to be said last."""
        is_needed = self.address and self.channel is not None and not isinstance(after, Ping)
        return (encode(self.seal(Ping())),) if is_needed else ()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(PING_S)
            if self._is_silent or self.channel is None:
                continue
            frames = [*self._acknowledgement(), self.seal(Ping())]
            await self.wire.say(b"".join(encode(frame) for frame in frames))

    def _acknowledgement(self) -> list[Frame]:
        if not self.is_acknowledging:
            return []
        while self._upto + 1 in self.entries:
            self._upto += 1
        return [self.seal(EventAck(self._upto))]

    def _take(self, heard: Heard) -> None:
        channel = self.channel
        if channel is None or not heard.frame.mac or heard.frame.session != channel.session:
            return
        if not channel.accept(heard.frame):
            self.mistakes.append(f"a frame of type {heard.frame.kind:02x} with a wrong MAC")
            return
        if isinstance(heard.message, Malformed):
            self.mistakes.append(heard.message.detail)
            return
        if isinstance(heard.message, State):
            self._upto = max(self._upto, heard.message.first - 1)  # Nothing is left before it.
        self.hear(heard.message)
