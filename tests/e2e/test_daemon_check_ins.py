"""The phone check-ins and the centre's answers of the page for integrators, through the daemon."""

import json
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core.lane_codes import LaneCode, stamp, write_code
from gatewayd.core.trust import IssuerKey, Purpose, issuer_document
from gatewayd.core.words import Direction, LaneId
from tests.e2e.daemon import Site, until

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(240)]

PATH = "mojokerto/dukcapil/gmsc"
DN = f"onegate/v1/{PATH}/dn"
REGION_KEY = bytes(range(32))  # A test key.
SIGNER = Ed25519PrivateKey.generate()
KEY = IssuerKey("centre", SIGNER.public_key(), frozenset({Purpose.CHECKIN, Purpose.STATUS}))
SIGNED_BY = (PATH, SIGNER, KEY.key_id.hex())

SETTINGS = """\
[privacy]
key_scope = "region"
key_file = "region.key"
[policy]
unknown_holder = "ask"
[policy.ask]
timeout_ms = 3000
unanswered = "refer"
"""


def read_page():
    """Return the functions of the page for integrators."""
    text = (Path(__file__).parents[2] / "docs" / "integration.md").read_text()
    page = {}
    for name in ("import hmac", "import base64", "def check_in", "def answer"):
        start = text.index(f"    {name}")
        block = text[start:].split("\n\n")
        lines = [part for part in block if part.startswith("    ")]
        end = next(n for n, part in enumerate(block) if not part.startswith("    "))
        exec(textwrap.dedent("\n\n".join(lines[:end])), page)
    return page


PAGE = read_page()


def shown(at, lane="lane-1", direction="entry"):
    code = write_code(LaneCode(PATH, LaneId(lane), Direction(direction), "paspor"))
    return stamp(code, REGION_KEY, at)


def person(number):
    return PAGE["pseudonym"](REGION_KEY, number)


@pytest.fixture
def gate(tmp_path, broker):
    (tmp_path / "region.key").write_text(REGION_KEY.hex())
    (tmp_path / "region.key").chmod(0o600)
    site = Site(tmp_path, settings=SETTINGS, broker=broker.port)
    (tmp_path / "trust/centre.jwks.json").write_text(json.dumps(issuer_document(KEY)))
    return site


async def replied(centre, message):
    """Return the next answer after a message."""
    before = len(centre.states("reply"))
    centre.publish(f"{DN}/checkin", message)
    await until(lambda: len(centre.states("reply")) > before)
    return centre.states("reply")[before]


def signed(code, **person):
    direction = code.partition("?")[0].split("/")[4]
    claims = {"code": code, "direction": direction, "category": "visitor", **person}
    return PAGE["sign"]("checkin", *SIGNED_BY, **claims)


async def test_a_check_in_opens_its_lane_once_and_nothing_else_does(gate, centre):
    now = datetime.now(UTC)
    centre.publish(f"{DN}/checkin", signed(shown(now)), retain=True)
    async with gate as site:
        await until(lambda: site.log("order_refused", reason="retained"))
        assert site.lane.openings == []

        PAGE["check_in"](centre, *SIGNED_BY, shown(now), category="visitor", holder=person("anna"))
        await until(lambda: centre.states("reply"))
        (reply,) = centre.states("reply")
        assert (reply["result"], reply["detail"]["reason"]) == ("admitted", "ok")
        await until(lambda: site.log("passage", outcome="completed"))
        (verdict,) = site.journal("access")
        assert (verdict["data"]["kind"], verdict["data"]["order"]) == ("checkin", reply["id"])
        assert (verdict["data"]["purpose"], verdict["data"]["holder"]) == ("paspor", person("anna"))

        message = signed(shown(now), holder=person("ben"))
        first = await replied(centre, message)
        assert first["result"] == "admitted"
        again = await replied(centre, message)
        assert (again["id"], again["result"]) == (first["id"], "admitted")

        old = await replied(centre, signed(shown(now - timedelta(minutes=3))))
        assert (old["result"], old["detail"]["reason"]) == ("refused", "expired")
        poster = await replied(centre, signed(shown(now).partition("?")[0]))
        assert poster["detail"]["reason"] == "presence"
        elsewhere = await replied(centre, signed(shown(now).replace("gmsc", "other")))
        assert elsewhere["detail"]["reason"] == "prefix"
        other_site = PAGE["sign"]("checkin", f"{PATH[:-4]}other", *SIGNED_BY[1:], code=shown(now))
        assert (await replied(centre, other_site))["result"] == "audience"

        await until(lambda: len(site.log("passage", outcome="completed")) == 2)
        assert len(site.lane.openings) == 2
        assert site.inside() == 2
        reasons = [event["data"]["reason"] for event in site.journal("access")]
        assert reasons == ["ok", "ok", "expired", "presence"]


async def test_the_centre_is_asked_about_somebody_unknown_and_may_not_answer(gate, centre):
    """R26."""
    known = {person("X-1"): {"status": "green", "category": "visitor"}}
    async with gate as site:
        site.lane.scan("X-1")
        await until(lambda: centre.states("check"))
        (question,) = centre.states("check")
        assert (question["holder"], question["lane"]) == (person("X-1"), "lane-1")
        PAGE["answer"](centre, *SIGNED_BY, question, known)
        await until(lambda: site.log("passage", outcome="completed"))
        (verdict,) = site.journal("access")
        assert (verdict["data"]["category"], verdict["data"]["status"]) == ("visitor", "green")

        assert await site.show("X-2") == ("referred", "unknown_holder")
        assert [one["holder"] for one in centre.states("check")[1:]] == [person("X-2")]
        assert len(site.lane.openings) == 1

        site.kill()
        await site.start()
        assert await site.show("X-1") == ("refused", "already_inside")
        assert len(centre.states("check")) == 2, "what was answered is kept through a kill"
