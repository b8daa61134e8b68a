"""The broker adapter against a real mosquitto: both versions, receipts, losses, and its sentences."""

import asyncio
import logging
import ssl
from contextlib import asynccontextmanager

import pytest

from gatewayd.mqtt.account import Account, Protocol, Tls
from gatewayd.mqtt.broker import WINDOW_MAX, AiomqttBroker
from gatewayd.ports import BrokerError, HungUpError, Message
from gatewayd.runtime.blocking import ThreadBlocking
from tests.e2e.certificates import Authority
from tests.e2e.eventually import PATIENCE_S, eventually
from tests.e2e.mosquitto import Mosquitto, free_port
from tests.e2e.tcp_proxy import TcpProxy

pytestmark = pytest.mark.broker

ME = "mojokerto/dukcapil/gmsc"
AT_ONCE_S = 5.0  # On a machine with other work: half of what nobody is waited for any longer.
VERSIONS = [Protocol.V5, Protocol.V311]


@pytest.fixture
def blocking():
    with ThreadBlocking() as threads:
        yield threads


@pytest.fixture
def mosquitto(tmp_path):
    with Mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def make(blocking):
    def make_broker(port, host="127.0.0.1", client_id=ME, **account):
        return AiomqttBroker(
            Account(host=host, port=port, client_id=client_id, **account), blocking
        )

    return make_broker


@asynccontextmanager
async def listening(broker, topic_filter="#"):
    """A subscriber of its own; yields the list that fills."""
    arrived = []

    async def listen(link):
        async for message in link.messages():
            arrived.append(message)  # noqa: PERF401 - seen by the test as it grows

    async with broker.connect(None) as link:
        await link.subscribe(topic_filter)
        task = asyncio.create_task(listen(link))
        try:
            yield arrived
        finally:
            task.cancel()


async def reason(broker):
    """Return the sentence of a connection that cannot be made."""
    with pytest.raises(BrokerError) as refused:
        async with broker.connect(None):
            pass
    return str(refused.value)


# --- what it carries -----------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [*VERSIONS, Protocol.AUTO])
async def test_messages_arrive_in_the_order_of_calls_with_a_receipt_each(mosquitto, make, protocol):
    async with listening(make(mosquitto.port, client_id="centre")) as arrived:
        async with make(mosquitto.port, protocol=protocol).connect(None) as link:
            sent = [Message("t", b"%d" % n) for n in range(200)]
            receipts = await asyncio.gather(*(link.publish(message) for message in sent))
        assert {receipt.code for receipt in receipts} == {0}
        await eventually(lambda: len(arrived) == 200)
        assert [message.payload for message in arrived] == [message.payload for message in sent]


async def test_mqtt_5_tells_content_type_expiry_and_that_nobody_listens(mosquitto, make):
    async with make(mosquitto.port, protocol=Protocol.V5).connect(None) as link:
        told = Message("t/a", b"{}", content_type="application/json", expiry_s=60)
        assert (await link.publish(told)).code == 0x10
        async with listening(make(mosquitto.port, client_id="centre"), "t/#") as arrived:
            assert (await link.publish(told)).code == 0
            await eventually(lambda: arrived)
    assert arrived == [told]


@pytest.mark.parametrize("protocol", VERSIONS)
async def test_figures_of_qos_0_are_sent_without_a_receipt(mosquitto, make, protocol):
    async with (
        listening(make(mosquitto.port, client_id="centre")) as arrived,
        make(mosquitto.port, protocol=protocol).connect(None) as link,
    ):
        assert (await link.publish(Message("t", b"1", qos=0))).code == 0
        await eventually(lambda: arrived)
    assert arrived[0].qos == 0


