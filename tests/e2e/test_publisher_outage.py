"""The publisher through outages of a real mosquitto, with a real journal and a real centre."""

import asyncio
import secrets
from contextlib import asynccontextmanager
from functools import partial

import pytest

from gatewayd.app.chance import SystemChance
from gatewayd.core.events import Audit, AuditSubject, Draft, Passage, PassageOutcome
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.orders import Judge
from gatewayd.core.projection import project
from gatewayd.core.trust import collect
from gatewayd.core.words import Direction, LaneId
from gatewayd.mqtt import payloads, topics
from gatewayd.mqtt.account import Account, Protocol
from gatewayd.mqtt.broker import AiomqttBroker
from gatewayd.mqtt.connection import RECEIPT_S_MAX
from gatewayd.mqtt.payloads import AsOf
from gatewayd.mqtt.topics import SitePath
from gatewayd.ports import Receipts
from gatewayd.runtime.blocking import ThreadBlocking
from gatewayd.runtime.clock import SystemClock
from gatewayd.runtime.nonces import Nonces
from gatewayd.runtime.publisher import Outside, Publisher
from gatewayd.runtime.publisher_earlier import EarlierEpochs
from gatewayd.runtime.publisher_receipts import CentreReceipts
from gatewayd.runtime.publisher_wording import PublisherSettings
from gatewayd.runtime.quarantine import Quarantine
from gatewayd.store.journal import SqliteJournal
from tests.e2e.centre import Centre
from tests.e2e.eventually import eventually
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.tcp_proxy import TcpProxy
from tests.unit.doubles import SimCache

pytestmark = pytest.mark.broker

SITE = SitePath("mojokerto", "dukcapil", "gmsc")
A_PASSAGE = Passage(
    outcome=PassageOutcome.COMPLETED, lane=LaneId("lane-1"), direction=Direction.ENTRY
)
ANSWERS_ARE_TRUE_S = 0.15  # So long after its answer mosquitto has saved, also on a busy machine.


class Gateway:
    """Journal and publisher; `start` and `stop` make runs over the same directory."""

    def __init__(self, directory, blocking, port, **account):
        self.clock = SystemClock()
        self.links = []
        self.cache = SimCache()
        self.trust = collect(())
        self._directory = directory
        self._blocking = blocking
        self._account = Account(host="127.0.0.1", port=port, client_id=str(SITE), **account)

    @asynccontextmanager
    async def running(self):
        run = secrets.token_hex(4)
        journal = self.journal = SqliteJournal.open(
            self._directory, run, 1_790_000_000_000, secrets.token_bytes
        )
        broker = AiomqttBroker(self._account, self._blocking)
        quarantine = Quarantine(self.cache, self._keep)
        judge = partial(Judge, str(SITE), self.trust)
        receipts = CentreReceipts(SITE, judge, journal, self.clock)
        chance = SystemChance()
        nonces = Nonces(self.clock, chance)
        outside = Outside(
            journal, self._blocking, broker, self.clock, chance, quarantine, receipts, nonces
        )
        settings = PublisherSettings(site=SITE, run=run, version="0.1.0")
        self.publisher = Publisher(
            settings,
            outside,
            lambda: (),
            self.links.append,
            EarlierEpochs(journal.earlier(), outside.blocking, journal.find),
        )
        task = asyncio.create_task(self.publisher.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            journal.close()
            assert task.cancelled(), task.exception()

    def count(self):
        as_of = AsOf(self.journal.epoch, self.journal.head(), self.clock.utc())
        return payloads.occupancy((Occupancy(), {}), {}, as_of)

    def append(self, fact=A_PASSAGE):
        draft = Draft(fact, self.clock.utc())
        events = self.journal.commit([(draft, self.clock.monotonic())])
        self.cache.apply(project(events[0], self.cache.get), events[0].epoch, events[0].seq)
        self.publisher.committed(events)
        return events[-1].seq

    def _keep(self, fact, done=None):
        self.append(fact)
        if done is not None:
            done(None)

    async def append_for(self, seconds, pause_s=0.005):
        loop = asyncio.get_running_loop()
        end_s = loop.time() + seconds
        while loop.time() < end_s:
            self.append()
            await asyncio.sleep(pause_s)

    def is_done(self):
        return self.publisher.figures().depth == 0


@pytest.fixture
def blocking():
    with ThreadBlocking() as threads:
        yield threads


@pytest.fixture
def mosquitto(tmp_path):
    with Mosquitto(tmp_path) as broker:
        yield broker


def assert_complete(centre, gateway):
    """Everything arrived, and after removal of repeats each topic rises."""
    head = gateway.journal.head()
    assert sorted(centre.sequences()) == list(range(1, head + 1))
    for part in ("event/passage", "backfill/passage"):
        assert centre.sequences(part) == sorted(centre.sequences(part))
    assert {body["epoch"] for body in centre.events().values()} == {gateway.journal.epoch}


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [Protocol.V5, Protocol.V311])
async def test_a_broker_killed_in_the_middle_and_started_again_costs_no_event(
    tmp_path, blocking, mosquitto, protocol
):
    with Centre(mosquitto.port) as centre:
        await asyncio.sleep(1.5)  # The session of the centre is on the broker's disk.
        async with (
            TcpProxy(mosquitto.port, ANSWERS_ARE_TRUE_S) as cable,
            Gateway(tmp_path, blocking, cable.port, protocol=protocol).running() as gateway,
        ):
            for kills in range(3):
                await eventually(lambda: gateway.links[-1:] == [None])
                assert gateway.links.count(None) == kills + 1
                await gateway.append_for(0.5)
                assert gateway.publisher.figures().depth > 0  # There is something in flight.
                mosquitto.kill()
                await gateway.append_for(0.3)
                mosquitto.start()
            await eventually(gateway.is_done)
            await eventually(lambda: len(centre.events()) == gateway.journal.head())
            assert_complete(centre, gateway)
            await eventually(lambda: gateway.journal.receipts() == Receipts(gateway.journal.head()))


