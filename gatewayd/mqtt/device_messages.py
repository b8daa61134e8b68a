"""The connection to the device broker that turnstile drivers share: live messages, none queued."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Never

from aiomqtt import Topic

from drivers.base import Inbound
from gatewayd.core.backoff import Backoff
from gatewayd.ports import Broker, BrokerError, BrokerLink, Message

log = logging.getLogger(__name__)

# Sent and without a receipt: a dozen lanes at their busiest stay below half of it.
UNCONFIRMED_MAX: Final = 64
# A connection that lasted longer than this starts a new outage when it is lost.
STABLE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Subscription:
    topic_filter: str
    receive: Callable[[Inbound], None]
    link: Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class _Live:
    """A connection and the group that its publishes run in."""

    broker: BrokerLink
    tasks: asyncio.TaskGroup


class DeviceMessages:
    """Implements `drivers.base.Messages`. What callbacks raise ends `run`.

    `link` is called with True once its own subscription is in force, and with False at each loss
    and when the first connection cannot be made. Subscribing the same callbacks again changes
    nothing. A broker may deliver what two filters match twice.
    """

    def __init__(self, broker: Broker, backoff: Backoff) -> None:
        self._broker = broker
        self._backoff = backoff
        self._live: _Live | None = None
        self._unconfirmed_count = 0
        self._subscriptions: list[_Subscription] = []
        self._asked = asyncio.Event()

    async def run(self) -> Never:
        """Stay connected until cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        lost_s: float | None = None
        while True:
            started_s = loop.time()
            try:
                async with self._broker.connect(None) as link:
                    outage_s = 0.0 if lost_s is None else round(loop.time() - lost_s, 1)
                    log.info("device_broker_up", extra={"fields": {"outage_s": outage_s}})
                    lost_s = None
                    await self._serve(link)
            except* BrokerError as errors:
                if lost_s is None:
                    lost_s = loop.time()
                    fields = {"reason": str(errors.exceptions[0]), "settings": "[device_broker]"}
                    log.warning("device_broker_lost", extra={"fields": fields})
            for subscription in self._subscriptions:
                subscription.link(False)  # noqa: FBT003 - the shape of drivers.base.Messages
            failures = 1 if loop.time() - started_s > STABLE_S else failures + 1
            await asyncio.sleep(self._backoff.delay_s(failures))

    def publish(self, topic: str, payload: bytes) -> bool:
        if self._live is None or self._unconfirmed_count == UNCONFIRMED_MAX:
            return False
        self._unconfirmed_count += 1
        sending = self._send(self._live.broker, Message(topic, payload))
        self._live.tasks.create_task(sending, name="device_broker_publish")
        return True

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

    async def _serve(self, link: BrokerLink) -> None:
        """Return never, but raise BrokerError with the loss of the connection."""
        async with asyncio.TaskGroup() as tasks:
            self._live = _Live(link, tasks)
            self._unconfirmed_count = 0
            tasks.create_task(self._keep_subscribed(link), name="device_broker_subscribe")
            with self._until_lost():
                async for message in link.messages():
                    self._deliver(message)

    async def _keep_subscribed(self, link: BrokerLink) -> Never:
        done: list[_Subscription] = []
        while True:
            self._asked.clear()
            for subscription in [one for one in self._subscriptions if one not in done]:
                with self._until_lost():
                    await link.subscribe(subscription.topic_filter)
                done.append(subscription)
                subscription.link(True)  # noqa: FBT003 - the shape of drivers.base.Messages
            await self._asked.wait()

    async def _send(self, link: BrokerLink, message: Message) -> None:
        try:
            receipt = await link.publish(message)
        except BrokerError:
            return  # The end of the connection is told where it is read.
        finally:
            self._unconfirmed_count -= 1
        if receipt.is_refused:
            fields = {"topic": message.topic, "reason": "the broker's ACL must let this user write"}
            log.error("device_broker_publish_refused", extra={"fields": fields})

    def _deliver(self, message: Message) -> None:
        inbound = Inbound(message.topic, message.payload, message.is_retained)
        topic = Topic(message.topic)
        for subscription in self._subscriptions:
            if topic.matches(subscription.topic_filter):
                subscription.receive(inbound)

    @contextmanager
    def _until_lost(self) -> Iterator[None]:
        """Take no more publishes from the moment of a loss: the group that ran them is ending."""
        try:
            yield
        except BaseException:
            self._live = None
            raise