@pytest.mark.parametrize("protocol", VERSIONS)
async def test_the_will_is_retained_when_we_vanish_and_not_told_when_we_say_goodbye(
    mosquitto, make, protocol
):
    will = Message("state", b"lost", is_retained=True)
    async with listening(make(mosquitto.port, client_id="centre")) as arrived:
        async with make(mosquitto.port, protocol=protocol).connect(will):
            pass
        async with (
            TcpProxy(mosquitto.port) as cable,
            make(cable.port, protocol=protocol).connect(will) as link,
        ):
            cable.cut()
            with pytest.raises(BrokerError):
                await link.publish(Message("t", b"never"))
        await eventually(lambda: arrived)
    assert [message.payload for message in arrived] == [b"lost"]
    async with listening(make(mosquitto.port, client_id="late")) as kept:
        await eventually(lambda: kept)
    assert kept[0].is_retained


async def test_a_message_is_acknowledged_when_the_next_one_is_asked_for(make):
    said = bytearray()

    async def serve(reader, writer):
        await reader.read(1000)
        writer.write(b"\x20\x02\x00\x00")  # CONNACK, accepted
        writer.write(b"\x32\x06\x00\x01t\x00\x07a" + b"\x32\x06\x00\x01t\x00\x08b")
        while data := await reader.read(1000):
            said.extend(data)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with make(port, protocol=Protocol.V311).connect(None) as link:
            messages = link.messages()
            assert (await anext(messages)).payload == b"a"
            await asyncio.sleep(0.05)
            assert said == b""
            assert (await anext(messages)).payload == b"b"
            await eventually(lambda: said == b"\x40\x02\x00\x07")  # PUBACK of the first


# --- refusals ------------------------------------------------------------------------------------

RULES = "pattern write own/%u/#\npattern read own/%u/#\n"


async def test_a_refused_publish_is_told_by_mqtt_5(tmp_path, make):
    """Debian's mosquitto 2.0.11 sends the receipt and then hangs up; newer ones stay."""
    rules = tmp_path / "rules.acl"
    rules.write_text(RULES)
    with Mosquitto(tmp_path, f"acl_file {rules}\n", users={"gate": "secret"}) as broker:
        account = {"username": "gate", "password": "secret", "protocol": Protocol.V5}
        async with make(broker.port, **account).connect(None) as link:
            assert not (await link.publish(Message("own/gate/x", b""))).is_refused
            refused = await link.publish(Message("own/other/x", b""))
    assert (refused.code, refused.is_refused) == (0x87, True)


@pytest.mark.parametrize("protocol", [*VERSIONS, Protocol.AUTO])
async def test_a_wrong_password_is_named_with_the_user(tmp_path, make, protocol):
    with Mosquitto(tmp_path, "", users={"gate": "secret"}) as broker:
        why = await reason(make(broker.port, username="gate", password="wrong", protocol=protocol))
        assert f"127.0.0.1:{broker.port} does not let us in with user 'gate'" in why
        assert "password_file" in why
        assert "wrong" not in why
        assert "no user name" in await reason(make(broker.port, protocol=protocol))


async def test_nothing_listening_is_told_at_once(make):
    port = free_port()
    why = await reason(make(port))
    assert why.startswith(f"127.0.0.1:{port} refuses connections: nothing listens there")


async def test_a_name_that_does_not_exist_is_told(make):
    why = await reason(make(1883, host="no-such-name.invalid"))
    assert why.startswith("no-such-name.invalid: no address found for this name")


