"""An event that a real broker hangs up at, and the command that looks after such events."""

import asyncio

import pytest

from gatewayd.core.backoff import Backoff
from gatewayd.core.events import Audit, AuditSubject
from gatewayd.core.folded import QUARANTINE
from gatewayd.mqtt.account import Protocol
from gatewayd.runtime.blocking import ThreadBlocking
from tests.e2e.centre import Centre
from tests.e2e.daemon import Site
from tests.e2e.eventually import eventually
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.test_publisher_outage import Gateway

pytestmark = [pytest.mark.broker, pytest.mark.slow]

TOO_LONG = Audit(subject=AuditSubject.GATEWAY, action="noted", detail={"text": "x" * 5000})


@pytest.mark.parametrize("protocol", [Protocol.V5, Protocol.V311])
async def test_a_packet_that_mosquitto_hangs_up_at_is_set_apart_and_the_rest_arrives(
    tmp_path, monkeypatch, protocol
):
    monkeypatch.setattr("gatewayd.runtime.publisher.BACKFILL_JITTER_S", 0.1)
    settings = "allow_anonymous true\nmax_packet_size 3000\n"
    with (
        Mosquitto(tmp_path, settings) as broker,
        ThreadBlocking() as blocking,
        Centre(broker.port) as centre,
    ):
        gateway = Gateway(tmp_path, blocking, broker.port, protocol=protocol)
        async with gateway.running():
            gateway.publisher._backoff = Backoff(0.05, 0.1, lambda: 0.5)
            gateway.append()
            poison = gateway.append(TOO_LONG)
            async with asyncio.timeout(60):
                while not gateway.publisher.figures().quarantined:
                    gateway.append()
                    await asyncio.sleep(0.1)
            await eventually(gateway.is_done)
            head = gateway.journal.head()
            await eventually(lambda: len(centre.events()) == head - 1)
            assert set(centre.sequences()) == {*range(1, head + 1)} - {poison}
            ((event_id, row),) = gateway.cache.items(QUARANTINE)
            assert event_id == f"{gateway.journal.epoch}-{poison}"
            assert row["reason"] == "the broker hung up 6 times when it was sent"


async def test_the_daemon_is_asked_to_try_once_more(tmp_path):
    with Mosquitto(tmp_path) as broker:
        async with Site(tmp_path, broker=broker.port) as site:
            retry = ("journal", "quarantine", "retry")
            assert await site.cli(*retry) == (0, "tried once more: 0; see `list`\n", "")
            assert await site.cli("journal", "quarantine", "list") == (0, "", "none\n")
            retried = site.journal("audit.officer")[-1]["data"]
            assert retried["action"] == "quarantine_retried"
            figures = site.status()["broker"]
            assert (figures["quarantined"], figures["centre_upto"]) == (0, None)


async def test_without_a_centre_there_is_nothing_to_try(tmp_path):
    async with Site(tmp_path) as site:
        code, _, error = await site.cli("journal", "quarantine", "retry")
        assert (code, error) == (1, "the settings name no [broker]: nothing is sent\n")
