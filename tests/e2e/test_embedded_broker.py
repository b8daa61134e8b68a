"""The broker that comes with the package: what it keeps, what it survives, how it ends."""

import asyncio
import os
import signal
import socket
import subprocess
import sys

import pytest

from gatewayd.mqtt import payloads
from gatewayd.mqtt.account import Account, Protocol
from gatewayd.mqtt.broker import AiomqttBroker
from gatewayd.mqtt.embedded import embedded_broker
from gatewayd.mqtt.payloads import Offline
from gatewayd.ports import BrokerError, Message
from gatewayd.runtime.blocking import ThreadBlocking
from tests.e2e.centre import Centre
from tests.e2e.eventually import eventually
from tests.e2e.mosquitto import free_port
from tests.e2e.tcp_proxy import TcpProxy
from tests.e2e.test_publisher_outage import Gateway

HOST = "127.0.0.1"


@pytest.fixture
def blocking():
    with ThreadBlocking() as threads:
        yield threads


@pytest.fixture
def port():
    return free_port()


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


async def test_it_takes_connections_from_the_first_moment_and_leaves_none_behind(port):
    async with embedded_broker(HOST, port) as broker:
        assert is_open(port)
    assert not is_open(port)
    with pytest.raises(ProcessLookupError):
        os.kill(broker.pid, 0)


async def test_our_adapter_finds_out_that_it_speaks_311(port, blocking):
    account = Account(host=HOST, port=port, client_id="gate", protocol=Protocol.AUTO)
    async with (
        embedded_broker(HOST, port),
        AiomqttBroker(account, blocking).connect(None) as link,
    ):
        await link.subscribe("t/#")
        assert not (await link.publish(Message("t/a", bytes(100_000)))).is_refused
        arrived = await anext(link.messages())
        assert (arrived.topic, len(arrived.payload)) == ("t/a", 100_000)


async def test_it_tells_birth_and_will_and_keeps_the_last_of_them(port, blocking):
    topic = "onegate/v1/a/b/c/up/state"
    will = Message(topic, payloads.offline("run-1", Offline.LOST), is_retained=True)
    birth = Message(topic, payloads.offline("run-1", Offline.STOPPED), is_retained=True)
    async with embedded_broker(HOST, port), TcpProxy(port) as cable:
        account = Account(host=HOST, port=cable.port, client_id="gate", protocol=Protocol.V311)
        with Centre(port) as centre:
            async with AiomqttBroker(account, blocking).connect(will) as link:
                await link.publish(birth)
                await eventually(lambda: len(centre.arrived) == 1)
                cable.cut()
                await eventually(lambda: len(centre.arrived) == 2)
        assert [body["reason"] for _, body in centre.arrived] == ["stopped", "lost"]
        with Centre(port) as late:
            await eventually(
                lambda: [one["reason"] for one in late.states("state")[-1:]] == ["lost"]
            )


@pytest.mark.slow
async def test_an_outage_by_pausing_it_costs_no_event(tmp_path, port, blocking, monkeypatch):
    """The outage of the demo where mosquitto is not to be had.

    What was sent again while it hung it may pass on in another order: only the centre's merge by
    sequence is promised here.
    """
    monkeypatch.setattr("gatewayd.mqtt.connection.RECEIPT_S_MAX", 0.5)
    monkeypatch.setattr("gatewayd.mqtt.connection.CONNACK_S_MAX", 0.5)
    gateway = Gateway(tmp_path, blocking, port, protocol=Protocol.V311)
    async with embedded_broker(HOST, port) as broker, gateway.running():
        with Centre(port) as centre:
            await gateway.append_for(0.5)
            broker.pause()
            await gateway.append_for(4)
            assert gateway.publisher.figures().connected_s is None
            broker.resume()
            await gateway.append_for(0.5)
            await eventually(gateway.is_done)
            head = gateway.journal.head()
            await eventually(lambda: len(centre.events()) == head)
            assert sorted(centre.sequences()) == list(range(1, head + 1))


async def test_a_port_that_is_taken_is_told(port):
    async with embedded_broker(HOST, port):
        with pytest.raises(BrokerError, match=f"{HOST}:{port} .Address already in use"):
            async with embedded_broker(HOST, port):
                pass


async def test_it_ends_with_the_process_that_started_it(port):
    program = (
        "import asyncio, sys\n"
        "from gatewayd.mqtt.embedded import embedded_broker\n"
        "async def main():\n"
        f"    async with embedded_broker('{HOST}', {port}):\n"
        "        print('up', flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout.readline() == b"up\n"
        parent.send_signal(signal.SIGKILL)
    await eventually(lambda: not is_open(port))
    await asyncio.sleep(0)
