"""One connection of aiomqtt with the traps of the library closed.

aiomqtt drops the code of a receipt, so that a refused publish looks like an accepted one; it lets
those who wait for a receipt run into their time-outs when the connection is lost; it watches
sockets that may be closed by then. The private names used here are those of aiomqtt 2.5 on
paho-mqtt 2 (docs/adr/0001).
"""

import asyncio
import logging
import socket
from datetime import datetime

import aiomqtt
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gatewayd.mqtt.account import Account
from gatewayd.ports import BrokerError, HungUpError, Message

KEEPALIVE_S = 20  # A dead line is noticed within twice this, and a NAT entry stays alive.
CONNACK_S_MAX = 10.0
RECEIPT_S_MAX = 10.0  # A broker that takes longer is frozen, whatever its TCP says.
GOODBYE_S_MAX = 0.4  # The rest of the run has to end too.
ARRIVED_MAX = 1000  # Messages not yet taken; later ones of QoS 1 come again, being unacknowledged.
RECEIVE_MAXIMUM = 65_535  # What MQTT 5 takes for granted where the broker says nothing.

MQTT_5 = aiomqtt.ProtocolVersion.V5
MQTT_311 = aiomqtt.ProtocolVersion.V311

_OWN_REASONS = frozenset({0x89, 0x8B, 0x98, 0x9C, 0x9D, 0x9F, 0xA0})
"""With which a broker ends a connection for its own sake: busy, stopping, by hand, moved, rates."""

# The library logs each lost connection as an error; whoever reconnects tells it once.
_silent = logging.getLogger(f"{__name__}.library")
_silent.setLevel(logging.CRITICAL + 1)


class RefusedError(BrokerError):
    """The broker answered CONNECT with a no; `code` is the reason code of MQTT 5."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class UnansweredError(BrokerError):
    """The broker hung up, or hung, before it answered CONNECT."""


class Connection(aiomqtt.Client):
    """Made for one connected socket; what is lost is never connected again."""

    def __init__(
        self,
        account: Account,
        version: aiomqtt.ProtocolVersion,
        will: Message | None,
        good_until: datetime | None,
    ) -> None:
        """good_until: the end of our own certificate, told where we are not let in."""
        is_5 = version is MQTT_5
        super().__init__(
            account.host,
            account.port,
            identifier=account.client_id,
            username=account.username,
            password=account.password,
            logger=_silent,
            protocol=version,
            will=None if will is None else _will(will, version),
            # No session: what waited at the broker must never act on a gate. Documents are
            # retained and come again; a command that got lost is asked for again by its sender.
            clean_session=None if is_5 else True,
            clean_start=True if is_5 else MQTT_CLEAN_START_FIRST_ONLY,
            timeout=CONNACK_S_MAX,
            keepalive=KEEPALIVE_S,
            max_inflight_messages=0,  # The window is kept by us; the library's queue stays unused.
            max_queued_incoming_messages=ARRIVED_MAX,
        )
        self.receive_maximum = RECEIVE_MAXIMUM
        self._account = account
        self._good_until = good_until
        self._is_5 = is_5
        self._is_up = False
        self._end: BrokerError | None = None
        self._receipts: dict[int, tuple[asyncio.Future[int], float]] = {}
        self._properties_made: dict[tuple[str | None, int | None], Properties] = {}
        self._client.manual_ack_set(on=True)
        self._listen()

    async def open(self, connected: socket.socket) -> None:
        """Say CONNECT on the socket, which is ours from now on. Raises BrokerError."""
        self._socket = connected
        self._client._create_socket = lambda: connected  # type: ignore[method-assign]  # noqa: SLF001
        self._client_connect()
        try:
            async with asyncio.timeout(CONNACK_S_MAX):
                await self._connected
        except TimeoutError as error:
            raise UnansweredError(
                f"{self._account.place} does not answer as an MQTT broker within "
                f"{CONNACK_S_MAX:.0f} s; check the port in url, and whether the broker hangs"
            ) from error

    def send(self, message: Message) -> asyncio.Future[int]:
        """Write a message out; the future gets the code of its receipt. Raises BrokerError."""
        if self._end is not None:
            raise self._told()
        sent = self._client.publish(
            message.topic,
            message.payload,
            message.qos,
            message.is_retained,
            self._properties_of(message) if self._is_5 else None,
        )
        if sent.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._lose(f"the connection cannot send ({sent.rc.name})")
            raise self._told()
        receipt: asyncio.Future[int] = self._loop.create_future()
        if message.qos == 0:
            receipt.set_result(0)
        else:
            self._receipts[sent.mid] = (receipt, self._loop.time())
        return receipt

    @property
    def end(self) -> BrokerError | None:
        """Why the connection is over; None while it is not."""
        return None if self._end is None else self._told()

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Tell the broker that a message was dealt with; without it, it comes again."""
        self._client.ack(message.mid, message.qos)

    async def close(self) -> None:
        """Say goodbye if there is still somebody to say it to; the will is not published then."""
        if self._end is None and self._is_up:
            self._client.disconnect()
            await asyncio.wait((self._disconnected,), timeout=GOODBYE_S_MAX)
        self._lose("closed by us")

    # --- what the library calls ------------------------------------------------------------------

    def _listen(self) -> None:
        """Take the callbacks of paho over from aiomqtt."""
        paho = self._client
        paho.on_connect = lambda _, __, ___, code, properties: self._answered(code, properties)
        paho.on_disconnect = lambda _, __, flags, code, ___: self._finish(_ending(flags, code))
        paho.on_publish = lambda _, __, mid, code, ___: self._receipted(mid, code)
        # aiomqtt does this later, as from another thread: by then the descriptor may be closed, or
        # be somebody else's.
        paho.on_socket_register_write = lambda _, __, opened: self._loop.add_writer(
            opened.fileno(), self._write
        )
        self._disconnected.add_done_callback(self._library_gave_up)

    def _answered(self, code: ReasonCode, properties: Properties | None) -> None:
        if self._connected.done():
            return
        if code.is_failure:
            sentence = f"{self._account.place} {_refusal(code, self._account)}"
            self._connected.set_exception(RefusedError(code.value, sentence))
            return
        self.receive_maximum = getattr(properties, "ReceiveMaximum", RECEIVE_MAXIMUM)
        self._is_up = True
        self._connected.set_result(None)

    def _receipted(self, mid: int, code: ReasonCode) -> None:
        receipt, _ = self._receipts.pop(mid, (None, 0.0))
        if receipt is not None and not receipt.done():
            receipt.set_result(code.value)

    async def _misc_loop(self) -> None:
        while self._client.loop_misc() is MQTTErrorCode.MQTT_ERR_SUCCESS:
            oldest = next(iter(self._receipts.values()), None)
            if oldest is not None and self._loop.time() - oldest[1] > RECEIPT_S_MAX:
                self._lose(f"the broker hangs: no receipt within {RECEIPT_S_MAX:.0f} s")
            await asyncio.sleep(1)

    def _write(self) -> None:
        try:
            # The library sends each packet by itself; on the line those of one moment go together.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            self._client.loop_write()
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        except Exception as error:  # noqa: BLE001 - an escaped one would close the event loop's writer
            self._lose(f"the connection cannot send ({error})")

    def _library_gave_up(self, disconnected: asyncio.Future[None]) -> None:
        if not disconnected.cancelled() and disconnected.exception() is not None:
            self._lose(f"what the broker sent cannot be read ({disconnected.exception()})")

    # --- the end ---------------------------------------------------------------------------------

    def _lose(self, why: str) -> None:
        """End the connection. Not from within a callback of paho: it would wait for itself."""
        self._client._sock_close()  # noqa: SLF001
        self._finish(BrokerError(why))

    def _finish(self, end: BrokerError) -> None:
        """Tell the end, once, to all who wait. The socket is closed, or paho does it next."""
        if self._end is not None:
            return
        self._end, why = end, str(end)
        if not self._connected.done():
            sentence = (
                f"{self._account.place} hangs up without an answer; check that it is the port of "
                "an MQTT broker, whether it wants TLS, and certificate_file"
            )
            if self._good_until is not None:
                sentence += f" (good until {self._good_until:%Y-%m-%d %H:%M} UTC)"
            self._connected.set_exception(UnansweredError(sentence))
        if not self._disconnected.done():
            self._disconnected.set_exception(aiomqtt.MqttError(why))
        for subscribed in self._pending_subscribes.values():
            if not subscribed.done():
                subscribed.set_exception(aiomqtt.MqttError(why))
        for receipt, _ in self._receipts.values():
            if not receipt.done():
                receipt.set_exception(self._told())
        self._receipts.clear()

    def _told(self) -> BrokerError:
        """Return the end as a new error for each who waits: a raised one collects tracebacks."""
        assert self._end is not None
        return type(self._end)(str(self._end))

    def _properties_of(self, message: Message) -> Properties:
        """Return the properties of a publish, made once for all of its kind."""
        key = (message.content_type, message.expiry_s)
        if key not in self._properties_made:
            self._properties_made[key] = _Packed(_properties(PacketTypes.PUBLISH, message))
        return self._properties_made[key]


