"""The centre's program on the page for integrators does what the page says."""

import asyncio
import textwrap
from pathlib import Path

import pytest

from gatewayd.runtime.blocking import ThreadBlocking
from tests.e2e.eventually import eventually
from tests.e2e.mosquitto import Mosquitto
from tests.e2e.test_publisher_outage import SITE, Gateway

pytestmark = pytest.mark.broker

PAGE = Path(__file__).parents[2] / "docs" / "integration.md"


def program(port):
    """Return the merge of the page, for our port, and without its endless last line."""
    lines = PAGE.read_text().split("## The merge")[1].split("\n    import json")[1].splitlines()
    code = [line for line in lines if line.startswith("    ") or not line]
    text = textwrap.dedent("\n".join(["    import json", *code]))
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
