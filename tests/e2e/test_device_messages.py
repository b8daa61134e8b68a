"""The gateway's connection to the device broker against a real mosquitto."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import logging
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from drivers.mqtt_client import IN_FLIGHT_MAX
from gatewayd.mqtt.device_messages import DeviceMessages
from tests.e2e.mosquitto import Mosquitto

pytestmark = pytest.mark.broker


class Listener:
    """What a driver would see."""

    def __init__(self):
        self.inbound = []
        self.links = []

    def receive(self, inbound):
        self.inbound.append(inbound)

    def link(self, is_up):
        self.links.append(is_up)


@pytest.fixture
def mosquitto(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


def connection(broker, **account):
    return DeviceMessages(
        "127.0.0.1", broker.port, identifier="gw", backoff=lambda _: 0.05, **account
    )


@contextlib.asynccontextmanager
async def running(messages):
    task = asyncio.create_task(messages.run())
    try:
        yield messages
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition, timeout_s=5.0):
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)


async def test_what_is_published_comes_to_all_who_asked_for_it(mosquitto):
    both, one = Listener(), Listener()
    messages = connection(mosquitto)
    messages.subscribe("a/+", both.receive, both.link)
    async with running(messages):
        await until(lambda: both.links == [True])
        messages.subscribe("a/1", one.receive, one.link)
        await until(lambda: one.links == [True])
        assert messages.publish("a/1", b"x")
        assert messages.publish("a/2", b"y")
        await until(lambda: len(both.inbound) == 2 and one.inbound)
    assert [inbound.payload for inbound in both.inbound] == [b"x", b"y"]
    assert [(inbound.topic, inbound.is_retained) for inbound in one.inbound] == [("a/1", False)]


async def test_asking_twice_with_the_same_callback_delivers_once(mosquitto):
    listener = Listener()
    messages = connection(mosquitto)
    for _ in range(2):
        messages.subscribe("a", listener.receive, listener.link)
    async with running(messages):
        await until(lambda: listener.links == [True])
        messages.publish("a", b"x")
        messages.publish("a", b"y")
        await until(lambda: len(listener.inbound) >= 2)
    assert len(listener.inbound) == 2


async def test_nothing_is_queued_without_a_connection(mosquitto, caplog):
    listener = Listener()
    messages = connection(mosquitto)
    assert not messages.publish("a", b"too early")
    messages.subscribe("a", listener.receive, listener.link)
    async with running(messages):
        await until(lambda: listener.links == [True])
        mosquitto.stop()
        await until(lambda: listener.links[-1] is False)
        assert not messages.publish("a", b"into the void")
        await asyncio.sleep(0.3)
        mosquitto.start()
        await until(lambda: listener.links[-1] is True)
        assert messages.publish("a", b"now")
        await until(lambda: listener.inbound)
    assert [inbound.payload for inbound in listener.inbound] == [b"now"]
    told = [record.message for record in caplog.records if record.levelno >= logging.INFO]
    assert told.count("device_broker_lost") == 1


async def test_a_broker_that_confirms_nothing_gets_a_bounded_number_of_messages(mosquitto):
    listener = Listener()
    messages = connection(mosquitto)
    messages.subscribe("b", listener.receive, listener.link)
    async with running(messages):
        await until(lambda: listener.links == [True])
        # No await in between: no confirmation can be read.
        taken = [messages.publish("a", b"x") for _ in range(2 * IN_FLIGHT_MAX)]
    assert taken.count(True) == IN_FLIGHT_MAX


async def test_a_retained_message_is_marked(mosquitto):
    subprocess.run(
        ["mosquitto_pub", "-p", str(mosquitto.port), "-t", "a", "-m", "old", "-r"], check=True
    )
    listener = Listener()
    messages = connection(mosquitto)
    messages.subscribe("a", listener.receive, listener.link)
    async with running(messages):
        await until(lambda: listener.inbound)
    assert listener.inbound[0].is_retained


async def test_a_wrong_password_is_told_once_with_what_to_look_at(tmp_path, caplog):
    password_file = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(password_file), "gw", "right"], check=True)
    broker = Mosquitto(
        tmp_path, f"allow_anonymous false\npassword_file {password_file}\nuser root\n"
    )
    broker.start()
    try:
        listener = Listener()
        messages = connection(broker, username="gw", password="wrong")
        messages.subscribe("a", listener.receive, listener.link)
        async with running(messages):
            await until(lambda: listener.links.count(False) >= 3)
        (record,) = [r for r in caplog.records if r.message == "device_broker_lost"]
        assert "ot authori" in record.fields["reason"]
        assert "[device_broker]" in record.fields["reason"]
        messages = connection(broker, username="gw", password="right")
        messages.subscribe("a", listener.receive, listener.link)
        async with running(messages):
            await until(lambda: listener.links[-1] is True)
    finally:
        broker.stop()


async def test_a_refused_subscription_is_an_error_that_names_the_acl(caplog):
    """Mosquitto grants each subscription and filters later, so this broker is ten lines of ours."""

    async def serve(reader, writer):
        await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\x20\x02\x00\x00")
        subscribe = await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\x90\x03" + subscribe[:2] + b"\x80")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    listener = Listener()
    port = server.sockets[0].getsockname()[1]
    messages = DeviceMessages("127.0.0.1", port, identifier="gw", backoff=lambda _: 0.05)
    messages.subscribe("a/#", listener.receive, listener.link)
    async with running(messages):
        await until(lambda: "device_broker_subscription_refused" in caplog.messages)
    assert listener.links == []
    assert "must let this user read a/#" in caplog.records[-1].fields["reason"]
    server.close()
    await server.wait_closed()


async def test_a_broker_that_accepts_and_then_says_nothing_is_given_up_and_left_nothing_behind():
    async def silent(_reader, writer):
        writers.append(writer)

    writers = []
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    listener = Listener()
    messages = DeviceMessages("127.0.0.1", port, identifier="gw", backoff=lambda _: 0.05)
    messages.subscribe("a", listener.receive, listener.link)
    async with running(messages):
        await until(lambda: len(writers) >= 2, timeout_s=10)
        assert listener.links[0] is False
    for writer in writers:
        writer.close()
    server.close()
    await server.wait_closed()


# paho leaves a socket whose TLS handshake failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_tls_with_the_sites_own_authority(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    files = f"certfile {tmp_path}/cert.pem\nkeyfile {tmp_path}/key.pem\n"
    broker = Mosquitto(tmp_path, f"allow_anonymous true\n{files}user root\n")
    broker.start()
    try:
        for authority, is_trusted in [(tmp_path / "cert.pem", True), (None, False)]:
            listener = Listener()
            messages = connection(broker, tls=ssl.create_default_context(cafile=authority))
            messages.subscribe("a", listener.receive, listener.link)
            async with running(messages):
                await until(lambda listener=listener: listener.links)
            assert listener.links[0] is is_trusted
    finally:
        broker.stop()