class _Packed(Properties):
    """Properties in bytes once and for all: packing them takes a third of a publish."""

    _packed: bytes

    def __init__(self, properties: Properties) -> None:
        super().__init__(properties.packetType)  # type: ignore[no-untyped-call]
        # The library's own assignment knows only names of MQTT.
        packed = properties.pack()  # type: ignore[no-untyped-call]
        object.__setattr__(self, "_packed", packed)

    def pack(self) -> bytes:
        return self._packed


def _will(will: Message, version: aiomqtt.ProtocolVersion) -> aiomqtt.Will:
    properties = _properties(PacketTypes.WILLMESSAGE, will) if version is MQTT_5 else None
    return aiomqtt.Will(will.topic, will.payload, will.qos, will.is_retained, properties)


def _properties(packet: int, message: Message) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    if message.content_type is not None:
        properties.ContentType = message.content_type
    if message.expiry_s is not None:
        properties.MessageExpiryInterval = message.expiry_s
    return properties


def _refusal(code: ReasonCode, account: Account) -> str:
    match code.value:
        case 0x84:
            return "does not speak this version of MQTT; set protocol to auto"
        case 0x85:
            return f"does not accept the client id {account.client_id!r}; check its rules for ids"
        case 0x86 | 0x87 | 0x8C:
            who = "a login" if account.username is None else f"user {account.username!r}"
            return (
                f"does not let us in with {who if account.username else 'no user name'} ({code}); "
                "check username, password_file and certificate_file"
            )
        case _:
            return f"does not take our connection ({code}); ask whoever runs the broker"


def _ending(flags: DisconnectFlags, code: ReasonCode) -> BrokerError:
    if code.getName() == "Session taken over":
        return BrokerError(
            "another client connected with our client id; each gateway needs its own"
        )
    if flags.is_disconnect_packet_from_server:
        sentence = f"the broker ended the connection ({code})"
        return BrokerError(sentence) if code.value in _OWN_REASONS else HungUpError(sentence)
    if code.getName() == "Keep alive timeout":
        return BrokerError(f"nothing was heard from the broker for {KEEPALIVE_S} s")
    return HungUpError("the connection was cut")
