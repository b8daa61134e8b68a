"""A gateway that a real broker does not let in, or not say everything, over mutual TLS."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gatewayd.core.backoff import Backoff
from gatewayd.core.events import Audit, AuditSubject
from gatewayd.mqtt.account import Protocol, Tls
from gatewayd.runtime.blocking import ThreadBlocking
from tests.e2e.centre import Centre
from tests.e2e.certificates import Authority
from tests.e2e.eventually import eventually
from tests.e2e.mosquitto import Mosquitto, free_port
from tests.e2e.tcp_proxy import TcpProxy
from tests.e2e.test_publisher_outage import SITE, Gateway

pytestmark = pytest.mark.broker

A_NOTE = Audit(subject=AuditSubject.GATEWAY, action="noted")
SECURED = """\
allow_anonymous true
acl_file {rules}
listener {port} 127.0.0.1
cafile {ca}
certfile {certificate}
keyfile {key}
require_certificate true
use_identity_as_username true
use_username_as_clientid true
"""
FOR_THE_CENTRE = "topic readwrite onegate/#\n"
WITH_ALL = "pattern write onegate/v1/%u/up/#\n"
WITHOUT_AUDIT = """\
pattern write onegate/v1/%u/up/state
pattern write onegate/v1/%u/up/health
pattern write onegate/v1/%u/up/event/passage
pattern write onegate/v1/%u/up/backfill/passage
"""


def secured(authority, port, rules):
    """Return settings: in clear for the centre of a test, and by certificate for gates."""
    certificate, key = authority.issue("broker", "127.0.0.1")
    return SECURED.format(
        rules=rules, port=port, ca=authority.ca_file, certificate=certificate, key=key
    )


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def ours(authority):
    certificate, key = authority.issue("gate", str(SITE))
    return Tls(ca_file=authority.ca_file, certificate_file=certificate, key_file=key)


async def test_a_class_that_the_rules_forbid_waits_for_them_and_the_others_arrive(
    tmp_path, monkeypatch, authority, ours
):
    """Debian's mosquitto 2.0.11 hangs up after a refusal, and what was in flight goes with it."""
    monkeypatch.setattr("gatewayd.runtime.publisher.BACKFILL_JITTER_S", 0.1)
    rules, port = tmp_path / "rules.acl", free_port()
    rules.write_text(FOR_THE_CENTRE + WITHOUT_AUDIT)
    settings = secured(authority, port, rules)
    with (
        Mosquitto(tmp_path, settings) as broker,
        ThreadBlocking() as blocking,
        Centre(broker.port) as centre,
    ):
        gateway = Gateway(tmp_path, blocking, port, protocol=Protocol.V5, tls=ours)
        async with gateway.running():
            quick = Backoff(0.05, 0.1, lambda: 0.5)
            gateway.publisher._backoff = gateway.publisher._backfill.backoff = quick
            notes = []
            for _ in range(10):
                notes.append(gateway.append(A_NOTE))
                await asyncio.sleep(0.05)
                passage = gateway.append()
                await eventually(lambda seq=passage: seq in centre.sequences("passage"))
            # The receipt of the last passage may have gone with the line: it is sent once more.
            await eventually(lambda: gateway.publisher.figures().depth == len(notes))
            figures = gateway.publisher.figures()
            assert figures.refused
            assert figures.quarantined == 0
            assert centre.sequences("audit") == []
            assert any("the broker's rules must let" in (link or "") for link in gateway.links)
            rules.write_text(FOR_THE_CENTRE + WITH_ALL)
            broker.reload()
            await eventually(gateway.is_done)
            await eventually(lambda: centre.sequences("backfill/audit") == notes)


async def test_a_certificate_that_ends_is_named_and_a_renewed_one_is_taken_without_a_restart(
    tmp_path, authority, ours
):
    rules, port = tmp_path / "rules.acl", free_port()
    rules.write_text(FOR_THE_CENTRE + WITH_ALL)
    with (
        Mosquitto(tmp_path, secured(authority, port, rules)) as broker,
        ThreadBlocking() as blocking,
        Centre(broker.port) as centre,
    ):
        async with (
            TcpProxy(port) as cable,
            Gateway(tmp_path, blocking, cable.port, tls=ours).running() as gateway,
        ):
            gateway.publisher._backoff = Backoff(0.05, 0.1, lambda: 0.5)
            gateway.append()
            await eventually(gateway.is_done)
            authority.issue(
                "gate", str(SITE), days=-2
            )  # In the place of the first: its time is up.
            cable.cut()
            ended = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
            await eventually(lambda: f"certificate_file (good until {ended}" in told(gateway))
            gateway.append()
            assert gateway.publisher.figures().depth == 1
            authority.issue("gate", str(SITE))
            await eventually(lambda: len(centre.events()) == 2)
            assert told(gateway) == ""


def told(gateway):
    """Return what `gatewayd status` says of the link."""
    return gateway.publisher.figures().error or ""