async def test_a_frozen_broker_is_left_and_found_again(tmp_path, blocking, mosquitto, monkeypatch):
    monkeypatch.setattr("gatewayd.mqtt.connection.RECEIPT_S_MAX", 0.3)
    monkeypatch.setattr("gatewayd.mqtt.connection.CONNACK_S_MAX", 0.3)
    with Centre(mosquitto.port) as centre:
        async with Gateway(tmp_path, blocking, mosquitto.port).running() as gateway:
            await gateway.append_for(0.2)
            mosquitto.freeze()
            await gateway.append_for(0.5)
            await eventually(lambda: len(gateway.links) == 2)
            assert "the broker hangs" in gateway.links[1]
            mosquitto.thaw()
            await eventually(gateway.is_done)
            await eventually(lambda: len(centre.events()) == gateway.journal.head())
            assert_complete(centre, gateway)


async def test_a_run_that_ends_does_not_wait_for_a_frozen_broker(tmp_path, blocking, mosquitto):
    loop = asyncio.get_running_loop()
    async with Gateway(tmp_path, blocking, mosquitto.port).running() as gateway:
        gateway.append()
        await eventually(gateway.is_done)
        mosquitto.freeze()
        gateway.append()
        await asyncio.sleep(0.1)
        began_s = loop.time()
    assert loop.time() - began_s < RECEIPT_S_MAX / 2


async def test_the_next_run_sends_what_the_last_one_could_not(tmp_path, blocking, mosquitto):
    gateway = Gateway(tmp_path, blocking, mosquitto.port)
    with Centre(mosquitto.port) as centre:
        async with gateway.running():
            gateway.append()
            await eventually(gateway.is_done)
            mosquitto.stop()
            for _ in range(250):
                gateway.append()
        mosquitto.start()
        async with gateway.running():
            gateway.append()
            await eventually(lambda: len(centre.events()) == 252)
            assert centre.sequences("event/") == [1, 252]
            assert centre.sequences("backfill/") == list(range(2, 252))
            await eventually(gateway.is_done)


async def test_a_subscriber_sees_the_event_and_then_the_count_as_of_it(
    tmp_path, blocking, mosquitto
):
    with Centre(mosquitto.port) as centre:
        async with Gateway(tmp_path, blocking, mosquitto.port).running() as gateway:
            occupancy = topics.occupancy(SITE)
            gateway.publisher.show(occupancy, gateway.count)
            await eventually(lambda: centre.states("occupancy"))
            for _ in range(50):
                gateway.append()
                gateway.publisher.changed(occupancy)
                await asyncio.sleep(0.002)
            await eventually(
                lambda: centre.latest("occupancy").get("as_of", {}).get("sequence") == 50
            )
    seen = 0
    for topic, body in centre.arrived:
        if topic.startswith("event/"):
            seen = body["sequence"]
        elif topic == "occupancy":
            assert body["as_of"]["sequence"] == seen


async def test_birth_goodbye_and_will_tell_whether_the_gateway_is_there(
    tmp_path, blocking, mosquitto
):
    with Centre(mosquitto.port) as centre:
        async with TcpProxy(mosquitto.port) as cable:
            gateway = Gateway(tmp_path, blocking, cable.port)
            async with gateway.running():
                await eventually(lambda: len(centre.states("state")) == 1)
                cable.cut()
                await eventually(lambda: len(centre.states("state")) == 3)
            await eventually(lambda: len(centre.states("state")) == 4)
    told = [(state["state"], state.get("reason")) for state in centre.states("state")]
    assert told == [
        ("online", None),
        ("offline", "lost"),
        ("online", None),
        ("offline", "stopped"),
    ]


async def test_a_wrong_password_is_told_once_and_costs_nothing(tmp_path, blocking):
    with Mosquitto(tmp_path, "", users={"gate": "secret", "centre": "secret"}) as broker:
        login = {"username": "gate", "password": "wrong"}
        gateway = Gateway(tmp_path, blocking, broker.port, **login)
        async with gateway.running():
            gateway.append(Audit(subject=AuditSubject.GATEWAY, action="started"))
            await asyncio.sleep(2)
            assert len(gateway.links) == 1
            assert "does not let us in with user 'gate'" in gateway.links[0]
            assert gateway.publisher.figures().error == gateway.links[0]
            assert gateway.publisher.figures().depth == 1
        gateway = Gateway(tmp_path, blocking, broker.port, username="gate", password="secret")
        async with gateway.running():
            await eventually(gateway.is_done)
