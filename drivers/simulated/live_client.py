"""One live connection to a broker, which sends at once or not at all."""

import asyncio
import socket
import ssl
from typing import Final
from urllib.parse import SplitResult, urlsplit

import aiomqtt
from paho.mqtt.enums import MQTTErrorCode

from drivers.base import DriverError

# The broker must notice a dead side not long after the other one has (3 s without a heartbeat).
KEEPALIVE_S: Final = 15
# Connecting and subscribing on a site's own network; more than this is a frozen broker.
TIMEOUT_S: Final = 5.0
# Sent and not yet confirmed by the broker: a dozen lanes at their busiest stay below half of it.
IN_FLIGHT_MAX: Final = 64
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}

# Without it a small message waits up to 40 ms for the peer's acknowledgement of the one before.
_NO_DELAY: Final = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def parse_broker(url: str) -> SplitResult:
    """Read `mqtt[s]://[user[:password]@]host[:port]`. Raises DriverError."""
    try:
        broker = urlsplit(url)
        if broker.scheme in _PORTS and broker.hostname and broker.port != 0:
            return broker
    except ValueError:
        pass
    shown = url.rpartition("@")[2]  # Without a password.
    raise DriverError(f"broker {shown!r}: expected mqtt://host:port or mqtts://host:port")


def place(broker: SplitResult) -> str:
    """Return host and port, for people."""
    return f"{broker.hostname}:{_port(broker)}"


def dial(broker: SplitResult, identifier: str, will: aiomqtt.Will | None = None) -> "LiveClient":
    """Return a client for one connection to a broker that was parsed."""
    return LiveClient(
        broker.hostname or "",
        _port(broker),
        identifier=identifier,
        username=broker.username,
        password=broker.password,
        tls=ssl.create_default_context() if broker.scheme == "mqtts" else None,
        will=will,
    )


def _port(broker: SplitResult) -> int:
    return broker.port or _PORTS[broker.scheme]


class LiveClient(aiomqtt.Client):
    """MQTT 3.1.1 with a clean session, for one connection only.

    A new object for each: paho sends again what an old one had not confirmed.
    """

    def __init__(  # noqa: PLR0913 - what a broker account consists of
        self,
        host: str,
        port: int,
        *,
        identifier: str,
        username: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        will: aiomqtt.Will | None = None,
    ) -> None:
        super().__init__(
            host,
            port,
            identifier=identifier,
            username=username,
            password=password,
            tls_context=tls,
            will=will,
            clean_session=True,
            keepalive=KEEPALIVE_S,
            timeout=TIMEOUT_S,
            max_inflight_messages=IN_FLIGHT_MAX,
            max_queued_outgoing_messages=IN_FLIGHT_MAX,
            socket_options=[_NO_DELAY],
        )
        # A loss that comes while the client is being left would be logged as never retrieved.
        self._disconnected.add_done_callback(_retrieve)

    def send(self, topic: str, payload: bytes) -> bool:
        """Write a message with QoS 1, not retained, to the socket now; False if it cannot."""
        return self._client.publish(topic, payload, qos=1).rc is MQTTErrorCode.MQTT_ERR_SUCCESS

    def drop(self) -> None:
        """Break the connection without a goodbye, as a power cut does: the broker says the will."""
        connection = self._client.socket()
        if isinstance(connection, socket.socket):
            connection.shutdown(socket.SHUT_RDWR)


def _retrieve(disconnected: asyncio.Future[None]) -> None:
    if not disconnected.cancelled():
        disconnected.exception()
