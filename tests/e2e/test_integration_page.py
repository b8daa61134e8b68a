"""The centre's program on the page for integrators does what the page says."""

import asyncio
import textwrap
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core.trust import IssuerKey, Purpose, collect
from gatewayd.runtime.blocking import ThreadBlocking
from tests.e2e.centre import Centre
from tests.e2e.eventually import eventually
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.test_publisher_outage import SITE, Gateway

pytestmark = pytest.mark.broker

PAGE = Path(__file__).parents[2] / "docs" / "integration.md"


def code_of(heading):
    section = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = section[section.index("    import ") :].splitlines()
    return textwrap.dedent("\n".join(line for line in lines if line[:4] in {"    ", ""}))


def program(port):
    """Return the merge of the page, for our port, and without its endless last line."""
    text = code_of("The merge")
    assert "1883" in text
    return text.replace("1883", str(port)).replace("loop_forever", "loop_start")


async def test_the_merge_takes_everything_once_and_sees_no_hole(tmp_path):
    with Mosquitto(tmp_path) as broker, ThreadBlocking() as blocking:
        centre = {}
        exec(program(broker.port), centre)
        try:
            await eventually(centre["client"].is_connected)
            await asyncio.sleep(0.2)  # Its subscription.
            async with Gateway(tmp_path, blocking, broker.port).running() as gateway:
                for _ in range(50):
                    gateway.append()
                await eventually(lambda: len(centre["events"]) == 50)
                assert centre["missing"](SITE.source, gateway.journal.epoch) == []
                del centre["events"][SITE.source, gateway.journal.epoch, 7]
                assert centre["missing"](SITE.source, gateway.journal.epoch) == [7]
        finally:
            centre["client"].disconnect()
            centre["client"].loop_stop()


async def test_what_the_page_asks_for_is_sent_once_more(tmp_path):
    signer = Ed25519PrivateKey.generate()
    key = IssuerKey("centre", signer.public_key(), frozenset({Purpose.RECEIPT}))
    page = {}
    exec(code_of("What a receipt is worth"), page)
    with Mosquitto(tmp_path) as broker, ThreadBlocking() as blocking, Centre(broker.port) as centre:
        gateway = Gateway(tmp_path, blocking, broker.port)
        gateway.trust = collect([key])
        async with gateway.running():
            for _ in range(5):
                gateway.append()
            await eventually(lambda: len(centre.arrived) >= 6)  # The birth, and all of them.
            page["ask_for"](
                centre, str(SITE), signer, key.key_id.hex(), gateway.journal.epoch, 2, 4
            )
            await eventually(lambda: centre.states("reply"))
            assert centre.states("reply")[0]["result"] == "done"
            await eventually(lambda: centre.sequences("backfill/") == [2, 3, 4])
