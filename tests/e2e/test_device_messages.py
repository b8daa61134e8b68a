"""The drivers' connection over a real mosquitto."""

import asyncio
import contextlib

import pytest

from gatewayd.core.backoff import Backoff
from gatewayd.mqtt.account import Account
from gatewayd.mqtt.broker import AiomqttBroker
from gatewayd.mqtt.device_messages import DeviceMessages
from tests.e2e.eventually import eventually
from tests.e2e.mosquitto import Mosquitto
from tests.unit.doubles import InlineBlocking

pytestmark = pytest.mark.broker


class Listener:
    def __init__(self):
        self.inbound = []
        self.links = []

    def receive(self, inbound):
        self.inbound.append(inbound)

    def link(self, is_up):
        self.links.append(is_up)


@contextlib.asynccontextmanager
async def running(port):
    account = Account(host="127.0.0.1", port=port, client_id="gateway")
    broker = AiomqttBroker(account, InlineBlocking())
    messages = DeviceMessages(broker, Backoff(0.1, 0.2, lambda: 0.0))
    task = asyncio.create_task(messages.run())
    try:
        yield messages
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_messages_come_and_go_and_nothing_is_queued_over_an_outage(tmp_path):
    mosquitto = Mosquitto(tmp_path)
    mosquitto.start()
    listener = Listener()
    try:
        async with running(mosquitto.port) as messages:
            messages.subscribe("a/+", listener.receive, listener.link)
            await eventually(lambda: listener.links == [True])
            assert messages.publish("a/1", b"before")
            await eventually(lambda: len(listener.inbound) == 1)
            mosquitto.kill()
            await eventually(lambda: listener.links[-1] is False)
            assert not messages.publish("a/1", b"into the void")
            mosquitto.start()
            await eventually(lambda: listener.links[-1] is True)
            assert messages.publish("a/1", b"after")
            await eventually(lambda: len(listener.inbound) == 2)
    finally:
        mosquitto.kill()
    assert [inbound.payload for inbound in listener.inbound] == [b"before", b"after"]
    assert not any(inbound.is_retained for inbound in listener.inbound)
