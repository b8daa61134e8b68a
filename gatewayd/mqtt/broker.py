"""The port Broker on aiomqtt: connections to the broker of the centre."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiomqtt

from gatewayd.mqtt.account import Account, Protocol, certificate_end, tls_context
from gatewayd.mqtt.connection import (
    MQTT_5,
    MQTT_311,
    Connection,
    RefusedError,
    UnansweredError,
)
from gatewayd.mqtt.dial import dial
from gatewayd.ports import Blocking, BrokerError, BrokerLink, Message, Receipt

WINDOW_MAX = 50  # Fills a line of 100 ms there and back; the library gets slower far above it.
FAILURE_MIN = 0x80  # The reason codes from here up are refusals.

_BAD_VERSION = 0x84


class AiomqttBroker:
    """Implements `ports.Broker`. Every connection is new, without a session and with empty memory.

    With MQTT 3.1.1 a publish that the broker's rules forbid gets a receipt like any other: the
    protocol has no way to tell.
    """

    def __init__(self, account: Account, blocking: Blocking) -> None:
        self._account = account
        self._blocking = blocking
        self._worked: aiomqtt.ProtocolVersion | None = None

    def connect(self, will: Message | None) -> AbstractAsyncContextManager[BrokerLink]:
        return self._connected(will)

    @asynccontextmanager
    async def _connected(self, will: Message | None) -> AsyncIterator[BrokerLink]:
        connection = await self._open(will)
        try:
            yield _Link(connection)
        finally:
            await connection.close()

    async def _open(self, will: Message | None) -> Connection:
        match self._account.protocol:
            case Protocol.V5:
                return await self._open_version(MQTT_5, will)
            case Protocol.V311:
                return await self._open_version(MQTT_311, will)
            case Protocol.AUTO:
                return await self._find_version(will)

    async def _find_version(self, will: Message | None) -> Connection:
        """Try MQTT 5 and then 3.1.1; in the rest of the run, what worked goes first."""
        first, second = (MQTT_311, MQTT_5) if self._worked is MQTT_311 else (MQTT_5, MQTT_311)
        try:
            connection = await self._open_version(first, will)
        except (RefusedError, UnansweredError) as error:
            if not self._may_lack(error):
                raise
            try:
                connection = await self._open_version(second, will)
            except UnansweredError:
                raise error from None  # It does so whatever we speak.
            first = second
        self._worked = first
        return connection

    def _may_lack(self, error: RefusedError | UnansweredError) -> bool:
        """Return whether the broker may lack this version: some say so, others hang up or hang."""
        if isinstance(error, RefusedError):
            return error.code == _BAD_VERSION
        return self._worked is not MQTT_5

    async def _open_version(
        self, version: aiomqtt.ProtocolVersion, will: Message | None
    ) -> Connection:
        account = self._account
        tls = account.tls
        # Read anew for each connection: a renewed certificate needs no restart.
        context = None if tls is None else await self._blocking.run(lambda: tls_context(tls))
        good_until = None if tls is None else await self._blocking.run(lambda: certificate_end(tls))
        connected = await dial(account.host, account.port, context)
        connection = Connection(account, version, will, good_until)
        try:
            await connection.open(connected)
        except BaseException:
            await connection.close()
            raise
        return connection


class _Link:
    """Implements `ports.BrokerLink`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._window = min(WINDOW_MAX, connection.receive_maximum)
        self._slots = asyncio.Semaphore(self._window)

    @property
    def window(self) -> int:
        return self._window

    async def publish(self, message: Message) -> Receipt:
        if message.qos == 0:
            return Receipt(await self._connection.send(message))
        # First come, first served: the broker may cut whoever has more in flight than it allows.
        async with self._slots:
            return Receipt(await self._connection.send(message))

    async def subscribe(self, topic_filter: str) -> None:
        try:
            codes = await self._connection.subscribe(topic_filter, qos=1)
        except aiomqtt.MqttError as error:
            raise BrokerError(f"no subscription to {topic_filter}: {error}") from error
        for code in codes:
            if (code if isinstance(code, int) else code.value) >= FAILURE_MIN:
                raise BrokerError(
                    f"the broker refuses the subscription to {topic_filter} ({code}); its rules "
                    "must let this client read it"
                )

    async def messages(self) -> AsyncIterator[Message]:
        """Yield messages; asking for the next one acknowledges the last.

        One whose handling did not come to its end is so not lost.
        """
        try:
            async for arrived in self._connection.messages:
                yield _message(arrived)
                self._connection.acknowledge(arrived)
        except aiomqtt.MqttError as error:
            raise self._connection.end or BrokerError(str(error)) from error


def _message(arrived: aiomqtt.Message) -> Message:
    properties = arrived.properties
    return Message(
        topic=str(arrived.topic),
        payload=arrived.payload,
        qos=arrived.qos,
        is_retained=arrived.retain,
        content_type=getattr(properties, "ContentType", None),
        expiry_s=getattr(properties, "MessageExpiryInterval", None),
    )
