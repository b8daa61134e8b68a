import json
import time
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.evidence import Certificate, Dose, Evidence, name_person
from gatewayd.core.jwks import parse_keys
from gatewayd.core.parts import gather_all, read_part
from gatewayd.core.reasons import Reason
from gatewayd.core.revocation import RevocationList, RevocationReading, parse_revocations
from gatewayd.core.shc import read_card, read_digits
from gatewayd.core.token_times import CLOCK_SKEW
from gatewayd.core.trust import Purpose, collect
from tests.unit.health_codes import (
    BUNDLE,
    CARD_ISSUER,
    EXPIRES,
    ISSUED,
    OTHER_SIGNER,
    card_claims,
    card_keys,
    deflate,
    make_card,
    make_jws,
    sign_jws,
    to_digits,
)
from tests.unit.public_vectors import read_vectors

TRUST = collect(card_keys())
HEADER = {"zip": "DEF", "alg": "ES256", "kid": "kid-1"}
BODY = deflate(json.dumps(card_claims()).encode())


def read(text: str, trust=TRUST):
    return read_card(text, trust)


def certify(content=None, trust=TRUST) -> Certificate:
    found = read(make_card(content), trust)
    assert isinstance(found, Certificate)
    return found


# --- what a card is ---


def test_a_genuine_card_says_who_what_and_since_when():
    assert certify() == Certificate(
        issuer=CARD_ISSUER,
        person=name_person("Contoh", "Warga", "1990-02-03"),
        evidence=Evidence(doses=(Dose(1, None, date(2021, 4, 18)),), born=date(1990, 2, 3)),
        not_before=ISSUED - CLOCK_SKEW,
        not_after=None,
    )


def test_a_card_may_end():
    assert certify(card_claims(exp=EXPIRES.timestamp() + 0.5)).not_after == EXPIRES + timedelta(
        milliseconds=500
    )


def test_a_card_ends_with_the_key_of_its_issuer():
    trust = collect(card_keys(valid_until="2022-12-31"))
    end = datetime(2023, 1, 1, tzinfo=UTC)
    assert certify(trust=trust).not_after == end
    assert certify(card_claims(exp=EXPIRES.timestamp()), trust).not_after == EXPIRES
    assert certify(card_claims(exp=4e9), trust).not_after == end


def test_the_first_cards_had_only_a_time_of_issue():
    content = card_claims(iat=ISSUED.timestamp())
    del content["nbf"]
    assert certify(content).not_before == ISSUED - CLOCK_SKEW


def test_a_card_without_its_digits_is_the_same():
    assert read(make_jws()) == read(make_card())


# --- digits ---


def test_pairs_of_digits_are_the_characters_of_a_token():
    text = "-.09AZ_az"
    assert read_digits(to_digits(text)) == text
    assert to_digits("-z") == "0077"


@pytest.mark.parametrize("digits", ["", "0", "000", "78", "99", "0a", " 0", "00\n", "-1"])
def test_other_digits_are_none(digits):
    assert read_digits(digits) is None
    assert read("shc:/" + digits) is Reason.NUMERIC_FORM


@given(st.text(alphabet="0123456789", max_size=60))
@settings(max_examples=200)
def test_digits_come_back_or_are_none(digits):
    text = read_digits(digits)
    pairs = [int(digits[at : at + 2]) for at in range(0, len(digits), 2)]
    is_good = digits and len(digits) % 2 == 0 and max(pairs) <= 77
    assert (text is not None) == bool(is_good)
    if text is not None:
        assert to_digits(text) == digits


