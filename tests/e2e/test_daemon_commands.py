"""The centre commands a running gate by messages that `gatewayd sign` made."""

import json
import subprocess

import pytest

from gatewayd.mqtt import topics
from gatewayd.mqtt.topics import SitePath
from tests.e2e.centre import Centre
from tests.e2e.daemon import GATEWAYD, Site, issue, until
from tests.e2e.mosquitto import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120), pytest.mark.slow]

PATH = SitePath("mojokerto", "dukcapil", "gmsc")
DECLARED = {"healthy": True, "protocol": True, "reason": "asked by telephone"}


def gatewayd(*words):
    made = subprocess.run([*GATEWAYD, *map(str, words)], check=True, capture_output=True, text=True)
    return made.stdout.strip().encode()


class Commander:
    """A centre with the key that the gate believes."""

    def __init__(self, centre, folder):
        self._centre = centre
        self._key = folder / "centre.key.pem"
        gatewayd("sign", "keygen", "--issuer", "centre", "--may-sign", "command", "--out", folder)
        (folder / "trust/centre.jwks.json").write_bytes((folder / "centre.jwks.json").read_bytes())

    def sign(self, **claims):
        return gatewayd("sign", "command", "--key", self._key, "--to", PATH, json.dumps(claims))

    async def send(self, message):
        """Publish a message; return the reply to it."""
        before = len(self._centre.states("reply"))
        self._centre.publish(topics.command(PATH), message)
        await until(lambda: len(self._centre.states("reply")) > before)
        return self._centre.states("reply")[-1]

    async def command(self, **claims):
        reply = await self.send(self.sign(**claims))
        return reply["result"], reply.get("text"), reply.get("detail")


async def test_a_gate_does_what_its_centre_commands_once(tmp_path):
    """R28: another limit, too, is in force when the reply is there."""
    with Mosquitto(tmp_path) as broker, Centre(broker.port) as centre:
        site = Site(tmp_path, broker=broker.port)
        there = Commander(centre, tmp_path)
        async with site:
            await until(lambda: site.status()["broker"]["connected"])

            opening = there.sign(do="open", lane="lane-1", **DECLARED)
            assert (await there.send(opening))["result"] == "done"
            await until(lambda: site.inside() == 1)
            assert (await there.send(opening))["result"] == "done"  # The same answer again.
            assert len(set(site.lane.openings)) == 1
            bare = await there.command(do="open", lane="lane-1", reason="no declaration")
            assert (bare[0], bare[2]["reason"]) == ("refused", "attestation_incomplete")

            assert (await there.command(do="lock", reason="threat"))[0] == "done"
            assert site.status()["lanes"]["lane-1"]["state"] == "exitonly"
            assert await site.show(issue("S-1")) == ("refused", "locked_down")
            assert (await there.command(do="resume"))[0] == "done"

            limit = {"do": "capacity", "reason": "level 4"}
            assert (await there.command(**limit, total=1))[0] == "done"
            await until(lambda: centre.latest("occupancy").get("limit") == {"total": 1})
            assert await site.show(issue("V-1", "visitor")) == ("refused", "capacity_full")
            [verdict] = site.journal("access.refused")[-1:]
            assert verdict["data"]["policy"][-1] == "capacity:1"
            assert (await there.command(**limit))[0] == "done"
            assert await site.show(issue("V-1", "visitor")) == ("admitted", "ok")

            result, _, detail = await there.command(do="diagnostics")
            assert (result, detail["lanes"]["lane-1"]["linked"]) == ("done", True)

            taken = [event["data"] for event in site.journal("audit.command")]
            assert {one["action"] for one in taken} == {"order_taken", "order_done"}

            site.kill()  # Also not after a crash.
            await site.start()
            await until(lambda: site.status()["broker"]["connected"])
            assert (await there.send(opening))["result"] in {"done", "expired"}
            assert len(set(site.lane.openings)) == 2
