"""Health certificates at the gate, from the reader's wire to the verdict on disk."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from gatewayd.app.trust_directory import read_trust
from gatewayd.core.reasons import Reason
from gatewayd.core.verification import verify
from tests.e2e.daemon import Site, until
from tests.unit.health_codes import (
    BUNDLE,
    CARD_ISSUER,
    card_claims,
    claims,
    jwk,
    make_card,
    make_certificate,
    make_dcc,
    make_parts,
)
from tests.unit.public_vectors import read_vectors

pytestmark = pytest.mark.timeout(240)

NOW = datetime.now(UTC)
SIGNER_ENDS = NOW + timedelta(days=30)


def valid_now() -> dict[int, object]:
    return claims(_4=int(SIGNER_ENDS.timestamp()), _6=int((NOW - timedelta(days=1)).timestamp()))


def trusting_site(folder, settings: str = "") -> Site:
    site = Site(folder, settings=settings)
    site.lane.is_wire_timed = True
    keys = {"issuer": CARD_ISSUER, "keys": [jwk()]}
    (folder / "trust/card.json").write_text(json.dumps(keys))
    return site


async def test_a_card_in_three_codes_lets_one_person_in(tmp_path):
    parts = make_parts(3, card_claims(nbf=NOW.timestamp() - 3600))
    async with trusting_site(tmp_path) as site:
        for count, part in enumerate(parts[:0:-1], 1):
            site.lane.scan(part)
            missing_count = 3 - count
            await until(lambda count=missing_count: lane_of(site)["missing_parts"] == count)
            assert lane_of(site)["prompt"] == "next_part"
        assert site.journal("access") == []
        await site.pass_through(parts[0])
        [verdict] = site.journal("access")
        assert (verdict["data"]["kind"], verdict["data"]["reason"]) == ("shc", "ok")
        assert lane_of(site)["prompt"] is None
        assert "waits for" not in (await site.cli("status"))[1]


def lane_of(site: Site) -> dict[str, object]:
    return site.status()["lanes"]["lane-1"]


def card(*resources: dict[str, object]) -> str:
    patient = BUNDLE["entry"][0]["resource"]
    bundle = {**BUNDLE, "entry": [{"resource": each} for each in (patient, *resources)]}
    return make_card(card_claims(bundle, nbf=NOW.timestamp() - 3600))


def vaccinated() -> str:
    dose = BUNDLE["entry"][1]["resource"]
    return card(
        *({**dose, "occurrenceDateTime": day} for day in ("2021-04-18", "2021-06-18", "2022-01-18"))
    )


def swabbed() -> str:
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "94500-6"}]},
        "effectiveDateTime": (NOW - timedelta(hours=5)).isoformat(),
        "valueCodeableConcept": {"coding": [{"code": "260415000"}]},
    }
    return card(observation)


async def test_a_guest_from_elsewhere_shows_a_second_certificate(tmp_path):
    """R30, as in East Kalimantan: three doses make green, and a PCR result no older than 72 h is asked."""
    site = trusting_site(tmp_path, settings='[policy]\nprofile = "governor-office"\n')
    async with site:
        assert await site.show(vaccinated()) == ("referred", "origin_unknown")
        assert lane_of(site)["prompt"] == "other_certificate"
        assert len(site.ask(do="referrals")["referrals"]) == 1
        assert "Now show your test result" in (await site.cli("status"))[1]
        await site.pass_through(swabbed())
        assert lane_of(site)["prompt"] is None
        assert site.ask(do="referrals")["referrals"] == []
        first, second = site.journal("access")
        assert first["data"]["findings"] == ["another_certificate_helps"]
        assert first["data"]["holder"] == second["data"]["holder"]
        assert second["data"]["status"] == "green"


async def test_a_certificate_of_a_signer_that_ended_is_expired(tmp_path):
    site = trusting_site(tmp_path)
    (tmp_path / "trust/dsc.der").write_bytes(make_certificate())
    async with site:
        assert await site.show(make_dcc(valid_now())) == ("refused", "expired")


@pytest.mark.slow
async def test_every_code_of_the_open_set_has_the_verdict_that_verify_gives(tmp_path):
    """All over a wire at 115,200 baud; most have expired by now, which is their verdict."""
    vectors = read_vectors("dcc/vectors.json")
    site = trusting_site(tmp_path)
    entries = {vector["trust"]["certificate_der_b64"] for vector in vectors}
    (tmp_path / "trust/list.json").write_text(json.dumps({"certificates": sorted(entries)}))
    codes = list(dict.fromkeys(vector["scan"] for vector in vectors))
    trust = read_trust(tmp_path / "trust").trust
    async with site:
        for code in codes:
            reason = verify([code.encode()], trust, datetime.now(UTC)).reason
            assert reason is not Reason.OK
            assert await site.show(code) == ("refused", reason), code[:20]
        events = site.journal("access")
        assert len(events) == len(codes)
        assert {event["data"]["kind"] for event in events} >= {"dcc"}
        stored = b"".join(path.read_bytes() for path in site.state.iterdir() if path.is_file())
        assert not any(code.encode()[:40] in stored for code in codes)
        assert base64.b64decode(min(entries))[:40] not in stored