# --- refused ---


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("shc:/" + to_digits("nothing"), Reason.HEADER),
        (make_jws().partition(".")[0], Reason.HEADER),
        (sign_jws({"zip": "DEF", "alg": "ES256"}, BODY), Reason.HEADER),
        (sign_jws({"zip": "DEF", "alg": "ES384", "kid": "kid-1"}, BODY), Reason.HEADER),
        (sign_jws({"alg": "ES256", "kid": "kid-1"}, BODY), Reason.HEADER),
        (sign_jws({**HEADER, "kid": 1}, BODY), Reason.HEADER),
        (make_jws() + "AA", Reason.SIGNATURE_FORMAT),
        (make_jws()[:-4], Reason.SIGNATURE_FORMAT),
        (make_jws(kid="other"), Reason.UNKNOWN_KEY),
        (make_jws(kid="\u00e9"), Reason.UNKNOWN_KEY),
        (make_jws(key=OTHER_SIGNER), Reason.SIGNATURE),
        (sign_jws(HEADER, b"\xff\xff"), Reason.ZLIB),
        (sign_jws(HEADER, zlib.compress(b"{}")), Reason.ZLIB),
        (sign_jws(HEADER, deflate(bytes(70_000))), Reason.TOO_LARGE),
        (make_jws(b"{"), Reason.SCHEMA),
        (make_jws(b"[]"), Reason.SCHEMA),
        (make_jws(b"\xef\xbb\xbf{}"), Reason.SCHEMA),
        (make_jws(b"[" * 60_000), Reason.SCHEMA),
        (make_jws(b"{}"), Reason.ISSUER),
        (make_jws(card_claims(iss=CARD_ISSUER + "/")), Reason.ISSUER),
        (make_jws(card_claims(iss=[])), Reason.ISSUER),
        (make_jws(card_claims(nbf=None)), Reason.SCHEMA),
        (make_jws(card_claims(nbf="2021-06-01")), Reason.SCHEMA),
        (make_jws(card_claims(nbf=True)), Reason.SCHEMA),
        (make_jws(card_claims(exp="never")), Reason.SCHEMA),
        (make_jws(card_claims(exp=1e30)), Reason.SCHEMA),
        (make_jws(card_claims(vc=None)), Reason.SCHEMA),
        (make_jws(card_claims(vc={"type": []})), Reason.SCHEMA),
        (make_jws(card_claims({"resourceType": "Patient"})), Reason.SCHEMA),
    ],
    ids=count(),
)
def test_each_broken_layer_has_its_reason(text, reason):
    assert read(text) is reason


def test_another_type_of_credential_is_no_card():
    content = card_claims()
    content["vc"] = {**content["vc"], "type": ["https://smarthealth.cards#covid19"]}
    assert read(make_card(content)) is Reason.SCHEMA


def test_a_key_counts_only_for_its_issuer():
    other = card_keys(issuer="https://example.org/other")
    assert read(make_card(), collect(other)) is Reason.ISSUER
    assert isinstance(read(make_card(), collect([*other, *card_keys()])), Certificate)


def test_a_key_that_may_not_sign_health_certificates_is_refused():
    keys = [replace(key, may_sign=frozenset({Purpose.COMMAND})) for key in card_keys()]
    assert read(make_card(), collect(keys)) is Reason.KEY_USAGE


def test_no_character_of_a_card_can_be_changed():
    text = make_jws()
    for at, character in enumerate(text):
        forged = text[:at] + ("A" if character != "A" else "B") + text[at + 1 :]
        assert isinstance(read(forged), Reason), f"character {at}"


# --- taken back ---


def revoked(rids: list[str], *, kid: str = "kid-1", issuer: str = CARD_ISSUER) -> bool:
    content = card_claims()
    content["vc"]["rid"] = "card-1"
    reading = parse_revocations(issuer, {"kid": kid, "method": "rid", "ctr": 1, "rids": rids})
    assert isinstance(reading, RevocationReading)
    return certify(content, collect(card_keys(), [reading.revocations])).is_revoked


def test_a_card_is_taken_back_by_its_id():
    seconds = int(ISSUED.timestamp())
    assert revoked(["card-1"])
    assert revoked([f"card-1.{seconds + 1}"])
    assert not revoked([f"card-1.{seconds}"])
    assert not revoked(["card-2"])


