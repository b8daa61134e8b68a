"""What drivers get of the connection to the device broker, over a broker without a network."""

import asyncio
import contextlib

import pytest

from drivers.base import Inbound
from gatewayd.core.backoff import Backoff
from gatewayd.mqtt.device_messages import UNCONFIRMED_MAX, DeviceMessages
from gatewayd.ports import BrokerError, Message, Receipt
from tests.sim import loop as sim


class SimBroker:
    """Fills the ports `Broker` and `BrokerLink`; `down` is why nobody can connect."""

    def __init__(self):
        self.down = None
        self.connects_count = 0
        self.filters = []
        self.refused_filters = set()
        self.published = []
        self.receipt = Receipt()
        self.confirms = asyncio.Event()
        self.confirms.set()
        self.arrived = asyncio.Queue()
        self.window = 20

    @contextlib.asynccontextmanager
    async def connect(self, will):
        assert will is None
        if self.down is not None:
            raise BrokerError(self.down)
        self.connects_count += 1
        self.filters = []
        self.arrived = asyncio.Queue()
        yield self

    async def subscribe(self, topic_filter):
        if topic_filter in self.refused_filters:
            raise BrokerError(f"no subscription to {topic_filter}")
        self.filters.append(topic_filter)

    async def publish(self, message):
        self.published.append(message)
        await self.confirms.wait()
        if self.down is not None:
            raise BrokerError(self.down)
        return self.receipt

    def messages(self):
        return self

    def __aiter__(self):
        return self

    async def __anext__(self):
        message = await self.arrived.get()
        if message is None:
            raise BrokerError(self.down or "the connection was cut")
        return message

    def say(self, topic, payload=b"x", *, is_retained=False):
        self.arrived.put_nowait(Message(topic, payload, is_retained=is_retained))

    def cut(self, down=None):
        self.down = down
        self.arrived.put_nowait(None)


class Listener:
    def __init__(self):
        self.inbound = []
        self.links = []

    def receive(self, inbound):
        self.inbound.append(inbound)

    def link(self, is_up):
        self.links.append(is_up)


def connected(test):
    """Run the coroutine in virtual time over a connection that is up."""

    def run(caplog):
        async def main():
            broker, listener = SimBroker(), Listener()
            messages = DeviceMessages(broker, Backoff(1.0, 8.0, lambda: 1.0))
            messages.subscribe("a/+", listener.receive, listener.link)
            task = asyncio.create_task(messages.run())
            await asyncio.sleep(0)
            await asyncio.sleep(0.01)
            assert listener.links == [True]
            try:
                await test(broker, messages, listener)
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

        caplog.set_level("INFO")
        sim.run(main())

    run.__name__ = test.__name__
    return run


@connected
async def test_messages_go_to_all_who_asked_for_them(broker, messages, listener):
    other = Listener()
    messages.subscribe("a/1", other.receive, other.link)
    await asyncio.sleep(0.01)
    broker.say("a/1", b"old", is_retained=True)
    broker.say("a/2")
    broker.say("b")
    await asyncio.sleep(0.01)
    assert [inbound.topic for inbound in listener.inbound] == ["a/1", "a/2"]
    assert other.inbound == [Inbound("a/1", b"old", is_retained=True)]
    assert broker.filters == ["a/+", "a/1"]


@connected
async def test_subscribing_the_same_again_changes_nothing(broker, messages, listener):
    messages.subscribe("a/+", listener.receive, listener.link)
    await asyncio.sleep(0.01)
    broker.say("a/1")
    await asyncio.sleep(0.01)
    assert len(listener.inbound) == 1
    assert listener.links == [True]


@connected
async def test_publishes_leave_in_their_order_with_qos_1_and_not_retained(
    broker, messages, listener
):
    assert messages.publish("a/1", b"1")
    assert messages.publish("a/2", b"2")
    await asyncio.sleep(0)
    assert broker.published == [Message("a/1", b"1", qos=1), Message("a/2", b"2", qos=1)]


@connected
async def test_a_publish_without_a_connection_is_refused_and_never_sent(broker, messages, listener):
    broker.cut("broker away")
    await asyncio.sleep(0.1)
    assert not messages.publish("a/1", b"x")
    broker.down = None
    await asyncio.sleep(10)
    assert listener.links == [True, False, True]
    assert broker.published == []
    assert messages.publish("a/1", b"y")


