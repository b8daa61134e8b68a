"""Listens for a while at the broker of a centre, to what its gates tell of themselves."""

import asyncio
from contextlib import suppress

from gatewayd.app.errors import MISUSE, EarlyEnd
from gatewayd.core.fleet import Fleet, compare
from gatewayd.core.trust import NATIONAL
from gatewayd.mqtt.account import Account
from gatewayd.mqtt.broker import AiomqttBroker
from gatewayd.mqtt.topics import VERSION_ROOT
from gatewayd.ports import BrokerError
from gatewayd.runtime.blocking import ThreadBlocking

_HEARD = ("state", "occupancy", "health")


def filters(place: str) -> list[str]:
    """Return what to subscribe to for the gates of a place: `/`, or up to three names."""
    names = [] if place == NATIONAL else place.split("/")
    levels = [*names, "+", "+", "+"][:3]
    return [f"{VERSION_ROOT}/{'/'.join(levels)}/up/{one}" for one in _HEARD]


def listen(account: Account, place: str, seconds: float) -> Fleet:
    """Return what the gates of a place have in force (blocks). Raises EarlyEnd."""
    with ThreadBlocking() as blocking:
        broker = AiomqttBroker(account, blocking)
        try:
            return asyncio.run(_listen(broker, place, seconds))
        except* BrokerError as errors:
            raise EarlyEnd(str(errors.exceptions[0]), MISUSE) from errors
    raise AssertionError("it returns or raises")


async def _listen(broker: AiomqttBroker, place: str, seconds: float) -> Fleet:
    heard: dict[str, bytes] = {}
    async with broker.connect(None) as link:
        for topic_filter in filters(place):
            await link.subscribe(topic_filter)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for message in link.messages():
                    heard[message.topic] = message.payload
    return compare(heard)