async def test_something_that_is_no_broker_is_told(make):
    async def answer(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert "check that it is the port of an MQTT broker" in await reason(make(port))


async def test_a_frozen_broker_is_told_in_the_middle_of_connecting(mosquitto, make, monkeypatch):
    monkeypatch.setattr("gatewayd.mqtt.connection.CONNACK_S_MAX", 0.2)
    mosquitto.freeze()
    assert "does not answer as an MQTT broker within" in await reason(make(mosquitto.port))


async def test_waiting_for_a_connection_ends_at_once_when_we_are_told_to_stop(mosquitto, make):
    mosquitto.freeze()
    task = asyncio.create_task(reason(make(mosquitto.port)))
    await asyncio.sleep(0.1)
    task.cancel()
    async with asyncio.timeout(AT_ONCE_S):
        with pytest.raises(asyncio.CancelledError):
            await task


# --- versions ------------------------------------------------------------------------------------


def only_311(reader_writer_answer):
    """A server that gives an answer to CONNECT of MQTT 5, and is a 3.1.1 broker for the rest."""

    async def answer(reader, writer):
        connect = await reader.read(1000)
        if connect[8] == 5:
            writer.write(reader_writer_answer)
        else:
            writer.write(b"\x20\x02\x00\x00")  # CONNACK, accepted
            await reader.read()
        writer.close()

    return asyncio.start_server(answer, "127.0.0.1", 0)


@pytest.mark.parametrize(
    "answer", [b"", b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00"], ids=["hangs up", "old no", "no"]
)
async def test_auto_falls_back_to_311_where_the_broker_has_no_5(make, answer):
    async with await only_311(answer) as server:
        port = server.sockets[0].getsockname()[1]
        async with make(port).connect(None) as link:
            assert link.window == WINDOW_MAX
        why = await reason(make(port, protocol=Protocol.V5))
        assert ("set protocol to auto" in why) == bool(answer)


async def test_auto_falls_back_where_5_is_met_with_silence_and_remembers_it(make, monkeypatch):
    monkeypatch.setattr("gatewayd.mqtt.connection.CONNACK_S_MAX", 0.3)
    versions = []

    async def serve(reader, writer):
        versions.append((await reader.read(1000))[8])
        if versions[-1] == 4:
            writer.write(b"\x20\x02\x00\x00")  # CONNACK, accepted
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        broker = make(server.sockets[0].getsockname()[1])
        async with broker.connect(None):
            assert versions == [5, 4]
        async with broker.connect(None):
            assert versions == [5, 4, 4]


async def test_auto_does_not_fall_back_where_the_broker_once_spoke_5(mosquitto, make):
    broker = make(mosquitto.port)
    async with broker.connect(None):
        pass
    async with await only_311(b"") as server:
        broker._account = Account(
            host="127.0.0.1", port=server.sockets[0].getsockname()[1], client_id=ME
        )
        assert "hangs up without an answer" in await reason(broker)


async def test_the_window_is_what_the_broker_allows(tmp_path, make, mosquitto):
    with Mosquitto(tmp_path, "allow_anonymous true\nmax_inflight_messages 7\n") as narrow:
        async with make(narrow.port, protocol=Protocol.V5).connect(None) as link:
            assert link.window == 7
    async with make(mosquitto.port, protocol=Protocol.V5).connect(None) as link:
        assert link.window == 20  # What mosquitto says unless told otherwise.


async def test_no_more_than_the_window_is_in_flight(tmp_path, make):
    with Mosquitto(tmp_path, "allow_anonymous true\nmax_inflight_messages 7\n") as narrow:
        async with make(narrow.port, protocol=Protocol.V5).connect(None) as link:
            seen = []

            async def publish(n):
                await link.publish(Message("t", b"%d" % n))
                seen.append(len(link._connection._receipts))

            await asyncio.gather(*(publish(n) for n in range(100)))
    assert max(seen) <= 7


# --- losses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", VERSIONS)
async def test_whoever_waits_for_a_receipt_is_told_of_the_loss_at_once(mosquitto, make, protocol):
    async with (
        TcpProxy(mosquitto.port) as cable,
        make(cable.port, protocol=protocol).connect(None) as link,
    ):
        cable.block()
        waiting = [asyncio.create_task(link.publish(Message("t", b"x"))) for _ in range(60)]
        arriving = asyncio.create_task(anext(link.messages()))
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in waiting)
        mosquitto.kill()
        cable.cut()
        async with asyncio.timeout(AT_ONCE_S):
            ends = await asyncio.gather(*waiting, arriving, return_exceptions=True)
        assert {type(end) for end in ends} == {HungUpError}
        with pytest.raises(BrokerError, match="the connection was cut"):
            await link.publish(Message("t", b"x"))


async def test_a_broker_that_freezes_is_given_up_after_the_time_for_a_receipt(
    mosquitto, make, monkeypatch
):
    monkeypatch.setattr("gatewayd.mqtt.connection.RECEIPT_S_MAX", 0.3)
    async with make(mosquitto.port).connect(None) as link:
        mosquitto.freeze()
        async with asyncio.timeout(AT_ONCE_S):
            with pytest.raises(BrokerError, match="the broker hangs: no receipt within"):
                await link.publish(Message("t", b"x"))
    mosquitto.thaw()


async def test_a_line_that_dies_in_silence_is_noticed_though_nothing_is_sent(
    mosquitto, make, monkeypatch
):
    monkeypatch.setattr("gatewayd.mqtt.connection.KEEPALIVE_S", 3)
    async with TcpProxy(mosquitto.port) as cable, make(cable.port).connect(None) as link:
        await asyncio.sleep(3.5)  # A ping goes through.
        cable.block()
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(BrokerError, match="nothing was heard from the broker"):
                await anext(link.messages())


async def test_nothing_of_a_lost_connection_is_sent_by_the_next_one(mosquitto, make):
    async with (
        listening(make(mosquitto.port, client_id="centre"), "t") as arrived,
        TcpProxy(mosquitto.port) as cable,
    ):
        broker = make(cable.port)
        async with broker.connect(None) as link:
            cable.block()
            publishing = asyncio.create_task(link.publish(Message("t", b"old")))
            await asyncio.sleep(0.05)
            cable.cut()
            with pytest.raises(BrokerError):
                await publishing
        cable.unblock()
        async with broker.connect(None) as link:
            await link.publish(Message("t", b"new"))
            await eventually(lambda: arrived)
    assert [message.payload for message in arrived] == [b"new"]


async def test_a_connection_cut_in_the_middle_of_a_message_is_a_loss(mosquitto, make):
    async with (
        listening(make(mosquitto.port, client_id="centre"), "t") as arrived,
        TcpProxy(mosquitto.port) as cable,
        make(cable.port).connect(None) as link,
    ):
        cable.cut_after(500)
        with pytest.raises(BrokerError):
            await link.publish(Message("t", bytes(1000)))
    assert arrived == []


async def test_a_second_client_with_our_id_ends_our_connection(mosquitto, make):
    async with make(mosquitto.port).connect(None) as link, make(mosquitto.port).connect(None):
        with pytest.raises(BrokerError):
            await anext(link.messages())


async def test_a_subscription_that_the_rules_forbid_is_an_error(tmp_path, make):
    async with await only_311(b"") as server:
        port = server.sockets[0].getsockname()[1]
        async with make(port).connect(None) as link:
            subscribing = asyncio.create_task(link.subscribe("dn/#"))
            await asyncio.sleep(0.05)
            link._connection._pending_subscribes.popitem()[1].set_result([0x80])
            with pytest.raises(BrokerError, match="refuses the subscription to dn/#"):
                await subscribing


async def test_a_subscription_does_not_outwait_the_connection(mosquitto, make):
    async with TcpProxy(mosquitto.port) as cable, make(cable.port).connect(None) as link:
        cable.block()
        subscribing = asyncio.create_task(link.subscribe("dn/#"))
        await asyncio.sleep(0.05)
        cable.cut()
        async with asyncio.timeout(AT_ONCE_S):
            with pytest.raises(BrokerError, match="no subscription to dn/#"):
                await subscribing


async def test_the_library_does_not_log_what_is_reported_to_the_caller(mosquitto, make, caplog):
    caplog.set_level(logging.DEBUG)
    async with make(mosquitto.port).connect(None) as link:
        mosquitto.kill()
        with pytest.raises(BrokerError):
            await anext(link.messages())
    assert [record for record in caplog.records if "mqtt" in record.name] == []


# --- TLS -----------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def secured(tmp_path, authority):
    certificate, key = authority.issue("broker", "broker")
    settings = (
        f"cafile {authority.ca_file}\ncertfile {certificate}\nkeyfile {key}\n"
        "require_certificate true\nuse_identity_as_username true\nuse_username_as_clientid true\n"
        "allow_anonymous false\n"
    )
    with Mosquitto(tmp_path, settings) as broker:
        yield broker


def with_files(authority, certificate, key):
    return Tls(ca_file=authority.ca_file, certificate_file=certificate, key_file=key)


@pytest.mark.parametrize("protocol", VERSIONS)
async def test_tls_with_a_client_certificate(secured, authority, make, protocol):
    tls = with_files(authority, *authority.issue("gate", ME))
    async with make(secured.port, tls=tls, protocol=protocol).connect(None) as link:
        receipts = await asyncio.gather(
            *(link.publish(Message("t", bytes(5000))) for _ in range(100))
        )
    assert not any(receipt.is_refused for receipt in receipts)


async def test_a_broker_of_another_authority_is_not_trusted(secured, tmp_path, make):
    other = Authority(tmp_path, "other")
    why = await reason(make(secured.port, tls=with_files(other, *other.issue("gate", ME))))
    assert f"the certificate of 127.0.0.1:{secured.port} is not accepted" in why
    assert "check ca_file" in why


async def test_a_broker_under_another_name_is_not_trusted(secured, authority, make):
    tls = with_files(authority, *authority.issue("gate", ME))
    why = await reason(make(secured.port, host="localhost", tls=tls))
    assert "not valid for 'localhost'" in why
    assert "the name in url" in why


@pytest.mark.parametrize("protocol", [*VERSIONS, Protocol.AUTO])
async def test_a_client_certificate_that_the_broker_does_not_know_is_told(
    secured, authority, tmp_path, make, protocol
):
    stranger = Authority(tmp_path, "stranger").issue("gate", ME)
    why = await reason(make(secured.port, tls=with_files(authority, *stranger), protocol=protocol))
    assert "certificate_file" in why
    nobody = Tls(ca_file=authority.ca_file)
    assert "certificate_file" in await reason(make(secured.port, tls=nobody, protocol=protocol))


async def test_a_port_without_tls_and_one_with_it_are_told_apart(mosquitto, secured, make):
    assert "TLS" in await reason(make(secured.port))
    why = await reason(make(mosquitto.port, tls=Tls()))
    assert "check that it is the broker's TLS port" in why


@pytest.mark.parametrize("content", [None, b"", b"not PEM"])
async def test_files_that_cannot_be_used_are_named(tmp_path, authority, make, content):
    certificate, _ = authority.issue("gate", ME)
    broken = tmp_path / "broken.pem"
    if content is not None:
        broken.write_bytes(content)
    assert f"ca_file {broken} cannot be used" in await reason(make(1, tls=Tls(ca_file=broken)))
    tls = with_files(authority, certificate, broken)
    assert f"key_file {broken} cannot be used" in await reason(make(1, tls=tls))


async def test_a_key_of_another_certificate_is_told(authority, make):
    certificate, _ = authority.issue("gate", ME)
    _, key = authority.issue("other", ME)
    why = await reason(make(1, tls=with_files(authority, certificate, key)))
    assert "must be readable PEM files that belong together" in why
    assert "key values mismatch" in why


async def test_old_tls_is_not_spoken(authority, make, tmp_path):
    certificate, key = authority.issue("broker", "broker")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert "no TLS with" in await reason(make(port, tls=Tls(ca_file=authority.ca_file)))
