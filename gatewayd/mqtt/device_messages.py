"""The connection to the device broker that turnstile drivers share: live messages, none queued."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Never

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from drivers.base import Inbound
from drivers.mqtt_client import LiveClient

log = logging.getLogger(__name__)

# A connection that lasted longer than this starts a new outage when it is lost.
STABLE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Subscription:
    topic_filter: str
    receive: Callable[[Inbound], None]
    link: Callable[[bool], None]


class DeviceMessages:
    """Implements `drivers.base.Messages` on MQTT 3.1.1 with clean sessions.

    What callbacks raise ends `run`. Subscribing the same callback again changes nothing.
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
        backoff: Callable[[int], float],
    ) -> None:
        """`backoff` gives the seconds to wait before retry 0, 1, 2 ... of an outage."""
        self._host = host
        self._port = port
        self._identifier = identifier
        self._username = username
        self._password = password
        self._tls = tls
        self._backoff = backoff
        self._client: LiveClient | None = None
        self._subscriptions: list[_Subscription] = []
        self._live: list[_Subscription] = []
        self._asked = asyncio.Event()

    async def run(self) -> Never:
        """Stay connected until cancelled."""
        loop = asyncio.get_running_loop()
        attempt = 0
        lost_s: float | None = None
        while True:
            started_s = loop.time()
            try:
                async with self._new_client() as client:
                    outage_s = 0.0 if lost_s is None else round(loop.time() - lost_s, 1)
                    fields = self._place() | {"outage_s": outage_s}
                    log.info("device_broker_up", extra={"fields": fields})
                    lost_s = None
                    await self._serve(client)
            except* aiomqtt.MqttError as errors:
                if lost_s is None:
                    lost_s = loop.time()
                    reason = f"{errors.exceptions[0]}; look at the broker and at [device_broker]"
                    fields = self._place() | {"reason": reason}
                    log.warning("device_broker_lost", extra={"fields": fields})
            self._leave()
            attempt = 0 if loop.time() - started_s > STABLE_S else attempt
            await asyncio.sleep(self._backoff(attempt))
            attempt += 1

    def publish(self, topic: str, payload: bytes) -> bool:
        return self._client is not None and self._client.send(topic, payload)

    def subscribe(
        self,
        topic_filter: str,
        receive: Callable[[Inbound], None],
        link: Callable[[bool], None],
    ) -> None:
        subscription = _Subscription(topic_filter, receive, link)
        if subscription not in self._subscriptions:
            self._subscriptions.append(subscription)
            self._asked.set()

    def _new_client(self) -> LiveClient:
        return LiveClient(
            self._host,
            self._port,
            identifier=self._identifier,
            username=self._username,
            password=self._password,
            tls=self._tls,
        )

    async def _serve(self, client: LiveClient) -> None:
        self._client = client
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_subscribed(client), name="device_broker_subscriptions")
            async for message in client.messages:
                self._deliver(message)

    async def _keep_subscribed(self, client: LiveClient) -> Never:
        while True:
            self._asked.clear()
            for subscription in [*self._subscriptions]:
                if subscription not in self._live:
                    await self._subscribe(client, subscription)
            await self._asked.wait()

    async def _subscribe(self, client: LiveClient, subscription: _Subscription) -> None:
        self._live.append(subscription)
        (code,) = await client.subscribe(subscription.topic_filter, qos=1)
        if isinstance(code, ReasonCode) and code.is_failure:
            reason = f"{code}; the broker's ACL must let this user read {subscription.topic_filter}"
            fields = self._place() | {"reason": reason}
            log.error("device_broker_subscription_refused", extra={"fields": fields})
        else:
            subscription.link(True)  # noqa: FBT003 - the shape of drivers.base.Messages

    def _deliver(self, message: aiomqtt.Message) -> None:
        assert isinstance(message.payload, bytes)
        inbound = Inbound(str(message.topic), message.payload, message.retain)
        for subscription in [*self._subscriptions]:
            if message.topic.matches(subscription.topic_filter):
                subscription.receive(inbound)

    def _leave(self) -> None:
        self._client = None
        self._live.clear()
        for subscription in [*self._subscriptions]:
            subscription.link(False)  # noqa: FBT003 - the shape of drivers.base.Messages

    def _place(self) -> dict[str, object]:
        return {"broker": f"{self._host}:{self._port}"}
