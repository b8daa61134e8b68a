"""The publisher and a real mosquitto that is killed with a full window, flaps, forgets or refuses."""

import asyncio
from datetime import UTC, datetime
from random import Random

import pytest

from gatewayd.core.backoff import Backoff
from gatewayd.core.trust import collect
from gatewayd.mqtt import topics
from gatewayd.mqtt.account import Protocol
from gatewayd.runtime.blocking import ThreadBlocking
from tests.e2e.centre import Centre
from tests.e2e.eventually import eventually
from tests.e2e.mosquitto import IN_MEMORY, OPEN, Mosquitto
from tests.e2e.tcp_proxy import TcpProxy
from tests.e2e.test_publisher_outage import SITE, Gateway, assert_complete
from tests.unit.signing import KEY, claims_at, signed

pytestmark = [pytest.mark.broker, pytest.mark.slow]

WINDOW = 50  # Ours, where the broker says nothing of its own: MQTT 3.1.1.
FLAPS = 25
ANSWERS_ARE_TRUE_S = 0.15  # So long after its answer mosquitto has saved, also on a busy machine.


@pytest.fixture
def blocking():
    with ThreadBlocking() as threads:
        yield threads


@pytest.fixture
def mosquitto(tmp_path):
    with Mosquitto(tmp_path) as broker:
        yield broker


async def test_a_broker_killed_with_fifty_in_flight_costs_no_event(tmp_path, blocking, mosquitto):
    async with TcpProxy(mosquitto.port, ANSWERS_ARE_TRUE_S) as cable:
        gateway = Gateway(tmp_path, blocking, cable.port, protocol=Protocol.V311)
        cable.unplug()
        async with gateway.running():
            for _ in range(200):
                gateway.append()
        cable.plug()
        with Centre(mosquitto.port) as centre:
            async with gateway.running():
                for _ in range(WINDOW):
                    gateway.append()
                await eventually(lambda: len(gateway.publisher._book.flying) == WINDOW)
                mosquitto.kill()
                await eventually(lambda: not gateway.publisher._book.flying)
                mosquitto.start()
                await eventually(gateway.is_done)
                await eventually(lambda: len(centre.events()) == gateway.journal.head())
                assert_complete(centre, gateway)


async def test_a_line_that_flaps_brings_everything_in_the_end_and_convicts_nobody(
    tmp_path, blocking, mosquitto
):
    random = Random(20261122)
    with Centre(mosquitto.port) as centre:
        async with (
            TcpProxy(mosquitto.port) as cable,
            Gateway(tmp_path, blocking, cable.port).running() as gateway,
        ):
            gateway.publisher._backoff = Backoff(0.01, 0.02, random.random)
            for flap in range(FLAPS):
                await eventually(lambda flap=flap: cable.connection_count > flap)
                cable.cut_after(random.randint(1, 20_000))
                for _ in range(random.randint(1, 30)):
                    gateway.append()
                await asyncio.sleep(random.uniform(0, 0.02))
                cable.cut()
            await eventually(gateway.is_done)
            await eventually(lambda: len(centre.events()) == gateway.journal.head())
            assert_complete(centre, gateway)
            assert gateway.publisher.figures().quarantined == 0


async def test_what_a_broker_took_and_forgot_comes_again_when_the_centre_asks(tmp_path, blocking):
    with Mosquitto(tmp_path, OPEN, storage=IN_MEMORY) as broker:
        with Centre(broker.port):
            pass  # It has a session, and is away.
        gateway = Gateway(tmp_path, blocking, broker.port)
        gateway.trust = collect([KEY])
        async with gateway.running():
            for _ in range(7):
                gateway.append()
            await eventually(gateway.is_done)
            broker.kill()
            broker.start()
            with Centre(broker.port) as centre:
                await eventually(lambda: centre.states("state"))
                assert centre.states("state")[-1]["state"] == "online"
                gateway.append()
                await eventually(lambda: centre.sequences() == [8])  # And so it sees the hole.
                claims = claims_at(datetime.now(UTC), epoch=gateway.journal.epoch)
                hole = {**claims, "from": 1, "to": 7}
                centre.publish(topics.receipt(SITE), signed(hole))
                await eventually(lambda: sorted(centre.sequences()) == list(range(1, 9)))


async def test_rules_that_let_nothing_through_cost_no_event_until_they_are_mended(
    tmp_path, blocking
):
    rules = tmp_path / "rules"
    own = f"topic write {SITE.root}/up"
    rules.write_text(f"topic read #\n{own}/state\n{own}/health\n")
    with (
        Mosquitto(tmp_path, f"{OPEN}acl_file {rules}\n") as broker,
        Centre(broker.port) as centre,
    ):
        async with Gateway(tmp_path, blocking, broker.port).running() as gateway:
            for _ in range(5):
                gateway.append()
            await eventually(lambda: refusals(gateway) > 2)
            assert gateway.publisher.figures().depth == 5
            rules.write_text(f"topic read #\n{own}/#\n")
            broker.reload()
            await eventually(gateway.is_done)
            await eventually(lambda: len(centre.events()) == gateway.journal.head())
            assert_complete(centre, gateway)
            assert gateway.publisher.figures().quarantined == 0


def refusals(gateway):
    """How often the broker said no: by a code, or as Debian's mosquitto does, by hanging up."""
    return gateway.publisher.figures().refused + len(gateway.links)
