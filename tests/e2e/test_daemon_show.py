"""What somebody who tries gatewayd sees first: a scan, a passage, and both at the centre."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import gatewayd.mqtt
from gatewayd.mqtt.topics import SitePath, catalogue
from tests.e2e.daemon import Site, issue, until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

SCHEMAS = Path(gatewayd.mqtt.__file__).parent / "schemas"
REFERRING = '[policy]\nunknown_holder = "refer"\n'
GMSC = SitePath("mojokerto", "dukcapil", "gmsc")


async def test_the_centre_sees_the_verdict_then_the_passage_then_the_count(
    tmp_path, broker, centre
):
    """R14."""
    async with Site(tmp_path, broker=broker.port) as site:
        await until(lambda: centre.states("occupancy"))
        await site.pass_through(issue("1001"))
        await until(lambda: centre.latest("occupancy").get("total") == 1)
        story = [
            body["total"] if topic == "occupancy" else body["type"]
            for topic, body in centre.arrived
            if topic in ("event/access", "event/passage", "occupancy")
        ]
        assert story == [0, "onegate.access.admitted.v1", "onegate.passage.completed.v1", 1]


async def test_every_message_is_valid_against_its_schema(tmp_path, broker, centre):
    async with Site(tmp_path, settings=REFERRING, broker=broker.port) as site:
        await site.pass_through(issue("1001"))
        assert await site.show("CARD-BLOCKED") == ("refused", "blocked")
        assert await site.show("CARD-NOBODY") == ("referred", "unknown_holder")
        await site.pass_through(b"\xff" * 20, "exit")
        for order in ("force", "exit", "fire on", "fire off"):
            site.lane.turnstile.order(order)
        await until(lambda: site.log("alarm_cleared", alarm="fire"))
        await until(lambda: site.log("passage", outcome="unattributed"))
        await until(lambda: site.status()["broker"]["depth"] == 0)
        site.kill()
        await until(lambda: centre.latest("state").get("state") == "offline")
        await site.start()
        await until(lambda: centre.latest("state").get("state") == "online")

    schemas = {entry.topic.partition("/up/")[2]: entry.schema for entry in catalogue(GMSC)}
    schemas["lane/lane-1"] = schemas["lane/{lane}"]
    for topic, body in centre.arrived:
        schema = json.loads((SCHEMAS / schemas[topic]).read_text())
        Draft202012Validator(schema).validate(body)
    kinds = {body["type"].split(".")[2] for topic, body in centre.arrived if "event/" in topic}
    assert kinds >= {"admitted", "refused", "referred", "completed", "breached", "unattributed"}
    assert {topic for topic, _ in centre.arrived} >= {"state", "occupancy", "health", "lane/lane-1"}
