"""A search through everything that a run wrote or sent, for everything that went into it."""

import json
from datetime import UTC, datetime

import pytest

from tests.e2e.centre import Centre
from tests.e2e.daemon import FORGERS_KEY, Site, issue, until
from tests.e2e.mosquitto import Mosquitto
from tests.unit.health_codes import (
    CARD_ISSUER,
    card_claims,
    claims,
    jwk,
    make_card,
    make_certificate,
    make_dcc,
)

NOW = round(datetime.now(UTC).timestamp())
pytestmark = [pytest.mark.broker, pytest.mark.timeout(120), pytest.mark.slow]

REFERRING = '[policy]\nunknown_holder = "refer"\n'
CIVIL_SERVANT = "197903022005012002"
IDENTITY_CARD = "3576014403910003"
WHOSE_NAME = "https://example.org/person?name=Siti+Aminah"
BINARY = b"\x81\x82holder of this\x83" * 4
COMMANDS = (
    ["status"],
    ["referral", "list"],
    ["journal", "tail"],
    ["journal", "export"],
    ["cache", "list", "holders"],
    ["privacy", "export", "--id", CIVIL_SERVANT],
)
IN_CERTIFICATES = ("ontoh", "ONTOH", "arga", "ARGA", "1990-02-03", "2021-04-18", "UVCI", "EU/1/20")
"""Names without their first letters (in `Keluarga` it would be found), days, numbers."""


async def test_no_code_number_name_or_key_is_in_anything_that_is_written_or_sent(tmp_path):
    """R45."""
    good = issue(CIVIL_SERVANT)
    card = make_card(card_claims(nbf=NOW - 3600))
    certificate = make_dcc(claims(_4=NOW + 86400, _6=NOW - 86400))  # Of a signer that ended.
    turned_away = [
        certificate,
        issue("SUBJECT-EXPIRED", days=-1),
        issue("SUBJECT-FORGED", key=FORGERS_KEY),
        issue("SUBJECT-CUT")[:100],
        "CARD-BLOCKED",
        IDENTITY_CARD,
        "OVERSIZED-" * 500,
        WHOSE_NAME,
    ]
    told = []
    with Mosquitto(tmp_path) as broker, Centre(broker.port) as centre:
        site = Site(tmp_path, settings=REFERRING, broker=broker.port)
        (tmp_path / "trust/dsc.der").write_bytes(make_certificate())
        keys = {"issuer": CARD_ISSUER, "keys": [jwk()]}
        (tmp_path / "trust/card.json").write_text(json.dumps(keys))
        site.lane.is_wire_timed = True  # A card is longer than the buffer of a line.
        async with site:
            await site.pass_through(good)
            await site.pass_through(card)
            for code in (*turned_away, BINARY):
                assert (await site.show(code))[0] != "admitted"
            await site.pass_through("CARD-STAFF")
            await site.pass_through(good, "exit")
            await site.pass_through(IDENTITY_CARD, "exit")
            site.kill()  # Before anything is tidied up; the restart is.
            await site.start()
            told += [await site.cli(*command) for command in COMMANDS]
            await until(lambda: site.status()["broker"]["depth"] == 0)
            assert site.stop() == 0
    found = {path: path.read_bytes() for path in site.state.rglob("*") if path.is_file()}
    privacy_key = found.pop(site.state / "privacy.key").strip()
    found["log"] = site.gateway.logged.path.read_bytes()
    found["centre"] = json.dumps(centre.arrived).encode()
    found["commands"] = json.dumps(told).encode()

    psk = (tmp_path / "lane-1.psk").read_bytes()
    numbers = [CIVIL_SERVANT, IDENTITY_CARD, "SUBJECT-", "CARD-", "OVERSIZED", "Siti", "holder of"]
    starts_and_ends = [
        part for code in (good, card, *turned_away[:4]) for part in (code[4:34], code[-30:])
    ]
    note = "a note that stays here"
    for what in (
        *numbers,
        *IN_CERTIFICATES,
        *starts_and_ends,
        note,
        privacy_key.decode(),
        psk.decode(),
    ):
        places = [str(place) for place, data in found.items() if what.encode() in data]
        assert places == [], f"{what!r} is in {places}"


async def test_a_person_is_erased_while_the_gateway_runs_and_still_counted_inside(tmp_path):
    """R45."""
    key = "privacy.key"
    with Mosquitto(tmp_path) as broker, Centre(broker.port) as centre:
        async with Site(tmp_path, broker=broker.port) as site:
            await site.pass_through("CARD-STAFF")
            holder = site.journal("passage")[0]["data"]["holder"]
            await site.pass_through(issue(CIVIL_SERVANT))
            await until(lambda: site.status()["broker"]["depth"] == 0)
            ended, told, _ = await site.cli(
                "privacy", "erase", "--yes", "--json", "--id", "CARD-STAFF"
            )
            assert ended == 0
            erased = json.loads(told)
            assert (erased["holder"], len(erased["records"])) == (holder, 2)
            assert site.inside() == 2
            assert site.ask(do="cache", table="holders", key=holder)["ok"] is False
            for path in site.state.iterdir():
                is_file = path.is_file() and path.name != key
                assert not (is_file and holder.encode() in path.read_bytes()), path
            await until(lambda: site.status()["broker"]["depth"] == 0)
            assert (await site.cli("journal", "verify"))[0] == 0
            await site.pass_through("CARD-STAFF", "exit")  # Out they go, counted out as well.
            assert site.inside() == 1
            assert site.stop() == 0
    audits = centre.events(lambda topic: topic.endswith("/audit")).values()
    (said,) = [one for one in audits if one["data"]["action"] == "erased"]
    assert said["data"]["detail"]["ids"] == erased["records"]