@connected
async def test_no_more_are_taken_than_may_wait_for_a_receipt(broker, messages, listener):
    broker.confirms.clear()
    taken = [messages.publish("a", b"x") for _ in range(UNCONFIRMED_MAX + 1)]
    assert taken == [True] * UNCONFIRMED_MAX + [False]
    await asyncio.sleep(0.01)
    broker.confirms.set()
    await asyncio.sleep(0.01)
    assert messages.publish("a", b"x")


@connected
async def test_a_loss_with_publishes_under_way_frees_their_places(broker, messages, listener):
    broker.confirms.clear()
    for _ in range(UNCONFIRMED_MAX):
        messages.publish("a", b"x")
    await asyncio.sleep(0.01)
    broker.cut()
    await asyncio.sleep(5)
    broker.confirms.set()
    assert messages.publish("a", b"x")


@connected
async def test_a_publish_that_the_connection_loses_is_nobodys_error(broker, messages, listener):
    broker.confirms.clear()
    messages.publish("a", b"x")
    await asyncio.sleep(0.01)
    broker.down = "cut in the middle"
    broker.confirms.set()
    await asyncio.sleep(0.01)
    assert listener.links == [True]  # Until it is found where messages are read.


@connected
async def test_a_driver_that_publishes_when_it_hears_of_the_loss_is_refused(
    broker, messages, listener
):
    taken = []
    listener.link = lambda is_up: taken.append(messages.publish("a", b"x"))
    messages.subscribe("c", listener.receive, listener.link)
    await asyncio.sleep(0.01)
    broker.cut()
    await asyncio.sleep(0.01)
    assert taken == [True, False]


@connected
async def test_retries_come_with_growing_pauses_and_start_anew_after_a_stable_time(
    broker, messages, listener
):
    await asyncio.sleep(10)
    broker.cut("away")
    await asyncio.sleep(1 + 2 + 4 + 8 + 8 + 0.5)
    # Told at the loss and after each try; the pauses were 1, 2, 4, 8, 8 seconds.
    assert listener.links == [True] + [False] * 6
    broker.down = None
    await asyncio.sleep(8)
    assert listener.links[-1] is True


def test_an_outage_is_logged_once_and_its_end_with_its_length(caplog):
    @connected
    async def outage(broker, _messages, _listener):
        broker.cut("mosquitto is away")
        await asyncio.sleep(4)
        broker.down = None
        await asyncio.sleep(8)

    outage(caplog)
    told = [(record.message, record.fields) for record in caplog.records]
    assert told == [
        ("device_broker_up", {"outage_s": 0.0}),
        ("device_broker_lost", {"reason": "mosquitto is away", "settings": "[device_broker]"}),
        ("device_broker_up", {"outage_s": 7.0}),
    ]


def test_a_refused_publish_is_an_error_that_names_the_topic(caplog):
    @connected
    async def refuse(broker, messages, _listener):
        broker.receipt = Receipt(0x87)
        messages.publish("a/1", b"x")
        await asyncio.sleep(0.01)

    refuse(caplog)
    (record,) = [one for one in caplog.records if one.message == "device_broker_publish_refused"]
    assert record.fields["topic"] == "a/1"


@connected
async def test_a_refused_subscription_ends_the_connection_and_is_tried_again(
    broker, messages, listener
):
    other = Listener()
    broker.refused_filters.add("secret")
    messages.subscribe("secret", other.receive, other.link)
    await asyncio.sleep(0.1)
    assert not messages.publish("a", b"x")
    assert other.links == [False]
    broker.refused_filters.clear()
    await asyncio.sleep(10)
    assert other.links[-1] is True


def test_what_a_driver_raises_ends_the_run():
    async def main():
        broker = SimBroker()
        messages = DeviceMessages(broker, Backoff(1.0, 8.0, lambda: 1.0))
        messages.subscribe("a", lambda _: 1 / 0, lambda _: None)
        task = asyncio.create_task(messages.run())
        await asyncio.sleep(0.01)
        broker.say("a")
        with pytest.raises(ExceptionGroup) as raised:
            await task
        assert raised.group_contains(ZeroDivisionError)

    sim.run(main())
