"""Where the centre's broker is NATS: MQTT 3.1.1, one server or a cluster that loses a node."""

from datetime import UTC, datetime

import pytest

from gatewayd.core.trust import collect
from gatewayd.mqtt import topics
from gatewayd.mqtt.account import Protocol
from gatewayd.runtime.blocking import ThreadBlocking
from tests.e2e.centre import Centre
from tests.e2e.daemon import Site, issue, until
from tests.e2e.eventually import eventually
from tests.e2e.nats import Nats, NatsCluster
from tests.e2e.tcp_proxy import TcpProxy
from tests.e2e.test_publisher_outage import SITE, Gateway
from tests.unit.signing import KEY, claims_at, signed

pytestmark = [pytest.mark.nats, pytest.mark.slow]

BURST = 400  # Events at once: the kill comes while they are sent.


@pytest.fixture
def blocking():
    with ThreadBlocking() as threads:
        yield threads


async def test_the_daemon_finds_out_the_version_and_everything_arrives_over_a_kill(tmp_path):
    with Nats(tmp_path) as nats, Centre(nats.port) as centre:
        async with Site(tmp_path, broker=nats.port) as site:
            await site.pass_through(issue("1001"))
            await until(lambda: site.status()["broker"]["depth"] == 0)
            nats.kill()
            await site.pass_through(issue("1002"))
            nats.start()
            await until(lambda: site.status()["broker"]["depth"] == 0)
            journal = {event["id"] for event in site.journal()}
            await until(lambda: centre.events().keys() == journal)
            assert sorted(centre.sequences()) == list(range(1, len(journal) + 1))
            assert centre.states("occupancy")[-1]["total"] == 2


async def test_the_centres_receipt_and_its_wish_for_a_replay_are_heard(tmp_path, blocking):
    with Nats(tmp_path) as nats:
        gateway = Gateway(tmp_path, blocking, nats.port, protocol=Protocol.V311)
        gateway.trust = collect([KEY])
        async with gateway.running():
            for _ in range(5):
                gateway.append()
            await eventually(gateway.is_done)  # For nobody: there is no subscription yet.
            with Centre(nats.port) as centre:
                claims = claims_at(datetime.now(UTC), epoch=gateway.journal.epoch)
                replay = {**claims, "from": 1, "to": 5}
                centre.publish(topics.receipt(SITE), signed(replay))
                await eventually(lambda: sorted(centre.sequences()) == [1, 2, 3, 4, 5])
                upto = claims_at(datetime.now(UTC), epoch=gateway.journal.epoch, upto=5)
                centre.publish(topics.receipt(SITE), signed(upto))
                await eventually(lambda: gateway.publisher.figures().centre_upto == 5)


async def test_a_cluster_that_loses_the_node_in_use_loses_no_event(tmp_path, blocking):
    with NatsCluster(tmp_path) as cluster:
        used, other, listened = cluster.nodes
        with Centre(listened.port) as centre:
            async with (
                TcpProxy(used.port) as cable,
                Gateway(tmp_path, blocking, cable.port).running() as gateway,
            ):
                await eventually(lambda: gateway.links == [None])
                for _ in range(BURST):
                    gateway.append()
                await eventually(lambda: gateway.publisher.figures().receipts > BURST // 4)
                assert gateway.publisher.figures().depth > 0, "there is something in flight"
                used.kill()
                cable.target = other.port  # As a name with several addresses does.
                await gateway.append_for(1)
                await eventually(gateway.is_done)
                await eventually(lambda: len(centre.events()) == gateway.journal.head())
                assert gateway.links.count(None) == 2
                # In its order is more than a cluster promises: what the lost node had confirmed
                # out of turn is there before what is sent again.
                assert sorted(centre.sequences()) == list(range(1, gateway.journal.head() + 1))
