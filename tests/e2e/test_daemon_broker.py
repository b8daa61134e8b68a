"""The centre's broker in bad times: the gate goes on, says what to do, and loses no event."""

import pytest

from tests.e2e.centre import Centre
from tests.e2e.certificates import Authority
from tests.e2e.daemon import Site, issue, until
from tests.e2e.mosquitto import Mosquitto, free_port
from tests.e2e.tcp_proxy import TcpProxy

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(240)]

ANSWERS_ARE_TRUE_S = 0.15  # So long after its answer mosquitto has saved, also on a busy machine.


async def assert_everything_arrives(site, centre):
    """After removal of repeats: each event of the journal, as it stands there, without gaps."""
    await until(lambda: site.status()["broker"]["depth"] == 0)
    journal = {event["id"]: event for event in site.journal()}
    await until(lambda: centre.events().keys() >= journal.keys())
    for event_id, event in journal.items():
        assert centre.events()[event_id].items() >= event.items()
    assert sorted(centre.sequences()) == list(range(1, len(journal) + 1))
    for part in ("event/access", "backfill/access"):
        assert centre.sequences(part) == sorted(centre.sequences(part))


def trouble(site):
    """What the gateway says of its link, in the status and once in the log, for people."""
    sentence = site.status()["broker"]["error"] or ""
    assert not sentence or site.log("broker_lost")[-1]["reason"] == sentence
    return sentence


async def test_a_broker_that_is_not_there_at_the_start_gets_everything_later(
    tmp_path, broker, centre
):
    broker.stop()
    async with Site(tmp_path, broker=broker.port) as site:
        await until(lambda: "nothing listens there; check that the broker runs" in trouble(site))
        await site.pass_through(issue("1001"))
        _, out, _ = await site.cli("status")
        assert "centre    NOT CONNECTED: 127.0.0.1:" in out
        assert site.status()["alarms"] == ["centre_unreachable/gateway"]
        assert site.stop() == 0
        await site.start()
        await site.pass_through(issue("1002"))
        broker.start()
        await assert_everything_arrives(site, centre)
        assert centre.sequences("backfill/access"), "what another run recorded comes as backfill"
        assert site.status()["alarms"] == []


async def test_a_frozen_broker_does_not_hold_up_the_gate(tmp_path, broker, centre):
    async with Site(tmp_path, broker=broker.port) as site:
        await until(lambda: site.status()["broker"]["connected"])
        broker.freeze()
        await site.pass_through(issue("1001"))
        await until(lambda: "the broker hangs" in trouble(site))
        await site.pass_through(issue("1002"))
        broker.thaw()
        await assert_everything_arrives(site, centre)


async def test_a_broker_killed_in_flight_costs_no_event(tmp_path, broker, centre):
    async with (
        TcpProxy(broker.port, ANSWERS_ARE_TRUE_S) as cable,
        Site(tmp_path, broker=cable.port) as site,
    ):
        for kill in range(3):
            await until(lambda: site.status()["broker"]["connected"])
            for person in range(4):
                await site.pass_through(issue(f"{kill}{person}"))
            assert site.status()["broker"]["depth"] > 0, "there is something in flight"
            broker.kill()
            await site.pass_through(issue(f"{kill}-later"))
            broker.start()
        await assert_everything_arrives(site, centre)
        assert site.inside() == 15


WRONG_PASSWORD = """\
[broker]
url = "mqtt://127.0.0.1:{port}"
username = "gate"
password_file = "broker.password"
"""


async def test_a_wrong_password_is_named_and_can_be_mended(tmp_path):
    broker = Mosquitto(tmp_path, "allow_anonymous true\n", users={"gate": "right"})
    (tmp_path / "broker.password").write_text("a-mistyped-one\n")
    (tmp_path / "broker.password").chmod(0o600)
    with broker, Centre(broker.port) as centre:
        settings = WRONG_PASSWORD.format(port=broker.port)
        async with Site(tmp_path, settings=settings) as site:
            await until(lambda: "check username, password_file" in trouble(site))
            assert "user 'gate'" in trouble(site)
            assert "a-mistyped-one" not in site.gateway.logged.path.read_text()
            await site.pass_through(issue("1001"))
            (tmp_path / "broker.password").write_text("right\n")
            assert site.stop() == 0
            await site.start()
            await assert_everything_arrives(site, centre)


SECURED = """\
allow_anonymous true
listener {port} 127.0.0.1
cafile {ca}
certfile {certificate}
keyfile {key}
"""
WRONG_CA = """\
[broker]
url = "mqtts://127.0.0.1:{port}"
ca_file = "ca.pem"
"""


async def test_a_wrong_authority_is_named_and_can_be_mended(tmp_path):
    right, wrong = Authority(tmp_path, "right"), Authority(tmp_path, "wrong")
    port = free_port()
    certificate, key = right.issue("broker", "127.0.0.1")
    lines = SECURED.format(port=port, ca=right.ca_file, certificate=certificate, key=key)
    (tmp_path / "ca.pem").write_bytes(wrong.ca_file.read_bytes())
    with Mosquitto(tmp_path, lines) as broker, Centre(broker.port) as centre:
        async with Site(tmp_path, settings=WRONG_CA.format(port=port)) as site:
            await until(lambda: "check ca_file" in trouble(site))
            await site.pass_through(issue("1001"))
            (tmp_path / "ca.pem").write_bytes(right.ca_file.read_bytes())
            await assert_everything_arrives(site, centre)
