"""Where the broker's receipt is worth nothing (MQTT 3.1.1), the centre's own finds the loss."""

from datetime import UTC, datetime

import pytest

from gatewayd.core.trust import collect
from gatewayd.mqtt import topics
from gatewayd.mqtt.account import Protocol
from gatewayd.runtime.blocking import ThreadBlocking
from tests.e2e.centre import Centre
from tests.e2e.eventually import eventually
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.test_publisher_outage import SITE, Gateway
from tests.unit.signing import KEY, claims_at, signed

pytestmark = pytest.mark.broker


async def test_what_a_broker_took_for_nobody_is_sent_again_when_the_centre_asks(tmp_path):
    with Mosquitto(tmp_path) as broker, ThreadBlocking() as blocking:
        gateway = Gateway(tmp_path, blocking, broker.port, protocol=Protocol.V311)
        gateway.trust = collect([KEY])
        async with gateway.running():
            for _ in range(5):
                gateway.append()
            await eventually(gateway.is_done)  # Nobody told that nobody listens.
            with Centre(broker.port) as centre:
                gateway.append()
                await eventually(lambda: centre.sequences() == [6])

                claims = claims_at(datetime.now(UTC), epoch=gateway.journal.epoch)
                centre.publish(topics.receipt(SITE), signed({**claims, "from": 1, "to": 5}))
                await eventually(lambda: sorted(centre.sequences()) == [1, 2, 3, 4, 5, 6])
                await eventually(lambda: centre.states("reply"))
                (reply,) = centre.states("reply")
                assert (reply["id"], reply["result"]) == (claims["jti"], "done")

                upto = claims_at(datetime.now(UTC), epoch=gateway.journal.epoch, upto=6)
                centre.publish(topics.receipt(SITE), signed(upto))
                await eventually(lambda: gateway.publisher.figures().centre_upto == 6)