def test_a_list_counts_for_its_issuer_and_key_only():
    assert not revoked(["card-1"], kid="kid-2")
    assert not revoked(["card-1"], issuer="https://example.org/other")


def test_a_card_without_id_cannot_be_taken_back():
    everything = RevocationList(CARD_ISSUER, b"kid-1", 1, {"": 4e9})
    assert not certify(trust=collect(card_keys(), [everything])).is_revoked


# --- caps ---


HOSTILE = {
    "digits": "shc:/" + "7" * 76_000,
    "zeros": "shc:/" + "0" * 76_000,
    "a large header": "eyJ" + "A" * 60_000 + ".A.A",
    "dots": "eyJ" + "." * 60_000,
    "a deep header": sign_jws(b'{"alg":' + b"[" * 740 + b"]" * 5 + b"}", b""),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_code_costs_little(text):
    costs = []
    for _ in range(9):
        begin = time.perf_counter()
        assert isinstance(read(text), Reason)
        costs.append(time.perf_counter() - begin)
    assert min(costs) < 0.005


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_no_content_makes_it_raise(data):
    for text in (make_jws(data), sign_jws(HEADER, data), sign_jws(data, BODY)):
        assert isinstance(read(text), Reason)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["resource", "resourceType", "entry", "coding", "code"]), inner
            )
        ),
        max_leaves=12,
    )
)
@settings(max_examples=100)
def test_no_bundle_makes_it_raise(anything):
    content = card_claims({**BUNDLE, "entry": anything}, nbf=1.7e9)
    text = json.dumps(content, allow_nan=True).encode()
    read(make_jws(text))


# --- the public vectors ---


def public_trust():
    issuers = read_vectors("shc/trust.json")["issuers"]
    found = [parse_keys(issuer, keys["keys"]) for issuer, keys in issuers.items()]
    assert not any(problems for _, problems in found)
    return [key for keys, _ in found for key in keys], list(issuers)


def read_all(scans: list[str], trust) -> Certificate | Reason:
    [scan] = gather_all(scan.encode() for scan in scans)
    text = scan.decode()
    if text.count("/") > 1:
        part = read_part(text)
        assert isinstance(part, Reason)
        return part
    return read(text, trust)


def test_all_published_cards_are_accepted_from_their_first_moment_on():
    keys, _ = public_trust()
    for vector in read_vectors("shc/vectors.json"):
        for scans in (vector["scans"], vector["scans"][::-1]):
            found = read_all(scans, collect(keys))
            assert isinstance(found, Certificate), vector["id"]
            at = datetime.fromtimestamp(vector["nbf"], UTC)
            assert found.not_before <= at, vector["id"]
            assert found.not_after is None or at < found.not_after, vector["id"]
            assert (found.not_after is None) == (vector["exp"] is None), vector["id"]
        has_person = "Patient" in vector["resource_types"]
        assert (found.person is not None) == has_person, vector["id"]
        assert len(found.evidence.doses) == vector["resource_types"].count("Immunization")


def test_the_published_negative_cases_come_out_as_stated():
    keys, _ = public_trust()
    for vector in read_vectors("shc/negative.json"):
        found = read_all(vector["scans"], collect(keys))
        if vector["outcome"] is not None:
            reason = str(found) if isinstance(found, Reason) else None
            outcome = "accept" if reason is None else "reject"
            assert (outcome, reason) == (vector["outcome"], vector["reason"]), vector["id"]


def test_the_published_revocation_lists_take_back_what_they_should():
    keys, issuers = public_trust()
    for vector in read_vectors("shc/revocation.json"):
        readings = [parse_revocations(issuer, vector["crl"]) for issuer in issuers]
        lists = [each.revocations for each in readings if isinstance(each, RevocationReading)]
        assert len(lists) == len(issuers)
        found = read_all(vector["scans"], collect(keys, lists))
        assert isinstance(found, Certificate)
        assert found.is_revoked == vector["revoked"], vector["id"]
